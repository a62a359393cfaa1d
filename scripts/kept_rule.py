"""A rule that a study trains once and keeps as a file."""

from pathlib import Path

from ffnca.budget import Budget
from ffnca.progress import training_bar
from ffnca.systems.growth.creature import Creature
from ffnca.training import train_creature


def kept_rule(path: Path, blank: Creature, budget: Budget, *, seed: int = 0) -> Creature:
    """The rule at `path`; where there is none, `blank` trained within the budget by that seed and saved there."""
    if path.exists():
        return Creature.load(path)
    with training_bar(path.stem) as show:
        creature = train_creature(blank, budget, seed=seed, show=show)
    path.parent.mkdir(parents=True, exist_ok=True)
    creature.save(path)
    return creature
