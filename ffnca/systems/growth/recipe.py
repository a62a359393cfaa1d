"""The recipe: every number by which growing rules are trained that no world file sets, each named once.

A run takes the recipe that fits the size of its body and its objective (`Recipe.fitting`); from Python another can be
given to `train_creature`. What somebody would set is in the world file's [train] table instead.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from ffnca.errors import InputError
from ffnca.systems.growth.position_code import FEWEST_FREQUENCIES, code_channels

NEAREST_FRAGMENTS, FRAGMENTS_SHARE = 12, 0.5
"""Fragments are displaced by half of the longer side: one that is off by a period of a wave of the position code looks
right to all finer waves, unless such were shown. In small bodies by 12 cells."""
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
    side of the body. The teacher's states are partially grown or wounded bodies made from the target.

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
        staged_share: Of replaced states those that become a teacher's state; the others become the first cell.
        hopeless_mse: Relative MSE above which no cell of a state can know where it is.
        hopeless_share: Probability that such a state is replaced.
        damaged_share: Probability that a drawn state is wounded.
        wounded_share: Probability that a teacher's state is wounded.
        large_wounds: Of wounds those that erase a side of the body instead of a disc.
        disc_radius: Smallest and largest radius of a wound, in half-widths.
        disc_offset: Largest distance of its centre from the middle, by rows and by columns, in half-widths.
        side_offset: Largest distance of the edge of an erased side from the middle, in half-widths.
        one_side_share: Of large wounds those of one side; the others erase two sides at right angles.
        front_reach: Partially grown states reach uniformly up to so many times the body's reach.
        front_jitter: Most cells by which their front is ragged.
        least_noise: Share of noise that is left at the end; it falls with the rate, so that the last updates are about
            states near the goal. Deformation and patches do not fall: with half of them at the end, what is grown is
            up to twice as exact, but holes close less surely and more fragments grow into a second body.
        class_noise: Deviation by which the class code of a whole state is off, in code amplitudes, where several
            targets are learned; each state has its own, uniform below this.
        deformed_share: Probability that a teacher's state is deformed.
        cells_per_shift: A shift that builds up over so many cells is one cell at most.
        shortest_ramp: Fewest cells over which it builds up.
        core: The inner part ends at most this share of the body's reach from the first cell; outer parts begin beyond.
        core_share: Of deformed states those whose inner part is off.
        patched_share: Probability that a teacher's state gets patches.
        num_patches: Patches in such a state.
        smallest_patch: Smallest radius of a patch or fragment.
        largest_debris: Largest radius of fragments, and of patches around the body; what is foreign as a whole is
            never larger, since a large piece is a body of its own.
        largest_confusion: Largest radius of a patch inside the body, as a share of the grid's shorter side.
        raggedness: Least and most share of a patch's cells that are changed, uniform; above 1 is all.
        least_strength: Least strength of foreign and faded patches, and of the codes of a fragment.
        random_deviation: Deviation of the cells of a random patch.
        displacement: Most cells by which some groups of channels are displaced against the others.
        displaced_groups: Probability that a group of channels is.
        fragments_share: Probability that a teacher's state gets displaced fragments.
        num_fragments: Fragments in such a state.
        fragment_distance: Most cells by which a fragment is displaced, by rows and by columns; also the longest ramp
            of a deformation.
        palest_fragment: Least strength of the colours of a fragment.
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
    code_amplitude: float = 0.7
    margin: int = 8
    front_weight: float = 0.75
    standardised_on: int = 32
    renewed_share: float = 0.08
    first_renewed_share: float | None = None
    staged_share: float = 0.6
    hopeless_mse: float = 1.0
    hopeless_share: float = 0.6
    damaged_share: float = 0.08
    wounded_share: float = 0.4
    large_wounds: float = 0.2
    disc_radius: tuple[float, float] = (0.1, 0.75)
    disc_offset: float = 0.7
    side_offset: float = 0.4
    one_side_share: float = 0.5
    front_reach: float = 1.3
    front_jitter: float = 1.5
    least_noise: float = 0.5
    class_noise: float = 0.5
    deformed_share: float = 0.4
    cells_per_shift: int = 6
    shortest_ramp: float = 0.5
    core: float = 0.4
    core_share: float = 0.5
    patched_share: float = 0.4
    num_patches: int = 4
    smallest_patch: float = 0.7
    largest_debris: float = 3.5
    largest_confusion: float = 0.16
    raggedness: tuple[float, float] = (0.3, 1.2)
    least_strength: float = 0.3
    random_deviation: float = 0.4
    displacement: int = 6
    displaced_groups: float = 0.4
    fragments_share: float = 0.4
    num_fragments: int = 2
    fragment_distance: int = 12
    palest_fragment: float = 0.1

    def __post_init__(self) -> None:
        """Check what would otherwise fail within compiled code, or train nothing.

        Raises:
            InputError: If a number is of another type or out of range.
        """
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if value is None and default is None:
                continue
            parts, usual = _parts(value), _parts(default)
            wanted = int if type(default) is int else (int, float)
            if len(parts) != len(usual) or not all(_is_number(part, wanted) for part in parts):
                raise InputError(f"recipe: {name} = {str(value)[:40]!r}; allowed: as {default!r}")
            low = {"unwanted_alpha": -1.0}.get(name, 1 if name in _COUNTS else 0)
            high = 1.0 if name in _UP_TO_ONE or name.endswith("_share") else math.inf
            if not all(low <= part <= high for part in parts):
                raise InputError(f"recipe: {name} = {value}; allowed: {low:g} to {high:g}")
        for name in ("own_state_bound", "average"):
            if not getattr(self, name) < 1:
                raise InputError(f"recipe: {name} = {getattr(self, name)}; allowed: below 1")
        if not 0 < self.code_amplitude <= 2 or self.unwanted_alpha > 0:
            said = f"code_amplitude = {self.code_amplitude}, unwanted_alpha = {self.unwanted_alpha}"
            raise InputError(f"recipe: {said}; allowed: above 0 to 2, and -1 to 0")

    @classmethod
    def fitting(cls, longest: int, **changes: Any) -> Self:
        """The recipe for bodies of this longer side in cells, with some fields changed."""
        fitted: dict[str, Any] = {"fragment_distance": max(NEAREST_FRAGMENTS, int(FRAGMENTS_SHARE * longest))}
        if is_large(longest):
            fitted |= LARGE | {"margin": int(MARGIN_SHARE * longest)}
        return cls(**fitted | changes)

    @classmethod
    def recalled(cls, described: Mapping[str, Any]) -> Self:
        """The recipe that is told of somewhere, as far as it can be understood; the defaults for the rest."""
        known: dict[str, Any] = {}
        for name in _DEFAULTS:
            value: Any = described.get(name)
            value = tuple(value) if isinstance(value, list) else value
            try:
                cls(**{name: value})
            except (InputError, TypeError):
                continue
            known[name] = value
        return cls(**known)


_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Recipe)}
_COUNTS = {name for name, default in _DEFAULTS.items() if type(default) is int and name != "displacement"}
_UP_TO_ONE = {"biases_rate", "large_wounds", "ascent_rate", "core", "deformed_share", "least_noise", "own_state_bound"}


def _parts(value: Any) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)  # pyright: ignore
