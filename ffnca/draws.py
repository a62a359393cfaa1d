"""Random arrays of several dimensions: the numbers of `jax.random`, drawn in a row and folded.

A generator whose counter is spread over several dimensions takes XLA far longer to compile than one that runs along a
single one: a round of training took half as long again. The numbers are the same, bit for bit, since the counter is
the place in the flat array (the default of jax, `jax_threefry_partitionable`).
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

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


def randint(key: PRNGKeyArray, shape: Shape, minval: Array | int, maxval: Array | int) -> Int[Array, "*shape"]:
    """Whole numbers from `minval` up to, not including, `maxval`, each one for all or one each."""
    low, high = _in_a_row(minval, shape), _in_a_row(maxval, shape)
    return jax.random.randint(key, (math.prod(shape),), low, high).reshape(shape)


def _in_a_row(value: Array | float, shape: Shape) -> Array | float:
    """One value for all as it is; one each, in the order of the flat array."""
    return jnp.broadcast_to(value, shape).reshape(-1) if jnp.ndim(value) else value
