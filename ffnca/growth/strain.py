"""Strain: all that is farther from the first cell than some distance lies a cell or two off, as a growing arm does.

Along a thin arm a cell learns its place from the next one alone. An arm that once grew a cell too long or too short
stays so: its code is stretched a little everywhere, and nowhere is anything plainly wrong. The side of the first cell
is right, by definition; a rule learns so only if it is shown.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws
from ffnca.growth.body import Body
from ffnca.growth.moved import moved

SHIFT_PER_RAMP = 6
"""A shift that builds up over so many cells is one cell at most."""


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
    keys = jax.random.split(key, 4)
    num = states.shape[0]
    each = (num, 1, 1)
    reach = jnp.broadcast_to(jnp.asarray(body.reach), (num,))[:, None, None]
    begins = reach * draws.uniform(keys[0], each)
    length = draws.uniform(keys[1], each, minval=0.5, maxval=float(longest))
    largest = longest // SHIFT_PER_RAMP
    shift = draws.randint(keys[2], (num, 2), -largest, largest + 1)
    shift *= draws.bernoulli(keys[3], share, (num, 1))
    distance = jnp.broadcast_to(jnp.asarray(body.distance), states.shape[:3])
    arrived = moved(jnp.concatenate([states, distance[..., None]], -1), shift)
    part = jnp.clip((jnp.minimum(distance, arrived[..., -1]) - begins) / length, 0, 1)[..., None]
    code = body.goal + part * (moved(body.goal, shift) - body.goal)
    shifted = jnp.where(part > 0.5, arrived[..., :-1], states)
    strained = jnp.concatenate([shifted[..., :4], code[..., 4:]], -1)
    return jnp.where((shifted != 0).any(-1, keepdims=True), strained, 0.0)
