"""Objectives that were tried and fail: perceive layers that learn by contrast, by pairs, or not at all.

Each is one entry of the table of objectives, made when this module is imported; the studies train by them. All are
local, and none sees the layer above.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws
from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair
from ffnca.systems.growth.layer_learning import Layered
from ffnca.systems.growth.objective import OBJECTIVES, Objective


class FixedPerceiver(nnx.Module):
    """Random features that never change: the floor that a learned perceive layer has to beat."""

    def __init__(self, num_inputs: int, num_units: int, num_channels: int, *, key: PRNGKeyArray) -> None:
        """Draw the layer."""
        self.layer = FFLayer(num_inputs, num_units, key=key, calibration=MAGNITUDE)

    def loss(self, inputs: Array, centre: Array, healthy: Array, *, gap_scale: Array | float) -> Float[Array, ""]:
        """Nothing to learn."""
        return jnp.zeros(())


class ContrastPerceiver(FixedPerceiver):
    """Healthy neighbourhoods against the present ones, by SymBa (Lee and Song 2023, arXiv:2303.08418)."""

    def loss(self, inputs: Array, centre: Array, healthy: Array, *, gap_scale: Array | float) -> Float[Array, ""]:
        """Goodness high on what a healthy body would show, low on what is there."""
        return self.layer.loss(Pair(healthy, inputs))


class SelfContrastivePerceiver(FixedPerceiver):
    """Two views of one place against views of two places (Chen et al. 2025, arXiv:2409.11593).

    The views are the present and the healthy neighbourhood of a cell.
    """

    def loss(self, inputs: Array, centre: Array, healthy: Array, *, gap_scale: Array | float) -> Float[Array, ""]:
        """Goodness high on the mean of both views of a cell, low on the mean with another cell's view."""
        return self.layer.loss(Pair((inputs + healthy) / 2, (inputs + jnp.roll(healthy, 1, axis=0)) / 2))


class PairPerceiver(nnx.Module):
    """A neighbourhood with the true state of its cell against the same with another cell's, by SymBa.

    The weights of the state exist only while the layer learns; the rule reads the layer with no state given.
    """

    def __init__(self, num_inputs: int, num_units: int, num_channels: int, *, key: PRNGKeyArray) -> None:
        """Draw the layer and the weights of the state."""
        layer_key, state_key = jax.random.split(key)
        self.layer = FFLayer(num_inputs, num_units, key=layer_key, calibration=MAGNITUDE)
        deviation = MAGNITUDE.initial_deviation(num_channels)
        self.state_kernel = nnx.Param(deviation * draws.normal(state_key, (num_channels, num_units)))

    def loss(self, inputs: Array, centre: Array, healthy: Array, *, gap_scale: Array | float) -> Float[Array, ""]:
        """Goodness high on the true state, low on that of another cell of the batch."""
        inputs = jax.lax.stop_gradient(inputs)
        calibration, drive = self.layer.calibration, self.layer.drive(inputs)
        answers = (centre, jnp.roll(centre, 1, axis=0))
        positive, negative = (
            calibration.measure()(jax.nn.relu(drive + answer @ self.state_kernel[...])) for answer in answers
        )
        return calibration.pair_loss(positive, negative, drive.shape[-1])


TRIED = {
    "contrast": ContrastPerceiver,
    "pair": PairPerceiver,
    "self-contrastive": SelfContrastivePerceiver,
    "random": FixedPerceiver,
}
"""By the name of the objective."""

for _name, _perceiver in TRIED.items():
    OBJECTIVES[_name] = Objective(learning=lambda recipe, perceiver=_perceiver: Layered(perceiver))
