"""The world file of a growing creature: its rule, its targets, its training."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from ffnca.perceptions import PERCEPTIONS, perception_names
from ffnca.spec import Spec, above_zero, several_of, shown, whole
from ffnca.systems.growth.objective import DEFAULT, OBJECTIVES
from ffnca.world import ONE_LINE, World

Width = Annotated[int, Field(ge=8, le=2048)]
MAX_PERCEPTIONS = 16
_TARGET_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,31}")
MAX_TARGETS = 16
GONE_FROM_TRAIN = {
    *("pool_batch", "reseeded_share", "first_reseeded_share", "teacher_batch", "max_rollout", "cells"),
    *("updates_per_round", "large_wounds", "wrong_tissue", "strays", "stray_distance", "unwanted_alpha", "strain"),
    *("doubt", "own_state_bound", "gap_scale", "average", "code_amplitude", "margin"),
}
"""Keys of [train] in world files of older versions whose numbers are now in the recipe."""
GONE_WITHOUT_EFFECT = {"ascent_steps", "ascent_rate"}
GONE_OBJECTIVES = {"contrast", "pair", "self-contrastive", "random"}


Transport = Literal["exact", "learned"]
TRANSPORTED = "transported"
"""What a rule with exact transport sees first."""
MIN_SIZE, MAX_SIZE = 8, 512
"""Cells of the longer side of a body."""
LEARNED_KEYS: dict[str, Any] = {"perception": ("identity", "sobel", "neighbour_mean", "alive"), "hidden": (278,)}
"""What the [rule] table says, where it says nothing, if transport is learned."""


class NcaSpec(Spec):
    """The rule of a neural cellular automaton: what a cell sees and how wide its layers are."""

    transport: Transport = Field(
        default="exact",
        description="exact or learned",
        title="how cells pass on the code of their place: exact is hand-wired, and only colour and alpha are learned; "
        "learned if perception is given and does not begin with transported",
    )

    channels: int = whole(
        16, 8, 64, "numbers in a cell: 4 of colour and alpha, the rest hidden; without it, as many as its targets need"
    )
    hidden: tuple[Width, ...] = several_of(
        (370,),
        "1 to 4 whole numbers from 8 to 2048 in a list",
        4,
        "units of each layer; one layer for ascent; 278 if transport is learned",
    )
    perception: tuple[str, ...] = several_of(
        (TRANSPORTED, "agreement", "alive"),
        f"a list of distinct names from {', '.join(PERCEPTIONS)}, or registered ones",
        MAX_PERCEPTIONS,
        "what a cell sees; identity, sobel, neighbour_mean, alive if transport is learned",
    )
    fire_rate: float = above_zero(0.5, 1, "probability that a cell updates in a step")
    alive_threshold: float = Field(
        default=0.1, gt=0, lt=1, description="a number above 0 and below 1", title="alpha above which a cell lives"
    )

    @model_validator(mode="before")
    @classmethod
    def _learns_what_it_does_not_see(cls, given: Any) -> Any:
        """A table that says what is seen, and not how codes are passed on, is of a rule that learns to."""
        seen = given.get("perception") if isinstance(given, Mapping) else None
        if not isinstance(seen, list | tuple) or not seen or seen[0] == TRANSPORTED or "transport" in given:
            return given
        return {**given, "transport": "learned"}

    @model_validator(mode="after")
    def _fits_transport(self) -> Self:
        if self.transport == "learned":
            for key in LEARNED_KEYS.keys() - self.model_fields_set:
                object.__setattr__(self, key, LEARNED_KEYS[key])  # a default, which is not said to be set
        elif self.perception[0] != TRANSPORTED:
            raise ValueError(
                f"perception = {list(self.perception)}; allowed: {TRANSPORTED} first when transport is exact, "
                'or transport = "learned"'
            )
        return self

    @model_validator(mode="after")
    def _sees_neighbours_once(self) -> Self:
        if unknown := [name for name in self.perception if name not in perception_names()]:
            raise ValueError(
                f"perception = {shown(unknown[0])}; allowed: {', '.join(perception_names())}, or one of a package"
            )
        if len(set(self.perception)) < len(self.perception):
            raise ValueError("perception names a kernel twice; allowed: distinct names")
        if self.perception == ("identity",):
            raise ValueError("perception shows nothing of the neighbours; allowed: at least one name besides identity")
        return self


class TargetSpec(Spec):
    """What to grow: an emoji or a picture file, and the cells of its longer side."""

    emoji: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        pattern=ONE_LINE,
        description="one emoji",
        title="what to grow; this or image",
    )
    image: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        pattern=ONE_LINE,
        description="a picture file",
        title="what to grow; found beside the world file",
    )
    size: int = whole(40, MIN_SIZE, MAX_SIZE, "longer side in cells")

    @model_validator(mode="after")
    def _emoji_or_image(self) -> Self:
        if (self.emoji is None) == (self.image is None):
            raise ValueError("exactly one of emoji and image is allowed")
        return self


class TrainSpec(Spec):
    """How to train: the local objective, its time, and what one may want to tune; the rest is in the recipe."""

    objective: str = Field(
        default=DEFAULT,
        description=f"one of {', '.join(OBJECTIVES)}",
        title="what each layer learns from; the last two are controls that are not local",
    )
    minutes: float = above_zero(10.0, 10_080, "how long, if the command line does not say")
    learning_rate: float = above_zero(0.02, 1, "at the start; it falls over the budget")
    pool_size: int = whole(256, 1, 4096, "states of the rule's own that are kept between rounds")
    noise: float = Field(
        default=0.4,
        ge=0,
        le=2,
        description="a number from 0 to 2",
        title="largest standard deviation of noise on the states learned from",
    )

    @model_validator(mode="before")
    @classmethod
    def _keys_that_went(cls, given: Any) -> Any:
        keys = list(given) if isinstance(given, Mapping) else []
        if gone := [key for key in keys if key in GONE_FROM_TRAIN | GONE_WITHOUT_EFFECT]:
            instead = "" if GONE_WITHOUT_EFFECT.issuperset(gone) else ", or pass a ffnca.Recipe as recipe= from Python"
            are, them = ("is", "it") if len(gone) == 1 else ("are", "them")
            raise ValueError(f"{', '.join(gone)} {are} no longer set in world files; leave {them} out{instead}")
        return given

    @field_validator("objective")
    @classmethod
    def _is_known(cls, objective: str) -> str:
        if objective in GONE_OBJECTIVES - OBJECTIVES.keys():
            raise ValueError(f"\"{objective}\" is a study's now, not a world's; allowed: {', '.join(OBJECTIVES)}")
        if objective not in OBJECTIVES:
            raise PydanticCustomError("objective", "unknown")
        return objective

    @model_validator(mode="after")
    def _pool_is_large_enough(self) -> Self:
        fewest = OBJECTIVES[self.objective].smallest_pool
        if self.pool_size < fewest:
            raise ValueError(
                f'pool_size = {self.pool_size}; allowed: at least {fewest} when objective is "{self.objective}"'
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
    targets: dict[str, TargetSpec] | None = Field(
        default=None, description="tables [targets.NAME]", title="several, one of which a first cell chooses"
    )
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
        name, objective = self.train.objective, OBJECTIVES[self.train.objective]
        if self.targets and not objective.several_targets:
            raise ValueError(f'train.objective = "{name}" grows one target; allowed with [targets]: any other')
        fewest = 8 + identity_channels(len(self.sought))
        if self.rule.channels < fewest:
            raise ValueError(
                f"rule.channels = {self.rule.channels} has no room for the codes of {len(self.sought)} targets; "
                f"allowed: at least {fewest}"
            )
        if self.rule.transport == "exact" and "channels" in self.rule.model_fields_set:
            surplus = (self.rule.channels - fewest) % 4
            if surplus:  # of no wave: nothing would bring them back to what they should be
                raise ValueError(
                    f"rule.channels = {self.rule.channels}; allowed when transport is exact: {fewest} and 4 more for "
                    f"each further frequency, such as {self.rule.channels - surplus}"
                )
        if len(self.rule.hidden) > objective.most_layers:
            allowed = "one width" if objective.most_layers == 1 else f"up to {objective.most_layers} widths"
            raise ValueError(f'rule.hidden = {list(self.rule.hidden)}; allowed: {allowed} when objective is "{name}"')
        return self
