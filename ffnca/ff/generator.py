"""A learned generator of negatives: it fills in what was hidden, likely at short range and wrong as a whole."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ffnca.ff.goodness import distance_goodness
from ffnca.ff.layer import FFLayer
from ffnca.ff.negatives import large_masks


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
        self.writer = nnx.Param(jnp.zeros((num_units, height * width)))
        self.offset = nnx.Param(jnp.zeros(height * width))

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
@dataclass(frozen=True)
class GeneratorNetwork:
    """A generator in the form that every schedule trains.

    Attributes:
        layers: The generator alone.
    """

    layers: tuple[NegativeGenerator]

    @classmethod
    def create(cls, height: int, width: int, num_units: int, *, key: PRNGKeyArray) -> "GeneratorNetwork":
        """A fresh one; the arguments are those of its generator."""
        return cls((NegativeGenerator(height, width, num_units, key=key),))

    def with_layers(self, layers: tuple[NegativeGenerator]) -> "GeneratorNetwork":
        """The same of other weights."""
        return replace(self, layers=layers)

    def signal(
        self, images: Float[Array, "batch H W"], labels: Int[Array, " batch"] | None = None, *, key: PRNGKeyArray
    ) -> Masked:
        """Images, of each of which large regions are hidden; `labels` are not looked at."""
        return Masked(images, large_masks(*images.shape, key=key))

    def negatives(self, images: Float[Array, "batch H W"], *, key: PRNGKeyArray) -> Float[Array, "batch H W"]:
        """Images that keep large regions of the real ones and carry on by themselves elsewhere; data."""
        signal = self.signal(images, key=key)
        return jnp.where(signal.mask, images, jax.lax.stop_gradient(self.layers[0].fill(signal)))
