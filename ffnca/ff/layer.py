"""The Forward-Forward layer: affine and ReLU, trained by its own goodness."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION, Calibration
from ffnca.ff.local_update import Pair
from ffnca.lattice import Value


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
        self.kernel = nnx.Param(deviation * jax.random.normal(key, (num_inputs, num_units), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(num_units, jnp.float32))
        self.calibration = calibration

    def settings(self) -> dict[str, Any]:
        """What a layer like this one is made from."""
        num_inputs, num_units = self.kernel.shape
        return {"num_inputs": num_inputs, "num_units": num_units, "calibration": self.calibration}

    def __call__(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch unit"]:
        """Activity of the layer, post-ReLU."""
        return jax.nn.relu(self.drive(inputs))

    def drive(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch unit"]:
        """Input of the units, before the ReLU."""
        return self.calibration.normalise(inputs) @ self.kernel[...] + self.bias[...]

    def described(self, inputs: Value) -> Value:
        """The activity as data."""
        return self.calibration.described_normal(inputs).dense(self.kernel[...], self.bias[...]).relu()

    def forward(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch unit"]:
        """What the next layer reads, before its normaliser."""
        return self.calibration.pass_on(self.drive(inputs))

    def goodness(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch"]:
        """Goodness of these inputs."""
        return self.calibration.measure()(self(inputs))

    def probability(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch"]:
        """Probability that these inputs are positive: sigmoid(goodness - threshold)."""
        threshold = self.calibration.threshold_for(self.bias.shape[0])
        return jax.nn.sigmoid(self.goodness(inputs) - threshold)

    def loss(self, signal: Pair) -> Float[Array, ""]:
        """The layer's own loss, as its calibration says; nothing flows back into the inputs.

        Raises:
            ValueError: If the loss is `symba` and the passes differ in shape.
        """
        positive, negative = jax.lax.stop_gradient(signal)
        return self.calibration.pair_loss(self.goodness(positive), self.goodness(negative), self.bias.shape[0])

    def passed_on(self, signal: Pair) -> Pair:
        """What the next layer reads of both passes, detached."""
        return jax.lax.stop_gradient(Pair(*(self.forward(inputs) for inputs in signal)))
