"""How many steps a frame takes: from one a second to as many as fit."""

import math
from dataclasses import dataclass

FRAME_RATE = 60
SPEEDS = (1 / 60, 1 / 30, 1 / 15, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf)
"""Multiples of one step a frame; the last is as fast as possible."""
STEPPING_SECONDS = 0.008
"""Share of a frame's 16.7 ms that steps may take when there are more of them than fit."""


@dataclass
class Pace:
    """Steps due, frame by frame.

    Attributes:
        level: Place in `SPEEDS`.
        paused: Whether nothing is due.
    """

    level: int = SPEEDS.index(1.0)
    paused: bool = False
    _owed: float = 0.0
    _step_seconds: float = 0.004
    _before: int = SPEEDS.index(1.0)

    @property
    def label(self) -> str:
        """The speed in words."""
        speed = SPEEDS[self.level]
        return "max" if math.isinf(speed) else f"{speed:g}x" if speed >= 1 else f"1/{round(1 / speed)}x"

    def shift(self, levels: int) -> None:
        """Go faster or slower."""
        self.level = min(max(self.level + levels, 0), len(SPEEDS) - 1)

    def toggle_top(self) -> None:
        """As fast as possible, or back to the speed before."""
        top = len(SPEEDS) - 1
        if self.level == top:
            self.level = self._before
        else:
            self.level, self._before = top, self.level

    def due(self, seconds: float) -> int:
        """Steps for a frame that comes `seconds` after the last; what does not fit is not owed."""
        if self.paused:
            return 0
        most = max(1, int(STEPPING_SECONDS / self._step_seconds))
        if math.isinf(SPEEDS[self.level]):
            return most
        self._owed += SPEEDS[self.level] * seconds * FRAME_RATE
        steps = int(self._owed + 1e-6)
        self._owed = max(self._owed - steps, 0.0)
        return min(steps, most)

    def took(self, num_steps: int, seconds: float) -> None:
        """Learn how long steps take."""
        if num_steps:
            self._step_seconds += 0.3 * (seconds / num_steps - self._step_seconds)
