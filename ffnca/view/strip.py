"""The strip of text under the picture: what runs, what is learned, what the colours mean, what happened."""

import time

import pygame

from ffnca.view.camera import Area
from ffnca.view.controller import Controller
from ffnca.view.drawing import (
    ACCENT,
    BUTTON,
    FAINT,
    GOOD,
    INK,
    PAPER,
    WARNING,
    Colour,
    shortened,
    width_of,
    wrapped,
    write,
)
from ffnca.views import Legend

SECONDS_PER_COUNT = 0.5
_VIEWS = {"tiles": "all channels", "difference": "difference from the target"}
_WIDE = 27
"""Widths of a letter from which on the colour bar has a place of its own."""


class Strip:
    """Writes the state of a controller, and counts its steps a second."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._counted, self._step, self._rate = 0.0, 0, 0.0

    def parts(self, controller: Controller) -> list[tuple[str, Colour]]:
        """What there is to say, the most important first, with colours."""
        session, study = controller.session, controller.study
        now = time.perf_counter()
        if now - self._counted >= SECONDS_PER_COUNT:
            self._rate = max(session.step - self._step, 0) / (now - self._counted)
            self._counted, self._step = now, session.step
        parts = [(session.simulation.world.title or session.simulation.name, INK), (f"step {session.step}", INK)]
        if controller.recorder.on:
            parts.append((f"recording {len(controller.recorder.frames)} ({controller.formats[0]})", WARNING))
        if controller.opener.busy:
            parts.append(("opening...", ACCENT))
        if study.news is not None:
            word = "learning" if study.learning else "rested"
            parts.append((f"{word} {study.news.seconds:.0f} s, {study.news.updates} updates", ACCENT))
        elif study.learning:
            parts.append((study.starting, ACCENT))
        parts.append(
            ("paused" if controller.pace.paused else f"{controller.pace.label}, {self._rate:.0f} steps/s", FAINT)
        )
        if controller.view != "colour":
            parts.append((_VIEWS.get(controller.show, controller.show.replace(":", " ")), FAINT))
        return parts

    def draw(self, screen: pygame.Surface, area: Area, controller: Controller, size: int, hint: str) -> None:
        """Two lines: the state, then a message or a hint; beside them what the colours mean.

        Args:
            screen: Where.
            area: Of the strip.
            controller: What is shown.
            size: Of texts.
            hint: What the pointer is on, in words.
        """
        if not area.height:
            return
        screen.fill(PAPER, area)
        meaning = None if controller.worlds or controller.painting else _legend(controller)
        margin, line = size // 2, round(1.25 * size)
        first, second = area.top + margin // 2, area.top + margin // 2 + line
        wide = area.width - 2 * margin
        bar = Area(0, 0, 0, 0)
        words, colour = (controller.message, WARNING if controller.warning else INK)
        words, colour = (words, colour) if words else (hint, FAINT)
        if meaning is not None and area.width >= _WIDE * size:
            bar = Area(area.left + area.width - margin - 12 * size, first, 12 * size, 2 * line)
            wide -= bar.width + 2 * margin
        elif meaning is not None and not controller.message:
            bar, words = Area(area.left + margin, second, wide, line), ""
        self._write_parts(screen, self.parts(controller), (area.left + margin, first), wide, size)
        small = max(round(0.85 * size), 11)
        lines = wrapped(words, small, wide, 2) if width_of(words, size) > wide else [words]
        if len(lines) > 1:
            for place, one in enumerate(lines):
                write(screen, one, (area.left + margin, second - size // 5 + place * (small - 1)), small, colour)
        elif words:
            write(screen, shortened(words, size, wide), (area.left + margin, second), size, colour)
        if controller.study.learning and controller.study.news is None:
            share = round(controller.study.started_share * area.width)
            screen.fill(BUTTON, Area(area.left, area.top, area.width, 3))
            screen.fill(ACCENT, Area(area.left, area.top, share, 3))
        if meaning is not None and bar.width:
            _draw_legend(screen, meaning, bar, size)

    @staticmethod
    def _write_parts(
        screen: pygame.Surface, parts: list[tuple[str, Colour]], at: tuple[int, int], wide: int, size: int
    ) -> None:
        left, top = at
        end = left + wide
        for place, (words, colour) in enumerate(parts):
            if place == 0:
                words = shortened(words, size, min(14 * size, wide))
            if left + width_of(words, size) <= end:
                left += write(screen, words, (left, top), size, colour) + size


def _legend(controller: Controller) -> Legend | None:
    return controller.session.simulation.view(controller.show).legend


def _draw_legend(screen: pygame.Surface, meaning: Legend, area: Area, size: int) -> None:
    """A bar of the colours between the words for its ends, with numbers under it where there is room."""
    below = area.height >= 2 * size
    small = max(round(0.8 * size), 11)
    low, high, numbers = meaning.low, meaning.high, meaning.numbers
    if not below:  # beside the bar
        low, high, numbers = f"{low} {numbers[0]}".strip(), f"{numbers[-1]} {high}".strip(), ()
    start = area.left + width_of(low, small) + size // 2
    end = area.left + area.width - width_of(high, small) - size // 2
    write(screen, low, (area.left, area.top + 1), small, GOOD if meaning.low else FAINT)
    write(screen, high, (end + size // 2, area.top + 1), small, WARNING if meaning.low else FAINT)
    if end - start < len(meaning.colours) // 4:
        return
    thick = round(0.6 * size)
    for x in range(start, end):
        level = (x - start) * len(meaning.colours) // (end - start)
        pygame.draw.line(screen, meaning.colours[level].tolist(), (x, area.top + 1), (x, area.top + thick))
    for place, number in enumerate(numbers):
        x = start + round(place / (len(numbers) - 1) * (end - start - 1))
        pygame.draw.line(screen, FAINT, (x, area.top + thick), (x, area.top + thick + 2))
        write(screen, number, (x, area.top + thick + 4), small, FAINT, middle=True)
