"""The chart on the screen: two panels with names, numbers and axes."""

import pygame

from ffnca.view.camera import Area
from ffnca.view.chart import Chart, Line
from ffnca.view.drawing import ACCENT, BUTTON, FAINT, GOOD, PAPER, Colour, width_of, write

LEAST_SIZE = 11
"""Of a number that can still be read, in pixels."""


def least_height(size: int) -> int:
    """Pixels that a chart with texts of this size needs."""
    return 9 * max(size, LEAST_SIZE)


def draw_chart(screen: pygame.Surface, chart: Chart, area: Area, size: int) -> None:
    """Relative MSE above ill health over the steps, with their last values."""
    size = max(size, LEAST_SIZE)
    if not chart.vitals or area.width < 8 * size or area.height < least_height(size):
        return
    last, line = chart.vitals[-1], round(1.1 * size)
    left = area.left + max(width_of(tick.text, size) for tick in chart.decade_ticks()) + size // 2
    high = (area.height - line) // 2
    lines = (
        ("relative MSE", last.error, chart.error_line(), ACCENT),
        ("ill health", last.illness, chart.illness_line(), GOOD),
    )
    for place, (name, value, points, colour) in enumerate(lines):
        top = area.top + place * high
        words = f"{name} {value:.4f}" if value is not None and value < 10 else f"{name} {value:.3g}"
        write(screen, words, (area.left, top), size, colour)
        inner = Area(left, top + line, area.left + area.width - left - 2, high - line - size // 2)
        _draw_axes(screen, chart, inner, size)
        _draw_line(screen, points, inner, colour)
    top, end = area.top + 2 * high, area.left + width_of("steps", size) + size
    write(screen, "steps", (area.left, top), size, FAINT)
    for tick in chart.step_ticks():
        middle = round(left + tick.place * (area.left + area.width - left - 2))
        wide = width_of(tick.text, size)
        start = min(max(middle - wide // 2, area.left), area.left + area.width - wide)
        if start >= end:
            write(screen, tick.text, (start, top), size, FAINT)
            end = start + wide + size


def _draw_axes(screen: pygame.Surface, chart: Chart, inner: Area, size: int) -> None:
    screen.fill(PAPER, inner)
    ticks = chart.decade_ticks()
    every = next(step for step in (1, 2, 4) if step == 4 or inner.height * step / (len(ticks) - 1) >= size)
    for number, tick in enumerate(ticks):
        y = round(inner.top + (1 - tick.place) * (inner.height - 1))
        pygame.draw.line(screen, BUTTON, (inner.left - 2, y), (inner.left + inner.width - 1, y))
        if number % every == 0:
            write(screen, tick.text, (inner.left - size // 3, y - size // 3), size, FAINT, right=True)
    for tick in chart.step_ticks():
        x = round(inner.left + tick.place * (inner.width - 1))
        pygame.draw.line(screen, BUTTON, (x, inner.top), (x, inner.top + inner.height - 1))


def _draw_line(screen: pygame.Surface, line: Line, inner: Area, colour: Colour) -> None:
    points = [(inner.left + x * (inner.width - 1), inner.top + (1 - y) * (inner.height - 1)) for x, y in line]
    if len(points) > 1:
        pygame.draw.lines(screen, colour, False, points, 2)
