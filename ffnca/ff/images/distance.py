"""Distance-forward learning: goodness is nearness to a learned centre of one's class."""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION, Calibration
from ffnca.ff.images.base import GoodnessClassifier
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.images.stack import reads
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Labelled
from ffnca.ff.losses import n_pair_loss


class DistanceLayer(nnx.Module):
    """A layer with a centre for each class among its activities, pulled to the true one, pushed from the others.

    Reference:
        Wu et al. (2024), distance-forward learning, arXiv:2408.14925.
    """

    def __init__(
        self,
        num_inputs: int,
        num_units: int,
        num_labels: int,
        *,
        key: PRNGKeyArray,
        calibration: Calibration = DIRECTION,
        sharpness: float = 30.0,
        margin: float = 0.0,
    ) -> None:
        """Draw weights and centres.

        Args:
            num_inputs: Length of an input vector.
            num_units: Width of the layer.
            num_labels: How many centres, at least 2.
            key: Source of the initial weights.
            calibration: Normaliser and initial scale.
            sharpness: Goodness per mean squared distance.
            margin: How far the other centres must stay behind, in units of goodness.

        Raises:
            ValueError: If a size or setting is out of range.
        """
        if num_labels < 2 or not sharpness > 0 or not margin >= 0:
            raise ValueError(
                f"num_labels {num_labels}, sharpness {sharpness}, margin {margin}: at least 2, above 0, at least 0"
            )
        layer_key, centre_key = jax.random.split(key)
        self.layer = FFLayer(num_inputs, num_units, key=layer_key, calibration=calibration)
        self.centres = nnx.Param(0.3 * jax.random.normal(centre_key, (num_labels, num_units), jnp.float32))
        self.sharpness = sharpness
        self.margin = margin

    def settings(self) -> dict[str, Any]:
        """What a layer like this one is made from."""
        own = {"num_labels": self.centres.shape[0], "sharpness": self.sharpness, "margin": self.margin}
        return self.layer.settings() | own

    def __call__(self, inputs: Float[Array, "batch feature"]) -> Float[Array, "batch unit"]:
        """Activity of the layer, post-ReLU."""
        return self.layer(inputs)

    def forward(self, inputs: Float[Array, "batch feature"]) -> Float[Array, "batch unit"]:
        """What the next layer reads."""
        return self(inputs)

    def goodness(self, inputs: Float[Array, "batch feature"]) -> Float[Array, "batch label"]:
        """Minus the mean squared distance to each centre, times the sharpness."""
        return self._nearness(self(inputs))

    def loss(self, signal: Labelled) -> Float[Array, ""]:
        """N-pair loss with margin; nothing flows back into the inputs."""
        inputs, labels = jax.lax.stop_gradient(signal)
        return n_pair_loss(self.goodness(inputs), labels, margin=self.margin)

    def passed_on(self, signal: Labelled) -> Labelled:
        """Activities and labels for the next layer, detached."""
        return jax.lax.stop_gradient(Labelled(self.forward(signal.inputs), signal.labels))

    def _nearness(self, activity: Array) -> Array:
        """By |h - c|^2 = |h|^2 - 2 h.c + |c|^2, so that nothing is as large as batch x label x unit."""
        centres = self.centres[...]
        own, theirs = jnp.sum(jnp.square(activity), -1), jnp.sum(jnp.square(centres), -1)
        return -self.sharpness / activity.shape[-1] * (own[:, None] - 2 * activity @ centres.T + theirs)


def _any_label(inputs: Float[Array, "batch feature"]) -> Labelled:
    return Labelled(inputs, jnp.zeros(inputs.shape[0], jnp.int32))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class DistanceNetwork(GoodnessClassifier):
    """A stack of distance layers; the label is that of the nearest centre.

    Attributes:
        layers: From the input up.
        first_counted: The first layer whose goodness is counted by `predict`.
        inputs: How samples are scaled; `fit` measures it.
    """

    layers: tuple[DistanceLayer, ...]
    first_counted: int = field(metadata={"static": True}, default=0)
    inputs: Inputs = field(default_factory=Inputs)

    @classmethod
    def create(
        cls,
        num_inputs: int,
        widths: tuple[int, ...],
        num_labels: int,
        *,
        key: PRNGKeyArray,
        calibration: Calibration = DIRECTION,
        sharpness: float = 30.0,
        margin: float = 0.0,
    ) -> "DistanceNetwork":
        """A fresh network; the arguments are those of its layers.

        Raises:
            ValueError: If there is no layer, or a layer refuses its settings.
        """
        if not widths:
            raise ValueError("widths (): at least one layer")
        keys, sizes = jax.random.split(key, len(widths)), zip((num_inputs, *widths), widths, strict=False)
        settings = {"calibration": calibration, "sharpness": sharpness, "margin": margin}
        layers = [DistanceLayer(*size, num_labels, key=own, **settings) for size, own in zip(sizes, keys, strict=True)]
        return cls(tuple(layers), inputs=Inputs(num_inputs))

    @property
    def num_labels(self) -> int:
        """How many labels."""
        return self.layers[0].centres.shape[0]

    def signal(self, images: Samples, labels: Labels, *, key: PRNGKeyArray) -> Labelled:
        """Samples and labels as they are; `key` is not used."""
        return Labelled(self.inputs.flat(images), jnp.asarray(labels))

    def goodness(self, images: Samples) -> Float[Array, "layer batch label"]:
        """Log-probability of each label by each layer: goodness up to what no label changes."""
        judged = [layer.goodness(own) for layer, own in zip(self.layers, self._reads(images), strict=True)]
        return jnp.stack([jax.nn.log_softmax(goodness) for goodness in judged])

    def activities(self, images: Samples, labels: Labels) -> list[Array]:
        """Activity of every layer; `labels` are not looked at."""
        return [layer(own) for layer, own in zip(self.layers, self._reads(images), strict=True)]

    def _reads(self, images: Samples) -> list[Float[Array, "batch _"]]:
        return reads(self.layers, self.inputs.flat(images), plain=DistanceLayer, as_signal=_any_label)
