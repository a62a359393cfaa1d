"""A training round: beside the same states rolled out alone, which is what it costs to run them and not to learn."""

import jax
import jax.numpy as jnp

from ffnca.automata.base import rollout
from ffnca.bench.row import Pair, Row, timed
from ffnca.systems.growth.creature import Creature
from ffnca.training import trainer_of

EMOJI, SIDE = "🦎", 24
SETTLED = 25
"""Rounds before any is timed: the pool is then as it is in most of a training."""


def learning_rows(quick: bool) -> list[Row]:
    """One round of the recipe; none in a quick run, since it takes longer to compile."""
    if quick:
        return []

    def prepare() -> Pair:
        return training_round(Creature.for_target(EMOJI, SIDE), SETTLED)

    return [Row(f"training round, emoji of {SIDE} cells", "its states rolled out alone", prepare, 41)]


def training_round(creature: Creature, settled: int) -> Pair:
    """Rounds of a creature after so many; and a rollout of as many steps as a round has on average."""
    trainer, plan, key = trainer_of(creature), creature.plan(), jax.random.key(0)
    state, rate = trainer.begin(key=key), trainer.rate(0.0, 0)

    def learn() -> jax.Array:
        nonlocal state
        state, figures = trainer.round(state, rate, key=key)
        return figures.loss

    for _ in range(settled):
        learn()
    kept = jax.tree.map(jnp.array, state)  # a copy: what is given to a round is used up
    automaton, states = plan.automaton(trainer.learned(kept)), kept.pool[: plan.pool_batch]
    steps = (plan.recipe.max_rollout + 1) // 2
    return Pair(timed(learn), timed(lambda: rollout(automaton, states, steps, key=key)))
