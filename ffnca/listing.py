"""The list of shipped worlds, without computing anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.systems.registry import system_of
from ffnca.world import shipped_patterns, shipped_worlds
from ffnca.world_file import load_world


def list_worlds() -> list[dict[str, Any]]:
    """Name, title, kind, size (height, width), whether trained (None where there is nothing to train), what is wired.

    A world that cannot be read is told of and left out.
    """
    return _rows(shipped_worlds())


def list_patterns() -> list[dict[str, Any]]:
    """The same of the patterns that are worlds by themselves."""
    return _rows(shipped_patterns())


def _rows(paths: Mapping[str, Path]) -> list[dict[str, Any]]:
    rows = []
    for name, path in paths.items():
        try:
            world = load_world(path)
        except InputError as error:  # the file, or the package of its kind: the others are listed
            tell(str(error))
            continue
        system, row = system_of(world.kind), {"name": name, "title": world.title, "kind": world.kind}
        facts = {"trained": system.is_trained(world, path), "hand_wired": system.hand_wired(world, path)}
        rows.append(row | {"size": list(world.grid.size)} | facts)
    return rows
