"""A Forward-Forward layer in integers alone: int8 weights and activities, int32 accumulators, no float anywhere.

One byte a weight is all that a layer keeps, while it learns too: the closed-form Hebbian change is scaled by a power
of two so that its largest entry is a few weight units, and rounded at random, so that what is below one unit counts
on average. Random bits are drawn from an explicit key. All of it runs on adders, multipliers and shifters, but for a
few divisions a sample.

Bounds, for at most `MAX_WIDTH` inputs or units, `MAX_LAYERS` layers and `MAX_BATCH` pairs a step, where a weight, an
activity and a surprise are at most `LIMIT` = 127 in size; all are below 2**31:

- drive: 8,192 * 127**2 < 2**27; goodness of a layer: the same; summed over 16 layers: < 2**31;
- squared length in `normalise`: activities are cut to (31 - log2 n) / 2 bits first, so that n squares fit;
- its reciprocal: 16 * sqrt(8,192) * 2**19 < 2**30, and no activity times the reciprocal is above that;
- change of a weight: 2 * 32,768 * 127**2 < 2**30, and with the random bits added < 2**31.

Reference:
    Hinton (2022), arXiv:2212.13345, section 2 (the layer); Lee and Song (2023), SymBa, arXiv:2303.08418 (the loss);
    Wang et al. (2020), NITI, arXiv:2009.13108 (integer updates scaled by the bit width of the largest).
"""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int8, Int32, PRNGKeyArray, Shaped, UInt8, UInt16

from ffnca.ff.images.own import own_parts

LIMIT = 127
"""Largest size of a weight, an activity, an input and a surprise."""
UNIT = 16
"""Root mean square that `normalise` gives an input, and near that of a fresh layer's activity."""
MAX_WIDTH, MAX_LAYERS, MAX_BATCH = 8192, 16, 32_768
MAX_STEP_BITS = 7
INITIAL_SPREAD = 24
"""Fresh weights are uniform between minus and plus this."""

_RECIPROCAL_BITS = 19
_SPREAD_BITS = 3  # log2 of the deviation of fresh weights over the square root of 2
_NEWTON_STEPS = 6  # from a start within a factor of 2; five reach every integer root below 2**16
_SURPRISE = np.array([round(LIMIT / (1 + math.exp((i + 0.5) / 16))) for i in range(-128, 128)], np.int32)
_PARTS = ("drive", "activity", "goodness", "forward")
_INNER = (((1,), (0,)), ((), ()))


