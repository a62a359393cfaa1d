"""The Forward-Forward layer: affine and ReLU, trained by its own goodness and its own optimiser."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION, Calibration
from ffnca.ff.losses import symba_loss, threshold_loss


class FFLayer(nnx.Module):
    """relu(normalise(inputs) @ kernel + bias).

    Reference:
        Hinton (2022), arXiv:2212.13345, section 2.
    """

    def __init__(
        self, num_inputs: int, num_units: int, *, key: PRNGKeyArray, calibration: Calibration = DIRECTION
    ) -> None:
        """Draw the weights.

        Args:
            num_inputs: Length of an input vector.
            num_units: Width of the layer.
            key: Source of the initial weights.
            calibration: Normaliser, initial scale, goodness and threshold as one preset.

        Raises:
            ValueError: If a size is not positive.
        """
        if min(num_inputs, num_units) < 1:
            raise ValueError(f"num_inputs {num_inputs} and num_units {num_units} must be at least 1")
        deviation = calibration.initial_deviation(num_inputs)
        self.kernel = nnx.Param(deviation * jax.random.normal(key, (num_inputs, num_units)))
        self.bias = nnx.Param(jnp.zeros(num_units))
        self.calibration = calibration

    def __call__(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch unit"]:
        """Activity of the layer, post-ReLU."""
        return jax.nn.relu(self.calibration.normalise(inputs) @ self.kernel[...] + self.bias[...])

    def goodness(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch"]:
        """Goodness of these inputs."""
        return self.calibration.measure()(self(inputs))

    def probability(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch"]:
        """Probability that these inputs are positive: sigmoid(goodness - threshold)."""
        threshold = self.calibration.threshold_for(self.bias.shape[0])
        return jax.nn.sigmoid(self.goodness(inputs) - threshold)

    def loss(
        self, positive: Float[Array, "*batch feature"], negative: Float[Array, "*batch feature"], *, name: str
    ) -> Float[Array, ""]:
        """The layer's own loss, `threshold` or `symba`; nothing flows back into the inputs.

        Raises:
            ValueError: If `name` is neither.
        """
        positive, negative = jax.lax.stop_gradient((positive, negative))
        good, bad = self.goodness(positive), self.goodness(negative)
        if name == "threshold":
            return threshold_loss(good, bad, goodness_threshold=self.calibration.threshold_for(self.bias.shape[0]))
        if name == "symba":
            return symba_loss(good, bad)
        raise ValueError(f"loss {name!r}: allowed are threshold, symba")


class LocalStep(NamedTuple):
    """What one local step gives: the changed layer, its optimiser, and the next layer's detached inputs."""

    layer: FFLayer
    optimiser_state: optax.OptState
    loss: Float[Array, ""]
    positive: Float[Array, "*batch unit"]
    negative: Float[Array, "*batch unit"]


def local_step(
    layer: FFLayer,
    optimiser: optax.GradientTransformation,
    optimiser_state: optax.OptState,
    positive: Float[Array, "*batch feature"],
    negative: Float[Array, "*batch feature"],
    *,
    loss: str = "threshold",
) -> LocalStep:
    """Train one layer on one positive and one negative batch, by its own goodness alone.

    Args:
        layer: The layer; returned changed, not modified.
        optimiser: This layer's own.
        optimiser_state: `optimiser.init(layer)` at first.
        positive: Real inputs.
        negative: Corrupted inputs.
        loss: `threshold` or `symba`.

    Returns:
        The layer after the step and the detached activities of both passes before it.
    """
    value, gradient = jax.value_and_grad(lambda own: own.loss(positive, negative, name=loss))(layer)
    weights: Any = layer  # a module is a pytree, which optax's types do not know
    change, optimiser_state = optimiser.update(gradient, optimiser_state, weights)
    changed: Any = optax.apply_updates(weights, change)
    return LocalStep(changed, optimiser_state, value, *jax.lax.stop_gradient((layer(positive), layer(negative))))
