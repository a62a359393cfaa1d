"""What a growth world leaves open, chosen by the size of its body and by its objective."""

from typing import Any

from ffnca.systems.growth.objective import DEFAULT, FOR_LARGE, OBJECTIVES
from ffnca.systems.growth.position_code import code_channels
from ffnca.systems.growth.recipe import LARGE_POOL, LARGE_WIDTH, LARGEST_SMALL, Recipe, is_large
from ffnca.systems.growth.spec import GrowthWorld, identity_channels
from ffnca.world import checked_world

MARGIN = 16
"""Free cells on every side of a creature whose grid nobody chose, as in Mordvintsev et al. (2020)."""


def fitted_world(world: GrowthWorld, longest: int) -> GrowthWorld:
    """The world with what it leaves open chosen by the longer side of its body, and then by its objective."""
    rule: dict[str, Any] = {"channels": 4 + code_channels(longest / 2) + identity_channels(len(world.sought))}
    train: dict[str, Any] = {}
    if is_large(longest):
        train |= {"pool_size": LARGE_POOL}
        if world.rule.transport == "learned":
            rule |= {"hidden": (LARGE_WIDTH,)}
            train |= {"objective": FOR_LARGE}
    given = world.model_dump(exclude_unset=True)
    name = (train | given.get("train", {})).get("objective")
    objective = OBJECTIVES[name or world.train.objective]
    if objective.rule_keys:
        rule = dict(objective.rule_keys)
    if objective.train_keys:
        train = dict(objective.train_keys)
    tables = {"rule": rule | given.get("rule", {}), "train": train | given.get("train", {})}
    return growth_world(given | tables, world.title)


def fitted_recipe(objective: str, longest: int) -> Recipe:
    """The recipe for bodies of this longer side, trained by this objective."""
    return Recipe.fitting(longest, **OBJECTIVES[objective].recipe)


def chosen_by_size(transport: str, objective: str, longest: int) -> str | None:
    """What is to be said if a body of this longer side is trained by the objective for large ones."""
    if transport == "exact" or objective != FOR_LARGE or not is_large(longest):
        return None
    return f"bodies above {LARGEST_SMALL} cells, as this of {longest}, are trained by {FOR_LARGE} in place of {DEFAULT}"


def growth_world(described: dict[str, Any], name: str) -> GrowthWorld:
    """A growth world from nested settings.

    Raises:
        InputError: If a key is unknown or missing, or a value is of another type or out of range.
    """
    return checked_world(GrowthWorld, described, name)
