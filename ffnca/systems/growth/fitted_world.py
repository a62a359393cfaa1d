"""What a growth world leaves open, chosen by the size of its body."""

from typing import Any

from ffnca.systems.growth.morphogen import FEWEST_FREQUENCIES, code_channels
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.world import checked_world

MARGIN = 16
"""Free cells on every side of a creature whose grid nobody chose, as in Mordvintsev et al. (2020)."""

NEAREST_STRAYS, STRAYS_SHARE = 12, 0.5
"""Pieces stray by half of the longer side: one that is off by a period of a wave of the position code looks right to
all finer waves, unless such were shown. In small bodies by 12 cells."""
FOR_LARGE: dict[str, dict[str, Any]] = {
    "rule": {"hidden": (556,)},
    "train": {
        "objective": "distance",
        "first_reseeded_share": 0.4,
        "reseeded_share": 0.05,
        "pool_size": 128,
        "pool_batch": 8,
        "updates_per_round": 12,
    },
}
"""What bodies that need more channels than others have: more units, and a recipe of their own.

In a pool that is left alone from the start they turn to fog, of which a cell learns nothing: at first most states are
near the teacher's. And as rollouts of so many cells are what a round costs, fewer of them are learned from more often.
"""
MARGIN_SHARE = 0.25
"""Of the longer side, in the training of large bodies: what comes off while they grow needs room to be seen."""

CONTROL: dict[str, dict[str, Any]] = {
    "rule": {"channels": 16, "hidden": (128,), "perception": ("identity", "sobel"), "fire_rate": 0.5},
    "train": {"pool_size": 1024, "updates_per_round": 1, "margin": MARGIN},
}
"""Rule and sizes of the control, those of Mordvintsev et al. (2020)."""


def fitted_world(world: GrowthWorld, longest: int) -> GrowthWorld:
    """The world with what it leaves open chosen by the longer side of its body."""
    num_code = code_channels(longest / 2)
    rule: dict[str, Any] = {"channels": 4 + num_code} if world.target else {}
    train: dict[str, Any] = {"stray_distance": max(NEAREST_STRAYS, int(STRAYS_SHARE * longest))}
    if num_code > 4 * FEWEST_FREQUENCIES:
        rule |= FOR_LARGE["rule"]
        train |= FOR_LARGE["train"] | {"margin": int(MARGIN_SHARE * longest)}
    if world.train.objective == "bptt":
        rule, train = CONTROL["rule"], CONTROL["train"]
    given = world.model_dump(exclude_unset=True)
    tables = {"rule": rule | given.get("rule", {}), "train": train | given.get("train", {})}
    return growth_world(given | tables, world.title)


def growth_world(described: dict[str, Any], name: str) -> GrowthWorld:
    """A growth world from nested settings.

    Raises:
        InputError: If a key is unknown or missing, or a value is of another type or out of range.
    """
    return checked_world(GrowthWorld, described, name)
