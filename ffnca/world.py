"""World files: TOML, checked into frozen models, a tagged union by `kind`."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from ffnca.errors import InputError

MAX_FILE_BYTES = 2**20
MIN_SIDE, MAX_SIDE = 8, 1024
OBJECTIVES = ("ascent", "distance")
_NUM_SHOWN = 3

Side = Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)]
Kernel = Literal["identity", "sobel", "laplacian", "neighbour_mean", "alive"]
Kernels = Annotated[tuple[Kernel, ...], Field(strict=False, min_length=1, max_length=5)]
Width = Annotated[int, Field(ge=1, le=2048)]
Widths = Annotated[tuple[Width, ...], Field(strict=False, min_length=1, max_length=4)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GridSpec(_Spec):
    """The lattice: height and width in cells, and what lies beyond the edge."""

    size: Annotated[tuple[Side, Side], Field(strict=False)]
    boundary: Literal["wrap", "zero", "reflect"] = "wrap"


class NcaSpec(_Spec):
    """A neural rule: channels of the state, widths of its layers, what it sees and when it fires."""

    channels: int = Field(16, ge=8, le=64)
    hidden: Widths = (352,)
    perception: Kernels = ("identity", "sobel", "neighbour_mean", "alive")
    fire_rate: Share = 0.5
    alive_threshold: float = Field(0.1, gt=0, lt=1)

    @model_validator(mode="after")
    def _kernels_once(self) -> Self:
        if len(set(self.perception)) != len(self.perception):
            raise ValueError("perception names a kernel twice; allowed is each at most once")
        return self


class TargetSpec(_Spec):
    """What to grow: an emoji or a picture file, and the length of its longer side in cells."""

    emoji: str | None = Field(None, min_length=1, max_length=64)
    image: str | None = Field(None, min_length=1, max_length=1024)
    size: int = Field(40, ge=8, le=128)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.emoji is None) == (self.image is None):
            raise ValueError("target needs exactly one of emoji and image")
        return self


class TrainSpec(_Spec):
    """How a rule is trained; the defaults are the recipe that was measured.

    Attributes:
        objective: `ascent` or `distance`.
        minutes: Budget where the command line gives none.
        learning_rate: At the start; falls to a hundredth.
        pool_size: States kept of the rule's own.
        pool_batch: Drawn from the pool each round.
        teacher_batch: Half-grown targets drawn each round.
        max_rollout: Most steps of a round's rollout.
        cells: Cells an update learns from.
        updates_per_round: After each rollout.
        noise: Largest deviation of the noise on teacher states.
        own_state_bound: Largest singular value of the own-state weights (`ascent`).
        ascent_steps: Steps to the negative (`ascent`).
        ascent_rate: Size of each (`ascent`).
        average: Of the exponential average of the weights, an update.
        code_amplitude: Of the position code.
        margin: Free cells around the body while it trains.
    """

    objective: Literal["ascent", "distance"] = "ascent"
    minutes: Positive = 10.0
    learning_rate: float = Field(0.02, gt=0, le=1)
    pool_size: int = Field(256, ge=1, le=4096)
    pool_batch: int = Field(8, ge=1, le=256)
    teacher_batch: int = Field(8, ge=1, le=256)
    max_rollout: int = Field(10, ge=1, le=1000)
    cells: int = Field(2048, ge=1, le=2**20)
    updates_per_round: int = Field(4, ge=1, le=1000)
    noise: float = Field(0.2, ge=0, le=2)
    own_state_bound: float = Field(0.45, gt=0, lt=1)
    ascent_steps: int = Field(3, ge=1, le=100)
    ascent_rate: float = Field(1.0, gt=0, le=1)
    average: float = Field(0.995, ge=0, lt=1)
    code_amplitude: float = Field(0.7, gt=0, le=2)
    margin: int = Field(4, ge=2, le=64)

    @model_validator(mode="after")
    def _batch_within_pool(self) -> Self:
        if self.pool_batch > self.pool_size:
            raise ValueError(f"pool_batch {self.pool_batch} is more than pool_size {self.pool_size}")
        return self


class GrowthWorld(_Spec):
    """A world that grows a target from one cell."""

    kind: Literal["growth"]
    title: str = Field(max_length=200)
    grid: GridSpec
    rule: NcaSpec = NcaSpec()
    target: TargetSpec
    train: TrainSpec = TrainSpec()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if min(self.grid.size) < 10 or max(self.grid.size) < self.target.size + 2:
            raise ValueError(f"grid.size {list(self.grid.size)} is too small for a target of {self.target.size} cells")
        if self.train.objective == "ascent" and len(self.rule.hidden) != 1:
            raise ValueError("rule.hidden: the objective ascent has one layer; allowed is a list of one width")
        return self


class LifeSpec(_Spec):
    """A Life-like rule in B/S notation."""

    notation: str = Field("B3/S23", pattern=r"^[Bb][0-8]{0,9}/[Ss][0-8]{0,9}$")


class LifeStart(_Spec):
    """The initial state: a random soup of this density, or an RLE pattern in the middle."""

    density: float | None = Field(None, ge=0, le=1)
    rle: str | None = Field(None, max_length=100_000)

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.density is not None and self.rle is not None:
            raise ValueError("start takes one of density and rle")
        return self


class LifeWorld(_Spec):
    """A Life-like world."""

    kind: Literal["life"]
    title: str = Field(max_length=200)
    grid: GridSpec
    rule: LifeSpec = LifeSpec()
    start: LifeStart = LifeStart()


World = GrowthWorld | LifeWorld
_KINDS: dict[str, type[GrowthWorld] | type[LifeWorld]] = {"growth": GrowthWorld, "life": LifeWorld}
_ADAPTER: TypeAdapter[World] = TypeAdapter(Annotated[World, Field(discriminator="kind")])


def _allowed_keys(kind: object, path: tuple[Any, ...]) -> list[str]:
    model: Any = _KINDS.get(str(kind))
    for part in path:
        field = model.model_fields.get(part) if model is not None else None
        model = field.annotation if field is not None and isinstance(field.annotation, type) else None
    return sorted(model.model_fields) if model is not None else []


def _explained(problem: Any, kind: object) -> str:
    path = tuple(part for part in problem["loc"] if part not in _KINDS)
    where = ".".join(map(str, path))
    if problem["type"] == "extra_forbidden":
        allowed = _allowed_keys(kind, path[:-1])
        close = difflib.get_close_matches(str(path[-1]), allowed, 1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        return f'unknown key "{where}"{hint or ";"} allowed: {", ".join(allowed)}'
    if problem["type"].startswith("union_tag"):
        return f"kind: allowed are {', '.join(_KINDS)}"
    if problem["type"] == "missing":
        return f"{where}: is missing"
    value = repr(problem["input"])
    shown = f" {value[:60]}" if problem["type"] != "value_error" else ""
    return f"{where}{shown}: {problem['msg']}".lstrip(": ")


def _checked(values: object, name: str, *, strict: bool = True) -> World:
    try:
        return _ADAPTER.validate_python(values, strict=None if strict else False)
    except ValidationError as error:
        kind = values.get("kind") if isinstance(values, dict) else None
        problems = [_explained(problem, kind) for problem in error.errors(include_url=False)[:_NUM_SHOWN]]
        raise InputError(f"{name}: {'; '.join(problems)}") from error


def parse_world(text: str, name: str) -> World:
    """A world from the text of its file.

    Args:
        text: TOML.
        name: Of the file, for messages.

    Raises:
        InputError: If the text is not TOML or not a world; names key, value and what is allowed.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"{name}: is not TOML ({error})") from error
    return _checked(values, name)


