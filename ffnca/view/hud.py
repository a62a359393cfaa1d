"""The texts over the world: what runs, how fast, what is learned and recorded."""

import time

import pygame

from ffnca.view.camera import Area
from ffnca.view.controller import Controller
from ffnca.view.drawing import ACCENT, FAINT, INK, WARNING, Colour, draw_chart, shade, width_of, write

SECONDS_PER_COUNT = 0.5


class Hud:
    """Writes the state of a controller, and counts its steps a second."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._counted, self._step, self._rate = 0.0, 0, 0.0

    def lines(self, controller: Controller) -> list[tuple[str, Colour]]:
        """What there is to say, with colours."""
        session, study = controller.session, controller.study
        now = time.perf_counter()
        if now - self._counted >= SECONDS_PER_COUNT:
            self._rate = max(session.step - self._step, 0) / (now - self._counted)
            self._counted, self._step = now, session.step
        state = "paused" if controller.pace.paused else f"{controller.pace.label}, {self._rate:.0f} steps/s"
        lines = [(session.simulation.world.title, INK), (f"step {session.step}, {state}", FAINT)]
        if controller.view != "colour":
            lines.append((f"view: {controller.show}", FAINT))
        if study.news is not None:
            word = "learning" if study.learning else "rested"
            lines.append((f"{word} {study.news.seconds:.0f} s, {study.news.updates} updates", ACCENT))
        elif study.learning:
            lines.append(("learner is starting", ACCENT))
        if controller.recorder.on:
            lines.append((f"recording {len(controller.recorder.frames)} ({controller.formats[0]})", WARNING))
        if controller.opener.busy:
            lines.append(("opening...", ACCENT))
        return [*lines, ("H: all keys", FAINT)]

    def draw(self, screen: pygame.Surface, area: Area, controller: Controller, size: int, *, chart: bool) -> None:
        """Draw the lines top left, and the chart bottom left if it has no other place."""
        lines, line = self.lines(controller), round(0.95 * size)
        wide = min(max(width_of(words, size) for words, _ in lines) + size, area.width)
        shade(screen, Area(area.left, area.top, wide, line * len(lines) + size))
        for place, (words, colour) in enumerate(lines):
            write(screen, words, (area.left + size // 2, area.top + size // 2 + place * line), size, colour)
        if chart:
            wide, high = min(12 * size, area.width // 2), min(7 * size, area.height // 4)
            place = Area(area.left, area.top + area.height - high, wide, high)
            shade(screen, place)
            draw_chart(screen, controller.chart, place, max(size - 3, 10))
