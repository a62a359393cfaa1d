"""A creature: a growth world with its body and its rule, made from a world or a rule file and saved as one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from numbers import Real
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8
from numpy.typing import ArrayLike
from PIL import Image

from ffnca.automata.nca import NCA, Rule
from ffnca.errors import InputError
from ffnca.grid.turn import turned_picture
from ffnca.render import over
from ffnca.rule_file import OLD_VERSION
from ffnca.spec import shown
from ffnca.systems.growth.body import Bodies, Body, build_body, identities
from ffnca.systems.growth.creature_file import as_file
from ffnca.systems.growth.detail import CodeLayout, Decoder
from ffnca.systems.growth.fitted_world import chosen_by_size, fitted_recipe, fitted_world, growth_world
from ffnca.systems.growth.model import CodeModel
from ffnca.systems.growth.objective import OBJECTIVES
from ffnca.systems.growth.pictured import framed, pictured_world
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.recalled import AT_HAND, recalled_recipe, recalled_world
from ffnca.systems.growth.recipe import Recipe, checked_recipe
from ffnca.systems.growth.rule import automaton_of, blank_rule, code_of, described_rule, filled_rule
from ffnca.systems.growth.rule_file import RuleFile, load_rule, rule_bytes, save_rule
from ffnca.systems.growth.schedule import need_of
from ffnca.systems.growth.sharpener import Sharpener
from ffnca.systems.growth.spec import GrowthWorld, identity_channels
from ffnca.systems.growth.target import as_cells, load_target
from ffnca.systems.trainee import Need
from ffnca.world import dump_world

_USUAL = Recipe()


@dataclass(frozen=True, eq=False, repr=False)
class Creature:
    """A world that grows something, on a grid of its own size. Equal are those of equal parts, number for number.

    Attributes:
        world: How it was described.
        pictures: What it can grow, premultiplied RGBA of the pictures alone, in the order of the world's targets.
        automaton: Its rule; fresh and useless until trained.
        recipe: How it is trained, in all that no world file says; its code amplitude is part of the body.
        record: Facts of its training, empty if untrained.
        which: The one of the targets that it grows.
        angle: By which it is turned, in degrees clockwise. It learns and is saved as it is drawn, not turned.
        sharpener: What draws it finer than its grid, if that was trained.
        first_cell: State of the cell in the middle from which it grows; None for what the picture says of the living
            cell nearest to there.
    """

    world: GrowthWorld
    pictures: Float[np.ndarray, "target h w 4"]
    automaton: NCA
    recipe: Recipe = _USUAL
    record: dict[str, float | int | str] = field(default_factory=dict)
    which: int = 0
    angle: float = 0.0
    sharpener: Sharpener | None = None
    first_cell: Float[np.ndarray, " C"] | None = None

    def __eq__(self, other: object) -> bool:
        """Compare world, recipe, pictures, parameters, record, choice of target and angle."""
        if not isinstance(other, Creature):
            return NotImplemented
        mine, theirs = (
            jax.tree.leaves((one.pictures, one.first_cell, one.automaton, one._decoder)) for one in (self, other)
        )
        return (
            self._facts() == other._facts()
            and jax.tree.structure((self.automaton, self._decoder))
            == jax.tree.structure((other.automaton, other._decoder))
            and len(mine) == len(theirs)
            and all(np.array_equal(one, another) for one, another in zip(mine, theirs, strict=True))
        )

    @property
    def _decoder(self) -> Decoder | None:
        return None if self.sharpener is None else self.sharpener.decoder

    def _facts(self) -> tuple[object, ...]:
        return self.world, self.recipe, self.record, self.which, self.angle, self.sharpener and self.sharpener.factor

    def __hash__(self) -> int:
        """Alike for equal creatures."""
        return hash((self.world.title, self.pictures.shape, self.which, self.angle))

    def __repr__(self) -> str:
        """One line: what it grows, its size, its rule, how long it was trained."""
        height, width = self.picture.shape[:2]
        names = f" of {len(self.pictures)} targets, growing {list(self.world.sought)[self.which]}"
        num_parameters = sum(leaf.size for leaf in jax.tree.leaves(self.automaton.rule))
        updates = f", {self.record['updates']} updates" if "updates" in self.record else ""
        trained = f"trained{updates}" if self.record else "not trained"
        return (
            f"Creature({self.world.title[:40]!r}{names if self.world.targets else ''}, {height}x{width} cells, "
            f"{num_parameters} parameters, {trained})"
        )

    @property
    def picture(self) -> Float[np.ndarray, "h w 4"]:
        """What it grows."""
        return self.pictures[self.which]

    def choosing(self, name: str | None) -> Self:
        """The same rule growing another of its targets, or what it grows now if None.

        Raises:
            InputError: If the world has no target of this name.
        """
        names = list(self.world.sought)
        if name is None:
            return self
        if self.world.targets is None:
            raise InputError(f"--which {shown(name)}: {self.world.title} grows a single target; allowed: leave it out")
        if name not in names:
            raise InputError(f"--which {shown(name)}: allowed are {', '.join(names)}")
        return replace(self, which=names.index(name))

    def turned(self, angle: float) -> Self:
        """The same rule growing its body turned, by so many degrees clockwise from how it is drawn.

        Raises:
            InputError: If it is not an angle from -360 to 360.
        """
        if not (isinstance(angle, Real) or getattr(angle, "shape", None) == ()) or not abs(angle) <= 360:
            raise InputError(f"--angle {shown(angle)}: allowed is -360 to 360")
        angle = float(angle) % 360
        if angle == self.angle:
            return self
        return replace(self, automaton=self.automaton.turned(angle), angle=angle)

    @classmethod
    def untrained(cls, world: GrowthWorld, folder: Path | None = None) -> Self:
        """A creature with a blank rule, its pictures found relative to `folder`.

        Raises:
            InputError: If a target is neither an emoji nor a usable picture.
        """
        sought = world.sought.values()
        pictures = framed([load_target(one.emoji or one.image or "", one.size, folder) for one in sought])
        return cls.blank(fitted_world(world, max(pictures.shape[1:3])), pictures)

    @classmethod
    def blank(
        cls, world: GrowthWorld, pictures: Float[np.ndarray, "target h w 4"], recipe: Recipe | None = None
    ) -> Self:
        """A creature with a blank rule, trained by the recipe for its size and objective if none is given."""
        longest = max(pictures.shape[1:3])
        recipe = fitted_recipe(world.train.objective, longest) if recipe is None else checked_recipe(recipe)
        code = code_of(world.rule, len(pictures), longest, recipe.code_amplitude)
        model = described_rule(world.rule, world.train.objective, code)
        automaton = automaton_of(model, world.grid.boundary, blank_rule(model, world.title))
        return cls(world, pictures, automaton, recipe)

    @property
    def longest(self) -> int:
        """Longer side of its pictures, in cells."""
        return max(self.pictures.shape[1:3])

    @property
    def code(self) -> CodeLayout:
        """What the channels of its states mean.

        Raises:
            InputError: If they are too few to say where a cell is.
        """
        rule, identity = self.world.rule, identity_channels(len(self.pictures))
        return CodeLayout.of(self.longest / 2, rule.channels, identity, self.world.grid.boundary, rule.alive_threshold)

    @property
    def minutes(self) -> float:
        """How long it is trained where nobody says."""
        return self.world.train.minutes

    @property
    def errors(self) -> dict[str, float]:
        """Relative MSE of its rule as it was measured in training, by "step AGE"."""
        prefix = "rel_mse_"
        found = {name: value for name, value in self.record.items() if name.startswith(prefix)}
        numbers = {name: value for name, value in found.items() if not isinstance(value, str)}
        return {f"step {name.removeprefix(prefix)}": float(value) for name, value in numbers.items()}

    @property
    def remark(self) -> str | None:
        """What is to be said before it is trained: that its size chose the objective."""
        return chosen_by_size(self.world.rule.transport, self.world.train.objective, self.longest)

    @property
    def need(self) -> Need:
        """How much training a body of its size needs."""
        return need_of(self.longest, len(self.pictures))

    def settings(self) -> dict[str, Any]:
        """World, recipe and a digest of the pictures."""
        digest = hashlib.sha256(np.asarray(self.pictures, np.float32).tobytes()).hexdigest()
        recipe = json.loads(json.dumps(asdict(self.recipe)))
        return {"world": json.loads(dump_world(self.world)), "recipe": recipe, "pictures": digest}

    def preview(self, samples: Float[Array, "sample H W C"]) -> UInt8[np.ndarray, "height width 3"]:
        """What grew, beside what should."""
        bodies = self.training_bodies()
        return np.concatenate([*over(samples[: max(3, bodies.count)]), *over(bodies.each.picture)], axis=1)

    def taught(self, learned: Rule, facts: Mapping[str, float | int | str]) -> Self:
        """The same creature with another rule of its kind, and the facts of that one's training."""
        automaton = self.plan().automaton(learned)
        record = {**facts, "objective": self.world.train.objective}
        if self.remark is not None:
            record["note"] = self.remark
        return replace(self, automaton=automaton, record=record, angle=0.0)

    @classmethod
    def for_target(
        cls,
        target: str | PathLike[str] | Image.Image | ArrayLike,
        size: int = 40,
        *,
        straight: bool | None = None,
        cut_background: bool = False,
        **settings: Any,
    ) -> Self:
        """An untrained creature of an emoji or a picture, with the default rule.

        Args:
            target: An emoji, a path, or a picture at hand, as `load_target` takes it.
            size: Longer side in cells.
            straight: Whether the colours of an array are not yet multiplied by alpha, as in `as_cells`.
            cut_background: Remove the plain background of an opaque picture.
            settings: Keys of the world file's [train] table, and `recipe` in place of the one for its size.

        Raises:
            InputError: If the target or a setting cannot be used.
        """
        picture = load_target(target, size, straight=straight, cut_background=cut_background)
        return cls.for_picture(picture, target if isinstance(target, str | PathLike) else AT_HAND, **settings)

    @classmethod
    def for_picture(
        cls,
        picture: ArrayLike | Image.Image,
        target: str | PathLike[str] = AT_HAND,
        *,
        straight: bool | None = None,
        recipe: Recipe | None = None,
        **settings: Any,
    ) -> Self:
        """An untrained creature of a picture that is at hand, a pixel a cell: the default rule for its size.

        Args:
            picture: RGBA, RGB or grey, as `as_cells` takes it: floats from 0 to 1, bytes, or an image of Pillow.
            target: The emoji that it shows, or the name of a file for it, which need not exist.
            straight: Whether its colours are not yet multiplied by alpha, as in `as_cells`.
            recipe: How it is trained; None for the recipe that fits its size.
            settings: Keys of the world file's [train] table.

        Raises:
            InputError: If the picture, the target or a setting cannot be used.
        """
        picture = as_cells(picture, straight=straight)
        is_path = not isinstance(target, str)
        world = pictured_world(max(picture.shape[:2]), fspath(target), is_path=is_path, train=settings)
        return cls.blank(world, picture[None], recipe)

    def retrained_by(self, objective: str) -> Self:
        """The same creature, blank, to be trained by another objective; `bptt` brings its published settings along.

        Raises:
            InputError: If there is no such objective.
        """
        if objective not in OBJECTIVES:
            raise InputError(f"--objective {objective!r}: allowed are {', '.join(OBJECTIVES)}")
        chosen = OBJECTIVES[objective]
        changed = self._with("--objective", dict(chosen.rule_keys), {**chosen.train_keys, "objective": objective})
        return replace(changed, recipe=fitted_recipe(objective, self.longest))

    def reshaped(self, **keys: Any) -> Self:
        """The same creature, blank, with other values of keys of the world file's [rule] table.

        Raises:
            InputError: If there is no such key, or its value cannot be used.
        """
        return self._with(self.world.title, keys, {})

    def by_recipe(self, recipe: Recipe | None = None, **changes: Any) -> Self:
        """The same creature, blank, trained by another recipe, or by its own with other values of some fields.

        Raises:
            InputError: If a value cannot be used.
        """
        base = self.recipe if recipe is None else checked_recipe(recipe)
        return replace(self.untaught(), recipe=base.changed(changes))

    def _with(self, name: str, rule: dict[str, Any], train: dict[str, Any]) -> Self:
        given = self.world.model_dump(exclude_unset=True)  # what it leaves open may depend on what is changed
        tables = {"rule": given.get("rule", {}) | rule, "train": given.get("train", {}) | train}
        return replace(self, world=growth_world(given | tables, name)).untaught()

    def untaught(self) -> Self:
        """The same creature, blank."""
        return replace(self.blank(self.world, self.pictures, self.recipe), which=self.which)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a rule file.

        Raises:
            InputError: If it cannot be read or does not fit its model.
        """
        stored, name = load_rule(Path(path)), Path(path).name
        model = stored.model
        rule = filled_rule(model.rule, stored.tensors, name, is_old=stored.version == OLD_VERSION)
        world = recalled_world(stored, name)
        pictures = stored.target.reshape(-1, *stored.target.shape[-3:])
        automaton = automaton_of(model.rule, model.grid.boundary, rule)
        loaded = cls(world, pictures, automaton, recalled_recipe(stored, world.train.objective), stored.record)
        if model.own_seed:
            loaded = replace(loaded, first_cell=stored.seed_cell)
        if model.detail is None:
            return loaded
        return replace(loaded, sharpener=Sharpener.loaded(model.detail, stored.detail, loaded.code, name))

    def save(self, path: str | PathLike[str], *, half: bool = False) -> None:
        """Write a rule file, whole or not at all; parameters are kept as float32.

        Args:
            path: Where to.
            half: Keep most of them, and the picture, in 16 bits: 0.6 of the size, and no longer number for number.

        Raises:
            InputError: If the file could not be loaded again, or cannot be written.
        """
        save_rule(Path(path), self._as_file(), half=half)

    def check_savable(self) -> None:
        """Find out before a training, not after it, whether its result could be saved.

        Raises:
            InputError: If not.
        """
        rule_bytes(self._as_file(), self.world.title)

    def _as_file(self) -> RuleFile:
        parts = (self.world, self.plan().model, self.recipe, self.automaton, self._bodies(1), self.record)
        return as_file(*parts, self.sharpener)

    def body(self, size: tuple[int, int] | None = None) -> Body:
        """The body in the middle of a grid of this size, by default the world's.

        Raises:
            InputError: If the grid does not hold the picture.
        """
        shape = self.world.grid.size if size is None else size
        picture = turned_picture(self.picture, self.angle).shape
        if shape[0] < picture[0] + 2 or shape[1] < picture[1] + 2:
            raise InputError(
                f"a grid of {shape[0]}x{shape[1]} is too small for this creature; "
                f"allowed: at least {picture[0] + 2}x{picture[1] + 2}"
            )
        body = build_body(
            self.picture,
            (int(shape[0]), int(shape[1])),
            self.world.rule.channels,
            alive_threshold=self.world.rule.alive_threshold,
            code_amplitude=self.recipe.code_amplitude,
            identity=identities(len(self.pictures))[self.which],
            angle=self.angle,
        )
        if self.first_cell is None:
            return body
        row, column = ((all_of - own) // 2 + own // 2 for all_of, own in zip(shape, picture[:2], strict=True))
        return body.started_by(self.first_cell, (row, column))

    def training_bodies(self) -> Bodies:
        """What it is trained on: all its bodies on a smaller grid, the pictures and a margin."""
        return self._bodies(self.recipe.margin)

    def _bodies(self, margin: int) -> Bodies:
        size = (self.picture.shape[0] + 2 * margin, self.picture.shape[1] + 2 * margin)
        return Bodies.of_all([replace(self, which=which, angle=0.0).body(size) for which in range(len(self.pictures))])

    def plan(self) -> Plan:
        """What is fixed when it is trained."""
        return Plan(self.world.rule, self.world.train, self.recipe, self._code, self.world.grid.boundary)

    @property
    def _code(self) -> CodeModel:
        """The position code of its bodies."""
        return code_of(self.world.rule, len(self.pictures), self.longest, self.recipe.code_amplitude)
