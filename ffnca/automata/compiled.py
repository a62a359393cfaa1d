"""Steps that are called one by one are compiled; those that are part of something compiled become part of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import jax
from jax.core import Tracer

Step = TypeVar("Step", bound=Callable[..., Any])


def is_traced(*trees: Any) -> bool:
    """Whether any array in them stands for others, as within `jax.jit`, `jax.vmap` or `jax.grad`."""
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))


def compiled(step: Step) -> Step:
    """The method `step` of an automaton, compiled once for each form of the automaton and shape of its state.

    What is traced goes through `step` itself, so that what surrounds it sees all of it: a step whose grid is split
    over devices is another than that of the whole grid.
    """
    jitted = jax.jit(step)

    @wraps(step)
    def stepped(*given: Any, **named: Any) -> Any:
        return (step if is_traced(given, named) else jitted)(*given, **named)

    return cast(Step, stepped)
