"""What growing rules are worth: those that ship, and one that is trained here for less than a minute."""

import jax
import pytest

import ffnca
from ffnca.world import rule_path_for, shipped_worlds

QUALITY_UPDATES, QUALITY_BOUND = 1000, 0.01
TRAINED = [name for name in shipped_worlds() if rule_path_for(name).exists()]


@pytest.mark.parametrize("name", TRAINED)
def test_every_shipped_rule_grows_what_its_record_says(name: str) -> None:
    simulation = ffnca.make(name)
    grown = ffnca.rollout(simulation.automaton, simulation.start, 200, key=jax.random.key(0))
    recorded = max(simulation.creature.errors.values())  # a median; single growths settle a little better or worse
    assert simulation.measured(grown)["relative_mse"] < 5 * recorded + 5e-4


@pytest.mark.computes
def test_a_minute_of_training_grows_a_creature() -> None:
    fish = ffnca.Creature.for_target("🐟", 12)
    fish = ffnca.train_creature(fish, ffnca.Budget(updates=QUALITY_UPDATES), seed=0)
    assert max(fish.errors.values()) < QUALITY_BOUND
