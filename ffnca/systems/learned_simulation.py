"""A simulation that knows what its rule was trained as, so that it can be evaluated."""

from dataclasses import dataclass
from typing import Any

from ffnca.simulation import Simulation


@dataclass(frozen=True, eq=False, repr=False)
class LearnedSimulation(Simulation):
    """What runs, with what was trained.

    Attributes:
        trainee: The rule, and what it learned from.
    """

    trainee: Any = None
