"""Drawing on the screen: texts, the world through the camera, the chart, the help."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pygame
from jaxtyping import UInt8

from ffnca.view.camera import Area, Camera
from ffnca.view.chart import Chart

INK, FAINT, PAPER, SHADE = (236, 238, 244), (150, 156, 172), (24, 26, 34), (34, 37, 48)
ACCENT, WARNING, GOOD = (255, 178, 64), (255, 110, 96), (120, 214, 140)
Colour = tuple[int, int, int]


@lru_cache(maxsize=16)
def font(size: int) -> pygame.font.Font:
    """pygame's own font, in pixels."""
    return pygame.font.Font(None, size)


@lru_cache(maxsize=256)
def _written(words: str, size: int, colour: Colour) -> pygame.Surface:
    return font(size).render(words, True, colour)


def write(
    screen: pygame.Surface, words: str, at: tuple[int, int], size: int, colour: Colour = INK, *, middle: bool = False
) -> int:
    """Write one line; the height that it takes. `middle` centres it on `at`."""
    surface = _written(words, size, colour)
    place = surface.get_rect(midtop=at) if middle else surface.get_rect(topleft=at)
    screen.blit(surface, place)
    return surface.get_height()


def width_of(words: str, size: int) -> int:
    """Pixels that a line takes."""
    return font(size).size(words)[0]


def shade(screen: pygame.Surface, area: Area, opacity: int = 200) -> None:
    """Darken a part of the screen, so that text on it can be read."""
    veil = _veil(area.width, area.height, opacity)
    screen.blit(veil, (area.left, area.top))


@lru_cache(maxsize=32)
def _veil(width: int, height: int, opacity: int) -> pygame.Surface:
    veil = pygame.Surface((max(width, 1), max(height, 1)), pygame.SRCALPHA)
    veil.fill((*PAPER, opacity))
    return veil


class Picture:
    """A picture of cells on a surface of its own, uploaded once whenever it changes."""

    def __init__(self) -> None:
        """No picture yet."""
        self.surface = pygame.Surface((1, 1))
        self.uploads = 0

    def upload(self, frame: UInt8[np.ndarray, "height width 3"]) -> None:
        """Show this frame from now on."""
        size = (frame.shape[1], frame.shape[0])
        if self.surface.get_size() != size:
            self.surface = pygame.Surface(size)
        pygame.surfarray.blit_array(self.surface, np.swapaxes(frame, 0, 1))
        self.uploads += 1

    def draw(self, screen: pygame.Surface, area: Area, camera: Camera) -> None:
        """Draw what the camera sees of it; only the visible cells are enlarged."""
        columns, rows = self.surface.get_size()
        scale = camera.scale(area, rows, columns)
        left, top = camera.corner(area, rows, columns)
        first = (max(0, int((area.left - left) / scale)), max(0, int((area.top - top) / scale)))
        last = (
            min(columns, int((area.left + area.width - left) / scale) + 1),
            min(rows, int((area.top + area.height - top) / scale) + 1),
        )
        if last[0] <= first[0] or last[1] <= first[1]:
            return
        seen = self.surface.subsurface((*first, last[0] - first[0], last[1] - first[1]))
        size = (max(1, round(seen.get_width() * scale)), max(1, round(seen.get_height() * scale)))
        before = screen.get_clip()
        screen.set_clip(pygame.Rect(area))
        screen.blit(pygame.transform.scale(seen, size), (left + round(first[0] * scale), top + round(first[1] * scale)))
        screen.set_clip(before)


def draw_chart(screen: pygame.Surface, chart: Chart, area: Area, size: int) -> None:
    """Relative MSE and mean goodness, with their last values."""
    if not chart.vitals or area.width < 60 or area.height < 40:
        return
    last = chart.vitals[-1]
    texts = ((f"relative MSE {last.error:.4f}", ACCENT), (f"goodness {last.goodness:.3f}", GOOD))
    top = area.top + 4
    for words, colour in texts:
        top += write(screen, words, (area.left + 6, top), size, colour)
    inner = pygame.Rect(area.left + 6, top + 4, area.width - 12, area.top + area.height - top - 10)
    for line, colour in ((chart.goodness_line(), GOOD), (chart.error_line(), ACCENT)):
        points = [(inner.left + x * inner.width, inner.bottom - y * inner.height) for x, y in line]
        if len(points) > 1 and inner.height > 4:
            pygame.draw.aalines(screen, colour, False, points)


def draw_help(screen: pygame.Surface, area: Area, groups: Mapping[str, Sequence[Any]], size: int) -> None:
    """All keys in columns, as large as fits."""
    shade(screen, area, 236)
    lines: list[tuple[str, str]] = []
    for title, actions in groups.items():
        lines += [("", title), *((action.shown, action.help) for action in actions if action.help), ("", "")]
    for columns in (1, 2, 3):
        per_column = -(-len(lines) // columns)
        wide = area.width // columns - 2 * size
        fitting = min(size, int((area.height - 2 * size) / per_column / 1.2))
        if fitting >= size or columns == 3:
            break
    size = max(fitting, 8)
    longest = max(width_of("Backspace  ", size), 1)
    for place, (keys, words) in enumerate(lines):
        left = area.left + size + (place // per_column) * (wide + 2 * size)
        top = area.top + size + int((place % per_column) * size * 1.2)
        if keys:
            write(screen, keys, (left, top), size, ACCENT)
            write(screen, words, (left + longest, top), size)
        elif words:
            write(screen, words, (left, top), size, FAINT)


def draw_message(screen: pygame.Surface, area: Area, words: str, size: int, *, warning: bool) -> None:
    """One message along the bottom, in up to four lines."""
    most = max(10, int(area.width / (0.42 * size)))
    lines = [words[start : start + most] for start in range(0, len(words), most)][:4]
    high = len(lines) * (size + 4) + size
    top = area.top + area.height - high
    shade(screen, Area(area.left, top, area.width, high), 230)
    for place, line in enumerate(lines):
        at = (area.left + size // 2, top + size // 2 + place * (size + 4))
        write(screen, line, at, size, WARNING if warning else INK)
