"""World files: what a system is, as frozen models parsed from TOML, and where the worlds that ship are found."""

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, TypeAdapter, ValidationError, field_validator, model_validator

from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.life_pattern import settings_by_pattern
from ffnca.life_rule import RULES_ALLOWED, canonical_rule
from ffnca.settings_text import parse_json, parse_toml
from ffnca.spec import SHOWN_CHARACTERS, Spec, above_zero, described, several_of, shown, whole

MAX_WORLD_BYTES = 2**18
MAX_RLE = 100_000
DEFAULT_DENSITY = 0.3
RULE_SUFFIX = ".safetensors"
_SHOWN_ERRORS = 3

_ONE_LINE = "^[^\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]*$"
MIN_SIDE, MAX_SIDE = 8, 1024
Side = Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)]
Width = Annotated[int, Field(ge=8, le=2048)]
Kernel = Literal["identity", "sobel", "laplacian", "neighbour_mean", "neighbour_slope", "alive"]
Objective = Literal["ascent", "distance", "contrast", "pair", "self-contrastive", "random", "one-step-backprop", "bptt"]
_TARGET_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,31}")
MAX_TARGETS = 16
CONTROL_BATCH = 8
"""States in an iteration of `bptt`."""
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=_ONE_LINE, description="one line of text")]


class GridSpec(Spec):
    """The lattice: height and width in cells, and what lies beyond its edge."""

    size: tuple[Side, Side] = Field(strict=False, description="[height, width], whole numbers from 8 to 1024")
    boundary: Literal["wrap", "zero", "reflect"] = Field(default="wrap", description='"wrap", "zero" or "reflect"')


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

    emoji: str | None = Field(default=None, min_length=1, max_length=64, pattern=_ONE_LINE, description="one emoji")
    image: str | None = Field(
        default=None, min_length=1, max_length=4096, pattern=_ONE_LINE, description="a picture file"
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


class GrowthWorld(Spec):
    """A rule that grows a target from one cell, or one of several, chosen by the code of that cell."""

    kind: Literal["growth"]
    title: Title
    grid: GridSpec
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


class LifeSpec(Spec):
    """A Life-like rule."""

    notation: str = Field(description=RULES_ALLOWED)

    @field_validator("notation")
    @classmethod
    def _spelt_alike(cls, notation: str) -> str:
        return canonical_rule(notation)


class LifeStart(Spec):
    """How a Life-like world starts: at random with this share of living cells, or as a pattern in the middle."""

    density: float | None = Field(default=None, ge=0, le=1, description="a number from 0 to 1")
    rle: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_RLE,
        description=f"a pattern in RLE, Life 1.05, Life 1.06 or plain text, up to {MAX_RLE} characters",
    )

    @model_validator(mode="before")
    @classmethod
    def _default_density(cls, given: Any) -> Any:
        return {"density": DEFAULT_DENSITY} if given == {} else given

    @model_validator(mode="after")
    def _density_or_pattern(self) -> Self:
        if (self.density is None) == (self.rle is None):
            raise ValueError("one of density and rle is allowed, not both")
        return self


class LifeWorld(Spec):
    """A Life-like automaton."""

    kind: Literal["life"]
    title: Title
    grid: GridSpec
    rule: LifeSpec
    start: LifeStart = LifeStart()

    @model_validator(mode="before")
    @classmethod
    def _as_its_pattern_says(cls, given: Any) -> Any:
        """The header of a pattern fills in the rule that is left open, and brings its bounded grid along."""
        start = given.get("start") if isinstance(given, dict) else None
        text = start.get("rle") if isinstance(start, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= MAX_RLE:
            return given
        return settings_by_pattern(given, text, (MIN_SIDE, MAX_SIDE))


World = Annotated[GrowthWorld | LifeWorld, Field(discriminator="kind")]
KINDS: dict[str, type[Spec]] = {"growth": GrowthWorld, "life": LifeWorld}
_WORLD: TypeAdapter[GrowthWorld | LifeWorld] = TypeAdapter(World)


def build_world(settings: Mapping[str, Any], name: str) -> World:
    """A world from nested settings.

    Args:
        settings: As read from TOML or JSON.
        name: What to call it in errors, e.g. the file.

    Raises:
        InputError: If a key is unknown or missing, or a value is of another type or out of range.
    """
    try:
        return _WORLD.validate_python(settings)
    except ValidationError as error:
        details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
        shown = [described(detail, KINDS) for detail in details[:_SHOWN_ERRORS]]
        more = [f"and {len(details) - len(shown)} more"] if len(details) > len(shown) else []
        raise InputError(f"{name}: {'; '.join(shown + more)}") from error


def parse_world(text: str, name: str) -> World:
    """A world from the text of a world file.

    Raises:
        InputError: If the text is not TOML or does not describe a world.
    """
    return build_world(parse_toml(text, name), name)


def world_from_json(text: str, name: str) -> World:
    """A world from `dump_world`.

    Raises:
        InputError: If the text is not JSON or does not describe a world.
    """
    return build_world(parse_json(text, f"{name}: its world"), name)


def dump_world(world: World) -> str:
    """A world as canonical JSON: equal worlds give equal text."""
    return json.dumps(world.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":"))


def load_world(path: str | os.PathLike[str]) -> World:
    """Read a world file.

    Raises:
        InputError: If it cannot be read or does not describe a world.
    """
    path = Path(path)
    try:
        text = read_bounded(path, MAX_WORLD_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_world(text, str(path))


def worlds_folder() -> Path:
    """Where the worlds that ship are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "worlds"
    return installed if installed.is_dir() else package.parent / "worlds"


def shipped_worlds() -> dict[str, Path]:
    """World files that ship, by name, in order of their names."""
    return {path.stem: path for path in sorted(worlds_folder().glob("*.toml"), key=lambda path: path.stem)}


def rule_path_for(name: str) -> Path:
    """Where the trained rule of a shipped world is, if it has one."""
    return worlds_folder() / "rules" / f"{name}.safetensors"


def find_world(world: str | os.PathLike[str]) -> Path:
    """The file that a user means by a shipped name or a path.

    Raises:
        InputError: If it is neither a shipped name nor ends in `.toml` or `.safetensors`, in letters of either case.
    """
    text, shipped = os.fspath(world), shipped_worlds()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if path.suffix.lower() in (".toml", RULE_SUFFIX) and "\0" not in text:
        same = shipped.get(path.stem, path)
        return same if os.path.realpath(path) == str(same) else path
    near = difflib.get_close_matches(text[:SHOWN_CHARACTERS], shipped, 3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise InputError(
        f"{shown(text)}: no such world; {hint}ffnca worlds lists them, or name a .toml or .safetensors file"
    )
