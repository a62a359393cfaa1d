"""Positional deformation: all beyond some distance from the first cell lies a cell or two off, as a growing arm does.

Along a thin arm a cell learns its place from the next one alone. An arm that once grew a cell too long or too short
stays so: its code is stretched a little everywhere, and nowhere is anything plainly wrong. The side of the first cell
is right, by definition; a rule learns so only if it is shown.

Where a hole in the middle closes, it is the other way round: the few cells that settle there a cell off are the ones
near the first cell, and would draw the whole body after them. So in half of the deformed states the inner part is off,
provided that it is the smaller one.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.moved import moved
from ffnca.systems.growth.recipe import Recipe


def deformed(
    states: Float[Array, "batch H W C"], body: Body, recipe: Recipe, *, key: PRNGKeyArray
) -> Float[Array, "batch H W C"]:
    """Deform some states: codes shift little by little, colours by whole cells.

    Args:
        states: Parts of the body, each cell as it should be or empty.
        body: What they should become, one for all or one each.
        recipe: How many, and how far they are off.
        key: Source of places, lengths and directions.
    """
    keys, longest = jax.random.split(key, 5), recipe.fragment_distance
    num = states.shape[0]
    each = (num, 1, 1)
    reach = jnp.broadcast_to(jnp.asarray(body.reach), (num,))[:, None, None]
    is_core = draws.bernoulli(keys[0], recipe.core_share, each)
    low, high = jnp.where(is_core, 0.0, recipe.core), jnp.where(is_core, recipe.core, 1.0)
    middle = reach * draws.uniform(keys[1], each, minval=low, maxval=high)
    length = draws.uniform(keys[2], each, minval=recipe.shortest_ramp, maxval=float(longest))
    begins = jnp.maximum(middle - length / 2, 0)
    largest = longest // recipe.cells_per_shift
    shift = draws.randint(keys[3], (num, 2), -largest, largest + 1)
    shift *= draws.bernoulli(keys[4], recipe.deformed_share, (num, 1))
    distance = jnp.broadcast_to(jnp.asarray(body.distance), states.shape[:3])
    arrived = moved(jnp.concatenate([states, distance[..., None]], -1), shift)
    outer = jnp.clip((jnp.minimum(distance, arrived[..., -1]) - begins) / length, 0, 1)
    there = (states != 0).any(-1)
    inner_is_smaller = jnp.sum(there * (outer - 0.5), (1, 2), keepdims=True) > 0
    part = jnp.where(is_core, jnp.where(inner_is_smaller, 1 - outer, 0), outer)[..., None]
    code = body.goal + part * (moved(body.goal, shift) - body.goal)
    shifted = jnp.where(part > 0.5, arrived[..., :-1], states)
    changed = jnp.concatenate([shifted[..., :4], code[..., 4:]], -1)
    return jnp.where((shifted != 0).any(-1, keepdims=True), changed, 0.0)
