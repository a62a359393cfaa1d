"""The list of worlds: each with a thumbnail of what it grows or how it starts."""

from dataclasses import dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pygame
from jaxtyping import UInt8

from ffnca.automata.life import Life, initial_state
from ffnca.render import mosaic, over
from ffnca.rule_file import load_rule
from ffnca.view.camera import Area
from ffnca.view.drawing import ACCENT, INK, PAPER, width_of, write
from ffnca.world import GrowthWorld, load_world, rule_path_for, shipped_worlds


def thumbnail(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """What a shipped world shows, without running it: the target of its rule, or its start."""
    world = load_world(path)
    if isinstance(world, GrowthWorld):
        rule = rule_path_for(path.stem)
        if not rule.exists():
            return np.full((8, 8, 3), 255, np.uint8)
        targets = over(load_rule(rule).target)
        return mosaic(targets.reshape(-1, *targets.shape[-3:]))
    start = np.asarray(initial_state(world, key=jax.random.key(0)))
    rows, columns = (np.flatnonzero(start.any((axis, 2))) for axis in (1, 0))
    if rows.size:
        start = start[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    margin = max(1, max(start.shape[:2]) // 4)
    start = np.pad(start, ((margin, margin), (margin, margin), (0, 0)))
    return Life.from_notation(world.rule.notation).render(jnp.asarray(start))


@dataclass
class Entry:
    """A world in the list."""

    name: str
    picture: pygame.Surface
    area: Area = field(default=Area(0, 0, 0, 0))


class Chooser:
    """Draws the list and finds the entry under the pointer."""

    def __init__(self) -> None:
        """Without entries; they are made when the list is first shown."""
        self.entries: list[Entry] = []
        self.chosen = 0

    @property
    def names(self) -> list[str]:
        """All shipped worlds."""
        return list(shipped_worlds())

    def open(self, current: str) -> None:
        """Make the thumbnails and choose the current world."""
        if not self.entries:
            for name, path in shipped_worlds().items():
                surface = pygame.surfarray.make_surface(np.swapaxes(thumbnail(path), 0, 1))
                self.entries.append(Entry(name, surface))
        self.chosen = next((place for place, entry in enumerate(self.entries) if entry.name == current), 0)

    def move(self, places: int) -> None:
        """Choose another entry."""
        self.chosen = (self.chosen + places) % len(self.entries)

    def under(self, at: tuple[float, float]) -> str | None:
        """Name of the entry at a place of the screen."""
        return next((entry.name for entry in self.entries if entry.area.holds(at)), None)

    def draw(self, screen: pygame.Surface, area: Area, size: int) -> None:
        """Draw all entries in rows; they shrink until they fit."""
        screen.fill(PAPER, area)
        title = f"Worlds: {self.entries[self.chosen].name}"
        write(screen, title, (area.left + size, area.top + size // 2), round(1.2 * size))
        height = 2 * size
        inner = Area(area.left + size, area.top + height, area.width - 2 * size, area.height - height - size)
        side = self._side(inner, size)
        columns = max(1, inner.width // side)
        for place, entry in enumerate(self.entries):
            left, top = inner.left + (place % columns) * side, inner.top + (place // columns) * (side + size)
            entry.area = Area(left, top, side, side + size)
            room = max(side - size, 4)
            scale = room / max(entry.picture.get_size())
            shape = (max(1, int(entry.picture.get_width() * scale)), max(1, int(entry.picture.get_height() * scale)))
            pygame.draw.rect(screen, (255, 255, 255), (left, top, room, room))
            picture = pygame.transform.scale(entry.picture, shape)
            screen.blit(picture, (left + (room - shape[0]) // 2, top + (room - shape[1]) // 2))
            colour = ACCENT if place == self.chosen else INK
            if place == self.chosen:
                pygame.draw.rect(screen, ACCENT, (left - 2, top - 2, room + 4, room + 4), 2)
            if width_of(entry.name, size) <= side:
                write(screen, entry.name, (left + room // 2, top + room + 2), size, colour, middle=True)

    def _side(self, inner: Area, size: int) -> int:
        """The largest side of an entry with which all fit."""
        for side in range(max(inner.width // 2, 16), 16, -4):
            columns = max(1, inner.width // side)
            if -(-len(self.entries) // columns) * (side + size) <= inner.height:
                return min(side, 12 * size)
        return 16
