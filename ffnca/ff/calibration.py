"""Presets that keep a layer's normaliser, initialisation, goodness and threshold in one scale."""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from ffnca.ff.goodness import mean_goodness, sum_goodness

_EPSILON = 1e-6


@dataclass(frozen=True)
class Calibration:
    """How a layer reads its input and measures itself; the four settings only make sense together.

    Attributes:
        normaliser: `rms` scales the input to a root mean square of 1, `length` to Euclidean length 1 (direction
            only, either way); `none` passes it as it is.
        weight_scale: Standard deviation of the initial weights times the square root of the number of inputs
            (`length`: the standard deviation itself, so that both start at a mean goodness near 1).
        goodness: `mean` or `sum` of squared activities.
        goodness_threshold: Between positive and negative goodness; for `sum` it is per unit.
    """

    normaliser: str = "rms"
    weight_scale: float = 2.0**0.5
    goodness: str = "mean"
    goodness_threshold: float = 2.0

    def __post_init__(self) -> None:
        """Refuse settings that cannot learn.

        Raises:
            ValueError: If a setting is out of range; the message says what fits.
        """
        if self.normaliser not in ("rms", "length", "none"):
            raise ValueError(f"normaliser {self.normaliser!r}: allowed are rms, length, none")
        if self.goodness not in ("mean", "sum"):
            raise ValueError(f"goodness {self.goodness!r}: allowed are mean, sum")
        initial = 0.5 * self.weight_scale**2
        if self.normaliser != "none" and not initial <= 4 * self.goodness_threshold <= 64 * initial:
            raise ValueError(
                f"goodness_threshold {self.goodness_threshold} does not fit weight_scale {self.weight_scale}: "
                f"mean goodness starts near {initial:.3g}; allowed is {initial / 4:.3g} to {16 * initial:.3g}"
            )

    def normalise(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch feature"]:
        """Scale each input vector so that its magnitude carries nothing on; zero stays zero."""
        if self.normaliser == "none":
            return inputs
        measure = jnp.mean if self.normaliser == "rms" else jnp.sum
        square = measure(jnp.square(inputs), axis=-1, keepdims=True)
        return inputs / jnp.sqrt(square + _EPSILON**2)

    def initial_deviation(self, num_inputs: int) -> float:
        """Standard deviation of the initial weights."""
        return self.weight_scale if self.normaliser == "length" else self.weight_scale / num_inputs**0.5

    def measure(self) -> Callable[[Float[Array, "*batch unit"]], Float[Array, "*batch"]]:
        """The goodness function of this preset."""
        return mean_goodness if self.goodness == "mean" else sum_goodness

    def threshold_for(self, num_units: int) -> float:
        """The goodness threshold in the units of `measure()`."""
        return self.goodness_threshold * (num_units if self.goodness == "sum" else 1)


DIRECTION = Calibration()
"""The general layer: direction only, He initialisation, mean of squares, threshold 2."""

MAGNITUDE = Calibration(normaliser="none")
"""For inputs whose magnitude means something, such as the standardised perception of a grid."""
