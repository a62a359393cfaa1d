"""The strip chart: relative MSE and mean goodness over the last frames."""

import math
from collections import deque

from ffnca.view.session import Vitals

LENGTH = 240
ERROR_DECADES = (-4.0, 0.5)
"""Powers of ten at the bottom and the top of the error axis."""


class Chart:
    """The last vitals, and where they lie on a chart of 1 x 1."""

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

    def error_line(self) -> list[tuple[float, float]]:
        """Points (x, y) of the relative MSE on a logarithmic axis, (0, 0) bottom left."""
        low, high = ERROR_DECADES
        return [
            (index / (LENGTH - 1), _within((math.log10(max(vitals.error or 0.0, 1e-9)) - low) / (high - low)))
            for index, vitals in enumerate(self.vitals)
        ]

    def goodness_line(self) -> list[tuple[float, float]]:
        """Points (x, y) of the mean goodness, 0 at the top, -1 at the bottom, the square root drawn."""
        return [
            (index / (LENGTH - 1), 1 - _within(math.sqrt(max(-(vitals.goodness or 0.0), 0.0))))
            for index, vitals in enumerate(self.vitals)
        ]


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else 1.0
