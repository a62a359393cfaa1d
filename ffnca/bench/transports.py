"""Exact transport of position codes beside learned transport: what cells perceive, and a step of the default rules."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.nca import NCA
from ffnca.bench.learning import EMOJI
from ffnca.bench.learning import SIDE as BODY
from ffnca.bench.row import Measured, Pair, Row, timed
from ffnca.bench.steps import living
from ffnca.systems.growth.creature import Creature

SIDE, TIMES = 72, 20

Seen = Callable[[NCA, Float[Array, "H W C"], PRNGKeyArray], Float[Array, "H W any"]]


def transport_rows(quick: bool) -> list[Row]:
    """A row of perceptions and one of steps, where all cells live; none in a quick run, since they compile for long."""
    if quick:
        return []
    return [
        Row(f"{name}, {SIDE}x{SIDE}, exact transport", "by learned transport", partial(_beside, what), 41)
        for name, what in (("perception", _perceived), ("step of the default rule", _stepped))
    ]


def _beside(what: Seen) -> Pair:
    blank = Creature.for_target(EMOJI, BODY)
    state, key = living(SIDE), jax.random.key(0)

    def measured(creature: Creature) -> Measured:
        return timed(lambda: repeated(what, creature.automaton, state, TIMES, key=key), TIMES)

    return Pair(measured(blank), measured(blank.reshaped(transport="learned")))


@partial(jax.jit, static_argnames="what")
def repeated(
    what: Seen, automaton: NCA, state: Float[Array, "H W C"], times: int, *, key: PRNGKeyArray
) -> Float[Array, "H W C"]:
    """Do it so many times over, each time to about the same state, in which all cells go on living."""
    return jax.lax.fori_loop(0, times, lambda _, moving: moving + 1e-9 * what(automaton, moving, key), state)


def _perceived(automaton: NCA, state: Float[Array, "H W C"], _: PRNGKeyArray) -> Float[Array, "H W 1"]:
    return jnp.sum(automaton.perceive(state), -1, keepdims=True)


def _stepped(automaton: NCA, state: Float[Array, "H W C"], key: PRNGKeyArray) -> Float[Array, "H W C"]:
    return automaton.step(state, key)
