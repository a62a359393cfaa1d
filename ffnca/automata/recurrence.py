"""Whether states that follow without chance come again: the period, and the step from which on they do."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ffnca.automata.base import Automaton, form_of


class Search(NamedTuple):
    """A search that has come some way; states are in the form in which the automaton steps.

    Attributes:
        state: After `step` steps.
        anchor: An earlier one, that all since are compared with.
        step: How many steps were done.
        since: How many of them since the anchor.
        reach: After how many the anchor is moved to where the search is.
        period: The number of steps after which the anchor came again; 0 as long as it has not.

    Reference:
        Brent (1980), An improved Monte Carlo factorization algorithm: the anchor is moved after 1, 2, 4, ... steps.
    """

    state: Any
    anchor: Any
    step: Int[Array, ""]
    since: Int[Array, ""]
    reach: Int[Array, ""]
    period: Int[Array, ""]


def draws_numbers(automaton: Automaton, state: Float[Array, "H W C"], *, key: PRNGKeyArray) -> bool:
    """Whether a step makes use of its key."""
    _, step, _ = form_of(automaton)
    jaxpr = jax.make_jaxpr(lambda given, state: step(form_of(automaton)[0](state), given))(key, state).jaxpr
    given = jaxpr.invars[0]
    return any(given is one for equation in jaxpr.eqns for one in equation.invars)


@jax.jit
def begun(automaton: Automaton, state: Float[Array, "H W C"]) -> Search:
    """A search from a state."""
    code, nothing = form_of(automaton)[0](state), jnp.zeros((), jnp.int32)
    return Search(code, code, nothing, nothing, nothing + 1, nothing)


@jax.jit
def searched(automaton: Automaton, search: Search, last: Int[Array, ""], key: PRNGKeyArray) -> Search:
    """The search after step `last`, or where the anchor came again."""
    _, step, _ = form_of(automaton)

    def advance(search: Search) -> Search:
        state, since = step(search.state, key), search.since + 1
        period = jnp.where(_alike(automaton, state, search.anchor), since, 0)
        moves = since == search.reach
        anchor = jax.tree.map(lambda new, old: jnp.where(moves, new, old), state, search.anchor)
        reach = jnp.where(moves, 2 * search.reach, search.reach)
        return Search(state, anchor, search.step + 1, jnp.where(moves, 0, since), reach, period)

    return jax.lax.while_loop(lambda search: (search.step < last) & (search.period == 0), advance, search)


@jax.jit
def reached(automaton: Automaton, search: Search, like: Float[Array, "H W C"]) -> Float[Array, "H W C"]:
    """The state that a search has come to, as other states are."""
    return form_of(automaton)[2](search.state).astype(like.dtype)


def entered(
    automaton: Automaton, start: Float[Array, "H W C"], period: int, piece: int, *, key: PRNGKeyArray
) -> Iterator[tuple[int, bool]]:
    """Steps from a start until states come again after `period`, found by two runs that are so far apart.

    Yields:
        The step that was come to, every `piece` steps, and whether it is the one.
    """
    first = begun(automaton, start).state
    ahead = _ahead(automaton, first, jnp.asarray(period), key)
    step, found = jnp.zeros((), jnp.int32), False
    while not found:
        step, first, ahead, found = _tandem(automaton, first, ahead, step, step + piece, key)
        yield int(step), bool(found)


@jax.jit
def _ahead(automaton: Automaton, code: Any, num_steps: Int[Array, ""], key: PRNGKeyArray) -> Any:
    step = form_of(automaton)[1]
    return jax.lax.fori_loop(0, num_steps, lambda number, moving: step(moving, key), code)


@jax.jit
def _tandem(
    automaton: Automaton, first: Any, ahead: Any, step: Int[Array, ""], last: Int[Array, ""], key: PRNGKeyArray
) -> tuple[Int[Array, ""], Any, Any, Bool[Array, ""]]:
    advance = form_of(automaton)[1]

    def both(run: tuple) -> tuple:
        step, first, ahead = run
        return step + 1, advance(first, key), advance(ahead, key)

    def goes_on(run: tuple) -> Bool[Array, ""]:
        return (run[0] < last) & ~_alike(automaton, run[1], run[2])

    step, first, ahead = jax.lax.while_loop(goes_on, both, (step, first, ahead))
    return step, first, ahead, _alike(automaton, first, ahead)


def _alike(automaton: Automaton, one: Any, other: Any) -> Bool[Array, ""]:
    """Whether two states are equal in every number; other forms of them may differ where no cell is."""
    decode = form_of(automaton)[2]
    return jnp.all(decode(one) == decode(other))
