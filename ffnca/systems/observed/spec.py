"""The world file of a rule that is learned by watching, and the world that it watches."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ffnca.errors import MAX_SEED, InputError
from ffnca.spec import Spec, above_zero, several_of, shown, whole
from ffnca.systems.registry import system_of
from ffnca.systems.world_settings import build_world, settings_in
from ffnca.world import ONE_LINE, PATTERN_SUFFIXES, RULE_SUFFIX, World, find_world

KIND = "observed"
MAX_CHANNELS = 8
Width = Annotated[int, Field(ge=8, le=1024)]


class ObservedSpec(Spec):
    """What is watched, how long, and how well it is seen."""

    world: str = Field(
        min_length=1,
        max_length=4096,
        pattern=ONE_LINE,
        description="a shipped world, or a world file or a pattern found beside this one",
        title="what is watched; it also says how this one starts",
    )
    frames: int = whole(200, 2, 1000, "frames that are seen, in all")
    episode: int = whole(2, 2, 1000, "frames in a row from one start; a soup that runs on shows few neighbourhoods")
    size: int = whole(64, 16, 128, "cells a side of the grid that is watched")
    starts: Literal["soup", "own"] = Field(
        default="soup",
        description='"soup" or "own"',
        title="how an episode starts: at random, each as dense as chance says, or as the world itself does",
    )
    flipped: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="a number from 0 to 0.5",
        title="share of the cells that are seen wrong, in every frame",
    )
    seed: int = whole(0, 0, MAX_SEED, "of the starts and of what is seen wrong")

    @model_validator(mode="after")
    def _sees_an_episode(self) -> Self:
        if self.episode > self.frames:
            raise ValueError(f"episode = {self.episode} with frames = {self.frames}; allowed: at most as many")
        return self


class ObservedRuleSpec(Spec):
    """The rule: what a cell sees, its layers, and what they learn by."""

    perception: Literal["patch", "rings"] = Field(
        default="patch",
        description='"patch" or "rings"',
        title="what a cell sees: itself and its eight neighbours, or the mean at each distance",
    )
    radius: int = whole(13, 1, 32, "of the rings, in cells")
    hidden: tuple[Width, ...] = several_of(
        (32,), "1 to 4 whole numbers from 8 to 1024 in a list", 4, "units of each layer"
    )
    objective: Literal["contrast", "distance"] = Field(
        default="contrast",
        description='"contrast" or "distance"',
        title="contrast, for cells that are 0 or 1: what came next has more goodness than what did not; "
        "distance, for any numbers from 0 to 1: goodness is how near the next state is to what each layer says",
    )

    @model_validator(mode="after")
    def _compares_what_it_can(self) -> Self:
        if self.perception == "rings" and self.objective == "contrast":
            raise ValueError(
                'perception = "rings" with objective = "contrast"; allowed: patch, or objective = "distance"'
            )
        return self


class ObservedTrainSpec(Spec):
    """Its training."""

    minutes: float = above_zero(0.1, 60, "how long it learns, after compiling")
    learning_rate: float = above_zero(0.02, 1, "of Adam, at the start")


class ObservedWorld(World):
    """A rule that is learned by watching another world; there is nothing else that it knows of it."""

    kind: Literal["observed"]
    observed: ObservedSpec
    rule: ObservedRuleSpec = ObservedRuleSpec()
    train: ObservedTrainSpec = ObservedTrainSpec()


def watched_world(text: str, folder: Path) -> World:
    """The world that a file asks to watch.

    Args:
        text: A shipped name, or a file, found relative to `folder`.
        folder: Of the file that asks.

    Raises:
        InputError: If there is none, or it cannot be watched.
    """
    named = folder / text
    path = find_world(str(named) if text.lower().endswith((".toml", RULE_SUFFIX, *PATTERN_SUFFIXES)) else text)
    if path.suffix.lower() == RULE_SUFFIX:
        raise InputError(f"observed.world = {shown(text)}: allowed is a shipped world, a .toml file or a pattern")
    return watchable(settings_in(path), str(path))


def watchable(settings: Any, name: str) -> World:
    """A world from nested settings, of a kind that can be watched.

    Raises:
        InputError: If its kind is missing or unknown, it does not describe a world, or it is one that learns itself.
    """
    world = build_world(settings, name)
    if system_of(world.kind).is_trained(world, Path(name)) is not None:
        raise InputError(
            f"{name}: is of kind {world.kind}, which learns itself; allowed to be watched: kinds that do not"
        )
    return world
