"""Nested settings as a world of the kind that they name, and where they come from: TOML files and patterns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.settings_text import parse_toml
from ffnca.spec import shown
from ffnca.systems.registry import kinds, pattern_settings, system_of
from ffnca.world import PATTERN_SUFFIXES, checked_world

MAX_WORLD_BYTES = 2**18


def settings_in(path: Path) -> Any:
    """The settings that a world file or a pattern holds.

    Raises:
        InputError: If it cannot be read.
    """
    if path.suffix.lower() in PATTERN_SUFFIXES:
        return pattern_settings(path)
    try:
        text = read_bounded(path, MAX_WORLD_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_toml(text, str(path))


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
