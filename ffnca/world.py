"""What all world files have in common, and where the worlds that ship are found."""

import difflib
import functools
import importlib.util
import json
import os
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from ffnca.errors import InputError
from ffnca.spec import SHOWN_CHARACTERS, Spec, shown, wrong

RULE_SUFFIX = ".safetensors"
PATTERN_SUFFIXES = (".rle", ".cells", ".lif", ".life")
"""Of patterns as other programs write them, which are worlds by themselves."""
WORLDS_GROUP = "ffnca.worlds"
"""Entry points of packages with a folder `worlds` of world files; each names its package."""

ONE_LINE = "^[^\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]*$"
MIN_SIDE, MAX_SIDE = 8, 1024
MAX_ASKED_SIDE = 4096
"""Where it is no file that says so, but the user."""
Side = Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)]
Title = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=ONE_LINE,
        description="one line of text",
        title="what people call it",
    ),
]


class GridSpec(Spec):
    """The lattice: height and width in cells, and what lies beyond its edge."""

    size: tuple[Side, Side] = Field(
        strict=False,
        description=f"[height, width], whole numbers from {MIN_SIDE} to {MAX_SIDE}",
        title="height and width in cells",
    )
    boundary: Literal["wrap", "zero", "reflect"] = Field(
        default="wrap",
        description='"wrap", "zero" or "reflect"',
        title="what lies beyond the edge: the other side, nothing, or a mirror",
    )


class World(Spec):
    """A world file: each kind of system has its own tables besides these."""

    model_config = ConfigDict(revalidate_instances="always")  # a world of another size is checked again

    kind: str = Field(description="the name of a kind below", title="what is described")
    title: Title
    grid: GridSpec

    def of_size(self, size: tuple[int, int] | None) -> Self:
        """The same on a grid of another size, or as it is if None.

        Raises:
            InputError: If its other settings do not allow that size.
        """
        if size is None:
            return self
        resized = self.model_copy(update={"grid": self.grid.model_copy(update={"size": size})})
        return checked_world(type(self), resized, f"{self.title}, {size[0]}x{size[1]} cells")


AnyWorld = TypeVar("AnyWorld", bound=World)


def checked_world(model: type[AnyWorld], settings: Mapping[str, Any] | World, name: str) -> AnyWorld:
    """A world of one kind from nested settings.

    Args:
        model: What the kind's world files hold.
        settings: As read from TOML or JSON, or a world that was changed.
        name: What to call it in errors, e.g. the file.

    Raises:
        InputError: If a key is unknown or missing, or a value is of another type or out of range.
    """
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise InputError(f"{name}: {wrong(error, model)}") from error


def dump_world(world: World) -> str:
    """A world as canonical JSON: equal worlds give equal text."""
    return json.dumps(world.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":"))


def worlds_folder() -> Path:
    """Where the worlds that ship are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "worlds"
    return installed if installed.is_dir() else package.parent / "worlds"


@functools.cache
def _folders() -> tuple[Path, ...]:
    """The folder of the worlds that ship, then those of installed packages; no code of a package runs."""
    names = sorted(point.value for point in entry_points(group=WORLDS_GROUP))
    found = [importlib.util.find_spec(name) for name in names if name.isidentifier()]
    places = [place for spec in found if spec is not None for place in spec.submodule_search_locations or ()]
    return (worlds_folder(), *(Path(place) / "worlds" for place in places))


def shipped_worlds() -> dict[str, Path]:
    """World files that ship with ffnca or an installed package, by name, in order of their names."""
    return _shipped(lambda folder: folder.glob("*.toml"))


def shipped_patterns() -> dict[str, Path]:
    """The same of pattern files, which lie in a folder `patterns` beside them."""
    return _shipped(lambda folder: (path for ending in PATTERN_SUFFIXES for path in folder.glob(f"patterns/*{ending}")))


def _shipped(within: Callable[[Path], Iterable[Path]]) -> dict[str, Path]:
    paths = [path for folder in reversed(_folders()) for path in within(folder)]
    return {path.stem: path for path in sorted(paths, key=lambda path: path.stem)}


def rule_path_for(world: str | Path) -> Path:
    """Where the trained rule of a world is, by its name if it ships, or by its file."""
    path = Path(world)
    folder = path.parent if path.suffix else worlds_folder()
    return folder / "rules" / f"{path.stem}{RULE_SUFFIX}"


def find_world(world: str | os.PathLike[str]) -> Path:
    """The file that a user means by a shipped name or a path.

    Raises:
        InputError: If it is neither a shipped name nor ends in `.toml`, `.safetensors` or one of `PATTERN_SUFFIXES`, in
            letters of either case.
    """
    text, shipped = os.fspath(world), {**shipped_patterns(), **shipped_worlds()}
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if path.suffix.lower() in (".toml", RULE_SUFFIX, *PATTERN_SUFFIXES) and "\0" not in text:
        same = shipped.get(path.stem, path)
        return same if os.path.realpath(path) == str(same) else path
    near = difflib.get_close_matches(text[:SHOWN_CHARACTERS], shipped, 3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise InputError(
        f"{shown(text)}: no such world; {hint}ffnca worlds lists them, or name a .toml, .rle or .safetensors file"
    )
