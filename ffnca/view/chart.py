"""The chart: relative MSE and ill health over the last steps, each on an axis of powers of ten."""

import math
from collections import deque
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from ffnca.view.session import Vitals

LENGTH = 240
DECADES = (-4, 0)
"""Powers of ten at the bottom and the top of both axes."""
FEWEST_STEPS = 60
"""That the axis of steps spans."""
_STEP_TICKS = MaxNLocator(4, steps=[1, 2, 5, 10], integer=True)
Line = list[tuple[float, float]]


class Tick(NamedTuple):
    """A mark on an axis: where, from 0 to 1, and its number."""

    place: float
    text: str


class Chart:
    """The last vitals, and where they lie on a chart of 1 x 1 with (0, 0) bottom left."""

    def __init__(self) -> None:
        """Empty."""
        self.vitals: deque[Vitals] = deque(maxlen=LENGTH)

    def add(self, vitals: Vitals) -> None:
        """Append; a step that is there already is not added twice."""
        if vitals.error is None or (self.vitals and self.vitals[-1].step == vitals.step):
            return
        if self.vitals and vitals.step < self.vitals[-1].step:
            self.vitals.clear()
        self.vitals.append(vitals)

    def error_line(self) -> Line:
        """Points (x, y) of the relative MSE."""
        return [(self._across(one.step), _up(one.error)) for one in self.vitals]

    def illness_line(self) -> Line:
        """Points (x, y) of the mean ill health of living cells."""
        return [(self._across(one.step), _up(one.illness)) for one in self.vitals]

    def step_ticks(self) -> list[Tick]:
        """Of the axis of steps."""
        if not self.vitals:
            return []
        first, last = self._span
        ticks = [(self._across(step), f"{step:.0f}") for step in _STEP_TICKS.tick_values(first, last)]
        return [Tick(place, text) for place, text in ticks if 0 <= place <= 1]

    @staticmethod
    def decade_ticks() -> list[Tick]:
        """Of both other axes, from the bottom."""
        low, high = DECADES
        return [Tick((power - low) / (high - low), f"{10.0**power:g}") for power in range(low, high + 1)]

    @property
    def _span(self) -> tuple[int, int]:
        first, last = self.vitals[0].step, self.vitals[-1].step
        return first, max(last, first + FEWEST_STEPS)

    def _across(self, step: float) -> float:
        first, last = self._span
        return (step - first) / (last - first)


def _up(value: float | None) -> float:
    low, high = DECADES
    if value is None or not math.isfinite(value):
        return 1.0
    share = (math.log10(max(value, 1e-12)) - low) / (high - low)
    return min(max(share, 0.0), 1.0)
