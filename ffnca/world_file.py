"""World files: read from TOML or JSON as a world of the kind that they name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.settings_text import parse_json, parse_toml
from ffnca.spec import shown
from ffnca.systems.registry import kinds, pattern_settings, system_of
from ffnca.world import PATTERN_SUFFIXES, checked_world

MAX_WORLD_BYTES = 2**18


def build_world(settings: Mapping[str, Any], name: str) -> Any:
    """A world from nested settings, of the type that its kind says.

    Args:
        settings: As read from TOML or JSON.
        name: What to call it in errors, e.g. the file.

    Raises:
        InputError: If there is no such kind, a key is unknown or missing, or a value is of another type or out of
            range.
    """
    kind = settings.get("kind") if isinstance(settings, Mapping) else None
    if not isinstance(kind, str):
        said = "is missing" if kind is None else f"= {shown(kind)}"
        raise InputError(f"{name}: kind {said}; allowed: {', '.join(kinds())}")
    try:
        system = system_of(kind)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return checked_world(system.spec, settings, name)


def parse_world(text: str, name: str) -> Any:
    """A world from the text of a world file.

    Raises:
        InputError: If the text is not TOML or does not describe a world.
    """
    return build_world(parse_toml(text, name), name)


def world_from_json(text: str, name: str) -> Any:
    """A world from `ffnca.world.dump_world`.

    Raises:
        InputError: If the text is not JSON or does not describe a world.
    """
    return build_world(parse_json(text, f"{name}: its world"), name)


def load_world(path: str | os.PathLike[str]) -> Any:
    """Read a world file, or a pattern as a world.

    Returns:
        An instance of the `spec` of the system of its kind.

    Raises:
        InputError: If it cannot be read or does not describe a world.
    """
    path = Path(path)
    if path.suffix.lower() in PATTERN_SUFFIXES:
        return build_world(pattern_settings(path), str(path))
    try:
        text = read_bounded(path, MAX_WORLD_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_world(text, str(path))