class Dither(NamedTuple):
    """Random bits of one step of one layer.

    Attributes:
        behind: For the activity times surprise; positives and negatives share them.
        weight: For the change of each weight.
    """

    behind: UInt8[Array, "batch unit"]
    weight: UInt16[Array, "input unit"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """relu(inputs @ weight), measured by its squared activities; it has no bias and stores nothing else.

    Attributes:
        weight: Between -127 and 127.
    """

    weight: Int8[Array, "input unit"]

    @classmethod
    def create(cls, num_inputs: int, num_units: int, *, key: PRNGKeyArray) -> "IntegerLayer":
        """A fresh layer.

        Args:
            num_inputs: Length of an input vector.
            num_units: Width of the layer.
            key: Source of the weights.

        Raises:
            ValueError: If a size is out of range.
        """
        for name, size in {"num_inputs": num_inputs, "num_units": num_units}.items():
            if not 1 <= size <= MAX_WIDTH:
                raise ValueError(f"{name} {size}: allowed are 1 to {MAX_WIDTH}, so that int32 sums cannot overflow")
        spread = INITIAL_SPREAD
        return cls(jax.random.randint(key, (num_inputs, num_units), -spread, spread + 1, jnp.int8))

    def settings(self) -> dict[str, int]:
        """What a layer like this one is made from."""
        num_inputs, num_units = self.weight.shape
        return {"num_inputs": num_inputs, "num_units": num_units}

    def drive(self, inputs: Shaped[Array, "batch input"]) -> Int32[Array, "batch unit"]:
        """Input of the units, exact.

        Raises:
            TypeError: If the inputs are not int8.
        """
        if inputs.dtype != jnp.int8:
            raise TypeError(f"inputs of type {inputs.dtype}: allowed is int8, such as `normalise` gives")
        return _product(inputs, self.weight)

    def activity(self, drive: Int32[Array, "*batch unit"]) -> Int8[Array, "*batch unit"]:
        """What the layer measures and learns by: the drive scaled by a fixed power of two, from 0 to 127."""
        shift = (_ceil_log2(self.weight.shape[0]) + 1) // 2 + _SPREAD_BITS
        return jnp.clip((drive + (1 << (shift - 1))) >> shift, 0, LIMIT).astype(jnp.int8)

    def goodness(self, inputs: Shaped[Array, "batch input"]) -> Int32[Array, " batch"]:
        """Sum of squared activities; a mean square of 1 in a float layer is `UNIT`**2 a unit here."""
        return sum_of_squares(self.activity(self.drive(inputs)))

    def forward(self, inputs: Shaped[Array, "batch input"]) -> Int8[Array, "batch unit"]:
        """What the next layer reads: the direction of the exact drive, post-ReLU."""
        return normalise(jax.nn.relu(self.drive(inputs)))


class Learned(NamedTuple):
    """What one local step gives.

    Attributes:
        layer: Changed.
        positive: For the next layer, by the layer as it was.
        negative: The same.
        surprise: Of each pair before the step, 0 to 127.
    """

    layer: IntegerLayer
    positive: Int8[Array, "batch unit"]
    negative: Int8[Array, "batch unit"]
    surprise: Int32[Array, " batch"]


def learn(
    layer: IntegerLayer,
    positive: Shaped[Array, "batch input"],
    negative: Shaped[Array, "*negative"],
    dither: Dither,
    *,
    step_bits: Int32[Array, ""] | int,
) -> Learned:
    """Train one layer on one batch by its own goodness alone: pull towards positives, push from negatives.

    Args:
        layer: Returned changed, not modified.
        positive: int8, normalised.
        negative: One for each positive, int8, normalised.
        dither: Random bits, see `draw_dither`.
        step_bits: The largest change of a weight is at most two to this, 0 to 7; the learning rate.

    Raises:
        TypeError: If the inputs are not int8, or the layer has a drive, activity or goodness of its own, whose update
            this closed form is not.
        ValueError: If the passes differ in shape or are too long, or `step_bits` is out of range.
    """
    require_plain(layer)
    size = positive.shape[0]
    if positive.shape != negative.shape or not 1 <= size <= MAX_BATCH:
        shapes = f"positive {positive.shape} and negative {negative.shape}"
        raise ValueError(f"{shapes}: allowed are 1 to {MAX_BATCH} of each, one to one")
    if isinstance(step_bits, int) and not 0 <= step_bits <= MAX_STEP_BITS:
        raise ValueError(f"step_bits {step_bits}: allowed are 0 to {MAX_STEP_BITS}")
    inputs = jnp.concatenate([positive, negative])
    drive = layer.drive(inputs)
    activity = layer.activity(drive).astype(jnp.int32)
    good = sum_of_squares(activity)
    surprise = surprise_of(good[:size] - good[size:], activity.shape[1])
    bits = jnp.tile(dither.behind.astype(jnp.int32) >> 1, (2, 1))
    behind = (jnp.tile(surprise, 2)[:, None] * activity + bits) >> 7
    behind = jnp.concatenate([behind[:size], -behind[size:]]).astype(jnp.int8)
    change = scaled_change(_product(_transposed(inputs), behind), dither.weight, step_bits)
    weight = jnp.clip(layer.weight + change, -LIMIT, LIMIT).astype(jnp.int8)
    passed = normalise(jax.nn.relu(drive))
    return Learned(replace(layer, weight=weight), passed[:size], passed[size:], surprise)


def require_plain(layer: IntegerLayer) -> None:
    """Refuse a layer that the closed form of `learn` is not the update of.

    Raises:
        TypeError: If it has a drive, activity or goodness of its own.
    """
    if own := own_parts(layer, IntegerLayer, _PARTS):
        raise TypeError(f"{type(layer).__name__} has its own {', '.join(own)}: the update is that of IntegerLayer")


def normalise(activity: Int32[Array, "*batch unit"]) -> Int8[Array, "*batch unit"]:
    """Scale each vector to a root mean square of `UNIT`, so that its magnitude carries nothing on; zero stays zero.

    A power of two brings the largest entry to as many bits as int32 can sum the squares of; then the vector is
    multiplied by the reciprocal of its integer length. Entries above 127 are cut off.

    Args:
        activity: At least 0.
    """
    size = activity.shape[-1]
    length = math.isqrt(UNIT * UNIT * size)
    excess = bit_length(jnp.max(activity, -1, keepdims=True)) - (31 - _ceil_log2(size)) // 2
    activity = (activity >> jnp.maximum(excess, 0)) << jnp.maximum(-excess, 0)
    root = integer_root(jnp.sum(jnp.square(activity), -1, dtype=jnp.int32, keepdims=True))
    reciprocal = (length << _RECIPROCAL_BITS) // jnp.maximum(root, 1)
    scaled = (activity * reciprocal + (1 << (_RECIPROCAL_BITS - 1))) >> _RECIPROCAL_BITS
    return jnp.minimum(scaled, LIMIT).astype(jnp.int8)


def integer_root(square: Int32[Array, "*batch"]) -> Int32[Array, "*batch"]:
    """Largest integer whose square is at most this, by Newton's method; `square` is at least 0."""
    root = jnp.left_shift(1, (bit_length(square) + 1) // 2)
    for _ in range(_NEWTON_STEPS):
        root = jnp.minimum(root, (root + square // jnp.maximum(root, 1)) >> 1)
    return root


def bit_length(number: Int32[Array, "*batch"]) -> Int32[Array, "*batch"]:
    """Bits that a number of at least 0 takes; 0 takes none."""
    return 32 - jax.lax.clz(number)


def sum_of_squares(activity: Shaped[Array, "*batch unit"]) -> Int32[Array, "*batch"]:
    """Goodness of int8 activities."""
    return jnp.sum(jnp.square(activity.astype(jnp.int32)), -1, dtype=jnp.int32)


def surprise_of(lead: Int32[Array, "*batch"], num_units: int) -> Int32[Array, "*batch"]:
    """127 times sigmoid(-16 * lead), by a table of 256 bytes.

    Args:
        lead: Goodness of a positive above that of its negative; 16 is per mean square of `UNIT`.
        num_units: Width of the layer; the nearest power of two from above counts.
    """
    return jnp.asarray(_SURPRISE)[jnp.clip(lead >> _ceil_log2(num_units), -128, 127) + 128]


def scaled_change(
    change: Int32[Array, "input unit"], bits: UInt16[Array, "input unit"], step_bits: Int32[Array, ""] | int
) -> Int32[Array, "input unit"]:
    """The change in weight units: shifted until its largest entry has `step_bits` bits, and rounded at random."""
    shift = bit_length(jnp.max(jnp.abs(change))) - step_bits
    right = jnp.maximum(shift, 0)
    dither = (bits.astype(jnp.int32) << 15) >> (31 - right)
    return ((change << jnp.maximum(-shift, 0)) + dither) >> right


def draw_dither(layer: IntegerLayer, batch_size: int, *, key: PRNGKeyArray) -> Dither:
    """Fresh random bits for one step of one layer."""
    behind_key, weight_key = jax.random.split(key)
    behind = random_words(behind_key, (batch_size, layer.weight.shape[1]), jnp.uint8)
    return Dither(behind, random_words(weight_key, layer.weight.shape, jnp.uint16))


def random_words(key: PRNGKeyArray, shape: tuple[int, ...], dtype: Any) -> Shaped[Array, "*shape"]:
    """Random bytes or half words, cut out of whole words, which is quicker than to draw each."""
    count, lanes = math.prod(shape), 4 // jnp.dtype(dtype).itemsize
    words = jax.random.bits(key, (-(-count // lanes),), jnp.uint32)
    return jax.lax.bitcast_convert_type(words, dtype).reshape(-1)[:count].reshape(shape)


def _product(left: Array, right: Array) -> Array:
    """int8 x int8 -> int32. On a CPU this takes a quarter of the time of operands cast to int32 first."""
    return jax.lax.dot_general(left, right, _INNER, preferred_element_type=jnp.int32)


def _transposed(rows: Array) -> Array:
    """Rows as columns, moved in memory: XLA's int8 product over the first axis of both takes thrice as long."""
    count, size = rows.shape
    return rows.reshape(-1)[jnp.arange(size)[:, None] + size * jnp.arange(count)[None, :]]


def _ceil_log2(number: int) -> int:
    return (number - 1).bit_length()
