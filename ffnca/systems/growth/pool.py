"""The sample pool: the rule's own states, kept between rounds so that it learns from its own mistakes."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Bodies, Body
from ffnca.systems.growth.corruption import wounded
from ffnca.systems.growth.recipe import Recipe

STAGED_SHARE = 0.6
"""Of replaced states those that become a teacher's state; the others become the first cell."""
HOPELESS_MSE, HOPELESS_SHARE = 1.0, 0.6
"""Relative MSE above which no cell of a state can know where it is, and how likely such a state is replaced."""


def fresh_pool(bodies: Bodies, pool_size: int) -> Float[Array, "pool H W C"]:
    """A pool of first cells, the bodies in turn."""
    return bodies.starts(pool_size)


def choose(pool: Float[Array, "pool H W C"], num_states: int, *, key: PRNGKeyArray) -> Int[Array, " batch"]:
    """Places of states to draw, without replacement."""
    return jax.random.choice(key, pool.shape[0], (num_states,), replace=False)


def disturb(
    states: Float[Array, "batch H W C"],
    body: Body,
    stages: Float[Array, "batch H W C"],
    recipe: Recipe,
    *,
    key: PRNGKeyArray,
    renewed_share: Float[Array, ""] | float,
) -> Float[Array, "batch H W C"]:
    """Renew some drawn states, wound some.

    The worst state is not always the one renewed: over-grown states would be thrown away before the rule had
    learned to shrink them. Most are left alone, so that the pool also holds what becomes of a wound much later.

    Args:
        states: As drawn from the pool.
        body: What they should become, one for all or one each.
        stages: Teacher states of the same bodies, for those that are renewed.
        recipe: What is replaced, wounded, and how.
        key: Source of fates and wounds.
        renewed_share: Probability that a state which is not hopeless is renewed.

    Returns:
        The states to roll out from.
    """
    fate_key, kind_key, wound_key = jax.random.split(key, 3)
    fate = jax.random.uniform(fate_key, states.shape[:1])
    hopeless = body.relative_mse(states) > HOPELESS_MSE
    renewed = (fate < renewed_share) | (hopeless & (fate < HOPELESS_SHARE))
    staged = draws.bernoulli(kind_key, STAGED_SHARE, (states.shape[0], 1, 1, 1))
    states = jnp.where(renewed[:, None, None, None], jnp.where(staged, stages, body.start), states)
    damaged = (fate > 1 - recipe.damaged_share)[:, None, None, None]
    return jnp.where(damaged, wounded(states, body, key=wound_key), states)


def put_back(
    pool: Float[Array, "pool H W C"], places: Int[Array, " batch"], states: Float[Array, "batch H W C"]
) -> Float[Array, "pool H W C"]:
    """Write rolled-out states back; numbers that are not finite become 0."""
    return pool.at[places].set(jnp.nan_to_num(states, nan=0.0, posinf=0.0, neginf=0.0))
