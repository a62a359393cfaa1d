"""Random arrays of several dimensions: the numbers of `jax.random`, drawn in a row and folded.

A generator whose counter is spread over several dimensions takes XLA far longer to compile than one that runs along a
single one: a round of training took half as long again. The numbers are the same, bit for bit, since the counter is
the place in the flat array (the default of jax, `jax_threefry_partitionable`).
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.extend.random import threefry2x32_p
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt32

from ffnca.part import current_part

Shape = tuple[int, ...]


def normal(key: PRNGKeyArray, shape: Shape) -> Float[Array, "*shape"]:
    """Standard normal numbers."""
    return jax.random.normal(key, (math.prod(shape),)).reshape(shape)


def uniform(
    key: PRNGKeyArray, shape: Shape, *, minval: Array | float = 0.0, maxval: Array | float = 1.0
) -> Float[Array, "*shape"]:
    """Numbers between bounds, each one for all or one each."""
    drawn = jax.random.uniform(
        key, (math.prod(shape),), minval=_in_a_row(minval, shape), maxval=_in_a_row(maxval, shape)
    )
    return drawn.reshape(shape)


def bernoulli(key: PRNGKeyArray, probability: Array | float, shape: Shape) -> Bool[Array, "*shape"]:
    """True with a probability, one for all or one each."""
    return jax.random.bernoulli(key, _in_a_row(probability, shape), (math.prod(shape),)).reshape(shape)


def bernoulli_of_cells(key: PRNGKeyArray, probability: float, shape: Shape) -> Bool[Array, "*shape"]:
    """The same for cells of grids (*batch, height, width); where those are split over devices, of a part of them."""
    part = current_part()
    if part is None:
        return bernoulli(key, probability, shape)
    return bernoulli_by_place(key, probability, math.prod(part.whole(shape)))(part.places(shape))


def bernoulli_by_place(
    key: PRNGKeyArray, probability: float, num_places: int
) -> Callable[[UInt32[Array, "*places"]], Bool[Array, "*places"]]:
    """What `bernoulli` draws at some places of its flat array, without drawing the others where the key allows that.

    Args:
        key: Of the whole draw.
        probability: One for all.
        num_places: In the whole draw, at most 2^32.
    """
    if not _counts_places(key):
        whole = bernoulli(key, probability, (num_places,))
        return lambda places: whole[places]
    first, second = jax.random.key_data(key)

    def drawn(places: UInt32[Array, "*places"]) -> Bool[Array, "*places"]:
        nothing = places ^ places  # all four operands follow the places, as `jax.vmap` needs of this primitive
        high, low = threefry2x32_p.bind(first + nothing, second + nothing, nothing, places)
        fraction = (high ^ low) >> 9  # 23 bits, as the digits of a number from 1 to 2
        return jax.lax.bitcast_convert_type(fraction | jnp.uint32(0x3F800000), jnp.float32) - 1.0 < probability

    return drawn


def _counts_places(key: PRNGKeyArray) -> bool:
    """Whether jax draws each 32-bit number from the key and its place alone."""
    counted = jax.config.jax_threefry_partitionable and not jax.config.jax_enable_x64  # pyright: ignore
    return counted and str(jax.random.key_impl(key)) == "threefry2x32"


def randint(key: PRNGKeyArray, shape: Shape, minval: Array | int, maxval: Array | int) -> Int[Array, "*shape"]:
    """Whole numbers from `minval` up to, not including, `maxval`, each one for all or one each."""
    low, high = _in_a_row(minval, shape), _in_a_row(maxval, shape)
    return jax.random.randint(key, (math.prod(shape),), low, high).reshape(shape)


def _in_a_row(value: Array | float, shape: Shape) -> Array | float:
    """One value for all as it is; one each, in the order of the flat array."""
    return jnp.broadcast_to(value, shape).reshape(-1) if jnp.ndim(value) else value
