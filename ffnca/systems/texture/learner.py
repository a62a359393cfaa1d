"""A texture's rule with the picture that it learns from: trained, saved, loaded."""

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

from ffnca.automata.texture import Colours, Sight, Texture
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.render import mosaic
from ffnca.rule_file import StoredRule, provenance_text, rule_bytes
from ffnca.spec import Spec, shown
from ffnca.systems.parameters import filled, named_tensors
from ffnca.systems.stored import KeptRule, facts_of, parameters_of, read_kind, recalled
from ffnca.systems.texture.descriptor import SCALES, describe, places
from ffnca.systems.texture.picture import Picture, load_exemplar, packed, unpacked
from ffnca.systems.texture.spec import KIND, TextureRuleSpec, TextureSpec, TextureWorld
from ffnca.systems.texture.trainer import LEARNING, MEASURED, TextureTrainer
from ffnca.systems.trainee import Need
from ffnca.world import GridSpec, Title

UPDATES_TO_LEARN = 10_000
DISTANCES = (1, *(2 * scale for scale in SCALES))
"""From which colours, and then each scale of the descriptor, are seen: half as far as the scale's squares are wide."""
EXEMPLAR = "exemplar"


class TextureModel(Spec):
    """A rule file's model: what a step and a picture need."""

    title: Title
    grid: GridSpec
    rule: TextureRuleSpec
    exemplar: str = Field(min_length=1, max_length=4096, description="what the exemplar was called")
    mean: tuple[float, float, float] = Field(strict=False, description="RGB of a state of 0, 3 numbers")
    scale: float = Field(gt=0, le=10, description="a number above 0, at most 10")
    lowest: tuple[float, ...] = Field(strict=False, max_length=64, description="a number for each channel")
    highest: tuple[float, ...] = Field(strict=False, max_length=64, description="a number for each channel")


def sight_of(rule: TextureRuleSpec) -> Sight:
    """What a cell sees by a world's [rule] table."""
    return Sight((3, *rule.components), DISTANCES)


def automaton_of(world: TextureWorld, colours: Colours, layer: AscentLayer | None = None) -> Texture:
    """A layer on the lattice of its world, a blank one if None."""
    sight = sight_of(world.rule)
    if layer is None:
        layer = AscentLayer(sight.num_features, sum(sight.sizes), world.rule.hidden, key=jax.random.key(0))
        layer = layer.bounded(LEARNING.own_state_bound)
    return Texture(layer, sight, colours, boundary=world.grid.boundary, fire_rate=world.rule.fire_rate)


@dataclass(frozen=True, eq=False)
class TextureLearner(KeptRule):
    """What `ffnca train` trains of this kind; see `ffnca.systems.trainee.Trainee`.

    Attributes:
        world: How it is described.
        exemplar: RGB in 0..1.
        automaton: Its rule, blank before it has learned.
        record: Facts of its training.
    """

    world: TextureWorld
    exemplar: Picture
    automaton: Texture
    record: Mapping[str, float | int | str] = field(default_factory=dict)

    @classmethod
    def untrained(cls, world: TextureWorld, folder: Path) -> Self:
        """A blank rule for a world file in a folder.

        Raises:
            InputError: If its exemplar cannot be used.
        """
        exemplar = load_exemplar(world.texture.exemplar, world.texture.seed, folder)
        described = describe(exemplar, world.rule.components)
        lowest, highest = (end(described.states, (0, 1)) for end in (np.min, np.max))
        colours = Colours.of(described.mean, described.scale, lowest, highest)
        return cls(world, exemplar, automaton_of(world, colours))

    @property
    def minutes(self) -> float:
        """As its world says."""
        return self.world.train.minutes

    @property
    def errors(self) -> dict[str, float]:
        """Measured distances, by "step AGE", in distances between the exemplar's halves."""
        found = {name: value for name, value in self.record.items() if name.startswith(MEASURED)}
        return {f"step {name.removeprefix(MEASURED)}": float(value) for name, value in found.items()}

    @property
    def remark(self) -> None:
        """Nothing."""
        return

    @property
    def need(self) -> Need:
        """About how long it has to learn."""
        return Need(UPDATES_TO_LEARN, "textures", 2.0, "distance to the exemplar in distances between its halves")

    @cached_property
    def trained_by(self) -> TextureTrainer:
        """What trains it."""
        described = describe(self.exemplar, self.world.rule.components)
        return TextureTrainer(self.world.train, self.automaton, self.exemplar, places(described, self.automaton.sight))

    def settings(self) -> dict[str, Any]:
        """All that its result depends on besides seed and budget."""
        return {"world": self.world.model_dump(mode="json"), "exemplar": packed(self.exemplar).tolist()}

    def retrained_by(self, objective: str) -> Self:
        """Refuse.

        Raises:
            InputError: Always; there is one way to learn a texture.
        """
        raise InputError(f"--objective {objective!r}: {KIND} worlds learn in one way; allowed: leave it out")

    def taught(self, learned: AscentLayer, facts: Mapping[str, float | int | str]) -> Self:
        """The same with what was learned, in the precision of its file."""
        halved = jax.tree.map(lambda leaf: leaf.astype(np.float16).astype(np.float32), learned)
        return replace(self, automaton=automaton_of(self.world, self.automaton.colours, halved), record=dict(facts))

    def preview(self, samples: Float[Array, "sample H W C"]) -> UInt8[np.ndarray, "height width 3"]:
        """What grew."""
        return mosaic(self.automaton.render(samples), gap=2)

    def content(self, name: str) -> bytes:
        """Of its rule file; the message of an error begins with `name`."""
        world, colours = self.world, self.automaton.colours.numbers()
        model = TextureModel(
            title=world.title, grid=world.grid, rule=world.rule, exemplar=world.texture.exemplar, **colours
        )
        named = named_tensors(self.automaton.layer).items()
        layer = {key: np.asarray(tensor, np.float16) for key, tensor in named}
        told = provenance_text({"world": world.model_dump(mode="json"), "record": dict(self.record)})
        stored = StoredRule(KIND, model.model_dump(mode="json"), layer, {EXEMPLAR: packed(self.exemplar)}, told)
        return rule_bytes(stored, name)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a rule file.

        Raises:
            InputError: If it cannot be read, is of another kind, or anything in it is missing, surplus or out of range.
        """
        (stored, model), file = read_kind(path, KIND, TextureModel), str(path)
        if set(stored.tensors) != {EXEMPLAR}:
            raise InputError(f"{file}: has tensors {shown(sorted(stored.tensors))}; allowed: rule.NAME and {EXEMPLAR}")
        num_channels = sum(sight_of(model.rule).sizes)
        if {len(model.lowest), len(model.highest)} != {num_channels}:
            raise InputError(f"{file}: its model: lowest and highest; allowed: {num_channels} numbers each")
        colours = Colours.of(model.mean, model.scale, model.lowest, model.highest)
        texture, needed = TextureSpec(exemplar=model.exemplar), {"title": model.title, "grid": model.grid}
        world = recalled(stored, TextureWorld(kind=KIND, texture=texture, **needed), rule=model.rule, **needed)
        exemplar = unpacked(stored.tensors[EXEMPLAR], file)
        blank = automaton_of(world, colours)
        layer = filled(blank.layer, parameters_of(stored), file)
        return cls(world, exemplar, automaton_of(world, colours, layer), facts_of(stored.provenance))
