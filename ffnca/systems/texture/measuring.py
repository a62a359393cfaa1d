"""How well a texture was learned: its distance to the exemplar, when grown, when old, and when wounded."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from ffnca.automata.base import rollout
from ffnca.systems.texture.distance import distance_to, self_distance
from ffnca.systems.texture.learner import TextureLearner

SIDE, AGES = 64, (200, 1000)
HEALING = 100
"""Steps after a wound."""


def evaluate(learner: TextureLearner, *, key: PRNGKeyArray, side: int = SIDE) -> dict[str, Any]:
    """The table of `ffnca eval`.

    Args:
        learner: A trained rule.
        key: Source of everything random.
        side: Of the grid, in cells.

    Returns:
        `distance` of the texture at the last of `AGES` to the exemplar, `noise_distance` of noise of its colours, of
        plain bytes at random, and `self_distance` of the exemplar's halves; `distances` at each age by its name;
        `healed_distance` so many steps after a disc of half the grid's width was emptied, `wounded_distance` at that
        moment; `params`.
    """
    automaton, exemplar = learner.automaton, learner.exemplar
    start_key, run_key, noise_key = jax.random.split(key, 3)
    state = automaton.noise((side, side, sum(automaton.sight.sizes)), start_key)
    found, age = {}, 0

    def distance(state: Any) -> float:
        return round(distance_to(exemplar, automaton.rgb(state)), 6)

    for until in AGES:
        state = rollout(automaton, state, until - age, key=run_key, first_step=age)
        found[str(until)], age = distance(state), until
    rows, columns = np.mgrid[0:side, 0:side] - side // 2
    wounded = jnp.where((np.hypot(rows, columns) < side / 4)[..., None], 0.0, state)
    healed = rollout(automaton, wounded, HEALING, key=run_key, first_step=age)
    noise = np.asarray(jax.random.uniform(noise_key, (side, side, 3)))
    return {
        "distance": found[str(AGES[-1])],
        "noise_distance": round(distance_to(exemplar, noise), 6),
        "self_distance": round(self_distance(exemplar), 6),
        "distances": found,
        "wounded_distance": distance(wounded),
        "healed_distance": distance(healed),
        "params": sum(leaf.size for leaf in jax.tree.leaves(automaton.layer)),
    }
