"""The list of worlds: each with a thumbnail of what it grows or how it starts."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pygame
from jaxtyping import UInt8

from ffnca.systems.registry import system_of
from ffnca.view.camera import Area
from ffnca.view.drawing import ACCENT, INK, PAPER, width_of, write
from ffnca.world import shipped_worlds
from ffnca.world_file import load_world


def thumbnail(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """What a shipped world shows, without running it."""
    world = load_world(path)
    return system_of(world.kind).thumbnail(world, path)


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
