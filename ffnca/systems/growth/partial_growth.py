"""Partially grown states, from which the teacher teaches: the body as a front that spreads from the first cell."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.corrupt import wound
from ffnca.systems.growth.deformation import deformed
from ffnca.systems.growth.patches import patched
from ffnca.systems.growth.recipe import Recipe


def partially_grown(
    body: Body,
    num_states: int,
    recipe: Recipe,
    *,
    alive_threshold: float,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """The target masked to what lies within a random distance of the first cell; some wounded, deformed, patched.

    Args:
        body: The body to grow, one for all or one each.
        num_states: How many; full bodies are among them, since fronts reach farther than the body.
        recipe: How far fronts reach and how ragged they are; wounds, deformations, patches and fragments.
        alive_threshold: Alpha above which a cell lives.
        key: Source of fronts, wounds, deformations and patches.
    """
    front_key, jitter_key, share_key, wound_key, strain_key, wrong_key = jax.random.split(key, 6)
    reach = jnp.reshape(jnp.asarray(body.reach), (-1, 1, 1))
    front = draws.uniform(front_key, (num_states, 1, 1), maxval=recipe.front_reach * reach)
    jitter = draws.uniform(jitter_key, (num_states, *body.alive.shape[-2:]), maxval=recipe.front_jitter)
    grown = (body.distance - jitter <= front) | (body.distance == 0)
    states = jnp.asarray(body.target) * grown[..., None]
    wounded = draws.bernoulli(share_key, recipe.wounded_share, (num_states, 1, 1, 1))
    states = jnp.where(wounded, wound(states, body, recipe, key=wound_key), states)
    if recipe.deformed_share:
        states = deformed(states, body, recipe, key=strain_key)
    if recipe.patched_share or recipe.fragments_share:
        states = patched(states, body, recipe, alive_threshold=alive_threshold, key=wrong_key)
    return states
