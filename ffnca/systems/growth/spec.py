"""The world file of a growing creature: its rule, its targets, its training."""

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from ffnca.spec import Spec, above_zero, several_of, shown, whole
from ffnca.world import ONE_LINE, World

Width = Annotated[int, Field(ge=8, le=2048)]
Kernel = Literal["identity", "sobel", "laplacian", "neighbour_mean", "neighbour_slope", "alive"]
Objective = Literal["ascent", "distance", "contrast", "pair", "self-contrastive", "random", "one-step-backprop", "bptt"]
_TARGET_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,31}")
MAX_TARGETS = 16
CONTROL_BATCH = 8
"""States in an iteration of `bptt`."""


class NcaSpec(Spec):
    """The rule of a neural cellular automaton: what a cell sees and how wide its layers are."""

    channels: int = whole(16, 8, 64)
    hidden: tuple[Width, ...] = several_of((278,), "1 to 4 whole numbers from 8 to 2048 in a list", 4)
    perception: tuple[Kernel, ...] = several_of(
        ("identity", "sobel", "neighbour_mean", "alive"),
        f"a list of distinct names from {', '.join(get_args(Kernel))}",
        len(get_args(Kernel)),
    )
    fire_rate: float = above_zero(0.5, 1)
    alive_threshold: float = Field(default=0.1, gt=0, lt=1, description="a number above 0 and below 1")

    @model_validator(mode="after")
    def _sees_neighbours_once(self) -> Self:
        if len(set(self.perception)) < len(self.perception):
            raise ValueError("perception names a kernel twice; allowed: distinct names")
        if self.perception == ("identity",):
            raise ValueError("perception shows nothing of the neighbours; allowed: at least one name besides identity")
        return self


class TargetSpec(Spec):
    """What to grow: an emoji or a picture file, and the cells of its longer side."""

    emoji: str | None = Field(default=None, min_length=1, max_length=64, pattern=ONE_LINE, description="one emoji")
    image: str | None = Field(
        default=None, min_length=1, max_length=4096, pattern=ONE_LINE, description="a picture file"
    )
    size: int = whole(40, 8, 128)

    @model_validator(mode="after")
    def _emoji_or_image(self) -> Self:
        if (self.emoji is None) == (self.image is None):
            raise ValueError("exactly one of emoji and image is allowed")
        return self


class TrainSpec(Spec):
    """How to train: the local objective, its budget, and the sizes of pool and batches."""

    objective: Objective = Field(default="ascent", description=f"one of {', '.join(get_args(Objective))}")
    minutes: float = above_zero(10.0, 10_080)
    learning_rate: float = above_zero(0.02, 1)
    pool_size: int = whole(256, 1, 4096)
    pool_batch: int = whole(16, 1, 256)
    reseeded_share: float = above_zero(0.08, 1)
    first_reseeded_share: float | None = Field(
        default=None, gt=0, le=1, description="a number above 0, at most 1; as reseeded_share if missing"
    )
    teacher_batch: int = whole(8, 1, 256)
    max_rollout: int = whole(12, 1, 200)
    cells: int = whole(2048, 1, 65_536)
    updates_per_round: int = whole(4, 1, 64)
    large_wounds: float = Field(default=0.2, ge=0, le=1, description="a number from 0 to 1")
    wrong_tissue: float = Field(default=0.4, ge=0, le=1, description="a number from 0 to 1")
    strays: float = Field(default=0.4, ge=0, le=1, description="a number from 0 to 1")
    stray_distance: int = whole(12, 1, 128)
    unwanted_alpha: float = Field(default=-0.3, ge=-1, le=0, description="a number from -1 to 0")
    strain: float = Field(default=0.4, ge=0, le=1, description="a number from 0 to 1")
    doubt: float = Field(default=0.5, ge=0, le=1, description="a number from 0 to 1")
    noise: float = Field(default=0.2, ge=0, le=2, description="a number from 0 to 2")
    own_state_bound: float = Field(default=0.45, gt=0, lt=1, description="a number above 0 and below 1")
    gap_scale: float = Field(default=0.02, ge=0, le=100, description="a number from 0, which is none, to 100")
    ascent_steps: int = whole(3, 1, 100)
    ascent_rate: float = above_zero(1.0, 1)
    average: float = Field(default=0.995, ge=0, lt=1, description="a number from 0 to below 1")
    code_amplitude: float = above_zero(0.7, 2)
    margin: int = whole(8, 1, 32)

    @model_validator(mode="after")
    def _pool_holds_batch(self) -> Self:
        if self.pool_batch > self.pool_size:
            raise ValueError(f"pool_batch = {self.pool_batch}; allowed: at most pool_size = {self.pool_size}")
        if self.objective == "bptt" and self.pool_size < CONTROL_BATCH:
            raise ValueError(
                f'pool_size = {self.pool_size}; allowed: at least {CONTROL_BATCH} when objective is "bptt"'
            )
        return self


def identity_channels(num_targets: int) -> int:
    """Channels in which the cells of a rule with several targets say which of them they grow."""
    return 0 if num_targets == 1 else max(4, 1 << (num_targets - 1).bit_length()) - 1


class GrowthWorld(World):
    """A rule that grows a target from one cell, or one of several, chosen by the code of that cell."""

    kind: Literal["growth"]
    rule: NcaSpec = NcaSpec()
    target: TargetSpec | None = None
    targets: dict[str, TargetSpec] | None = Field(default=None, description="tables [targets.NAME]")
    train: TrainSpec = TrainSpec()

    @property
    def sought(self) -> dict[str, TargetSpec]:
        """Targets in order of their names; a single one has the empty name."""
        return self.targets or ({} if self.target is None else {"": self.target})

    @field_validator("targets")
    @classmethod
    def _several_with_names(cls, targets: dict[str, TargetSpec] | None) -> dict[str, TargetSpec] | None:
        if targets is not None and not 2 <= len(targets) <= MAX_TARGETS:
            raise ValueError(f"{len(targets)} named; allowed: 2 to {MAX_TARGETS}, or a single one as [target]")
        for name in targets or {}:
            if not _TARGET_NAME.fullmatch(name):
                raise ValueError(f"{shown(name)} is no name; allowed: up to 32 of a-z, 0-9, - and _")
        return targets and dict(sorted(targets.items()))  # the order in which they are written as JSON

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.target is None) == (self.targets is None):
            raise ValueError("exactly one of [target] and [targets.NAME] is allowed")
        largest = max(target.size for target in self.sought.values())
        if min(self.grid.size) < largest + 2:
            raise ValueError(
                f"grid.size = {list(self.grid.size)} is too small for target.size = {largest}; "
                f"allowed: sides of at least {largest + 2}"
            )
        if self.targets and self.train.objective == "bptt":
            raise ValueError('train.objective = "bptt" grows one target; allowed with [targets]: any other')
        fewest = 8 + identity_channels(len(self.sought))
        if self.rule.channels < fewest:
            raise ValueError(
                f"rule.channels = {self.rule.channels} has no room for the codes of {len(self.sought)} targets; "
                f"allowed: at least {fewest}"
            )
        if self.train.objective == "ascent" and len(self.rule.hidden) != 1:
            raise ValueError(f'rule.hidden = {list(self.rule.hidden)}; allowed: one width when objective is "ascent"')
        return self
