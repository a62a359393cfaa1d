"""The objectives by which a growing rule can be trained, by name; one entry here is all that a new one needs.

Light to import: what computes is named by `module:name` and imported when training begins. A study adds an objective
of its own by `OBJECTIVES[name] = Objective(...)`, an installed package by the entry-point group `ffnca.objectives`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.packages import loaded
from ffnca.spec import shown

GROUP = "ffnca.objectives"
"""Entry points of packages; each names an objective and is an `Objective`."""


@dataclass(frozen=True)
class Objective:
    """A way to train, and what it asks of a world.

    Attributes:
        trainer: Called with a `Plan` and `Bodies`, gives a `Trainer`; or where that is, as `module:name`.
        learning: Called with a `Recipe`, gives the `LayerLearning` of a trainer that learns layer by layer; or where
            that is. None for trainers that need none.
        rule: The type of rule that it trains, a key of `ffnca.systems.growth.rule.RULES`.
        most_layers: How many widths `rule.hidden` may have.
        several_targets: Whether one rule can learn several targets.
        smallest_pool: Fewest states in its pool.
        rule_keys: What a world's [rule] table says where it says nothing.
        train_keys: What its [train] table says where it says nothing.
        recipe: Fields of the recipe that differ from the usual.
    """

    trainer: str | Callable[..., Any] = "ffnca.systems.growth.local_trainer:LocalTrainer"
    learning: str | Callable[..., Any] | None = None
    rule: str = "state"
    most_layers: int = 4
    several_targets: bool = True
    smallest_pool: int = 1
    rule_keys: Mapping[str, Any] = field(default_factory=dict)
    train_keys: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)


PUBLISHED_MARGIN = 16
"""Free cells on every side of a body in training, as in Mordvintsev et al. (2020)."""

OBJECTIVES: dict[str, Objective] = {
    "ascent": Objective(learning="ffnca.systems.growth.layer_learning:Ascent.by", rule="ascent", most_layers=1),
    "distance": Objective(learning="ffnca.systems.growth.layer_learning:distance"),
    "one-step-backprop": Objective(learning="ffnca.systems.growth.layer_learning:one_step_backprop"),
    "bptt": Objective(
        trainer="ffnca.systems.growth.bptt:ThroughTime",
        rule="delta",
        several_targets=False,
        smallest_pool=8,
        rule_keys={
            "transport": "learned",
            "channels": 16,
            "hidden": (128,),
            "perception": ("identity", "sobel"),
            "fire_rate": 0.5,
        },
        train_keys={"pool_size": 1024},
        recipe={"pool_batch": 8, "updates_per_round": 1, "margin": PUBLISHED_MARGIN},
    ),
}
"""By the name in `train.objective`. The last two are controls that are not local; `bptt` has the rule and the sizes of
Mordvintsev et al. (2020)."""

DEFAULT, FOR_LARGE = "ascent", "distance"
"""The objective where a world names none, and that of bodies above 42 cells, in which ascent ends in fog."""


def _add_those_of_packages() -> None:
    for point in entry_points(group=GROUP):
        try:
            OBJECTIVES.setdefault(point.name, loaded(point, f"objective {shown(point.name)}"))
        except InputError as error:  # the others go on
            tell(str(error))


_add_those_of_packages()
