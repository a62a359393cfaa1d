"""A rule that is learned by watching, with the world that it watches: trained, saved, loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8
from pydantic import Field

from ffnca import rule_file
from ffnca.automata.observed import RULES, Observed, ObservedRule, rings
from ffnca.errors import InputError
from ffnca.perceptions import perception_size
from ffnca.render import mosaic
from ffnca.rule_file import StoredRule, provenance_text
from ffnca.spec import Spec, shown
from ffnca.systems.observed.spec import (
    KIND,
    MAX_CHANNELS,
    ObservedRuleSpec,
    ObservedSpec,
    ObservedWorld,
    watchable,
    watched_world,
)
from ffnca.systems.observed.trainer import ObservedTrainer
from ffnca.systems.observed.watching import Frames, Seen, frames_of, opened_watched, seen_in
from ffnca.systems.parameters import filled, named_tensors
from ffnca.systems.stored import KeptRule, facts_of, parameters_of, read_kind, recalled
from ffnca.systems.trainee import Need
from ffnca.world import GridSpec, Title, World

ERRORS: dict[str, Need] = {
    "contrast": Need(1000, "observed worlds", 1e-3, "share of neighbourhoods unlike what was seen"),
    "distance": Need(20_000, "observed worlds", 0.05),
}
_MEASURED = ("unlike_seen", "rel_mse")


class ObservedModel(Spec):
    """A rule file's model: what a step and a picture need, and which world was watched."""

    title: Title
    grid: GridSpec
    rule: ObservedRuleSpec
    channels: int = Field(ge=1, le=MAX_CHANNELS, description=f"a whole number from 1 to {MAX_CHANNELS}")
    name: str = Field(min_length=1, max_length=4096, description="what the watched world was called")
    watched: dict[str, Any] = Field(description="the watched world, as a world file holds it")


def automaton_of(world: ObservedWorld, channels: int, rule: ObservedRule | None = None) -> Observed:
    """A rule on the lattice of its world, a blank one if None.

    Raises:
        InputError: If the objective has no rule for so many channels.
    """
    table = world.rule
    radius = table.radius if table.perception == "rings" else None
    per_channel = perception_size(("patch",), 1) if radius is None else len(rings(radius))
    if rule is None:
        try:
            rule = RULES[table.objective](per_channel * channels, table.hidden, channels, key=jax.random.key(0))
        except ValueError as error:
            raise InputError(f"{world.title}: {error}; allowed there: objective = distance") from error
    return Observed(rule, boundary=world.grid.boundary, radius=radius)


@dataclass(frozen=True, eq=False)
class Observer(KeptRule):
    """What `ffnca train` trains of this kind; see `ffnca.systems.trainee.Trainee`.

    Attributes:
        world: What it was told to watch, and how.
        watched: The world that it watches.
        channels: Of that world's states.
        automaton: Its rule, blank before it has learned.
        record: Facts of its training.
    """

    world: ObservedWorld
    watched: World
    channels: int
    automaton: Observed
    record: Mapping[str, float | int | str] = field(default_factory=dict)

    @classmethod
    def untrained(cls, world: ObservedWorld, watched: World) -> Self:
        """A blank rule.

        Raises:
            InputError: If the watched world cannot be opened, or its states cannot be learned so.
        """
        size = (world.observed.size, world.observed.size)
        channels = opened_watched(watched, size, world.observed.seed).num_channels
        return cls(world, watched, channels, automaton_of(world, channels))

    @property
    def minutes(self) -> float:
        """As its world says."""
        return self.world.train.minutes

    @property
    def errors(self) -> dict[str, float]:
        """Measured errors by name."""
        return {name: float(self.record[name]) for name in _MEASURED if name in self.record}

    @property
    def remark(self) -> None:
        """Nothing."""
        return

    @property
    def need(self) -> Need:
        """About how long it has to learn."""
        return ERRORS[self.world.rule.objective]

    @property
    def binary(self) -> bool:
        """Whether cells are 0 or 1."""
        return self.world.rule.objective == "contrast"

    @cached_property
    def frames(self) -> Frames:
        """What it is shown.

        Raises:
            InputError: If the watched world has states that cannot be learned.
        """
        return frames_of(self.watched, self.world.observed, binary=self.binary)

    @cached_property
    def seen(self) -> Seen:
        """What followed what in there; beyond the edge is what lies there in the watched world."""
        looking = Observed(self.automaton.rule, boundary=self.watched.grid.boundary, radius=self.automaton.radius)
        return seen_in(self.frames, looking, binary=self.binary, seed=self.world.observed.seed)

    def trainer(self) -> ObservedTrainer:
        """What trains it."""
        return ObservedTrainer(self.world.rule, self.world.train, self.automaton, self.frames, self.seen)

    def settings(self) -> dict[str, Any]:
        """All that its result depends on besides seed and budget."""
        return {"world": self.world.model_dump(mode="json"), "watched": self.watched.model_dump(mode="json")}

    def retrained_by(self, objective: str) -> Self:
        """The same, blank, by another objective.

        Raises:
            InputError: If there is no such objective, or it has no rule for this world.
        """
        if objective not in RULES:
            raise InputError(f"--objective {objective!r}: allowed for {KIND} worlds are {', '.join(RULES)}")
        rule = self.world.rule.model_copy(update={"objective": objective})
        return self.untrained(self.world.model_copy(update={"rule": rule}), self.watched)

    def taught(self, learned: ObservedRule, facts: Mapping[str, float | int | str]) -> Self:
        """The same with what was learned."""
        return replace(self, automaton=automaton_of(self.world, self.channels, learned), record=dict(facts))

    def preview(self, samples: Float[Array, "sample H W twice"]) -> UInt8[np.ndarray, "height width 3"]:
        """A few frames as the rule makes them."""
        return mosaic(self.automaton.render(samples), gap=2)

    def content(self, name: str) -> bytes:
        """Of its rule file; the message of an error begins with `name`."""
        world = self.world
        model = ObservedModel(
            title=world.title,
            grid=world.grid,
            rule=world.rule,
            channels=self.channels,
            name=world.observed.world,
            watched=self.watched.model_dump(mode="json", exclude_none=True),
        )
        tensors = {key: np.asarray(tensor, np.float32) for key, tensor in named_tensors(self.automaton.rule).items()}
        told = provenance_text({"world": world.model_dump(mode="json", exclude_none=True), "record": dict(self.record)})
        return rule_file.rule_bytes(StoredRule(KIND, model.model_dump(mode="json"), tensors, {}, told), name)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a rule file.

        Raises:
            InputError: If it cannot be read, is of another kind, or anything in it is missing, surplus or out of range.
        """
        (stored, model), file = read_kind(path, KIND, ObservedModel), str(path)
        if stored.tensors:
            raise InputError(f"{file}: tensor {shown(min(stored.tensors))} is surplus; allowed: rule.NAME")
        watched = watchable(model.watched, f"{file}: its watched world")
        observed, needed = ObservedSpec(world=model.name), {"title": model.title, "grid": model.grid}
        world = recalled(stored, ObservedWorld(kind=KIND, observed=observed, **needed), rule=model.rule, **needed)
        blank = automaton_of(world, model.channels)
        rule = filled(blank.rule, parameters_of(stored), file)
        return cls(
            world, watched, model.channels, automaton_of(world, model.channels, rule), facts_of(stored.provenance)
        )


def observer(world: ObservedWorld, folder: Path) -> Observer:
    """A blank one for a world file in a folder.

    Raises:
        InputError: If what it watches cannot be watched.
    """
    return Observer.untrained(world, watched_world(world.observed.world, folder))
