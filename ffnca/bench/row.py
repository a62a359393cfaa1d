"""A row of the benchmark: something measured in turn with a reference, and medians of both."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

import jax

Measured = Callable[[], float]
"""Does it once; milliseconds, or whatever the unit of its row is."""


class Pair(NamedTuple):
    """What a row compares.

    Attributes:
        ours: Measures what this program does.
        reference: Measures what it is compared with.
    """

    ours: Measured
    reference: Measured


@dataclass(frozen=True)
class Row:
    """What is measured.

    Attributes:
        name: Of what this program does.
        reference: Of what it is compared with.
        prepare: Makes both ready; called when it is the row's turn.
        repeats: How often each is measured, after once that does not count.
        unit: Of its figures, `milliseconds` or `mebibytes`.
    """

    name: str
    reference: str
    prepare: Callable[[], Pair]
    repeats: int = 9
    unit: str = "milliseconds"

    def figures(self) -> dict[str, str | float]:
        """Name, reference, the median of each in the row's unit, and their ratio.

        The two take turns, so that a machine that slows down is fair to both.
        """
        pair = self.prepare()
        for measured in pair:  # compiles, and fills what is cached
            measured()
        taken = [[measured() for measured in pair] for _ in range(self.repeats)]
        ours, reference = (median(column) for column in zip(*taken, strict=True))
        return {
            "name": self.name,
            self.unit: ours,
            "reference": self.reference,
            f"reference_{self.unit}": reference,
            "ratio": ours / reference,
        }


def timed(function: Callable[[], Any], times: int = 1) -> Measured:
    """Milliseconds of one of the `times` that a call of the function does something; waits for arrays of jax."""

    def measured() -> float:
        began = time.perf_counter()
        jax.block_until_ready(function())
        return 1000 * (time.perf_counter() - began) / times

    return measured
