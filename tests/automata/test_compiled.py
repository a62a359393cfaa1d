"""A step that is called by itself is compiled once; within something compiled it is a part of that."""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np

from ffnca.automata.compiled import compiled, is_traced


@jax.tree_util.register_static
@dataclass(frozen=True, eq=False)
class Counting:
    """Adds one to every cell, and notes each time that Python runs it."""

    ran: list[bool] = field(default_factory=list)

    @compiled
    def step(self, state: jax.Array, key: jax.Array) -> jax.Array:
        """One more, and the shape of the state as it is seen."""
        self.ran.append(is_traced(state))
        return state + 1


def test_a_step_is_compiled_once_for_each_shape(key: jax.Array) -> None:
    automaton = Counting()
    state = jnp.zeros((3, 4, 1))
    for _ in range(3):
        state = automaton.step(state, key)
    np.testing.assert_array_equal(automaton.step(state, key=key), np.full((3, 4, 1), 4))
    assert len(automaton.ran) in (1, 2)  # by keyword it may be another
    before = len(automaton.ran)
    automaton.step(np.zeros((2, 2, 1), np.float32), key)
    assert len(automaton.ran) == before + 1


def test_what_is_traced_runs_the_step_itself(key: jax.Array) -> None:
    """Once by itself, then once in each program around it, which could not see another's context otherwise."""
    automaton, state = Counting(), jnp.zeros((3, 4, 1))
    automaton.step(state, key)
    for number, around in enumerate((jax.jit, jax.jit, jax.vmap)):
        around(lambda one: automaton.step(one, key))(state)
        assert len(automaton.ran) == number + 2
    assert all(automaton.ran)
