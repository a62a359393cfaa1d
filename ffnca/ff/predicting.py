"""An FF layer that says what comes next: its goodness is how near what it says comes to what came."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.goodness import distance_goodness
from ffnca.ff.projected import ProjectedLayer
from ffnca.ff.standardise import Standardiser
from ffnca.lattice import Value


class Answered(NamedTuple):
    """What a predicting layer learns from.

    Attributes:
        inputs: What it reads.
        answer: What it should say.
    """

    inputs: Float[Array, "*batch feature"]
    answer: Float[Array, "*batch target"]


class PredictingLayer(nnx.Module):
    """A layer and a head of its own that says the answer; the next layer reads its activity, and says it better."""

    def __init__(self, num_inputs: int, num_units: int, num_targets: int, *, key: PRNGKeyArray) -> None:
        """Draw the layer; the head starts at zero."""
        self.projected = ProjectedLayer(num_inputs, num_units, num_targets, key=key)

    def __call__(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch target"]:
        """What it says."""
        return self.projected.projection(inputs)

    def forward(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch unit"]:
        """What the next layer reads."""
        return self.projected.layer.forward(inputs)

    def loss(self, signal: Answered) -> Float[Array, ""]:
        """Mean of minus its goodness; nothing flows back into the inputs."""
        inputs, answer = jax.lax.stop_gradient(signal)
        return -jnp.mean(distance_goodness(self(inputs), answer))

    def passed_on(self, signal: Answered) -> Answered:
        """What the next layer learns from, detached."""
        return Answered(jax.lax.stop_gradient(self.forward(signal.inputs)), signal.answer)

    def reading_raw(self, standardiser: Standardiser) -> "PredictingLayer":
        """The layer that does on raw inputs what this one does on standardised ones."""
        layer = nnx.clone(self)
        own, old = layer.projected, self.projected
        kernel, bias = standardiser.absorbed(old.layer.kernel[...], old.layer.bias[...])
        skip, offset = standardiser.absorbed(old.skip[...], old.offset[...])
        own.layer.kernel, own.layer.bias = nnx.Param(kernel), nnx.Param(bias)
        own.skip, own.offset = nnx.Param(skip), nnx.Param(offset)
        return layer

    def saying(self, scale: Float[Array, " target"]) -> "PredictingLayer":
        """The layer that says so many times as much."""
        layer = nnx.clone(self)
        for name in ("head", "skip", "offset"):
            setattr(layer.projected, name, nnx.Param(getattr(self.projected, name)[...] * scale))
        return layer

    def described(self, inputs: Value) -> Value:
        """What it says, as data."""
        activity, own = self.projected.layer.described(inputs), self.projected
        both = inputs.lattice.concatenate([activity, inputs])
        return both.dense(jnp.concatenate([own.head[...], own.skip[...]]), own.offset[...])
