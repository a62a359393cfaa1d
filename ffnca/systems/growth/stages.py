"""Teacher states: the body half grown or half healed, as a front that spreads from the first cell."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.corrupt import wound
from ffnca.systems.growth.spec import NcaSpec, TrainSpec
from ffnca.systems.growth.strain import add_strain
from ffnca.systems.growth.wrong_tissue import add_wrong_tissue

WOUNDED_SHARE = 0.4
FRONT_JITTER = 1.5


def draw_stages(
    body: Body,
    num_states: int,
    nca: NcaSpec,
    train: TrainSpec,
    *,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """The target masked to what lies within a random distance of the first cell; some wounded, strained, confused.

    Args:
        body: The body to grow; several take turns.
        num_states: How many to draw; full bodies are among them, since the distance goes to 1.3 times the reach.
        nca: Says which cells live.
        train: Shares of large wounds, of strain, of wrong tissue and of strays; how far they are off.
        key: Source of fronts, their ragged edge (up to `FRONT_JITTER` cells), wounds, strain and wrong tissue.
    """
    front_key, jitter_key, share_key, wound_key, strain_key, wrong_key = jax.random.split(key, 6)
    body = body.of(jnp.arange(num_states))
    reach = jnp.reshape(body.reach, (-1, 1, 1))
    front = draws.uniform(front_key, (num_states, 1, 1), maxval=1.3 * reach)
    jitter = draws.uniform(jitter_key, (num_states, *body.alive.shape[-2:]), maxval=FRONT_JITTER)
    grown = (body.distance - jitter <= front) | (body.distance == 0)
    states = jnp.asarray(body.target) * grown[..., None]
    wounded = draws.bernoulli(share_key, WOUNDED_SHARE, (num_states, 1, 1, 1))
    states = jnp.where(wounded, wound(states, body, key=wound_key, large_share=train.large_wounds), states)
    if train.strain:
        states = add_strain(states, body, share=train.strain, longest=train.stray_distance, key=strain_key)
    if train.wrong_tissue or train.strays:
        states = add_wrong_tissue(
            states,
            body,
            patches=train.wrong_tissue,
            strays=train.strays,
            stray_distance=train.stray_distance,
            alive_threshold=nca.alive_threshold,
            key=wrong_key,
        )
    return states
