"""Presets that keep a layer's normaliser, initialisation, goodness, threshold and loss in one scale."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ffnca.ff.goodness import mean_goodness, sum_goodness
from ffnca.ff.losses import symba_loss, two_threshold_loss
from ffnca.lattice import Value

_EPSILON = 1e-6
_CHOICES = {
    "normaliser": ("rms", "length", "standard", "none"),
    "goodness": ("mean", "sum"),
    "loss": ("threshold", "symba"),
    "passes": ("activity", "centred"),
}


@dataclass(frozen=True)
class Calibration:
    """How a layer reads its input, measures itself and passes on; the settings only make sense together.

    Attributes:
        normaliser: `rms` scales the input to a root mean square of 1, `length` to Euclidean length 1 (direction
            only, either way), `standard` to mean 0 and variance 1 within each sample; `none` passes it as it is.
        weight_scale: Standard deviation of the initial weights times the square root of the number of inputs
            (`length`: the standard deviation itself, so that both start at a mean goodness near 1).
        goodness: `mean` or `sum` of squared activities.
        goodness_threshold: Between positive and negative goodness; for `sum` it is per unit.
        threshold_gap: How far the threshold of positives lies above that of negatives, half to each side.
        loss: `threshold` or `symba`.
        sharpness: Of `symba`, per unit of mean goodness.
        passes: What the next layer reads: `activity`, or `centred`, relu(z - mean z).
    """

    normaliser: str = "rms"
    weight_scale: float = 2.0**0.5
    goodness: str = "mean"
    goodness_threshold: float = 2.0
    threshold_gap: float = 0.0
    loss: str = "threshold"
    sharpness: float = 4.0
    passes: str = "activity"

    def __post_init__(self) -> None:
        """Refuse settings that cannot learn.

        Raises:
            ValueError: If a setting is out of range; the message says what fits.
        """
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r}: allowed are {', '.join(allowed)}")
        if not self.sharpness > 0:
            raise ValueError(f"sharpness {self.sharpness}: must be above 0")
        initial = 0.5 * self.weight_scale**2
        for threshold in (self.goodness_threshold, *self.thresholds()):
            if self.normaliser != "none" and not initial <= 4 * threshold <= 64 * initial:
                raise ValueError(
                    f"goodness_threshold {self.goodness_threshold} (gap {self.threshold_gap}) does not fit "
                    f"weight_scale {self.weight_scale}: mean goodness starts near {initial:.3g}; allowed is "
                    f"{initial / 4:.3g} to {16 * initial:.3g}"
                )

    def normalise(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch feature"]:
        """Scale each input vector so that its magnitude carries nothing on; zero stays zero."""
        if self.normaliser == "none":
            return inputs
        if self.normaliser == "standard":
            inputs = inputs - jnp.mean(inputs, axis=-1, keepdims=True)
        measure = jnp.sum if self.normaliser == "length" else jnp.mean
        square = measure(jnp.square(inputs), axis=-1, keepdims=True)
        return inputs / jnp.sqrt(square + _EPSILON**2)

    def described_normal(self, inputs: Value) -> Value:
        """`normalise` as data."""
        if self.normaliser == "none":
            return inputs
        share = 1.0 if self.normaliser == "length" else 1.0 / inputs.channels
        if self.normaliser == "standard":
            inputs = inputs - inputs.sum() * share
        return inputs / ((inputs * inputs).sum() * share + _EPSILON**2).sqrt()

    def pass_on(self, drive: Float[Array, "*batch unit"]) -> Float[Array, "*batch unit"]:
        """What the next layer reads of a layer's drive, before its own normaliser."""
        return jax.nn.relu(drive - jnp.mean(drive, -1, keepdims=True) if self.passes == "centred" else drive)

    def initial_deviation(self, num_inputs: int) -> float:
        """Standard deviation of the initial weights."""
        return self.weight_scale if self.normaliser == "length" else self.weight_scale / num_inputs**0.5

    def measure(self) -> Callable[[Float[Array, "*batch unit"]], Float[Array, "*batch"]]:
        """The goodness function of this preset."""
        return mean_goodness if self.goodness == "mean" else sum_goodness

    def thresholds(self) -> tuple[float, float]:
        """Thresholds of positives and of negatives, per unit."""
        half = 0.5 * self.threshold_gap
        return self.goodness_threshold + half, self.goodness_threshold - half

    def pair_loss(
        self, positive: Float[Array, "*positive"], negative: Float[Array, "*negative"], num_units: int
    ) -> Float[Array, ""]:
        """The loss of this preset.

        Args:
            positive: Goodness, in the units of `measure()`.
            negative: The same; `symba` needs one for each positive.
            num_units: Width of the layer.
        """
        scale = num_units if self.goodness == "sum" else 1
        if self.loss == "symba":
            return symba_loss(positive, negative, sharpness=self.sharpness / scale)
        above, below = self.thresholds()
        return two_threshold_loss(
            positive, negative, positive_threshold=above * scale, negative_threshold=below * scale
        )

    def threshold_for(self, num_units: int) -> float:
        """The goodness threshold in the units of `measure()`."""
        return self.goodness_threshold * (num_units if self.goodness == "sum" else 1)


DIRECTION = Calibration()
"""The general layer: direction only, He initialisation, mean of squares, threshold 2."""

CLASSIC = Calibration(goodness="sum", goodness_threshold=1.0)
"""The first paper's: sum of squares, with a threshold equal to the width of the layer."""

SYMBA = Calibration(loss="symba")
"""Direction only, without a threshold: each positive against its own negative."""

PAIRED_VIEWS = Calibration(normaliser="none", weight_scale=0.5**0.5, goodness_threshold=2.0, passes="centred")
"""The first self-contrastive layer: it reads the sum of two standardised views."""

CENTRED = Calibration(normaliser="standard", passes="centred")
"""The later self-contrastive layers."""

MAGNITUDE = Calibration(normaliser="none", loss="symba")
"""For inputs whose magnitude means something, such as the standardised perception of a grid."""
