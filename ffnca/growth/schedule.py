"""How long to train and how the learning rate falls: quality comes with the falling rate, so it fits the budget."""

import math
from typing import NamedTuple

FINAL_SHARE = 0.01


class Budget(NamedTuple):
    """Minutes on the clock, or a number of updates, whichever is given.

    With updates, the result depends on the seed alone; with minutes also on the speed of the machine.
    """

    minutes: float | None = None
    updates: int | None = None

    def fraction(self, seconds: float, updates: int) -> float:
        """Share of the budget that is used up, 1 or more at its end."""
        if self.updates is not None:
            return updates / self.updates
        if self.minutes is not None:
            return seconds / (60 * self.minutes)
        raise ValueError("a budget needs minutes or updates")


def falling_rate(learning_rate: float, fraction: float) -> float:
    """Cosine from the full rate to `FINAL_SHARE` of it.

    Reference:
        Loshchilov and Hutter (2017), arXiv:1608.03983, equation 5, without restarts.
    """
    fall = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    return learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * fall)
