"""Strain: all that is farther from the first cell than some distance lies a cell or two off, as a growing arm does.

Along a thin arm a cell learns its place from the next one alone. An arm that once grew a cell too long or too short
stays so: its code is stretched a little everywhere, and nowhere is anything plainly wrong. The side of the first cell
is right, by definition; a rule learns so only if it is shown.

Where a hole in the middle closes, it is the other way round: the few cells that settle there a cell off are the ones
near the first cell, and would draw the whole body after them. So in half of the strained states the inner part is off,
provided that it is the smaller one.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.moved import moved

SHIFT_PER_RAMP = 6
"""A shift that builds up over so many cells is one cell at most."""

CORE = 0.4
"""The inner part ends at most this share of the body's reach away from the first cell; outer parts begin beyond."""

CORE_SHARE = 0.5
"""Of the strained states, those whose inner part is off."""


def add_strain(
    states: Float[Array, "batch H W C"],
    body: Body,
    *,
    share: Float[Array, ""] | float,
    longest: int,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Put some states under strain: codes shift little by little, colours by whole cells.

    Args:
        states: Parts of the body, each cell as it should be or empty.
        body: What they should become, one for all or one each.
        share: Probability that a state is strained.
        longest: Cells over which a shift may build up; it is a sixth of that at most, by rows and by columns.
        key: Source of places, lengths and directions.
    """
    keys = jax.random.split(key, 5)
    num = states.shape[0]
    each = (num, 1, 1)
    reach = jnp.broadcast_to(jnp.asarray(body.reach), (num,))[:, None, None]
    is_core = draws.bernoulli(keys[0], CORE_SHARE, each)
    low, high = jnp.where(is_core, 0.0, CORE), jnp.where(is_core, CORE, 1.0)
    middle = reach * draws.uniform(keys[1], each, minval=low, maxval=high)
    length = draws.uniform(keys[2], each, minval=0.5, maxval=float(longest))
    begins = jnp.maximum(middle - length / 2, 0)
    largest = longest // SHIFT_PER_RAMP
    shift = draws.randint(keys[3], (num, 2), -largest, largest + 1)
    shift *= draws.bernoulli(keys[4], share, (num, 1))
    distance = jnp.broadcast_to(jnp.asarray(body.distance), states.shape[:3])
    arrived = moved(jnp.concatenate([states, distance[..., None]], -1), shift)
    outer = jnp.clip((jnp.minimum(distance, arrived[..., -1]) - begins) / length, 0, 1)
    there = (states != 0).any(-1)
    inner_is_smaller = jnp.sum(there * (outer - 0.5), (1, 2), keepdims=True) > 0
    part = jnp.where(is_core, jnp.where(inner_is_smaller, 1 - outer, 0), outer)[..., None]
    code = body.goal + part * (moved(body.goal, shift) - body.goal)
    shifted = jnp.where(part > 0.5, arrived[..., :-1], states)
    strained = jnp.concatenate([shifted[..., :4], code[..., 4:]], -1)
    return jnp.where((shifted != 0).any(-1, keepdims=True), strained, 0.0)
