"""Colour preference: a Forward-Forward layer that tells liked from disliked colours, and leads colours to liked ones.

Goodness here is minus the sum of squared activities: liked colours keep the layer quiet. The sum of squared ReLU
activities is convex in the colour, so with the opposite sign the disliked colours would have to fill one convex body,
and climbing would end in the corners of the colour cube. With this sign the liked colours fill one convex body, which
a handful of colours does, and a climb has a single top. What follows, and cannot be learned by one layer: a colour
halfway between two liked ones is at least as good as the worse of them.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float32, Int, Shaped, UInt8, UInt64

from ffnca.ff.calibration import Calibration
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair, local_step

NUM_UNITS = 16
REACH = 24
"""How far a sample lies from its colour at most, in bytes a channel."""
LUMA = (0.2126, 0.7152, 0.0722)
"""Share of red, green and blue in lightness (ITU-R BT.709)."""
BRIGHTNESS = Calibration(normaliser="none", goodness="sum", goodness_threshold=1.0)
"""Sum of squares with a threshold of one a unit; no normaliser, for dark and light are not the same colour."""
_BATCH = 256
_RATE = 0.02
_NUM_CLIMBS = 200
_NUM_HALVINGS = 30


def sample_colours(
    count: int, *, seed: int, around: UInt8[np.ndarray, "colour 3"] | None = None, reach: int = REACH
) -> UInt8[np.ndarray, "count 3"]:
    """Colours that depend on the seed alone: integers throughout, so equal on every platform.

    Args:
        count: How many.
        seed: From 0 to 2**64 - 1.
        around: Colours to vary, taken in turn; None for any colour, all equally likely.
        reach: How far each channel may be moved, in bytes; what leaves 0 to 255 is clipped.

    Returns:
        Red, green and blue from 0 to 255.

    Raises:
        ValueError: If the seed or the reach is out of range, or there is nothing to vary.

    Reference:
        Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (SplitMix64).
    """
    if not 0 <= seed < 2**64 or not 0 <= reach <= 255:
        raise ValueError(f"seed {seed}: allowed is 0 to 2**64 - 1; reach {reach}: allowed is 0 to 255")
    bits = _split_mix(count, seed)[:, None] >> np.array([0, 16, 32], np.uint64)
    parts = (bits & np.uint64(0xFFFF)).astype(np.int64)  # one number of 16 bits a channel
    if around is None:
        return (parts >> 8).astype(np.uint8)
    if not len(around):
        raise ValueError("around: at least one colour is needed")
    offsets = (parts * (2 * reach + 1) >> 16) - reach
    return np.clip(around[np.arange(count) % len(around)] + offsets, 0, 255).astype(np.uint8)


def _split_mix(count: int, seed: int) -> UInt64[np.ndarray, " count"]:
    """The first outputs of SplitMix64."""
    mixed = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@dataclass(frozen=True)
class ColourPreference:
    """What is liked, as one layer of 16 units that reads red, green and blue from -1 to 1.

    Colours are bytes, or floats from 0 to 1.

    Attributes:
        layer: Its own goodness, the sum of squared activities, is high for disliked colours.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 2; minus the sum of squared activities as goodness: its abstract.
    """

    layer: FFLayer

    @classmethod
    def learned(
        cls,
        liked: UInt8[np.ndarray, "liked 3"],
        disliked: UInt8[np.ndarray, "disliked 3"] | None = None,
        *,
        seed: int = 0,
        num_steps: int = 400,
    ) -> "ColourPreference":
        """Train a layer on samples around these colours.

        Positives are samples around liked colours. Half of the negatives are samples around disliked ones and half
        are any colours, or all of them if nothing is disliked; without the latter, colours unlike either would be
        liked or not by chance.

        Args:
            liked: At least one.
            disliked: None or no rows for none.
            seed: Of weights and samples, from 0 to 2**31 - 1.
            num_steps: Local steps, each on 256 positives and 256 negatives.

        Raises:
            ValueError: If nothing is liked, or a number is out of range.
        """
        if not 0 <= seed < 2**31 or num_steps < 1:
            raise ValueError(f"seed {seed}: allowed is 0 to 2**31 - 1; num_steps {num_steps}: at least 1")

        def batches(stream: int, size: int, around: np.ndarray | None) -> np.ndarray:
            colours = sample_colours(num_steps * size, seed=3 * seed + stream, around=around)
            return colours.reshape(num_steps, size, 3)

        num_disliked = _BATCH // 2 if disliked is not None and len(disliked) else 0
        negative = batches(1, _BATCH - num_disliked, None)
        if num_disliked:
            negative = np.concatenate([batches(2, num_disliked, disliked), negative], axis=1)
        signals = Pair(_inputs(batches(0, _BATCH, liked)), _inputs(negative))
        return cls(_trained(FFLayer(3, NUM_UNITS, key=jax.random.key(seed), calibration=BRIGHTNESS), signals))

    def goodness(self, colours: Shaped[Any, "*batch 3"]) -> Float[Array, "*batch"]:
        """Minus the sum of squared activities, at most 0; concave in the colour."""
        return -self.layer.goodness(_inputs(colours))

    def probability(self, colours: Shaped[Any, "*batch 3"]) -> Float[Array, "*batch"]:
        """Probability that these colours are liked: sigmoid(goodness + 16)."""
        return jax.nn.sigmoid(self.goodness(colours) + self.layer.calibration.threshold_for(NUM_UNITS))

    def recolour(self, colours: Shaped[Any, "*batch 3"], *, strength: float = 1.0) -> Float32[np.ndarray, "*batch 3"]:
        """Move each colour to the best colour of its own lightness, by 200 steps of projected gradient ascent.

        Black and white have no other colour of their lightness and stay. No colour gets worse: goodness is concave,
        and a step is one over its largest curvature.

        Args:
            colours: What to move.
            strength: How much of the way, 0 to 1.

        Returns:
            Colours from 0 to 1.

        Raises:
            ValueError: If `strength` is out of range.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"strength {strength}: allowed is 0 to 1")
        start = _unit(colours)
        best = np.asarray(_climbed(self.layer, jnp.asarray(start.reshape(-1, 3)))).reshape(start.shape)
        return start + np.float32(strength) * (best - start)


