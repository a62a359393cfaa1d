"""Drawing on the screen: colours, texts, and the world through the camera."""

from functools import lru_cache

import numpy as np
import pygame
from jaxtyping import UInt8

from ffnca.view.camera import Area, Camera

Colour = tuple[int, int, int]
INK, FAINT, PAPER, SHADE = (236, 238, 244), (160, 166, 182), (24, 26, 34), (34, 37, 48)
ACCENT, WARNING, GOOD = (255, 178, 64), (255, 122, 108), (120, 214, 140)
BUTTON, HOVERED, LIT, LIT_INK = (58, 63, 80), (70, 76, 96), ACCENT, PAPER
TEXTS: dict[Colour, tuple[Colour, ...]] = {
    PAPER: (INK, FAINT, ACCENT, WARNING, GOOD),
    SHADE: (INK, FAINT, ACCENT, WARNING, GOOD),
    BUTTON: (INK,),
    HOVERED: (INK,),
    LIT: (LIT_INK,),
}
"""Colours of texts, by the colour behind them."""
_TEXTS_KEPT = 128
ELLIPSIS = "..."


@lru_cache(maxsize=16)
def font(size: int) -> pygame.font.Font:
    """pygame's own font, in pixels."""
    return pygame.font.Font(None, size)


@lru_cache(maxsize=512)
def printable(words: str) -> str:
    """The same on one line, with `?` for what the font cannot draw."""
    plain = " ".join(words.split())
    face = font(16)
    return "".join(one if one.isprintable() and face.metrics(one)[0] is not None else "?" for one in plain)


@lru_cache(maxsize=_TEXTS_KEPT)
def _written(words: str, size: int, colour: Colour) -> pygame.Surface:
    return font(size).render(words, True, colour)


def write(
    screen: pygame.Surface,
    words: str,
    at: tuple[int, int],
    size: int,
    colour: Colour = INK,
    *,
    middle: bool = False,
    right: bool = False,
) -> int:
    """Write one line; the width that it takes. `middle` centres it on `at`, `right` ends it there."""
    surface = _written(printable(words), size, colour)
    anchor = "midtop" if middle else "topright" if right else "topleft"
    screen.blit(surface, surface.get_rect(**{anchor: at}))
    return surface.get_width()


def width_of(words: str, size: int) -> int:
    """Pixels that a line takes."""
    return font(size).size(printable(words))[0]


def shortened(words: str, size: int, width: int) -> str:
    """The same where it fits into `width` pixels, else its start and its end."""
    words = printable(words)
    if width_of(words, size) <= width:
        return words
    fewest, most = 0, len(words)
    while fewest < most:  # the largest number of characters that fits
        kept = (fewest + most + 1) // 2
        if width_of(_cut(words, kept), size) <= width:
            fewest = kept
        else:
            most = kept - 1
    return _cut(words, fewest)


def _cut(words: str, kept: int) -> str:
    end = kept // 3
    return words[: kept - end] + ELLIPSIS + words[len(words) - end :]


def wrapped(words: str, size: int, width: int, most: int) -> list[str]:
    """Words in at most `most` lines of `width` pixels; the last is shortened if they do not fit."""
    lines, rest = [], printable(words).split(" ")
    while rest and len(lines) < most - 1:
        count = 1
        while count < len(rest) and width_of(" ".join(rest[: count + 1]), size) <= width:
            count += 1
        lines.append(shortened(" ".join(rest[:count]), size, width))
        rest = rest[count:]
    return [*lines, shortened(" ".join(rest), size, width)] if rest else lines


class Picture:
    """A picture of cells on a surface of its own, uploaded once whenever it changes."""

    def __init__(self) -> None:
        """No picture yet."""
        self.surface = pygame.Surface((1, 1))
        self.uploads, self.detail = 0, 1

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.surface.get_height() // self.detail, self.surface.get_width() // self.detail

    def upload(self, frame: UInt8[np.ndarray, "height width 3"], detail: int = 1) -> None:
        """Show this frame, of so many pixels a cell, from now on."""
        self.detail = detail
        size = (frame.shape[1], frame.shape[0])
        if self.surface.get_size() != size:
            self.surface = pygame.Surface(size)
        pygame.surfarray.blit_array(self.surface, np.swapaxes(frame, 0, 1))
        self.uploads += 1

    def draw(self, screen: pygame.Surface, area: Area, camera: Camera) -> None:
        """Draw what the camera sees of it; only the visible cells are enlarged."""
        rows, columns = self.cells
        scale, detail = camera.scale(area, rows, columns), self.detail
        left, top = camera.corner(area, rows, columns)
        first = (max(0, int((area.left - left) / scale)), max(0, int((area.top - top) / scale)))
        last = (
            min(columns, int((area.left + area.width - left) / scale) + 1),
            min(rows, int((area.top + area.height - top) / scale) + 1),
        )
        if last[0] <= first[0] or last[1] <= first[1]:
            return
        wide, high = last[0] - first[0], last[1] - first[1]
        seen = self.surface.subsurface((first[0] * detail, first[1] * detail, wide * detail, high * detail))
        size = (max(1, round(wide * scale)), max(1, round(high * scale)))
        enlarged = pygame.transform.scale if detail == 1 else pygame.transform.smoothscale
        before = screen.get_clip()
        screen.set_clip(pygame.Rect(area))
        screen.blit(enlarged(seen, size), (left + round(first[0] * scale), top + round(first[1] * scale)))
        screen.set_clip(before)
