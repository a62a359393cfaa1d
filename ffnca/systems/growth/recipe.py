"""The recipe: every number by which growing rules are trained that no world file sets, each named once.

A run takes the recipe that fits the size of its body and its objective (`Recipe.fitting`); from Python another can be
given to `train_creature`. What somebody would set is in the world file's [train] table instead.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from ffnca.errors import InputError
from ffnca.systems.growth.position_code import FEWEST_FREQUENCIES, code_channels

LARGE: dict[str, Any] = {
    "first_renewed_share": 0.4,
    "renewed_share": 0.05,
    "pool_batch": 8,
    "updates_per_round": 12,
}
"""What differs in bodies that need more channels than others have.

In a pool that is left alone from the start they turn to fog, of which a cell learns nothing: at first most states are
near the teacher's. And as rollouts of so many cells are what a round costs, fewer of them are learned from more often.
"""
LARGEST_SMALL = 42
"""Longer side up to which a code of 12 channels says where a cell is."""
LARGE_WIDTH, LARGE_POOL = 556, 128
"""Their hidden units and their pool."""
MARGIN_SHARE = 0.25
"""Of the longer side, in the training of large bodies: what comes off while they grow needs room to be seen."""


def is_large(longest: int) -> bool:
    """Whether a body of this longer side needs a code of more channels, as those above `LARGEST_SMALL` cells do."""
    return code_channels(longest / 2) > 4 * FEWEST_FREQUENCIES


@dataclass(frozen=True)
class Recipe:
    """How growing rules are trained; hashable, so that equal recipes share compiled code.

    Shares and probabilities are from 0 to 1, lengths in cells unless said otherwise; a half-width is half the longer
    side of the body. What states are shown is said by the last eight fields and by `noise` of the [train] table.

    Attributes:
        pool_batch: States drawn from the pool and rolled out in a round, at most all of the pool.
        teacher_batch: States of the teacher in a round.
        max_rollout: Most steps of a rollout; their number is uniform from 1.
        cells: Cells that an update learns from.
        updates_per_round: Steps of the optimisers after each rollout.
        biases_rate: Rate of Adam for biases, as a share of the learning rate of Muon for matrices.
        average: Decay of the exponential average of the weights, which rolls out, is measured and saved.
        final_rate_share: Learning rate at the end of the budget, as a share of the first; it falls as a cosine.
        robust_scale: Energy gap at which a cell begins to count by the root of its gap (Charbonnier), at the end of
            training; at the start it is 1, falling with the rate; 0 for plain gaps throughout.
        ascent_steps: Steps of gradient ascent from the present state to the negative.
        ascent_rate: Size of each, as a share of the gradient.
        own_state_bound: Largest singular value of V, the weights of a cell's own state, below 1.
        state_step: Step of V in learning rates. V is read backwards too and is kept small, so that W has to grow
            large: with equal steps V is still shaken when W has not got there.
        context_step: Step of W in learning rates.
        unwanted_alpha: Alpha that is taught where not even a neighbour should live, at most 0.
        code_amplitude: Amplitude of the position and class codes in the hidden channels; part of what is grown.
        margin: Free cells on every side of the body on the training grid.
        front_weight: A cell that touches a missing part of the body is drawn 1 + so many times as often as others.
        standardised_on: States of the teacher by which perceptions are standardised.
        renewed_share: Probability that a drawn state of the pool is replaced, at the end of training.
        first_renewed_share: The same at the start; None for no change.
        damaged_share: Probability that a drawn state is wounded.
        wounded_share: Probability that a teacher's state is wounded.
        displaced_share: Probability that a part of a teacher's state is displaced.
        largest_offset: Farthest that it is displaced, in half-widths; the offset is log-uniform from half a cell.
        shared_noise: Noise that is alike in all cells of a state, as a share of the noise in each.
        least_noise: Share of noise that is left at the end; it falls with the rate, so that the last updates are about
            states near the goal.
    """

    pool_batch: int = 16
    teacher_batch: int = 8
    max_rollout: int = 12
    cells: int = 2048
    updates_per_round: int = 4
    biases_rate: float = 0.15
    average: float = 0.995
    final_rate_share: float = 0.01
    robust_scale: float = 0.02
    ascent_steps: int = 3
    ascent_rate: float = 1.0
    own_state_bound: float = 0.45
    state_step: float = 0.3
    context_step: float = 3.0
    unwanted_alpha: float = -0.3
    code_amplitude: float = 1.8
    margin: int = 8
    front_weight: float = 0.75
    standardised_on: int = 32
    renewed_share: float = 0.08
    first_renewed_share: float | None = None
    damaged_share: float = 0.08
    wounded_share: float = 0.4
    displaced_share: float = 0.3
    largest_offset: float = 0.5
    shared_noise: float = 0.5
    least_noise: float = 0.5

    def __post_init__(self) -> None:
        """Check what would otherwise fail within compiled code, or train nothing.

        Raises:
            InputError: If a number is of another type or out of range.
        """
        for name, default in _DEFAULTS.items():
            value: Any = getattr(self, name)
            if value is None and default is None:
                continue
            if value is None or not _is_number(value, int if type(default) is int else (int, float)):
                raise InputError(f"recipe: {name} = {str(value)[:40]!r}; allowed: as {default!r}")
            low = {"unwanted_alpha": -1.0}.get(name, 1 if name in _COUNTS else 0)
            high = 1.0 if name in _UP_TO_ONE or name.endswith("_share") else math.inf
            if not low <= value <= high:
                raise InputError(f"recipe: {name} = {value}; allowed: {low:g} to {high:g}")
        for name in ("own_state_bound", "average"):
            if not getattr(self, name) < 1:
                raise InputError(f"recipe: {name} = {getattr(self, name)}; allowed: below 1")
        if not 0 < self.code_amplitude <= 2 or self.unwanted_alpha > 0:
            said = f"code_amplitude = {self.code_amplitude}, unwanted_alpha = {self.unwanted_alpha}"
            raise InputError(f"recipe: {said}; allowed: above 0 to 2, and -1 to 0")

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """The same with other values of some fields.

        Raises:
            InputError: If there is no such field, or a value cannot be used.
        """
        if unknown := changes.keys() - _DEFAULTS.keys():
            raise InputError(f"recipe: {min(unknown)}; allowed: {', '.join(_DEFAULTS)}")
        return replace(self, **changes)

    @classmethod
    def fitting(cls, longest: int, **changes: Any) -> Self:
        """The recipe for bodies of this longer side in cells, with some fields changed."""
        fitted = LARGE | {"margin": int(MARGIN_SHARE * longest)} if is_large(longest) else {}
        return cls(**fitted | changes)

    @classmethod
    def recalled(cls, described: Mapping[str, Any]) -> Self:
        """The recipe that is told of somewhere, as far as it can be understood; the defaults for the rest."""
        known: dict[str, Any] = {}
        for name in _DEFAULTS:
            value: Any = described.get(name)
            try:
                cls(**{name: value})
            except (InputError, TypeError):
                continue
            known[name] = value
        return cls(**known)


def checked_recipe(recipe: Any) -> Recipe:
    """The recipe.

    Raises:
        InputError: If it is none.
    """
    if not isinstance(recipe, Recipe):
        raise InputError(f"recipe: {str(recipe)[:40]!r}; allowed: an ffnca.Recipe")
    return recipe


_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Recipe)}
_COUNTS = {name for name, default in _DEFAULTS.items() if type(default) is int}
_UP_TO_ONE = {"biases_rate", "ascent_rate", "least_noise", "own_state_bound"}


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)  # pyright: ignore
