"""The sample pool: the rule's own states, kept between rounds so that it learns from its own mistakes."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.growth.body import Body
from ffnca.growth.corrupt import wound

DAMAGED_SHARE = 0.15
HOPELESS_MSE = 1.0
HOPELESS_SHARE = 0.6
"""A state with relative MSE above HOPELESS_MSE starts again this often: no cell of it can know where it is."""


def fresh_pool(body: Body, pool_size: int) -> Float[Array, "pool H W C"]:
    """A pool of first cells; of several bodies, place i holds body i modulo their number."""
    return body.starts(pool_size)


def draw(
    pool: Float[Array, "pool H W C"],
    body: Body,
    num_states: int,
    *,
    reseeded_share: float,
    large_share: float = 0.0,
    key: PRNGKeyArray,
) -> tuple[Int[Array, " batch"], Float[Array, "batch H W C"]]:
    """Draw states without replacement; start some again, wound some.

    The worst state is not always the one reseeded: over-grown states would be thrown away before the rule had
    learned to shrink them.

    Args:
        pool: All states.
        body: What they should become.
        num_states: How many to draw.
        reseeded_share: Probability that a drawn state starts again from one cell.
        large_share: Probability that a wound is a whole side rather than a disc.
        key: Source of places, fates and wounds.

    Returns:
        Places in the pool and the states to roll out from.
    """
    place_key, fate_key, wound_key = jax.random.split(key, 3)
    places = jax.random.choice(place_key, pool.shape[0], (num_states,), replace=False)
    states, body = pool[places], body.of(places)
    fate = jax.random.uniform(fate_key, (num_states,))
    hopeless = body.relative_mse(states) > HOPELESS_MSE
    reseeded = (fate < reseeded_share) | (hopeless & (fate < HOPELESS_SHARE))
    states = jnp.where(reseeded[:, None, None, None], body.start, states)
    damaged = (fate > 1 - DAMAGED_SHARE)[:, None, None, None]
    return places, jnp.where(damaged, wound(states, body, key=wound_key, large_share=large_share), states)


def put_back(
    pool: Float[Array, "pool H W C"], places: Int[Array, " batch"], states: Float[Array, "batch H W C"]
) -> Float[Array, "pool H W C"]:
    """Write rolled-out states back; numbers that are not finite become 0."""
    return pool.at[places].set(jnp.nan_to_num(states, nan=0.0, posinf=0.0, neginf=0.0))
