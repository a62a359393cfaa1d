"""What a rule file tells of its training, as far as it can be understood: nothing that runs depends on it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from ffnca.errors import InputError
from ffnca.systems.growth.fitted_world import fitted_recipe, growth_world
from ffnca.systems.growth.objective import DEFAULT, OBJECTIVES
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule_file import RuleFile
from ffnca.systems.growth.spec import GrowthWorld, NcaSpec, TrainSpec

AT_HAND = "picture.png"
"""What a picture without a file is called in its world."""
_SMALLEST = 8


def recalled_world(rule: RuleFile, file: str) -> GrowthWorld:
    """The world that a rule was trained for: its model, and where that says nothing what is told of it.

    Raises:
        InputError: If no world has such a model.
    """
    told = _table(rule.provenance, "world")
    model, longest = rule.model, max(rule.target.shape[-3:-1])
    described = {
        "kind": "growth",
        "title": model.title,
        "grid": model.grid.model_dump(),
        "rule": _stated({name: getattr(model.rule, name) for name in NcaSpec.model_fields}),
        "train": _train(_table(told, "train"), model.rule.type).model_dump(exclude_unset=True),
    }
    with suppress(InputError):
        world = growth_world(described | {name: told[name] for name in ("target", "targets") if name in told}, file)
        if tuple(world.sought) == model.targets:
            return world
    plain = {
        name: {"image": f"{name}.png" if name else AT_HAND, "size": max(longest, _SMALLEST)} for name in model.targets
    }
    return growth_world(described | ({"target": plain[""]} if "" in plain else {"targets": plain}), file)


def recalled_recipe(rule: RuleFile, objective: str) -> Recipe:
    """The recipe that a rule was trained by, with its own amplitude of the codes."""
    own = {"code_amplitude": rule.model.code_amplitude}
    if "recipe" in rule.provenance:  # told of is what differs from the usual
        return Recipe.recalled(_table(rule.provenance, "recipe") | own)
    return Recipe.recalled(vars(fitted_recipe(objective, max(rule.target.shape[-3:-1]))) | own)


def _stated(rule: dict[str, Any]) -> dict[str, Any]:
    """Of a [rule] table what says more than its transport does: the rest may become other with another transport."""
    usual = NcaSpec(transport=rule["transport"])
    always = ("transport", "channels")
    return {name: value for name, value in rule.items() if name in always or value != getattr(usual, name)}


def _table(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = told.get(name)
    return table if isinstance(table, dict) else {}


def _train(told: Mapping[str, Any], rule_type: str) -> TrainSpec:
    """What is told of the [train] table, with an objective that trains rules of this type."""
    fitting = [name for name, objective in OBJECTIVES.items() if objective.rule == rule_type]
    given = {name: value for name, value in told.items() if name in TrainSpec.model_fields}
    if given.get("objective", DEFAULT) not in fitting:
        given["objective"] = next(iter(fitting), DEFAULT)
    with suppress(ValidationError):
        return TrainSpec(**given)
    return TrainSpec(objective=given["objective"])
