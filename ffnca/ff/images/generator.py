"""A learned generator of negatives: it fills in what was hidden, likely at short range and wrong as a whole."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca.errors import InputError
from ffnca.ff.goodness import distance_goodness
from ffnca.ff.images.base import LayeredNetwork
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.images.negatives import large_masks
from ffnca.ff.layer import FFLayer


class Masked(NamedTuple):
    """What the generator learns from.

    Attributes:
        images: Real ones.
        mask: What it sees of them.
    """

    images: Float[Array, "batch H W"]
    mask: Bool[Array, "batch H W"]


class NegativeGenerator(nnx.Module):
    """One hidden layer from what is seen of an image to the whole, trained by its own distance goodness.

    It never reads the layers that learn from its negatives, and they never read it but as data, so it is local. The
    project's growing rules do the same with grids: a negative is what the rule itself proposes there.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 8 (negatives from a generative model of the network's own).
    """

    def __init__(self, height: int, width: int, num_units: int, *, key: PRNGKeyArray) -> None:
        """Draw the layer; what it writes starts at zero.

        Args:
            height: Of the images.
            width: Of the images.
            num_units: Width of the hidden layer.
            key: Source of the initial weights.
        """
        self.layer = FFLayer(2 * height * width, num_units, key=key)
        self.writer = nnx.Param(jnp.zeros((num_units, height * width), jnp.float32))
        self.offset = nnx.Param(jnp.zeros(height * width, jnp.float32))
        self.height, self.width = height, width

    def settings(self) -> dict[str, Any]:
        """What a generator like this one is made from."""
        return {"height": self.height, "width": self.width, "num_units": self.writer.shape[0]}

    def fill(self, signal: Masked) -> Float[Array, "batch H W"]:
        """The whole images that it makes of what it sees."""
        images, mask = jax.lax.stop_gradient(signal)
        batch = images.shape[0]
        seen = jnp.concatenate([(images * mask).reshape(batch, -1), mask.reshape(batch, -1)], -1)
        return (self.layer(seen) @ self.writer[...] + self.offset[...]).reshape(images.shape)

    def loss(self, signal: Masked) -> Float[Array, ""]:
        """Minus the mean distance goodness of its images to the real ones, per pixel."""
        made, real = (images.reshape(images.shape[0], -1) for images in (self.fill(signal), signal.images))
        return -jnp.mean(distance_goodness(made, real)) / real.shape[-1]

    def passed_on(self, signal: Masked) -> Masked:
        """The signal with the images it made, detached."""
        return jax.lax.stop_gradient(Masked(self.fill(signal), signal.mask))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class GeneratorNetwork(LayeredNetwork):
    """A generator in the form that every schedule trains.

    Attributes:
        layers: The generator alone.
        inputs: How images are scaled; `fit` measures it.
    """

    layers: tuple[NegativeGenerator]
    inputs: Inputs = field(default_factory=Inputs)

    @classmethod
    def create(cls, height: int, width: int, num_units: int, *, key: PRNGKeyArray) -> "GeneratorNetwork":
        """A fresh one; the arguments are those of its generator."""
        return cls((NegativeGenerator(height, width, num_units, key=key),), Inputs(height * width))

    def signal(self, images: Samples, labels: Labels | None = None, *, key: PRNGKeyArray) -> Masked:
        """Images, of each of which large regions are hidden; `labels` are not looked at.

        Raises:
            InputError: If they are no images of one colour.
        """
        read = self.inputs(images)
        if read.ndim != 3:
            raise InputError(f"images of shape {read.shape}: allowed for a generator is sample x height x width")
        return Masked(read, large_masks(*read.shape, key=key))

    def negatives(self, images: Samples, *, key: PRNGKeyArray) -> Float[Array, "batch H W"]:
        """Images that keep large regions of the real ones and carry on by themselves elsewhere; data."""
        signal = self.signal(images, key=key)
        return jnp.where(signal.mask, signal.images, jax.lax.stop_gradient(self.layers[0].fill(signal)))
