"""A creature's parts as a rule file."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ffnca.automata.nca import NCA
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.model import GrowthModel, RuleModel
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule_file import RuleFile
from ffnca.systems.growth.sharpener import Sharpener
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.systems.parameters import named_tensors


def as_file(
    world: GrowthWorld,
    rule: RuleModel,
    recipe: Recipe,
    automaton: NCA,
    bodies: Bodies,
    record: Mapping[str, float | int | str],
    sharpener: Sharpener | None = None,
) -> RuleFile:
    """What is kept of a creature.

    Args:
        world: How it was described.
        rule: What a step needs of its rule.
        recipe: How it was trained.
        automaton: Its rule.
        bodies: What it grows, on grids with one free cell on every side.
        record: Facts of its training.
        sharpener: What draws it finer than the grid.
    """
    limit = automaton.state_limit if np.isfinite(automaton.state_limit) else None
    row, column = (np.asarray(place) for place in bodies.each.seed_at)
    cells, told = (
        np.asarray(states)[np.arange(bodies.count), row, column] for states in (bodies.each.start, bodies.each.target)
    )
    model = GrowthModel.model_construct(  # checked with the file
        title=world.title,
        grid=world.grid,
        rule=rule.model_copy(update={"state_limit": limit}),
        targets=tuple(world.sought),
        code_amplitude=recipe.code_amplitude,
        detail=None if sharpener is None else sharpener.described,
        own_seed=not np.array_equal(cells, told),
    )
    one = 0 if bodies.count == 1 else slice(None)
    return RuleFile(
        model=model,
        tensors={name: np.asarray(value, np.float32) for name, value in named_tensors(automaton.rule).items()},
        target=np.asarray(bodies.each.picture, np.float32)[:, 1:-1, 1:-1][one],
        seed_cell=np.asarray(cells, np.float32)[one],
        seed_at=np.stack([row - 1, column - 1], -1).astype(np.int32)[one],
        provenance=_provenance(world, recipe, record),
        detail={} if sharpener is None else sharpener.tensors,
    )


USUAL = Recipe()


def _provenance(world: GrowthWorld, recipe: Recipe, record: Mapping[str, float | int | str]) -> dict[str, Any]:
    told = {
        "world": world.model_dump(mode="json", exclude_none=True, include={"target", "targets", "train"}),
        "recipe": {name: value for name, value in asdict(recipe).items() if value != getattr(USUAL, name)},
        "record": dict(record),
    }
    try:
        return told | {"ffnca": version("ffnca")}
    except PackageNotFoundError:  # run from a folder
        return told