def world_from_json(text: str, name: str) -> World:
    """A world from the JSON that `dump_world` gives.

    Raises:
        InputError: As `parse_world`.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InputError(f"{name}: world {_explained(problem, None)}") from error


def dump_world(world: World) -> str:
    """Canonical JSON: same world, same text."""
    return world.model_dump_json(exclude_none=True)


def load_world(path: Path) -> World:
    """Read a world file.

    Raises:
        InputError: If it cannot be read or is not a world.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path}: is larger than {MAX_FILE_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text") from error
    return parse_world(text, str(path))


def worlds_folder() -> Path:
    """Where the shipped worlds are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "worlds"
    return installed if installed.is_dir() else package.parent / "worlds"


def shipped_worlds() -> dict[str, Path]:
    """Name and file of every shipped world, sorted by name."""
    return {path.stem: path for path in sorted(worlds_folder().glob("*.toml"))}


def rule_path_for(name: str) -> Path:
    """Where the trained rule of a shipped world is or would be."""
    return worlds_folder() / "rules" / f"{name}.safetensors"


def find_world(text: str) -> Path:
    """The file behind a shipped name, a path to a world or a path to a rule.

    Raises:
        InputError: If it is none of these; names the nearest shipped worlds.
    """
    shipped = shipped_worlds()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if path.suffix in (".toml", ".safetensors"):
        if not path.is_file():
            raise InputError(f"{text}: {'is a folder' if path.is_dir() else 'no such file'}")
        return path
    close = difflib.get_close_matches(text, shipped, 2)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    shown = re.sub(r"\s+", " ", text)[:80]
    raise InputError(f"{shown!r}: no such world{hint}; allowed: a name from 'ffnca worlds', a .toml or a .safetensors")
