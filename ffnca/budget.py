"""How long to train: minutes on the clock or a number of updates."""

import math
from dataclasses import dataclass
from numbers import Integral, Real

from ffnca.errors import InputError

MAX_MINUTES = 60 * 24 * 7
MAX_UPDATES = 10**9


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
