"""A certificate of stability: the measures of a state at great ages, and whether it rests, recurs or wanders.

Where no chance is in a step, states are compared number by number with those before:

- *fixed point*, exact: the next state is the same. *Periodic*: the state came again after `period` steps. Either way
  all that follows is known.

Where a step draws numbers, a state can rest but have no period, and it is asked what no draw can exceed:

- *fixed point*, exact: no number would change, whatever is drawn. It stays so for ever.

If nothing of it has come to pass up to the last step, of either sort:

- *fixed point*: in the last state no number would change by more than `REST` in a step, whatever is drawn, and in the
  last nine tenths of the run no state that was looked at is farther than `REST` from the first of them in any number.
  What remains is rounding, as far as was seen; nothing is proved of what follows.
- *wandering*: all else.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.automata.base import Encoded, Random, rollout
from ffnca.automata.recurrence import begun, draws_numbers, entered, reached, searched
from ffnca.simulation import Simulation

AGES = (10_000, 100_000, 1_000_000)
REST = 1e-3
"""Of channels whose scale is 1; a quarter of a step of colours of 8 bits."""
CELLS_PER_LOOK, ENCODED = 2**21, 64
"""Cells stepped between two looks, about half a second; so many times as many in a form in which steps are faster."""


class Moved(NamedTuple):
    """How far looks at a run are from the first of them.

    Attributes:
        most: In any number.
        cells: How many cells were farther than `REST` in some number at some look.
        drawn: In any colour as it is drawn, of 255.
    """

    most: float = 0.0
    cells: int = 0
    drawn: int = 0


class _Movement:
    """Keeps what has moved since a first look."""

    def __init__(self, automaton: Any, first: Float[Array, "H W C"]) -> None:
        self._automaton, self._first = automaton, np.asarray(first)
        self._picture, self._drawn = self._colours(first), 0
        self._farthest = np.zeros(self._first.shape[:2])

    def _colours(self, state: Float[Array, "H W C"]) -> Int[np.ndarray, "H W 3"]:
        return np.asarray(self._automaton.render(state)).astype(int)

    def see(self, state: Float[Array, "H W C"]) -> None:
        """One more look."""
        distance = np.abs(np.asarray(state) - self._first).max(-1)
        self._farthest = np.maximum(self._farthest, distance)
        self._drawn = max(self._drawn, int(np.abs(self._colours(state) - self._picture).max()))

    @property
    def moved(self) -> Moved:
        return Moved(float(self._farthest.max()), int((self._farthest > REST).sum()), self._drawn)


class Stability(NamedTuple):
    """What became of a state.

    Attributes:
        verdict: `fixed point`, `periodic` or `wandering`, as this module says.
        exact: Whether all that follows is known.
        since: The step from which on it is so; where a step draws numbers, the first look at which it was so.
        period: Of what is periodic, in steps.
        largest_change: The most that a number of the last state would change in a step, whatever is drawn; None where
            the automaton draws numbers and cannot say it.
        moved: What was seen to move in the last nine tenths; None where all is known.
        measures: By age, what the simulation measures.
    """

    verdict: str
    exact: bool
    since: int | None
    period: int | None
    largest_change: float | None
    moved: Moved | None
    measures: dict[int, dict[str, float]]


class _Look(NamedTuple):
    """A state on the way; `period` is 1 where it stays and more where it recurs, and then the run ends with it."""

    step: int
    state: Float[Array, "H W C"]
    change: float | None
    period: int


def ages_until(num_steps: int) -> tuple[int, ...]:
    """The ages at which a run of so many steps is measured: those of `AGES` that it reaches, and its end."""
    return (*(age for age in AGES if age < num_steps), num_steps)


def certified(
    simulation: Simulation, num_steps: int, *, key: PRNGKeyArray, pause: Callable[[int], None] = lambda step: None
) -> Stability:
    """Run a simulation for long, and say whether it rests, recurs or wanders.

    Args:
        simulation: Any.
        num_steps: How far it is followed, at least 1; less where the rest is known.
        key: Source of what the steps draw; that of step t is `fold_in(key, t)`, as in `rollout`.
        pause: Told the step about twice a second, so that work can be shown and stopped.
    """
    automaton, ages, tenth = simulation.automaton, ages_until(num_steps), num_steps // 10
    by_chance = draws_numbers(automaton, simulation.start, key=key)
    looks = (_chance if by_chance else _lawful)(simulation, _stops(simulation, {tenth, *ages}), key)
    measures: dict[int, dict[str, float]] = {}
    movement, resting = _Movement(automaton, simulation.start), None
    look = None
    for look in looks:
        pause(look.step)
        if look.step in ages:
            measures[look.step] = simulation.measured(look.state)
        if look.step <= tenth:
            movement = _Movement(automaton, look.state)
        else:
            movement.see(look.state)
        resting = (resting or look.step) if look.change is not None and look.change <= REST else None
    assert look is not None, "there is a look at the last step"
    if look.period:
        for age in ages:
            if age > look.step:
                state = rollout(automaton, look.state, (age - look.step) % look.period, key=key)
                measures[age] = simulation.measured(state)
        since = look.step if by_chance else _since(simulation, look, key, pause)
        verdict = "fixed point" if look.period == 1 else "periodic"
        return Stability(verdict, True, since, look.period if look.period > 1 else None, look.change, None, measures)
    moved = movement.moved
    rests = resting is not None and moved.most <= REST
    verdict = "fixed point" if rests else "wandering"
    return Stability(verdict, False, resting if rests else None, None, look.change, moved, measures)


def _stops(simulation: Simulation, wanted: set[int]) -> list[int]:
    """Where to look: where it is wanted, and between as often as `CELLS_PER_LOOK` says."""
    height, width, _ = simulation.start.shape
    cells = CELLS_PER_LOOK * (ENCODED if _is_packed(simulation) else 1)
    piece = max(1, cells // (height * width))
    return sorted({*range(piece, max(wanted), piece), *wanted} - {0})


def _is_packed(simulation: Simulation) -> bool:
    """Whether steps are of a form in which a number holds several cells."""
    if not isinstance(simulation.automaton, Encoded):
        return False
    coded = simulation.automaton.encode(simulation.start)
    return sum(leaf.size for leaf in jax.tree.leaves(coded)) < simulation.start.size


def _chance(simulation: Simulation, stops: list[int], key: PRNGKeyArray) -> Iterator[_Look]:
    """Looks at a run in which numbers are drawn; the last is where none of them matters any more."""
    state, step = simulation.start, 0
    for stop in stops:
        state = rollout(simulation.automaton, state, stop - step, key=key, first_step=step)
        step = stop
        change = _largest_change(simulation.automaton, state)
        yield _Look(step, state, change, int(change == 0))
        if change == 0:
            return


def _largest_change(automaton: Any, state: Float[Array, "H W C"]) -> float | None:
    return float(_bound(automaton, state)) if isinstance(automaton, Random) else None


@jax.jit
def _bound(automaton: Random, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    return automaton.largest_change(state)


def _lawful(simulation: Simulation, stops: list[int], key: PRNGKeyArray) -> Iterator[_Look]:
    """Looks at a run in which nothing is drawn; the last is where a state has come again."""
    automaton, search = simulation.automaton, begun(simulation.automaton, simulation.start)
    for stop in stops:
        search = searched(automaton, search, jnp.asarray(stop), key)
        state = reached(automaton, search, simulation.start)
        change = float(_distance(rollout(automaton, state, 1, key=key), state))
        yield _Look(int(search.step), state, change, int(search.period))
        if search.period:
            return


def _since(simulation: Simulation, look: _Look, key: PRNGKeyArray, pause: Callable[[int], None]) -> int:
    """The first state that came again."""
    piece = _stops(simulation, {look.step})[0]
    for step, found in entered(simulation.automaton, simulation.start, look.period, piece, key=key):
        pause(look.step)
        if found:
            return step
    raise AssertionError("a state that came again is met")


@jax.jit
def _distance(one: Float[Array, "H W C"], other: Float[Array, "H W C"]) -> Float[Array, ""]:
    return jnp.max(jnp.abs(one - other))
