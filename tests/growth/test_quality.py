"""What growing rules are worth: those that ship, and one that is trained here for less than a minute."""

import jax
import pytest

import ffnca
from ffnca.world import rule_path_for, shipped_worlds
from ffnca.world_file import load_world

QUALITY_UPDATES, QUALITY_BOUND = 1000, 0.01
GROWING = [name for name, path in shipped_worlds().items() if load_world(path).kind == "growth"]
TRAINED = [name for name in GROWING if rule_path_for(name).exists()]


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
