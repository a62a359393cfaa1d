"""The list of shipped worlds, without computing anything."""

from typing import Any

from ffnca.world import GrowthWorld, load_world, rule_path_for, shipped_worlds


def list_worlds() -> list[dict[str, Any]]:
    """Name, title, kind, size (height, width) and whether trained (None where there is nothing to train)."""
    rows = []
    for name, path in shipped_worlds().items():
        world = load_world(path)
        trained = rule_path_for(name).exists() if isinstance(world, GrowthWorld) else None
        size = list(world.grid.size)
        rows.append({"name": name, "title": world.title, "kind": world.kind, "size": size, "trained": trained})
    return rows
