"""How long to train and how the learning rate falls: quality comes with the falling rate, so it fits the budget."""

import math
from dataclasses import dataclass
from numbers import Integral, Real

from ffnca.errors import InputError

FINAL_SHARE = 0.01
MAX_MINUTES = 60 * 24 * 7
MAX_UPDATES = 10**9
UPDATES_TO_LEARN = ((16, 1000), (24, 1500), (42, 3000), (64, 6000), (128, 12_000))
"""Longer side in cells, and about how many updates a body of at most that size needs.

After 1,500 updates creatures of 24 cells are at 0.001 to 0.003, after 1,000 at 0.01; at 40 cells 0.01 takes 2,900
(scripts/README.md). Half as many leave fog. Larger bodies are known from single runs only.
"""


@dataclass(frozen=True)
class Budget:
    """Minutes on the clock, or a number of updates, whichever is given; compiling is not counted.

    With updates, the result depends on the seed alone; with minutes also on the speed of the machine.

    Attributes:
        minutes: More than 0, up to `MAX_MINUTES`.
        updates: From 1 to `MAX_UPDATES`.

    Raises:
        InputError: If none or both are given, or one is out of range.
    """

    minutes: float | None = None
    updates: int | None = None

    def __post_init__(self) -> None:
        """Check at once, not after the first round of training."""
        minutes, updates = self.minutes, self.updates
        if (minutes is None) == (updates is None):
            raise InputError(f"a budget of {minutes!r} minutes, {updates!r} updates: give one of the two")
        if minutes is not None and not (_is_number(minutes, Real) and 0 < minutes <= MAX_MINUTES):
            raise InputError(f"minutes {_said(minutes)}: allowed is more than 0, up to {MAX_MINUTES}")
        if updates is not None and not (_is_number(updates, Integral) and 1 <= updates <= MAX_UPDATES):
            raise InputError(f"updates {_said(updates)}: allowed is a whole number from 1 to {MAX_UPDATES}")

    def __str__(self) -> str:
        """As in `10 minutes` or `3000 updates`."""
        return f"{self.updates} updates" if self.updates is not None else f"{self.minutes:g} minutes"

    def fraction(self, seconds: float, updates: int) -> float:
        """Share of the budget that is used up, 1 or more at its end."""
        if self.updates is not None:
            return updates / self.updates
        return seconds / (60 * float(self.minutes or math.nan))


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)[:40]


def updates_to_learn(longest: int, num_bodies: int = 1) -> int:
    """About how many updates bodies of this size need until they grow as drawn, by `UPDATES_TO_LEARN`."""
    each = next((updates for size, updates in UPDATES_TO_LEARN if longest <= size), UPDATES_TO_LEARN[-1][1])
    return num_bodies * each


def falling_rate(learning_rate: float, fraction: float) -> float:
    """Cosine from the full rate to `FINAL_SHARE` of it.

    Reference:
        Loshchilov and Hutter (2017), arXiv:1608.03983, equation 5, without restarts.
    """
    fall = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    return learning_rate * (FINAL_SHARE + (1 - FINAL_SHARE) * fall)
