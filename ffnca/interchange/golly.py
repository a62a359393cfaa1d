"""Patterns, as Golly writes them, as world files."""

from pathlib import Path

from ffnca.interchange.world_text import world_text
from ffnca.systems.registry import pattern_settings


def pattern_world(path: Path) -> str:
    """The world file of a pattern.

    Raises:
        InputError: If the file cannot be read, or holds no pattern that a world file can.
    """
    return world_text(pattern_settings(path), f"A pattern from {path.name}.", str(path))
