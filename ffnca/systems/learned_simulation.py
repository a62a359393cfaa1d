"""A simulation that knows what its rule was trained as, so that it can be evaluated, and what it is measured by."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ffnca.simulation import Simulation


@dataclass(frozen=True, eq=False, repr=False)
class LearnedSimulation(Simulation):
    """What runs, with what was trained.

    Attributes:
        trainee: The rule, and what it learned from.
    """

    trainee: Any = None


@jax.jit
def mean_goodness(automaton: Any, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Mean over the cells. A cell's counts from the best that it could become, so it is at most 0."""
    return -jnp.mean(automaton.deficit(state))