def _unit(colours: Shaped[Any, "*batch 3"]) -> Float32[np.ndarray, "*batch 3"]:
    """Bytes as numbers from 0 to 1; floats as they are.

    Raises:
        ValueError: If a float is not from 0 to 1.
    """
    colours = np.asarray(colours)
    if colours.dtype == np.uint8:
        return colours.astype(np.float32) / 255
    if not ((colours >= 0) & (colours <= 1)).all():
        raise ValueError("colours: allowed are bytes, or floats from 0 to 1")
    return colours.astype(np.float32)


def _inputs(colours: Shaped[Any, "*batch 3"]) -> Float[Array, "*batch 3"]:
    """What the layer reads: from -1 to 1."""
    return jnp.asarray(2 * _unit(colours) - 1)


@jax.jit
def _trained(layer: FFLayer, signals: Pair) -> FFLayer:
    """One local step a batch. The layer's own positives, which it answers to, are the disliked colours."""
    optimiser = optax.adam(optax.cosine_decay_schedule(_RATE, len(signals.positive)))

    def step(learner: tuple[FFLayer, optax.OptState], signal: Pair) -> tuple[tuple[FFLayer, optax.OptState], None]:
        done = local_step(learner[0], optimiser, learner[1], Pair(signal.negative, signal.positive))
        return (done.layer, done.optimiser_state), None

    return jax.lax.scan(step, (layer, optimiser.init(layer)), signals)[0][0]  # pyright: ignore[reportArgumentType]


@jax.jit
def _climbed(layer: FFLayer, colours: Float[Array, "colour 3"]) -> Float[Array, "colour 3"]:
    """Ascend the goodness within the colour cube at constant lightness."""
    rate = 0.125 / jnp.square(jnp.linalg.norm(layer.kernel[...], ord=2))  # the inputs are twice the colours
    lightness = colours @ jnp.asarray(LUMA)

    def step(_: Int[Array, ""], colours: Float[Array, "colour 3"]) -> Float[Array, "colour 3"]:
        slope = jax.grad(lambda moved: -jnp.sum(layer.goodness(2 * moved - 1)))(colours)
        return _with_lightness(colours + rate * slope, lightness)

    return jax.lax.fori_loop(0, _NUM_CLIMBS, step, colours)


def _with_lightness(colours: Float[Array, "colour 3"], lightness: Float[Array, " colour"]) -> Float[Array, "colour 3"]:
    """The nearest colours of this lightness within the cube: clip(colour + k * luma), with k by bisection."""
    luma = jnp.asarray(LUMA)
    high = (1 + jnp.max(jnp.abs(colours), -1)) / min(LUMA)  # enough for white; minus it for black

    def halved(_: Int[Array, ""], bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        too_light = jnp.clip(colours + jnp.outer(middle, luma), 0, 1) @ luma > lightness
        return jnp.where(too_light, low, middle), jnp.where(too_light, middle, high)

    low, high = jax.lax.fori_loop(0, _NUM_HALVINGS, halved, (-high, high))
    return jnp.clip(colours + jnp.outer((low + high) / 2, luma), 0, 1)
