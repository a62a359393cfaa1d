"""World files: read from TOML or JSON as a world of the kind that they name."""

import os
from pathlib import Path
from typing import Any

from ffnca.settings_text import parse_json, parse_toml
from ffnca.systems.world_settings import build_world, settings_in


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
    return build_world(settings_in(path), str(path))
