"""An FF layer with a projection head of its own: its goodness is how near the head comes to the true answer."""

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.calibration import MAGNITUDE, Calibration
from ffnca.ff.goodness import distance_goodness, tempered
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair

CONTRAST = 0.01
"""Weight of the contrast beside the distance."""


class ProjectedLayer(nnx.Module):
    """A layer and the head that exists only while it learns.

    Reference:
        Wu et al. (2024), distance-forward learning, arXiv:2408.14925 (goodness as distance to a centre), with a
        local projection as in Nokland and Eidnes (2019), arXiv:1901.06656.
    """

    def __init__(
        self,
        num_inputs: int,
        num_units: int,
        num_targets: int,
        *,
        key: PRNGKeyArray,
        calibration: Calibration = MAGNITUDE,
    ) -> None:
        """Draw the layer; the head starts at zero.

        Args:
            num_inputs: Length of an input vector.
            num_units: Width of the layer.
            num_targets: Length of a centre.
            key: Source of the initial weights.
            calibration: Of the layer.
        """
        self.layer = FFLayer(num_inputs, num_units, key=key, calibration=calibration)
        self.head = nnx.Param(jnp.zeros((num_units, num_targets)))
        self.skip = nnx.Param(jnp.zeros((num_inputs, num_targets)))
        self.offset = nnx.Param(jnp.zeros(num_targets))

    def projection(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch target"]:
        """What the head makes of the layer's activity."""
        return self.layer(inputs) @ self.head[...] + inputs @ self.skip[...] + self.offset[...]

    def loss(
        self,
        inputs: Float[Array, "batch feature"],
        centre: Float[Array, "batch target"],
        healthy: Float[Array, "batch feature"],
        *,
        contrast: float = CONTRAST,
        gap_scale: Float[Array, ""] | float = math.inf,
    ) -> Float[Array, ""]:
        """Distance to the centre through the head, joined with healthy against present activity.

        Args:
            inputs: What the layer sees now; the negative of the contrast.
            centre: The true answer for each.
            healthy: What it would see were all well; the positive.
            contrast: Weight of the contrast.
            gap_scale: See `tempered`.

        Returns:
            The layer's own loss; nothing flows back into the inputs.
        """
        inputs, healthy = jax.lax.stop_gradient((inputs, healthy))
        distance = jnp.mean(tempered(-distance_goodness(self.projection(inputs), centre), gap_scale))
        return distance + contrast * self.layer.loss(Pair(healthy, inputs))
