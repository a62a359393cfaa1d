"""The contract of every automaton: parameters only, a pure step, and one compiled rollout for all."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from ffnca.automata.compiled import is_traced
from ffnca.errors import InputError, whole_number
from ffnca.lattice import Lattice, Program, Value

Form = tuple[Callable[[Any], Any], Callable[[Any, Any], Any], Callable[[Any], Any]]
"""How to begin, to step and to end."""
_MOST_STEPS = 2**31 - 1


@runtime_checkable
class Automaton(Protocol):
    """A pytree of parameters with a step and a picture."""

    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """The next state; pure."""
        ...

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The state as RGB."""
        ...


@runtime_checkable
class Described(Protocol):
    """An automaton that can say what it does as data, for pages and other tools."""

    @property
    def boundary(self) -> str:
        """What lies beyond the edge: `wrap`, `zero` or `reflect`."""
        ...

    def described(self, lattice: Lattice, /) -> Value:
        """Write the step of `lattice.state` down, and give its result."""
        ...


@runtime_checkable
class Encoded(Protocol):
    """An automaton that steps faster on another form of its states; `rollout` keeps them in that form meanwhile."""

    def encode(self, state: Float[Array, "*batch H W C"], /) -> Any:
        """The state in that form, as a pytree."""
        ...

    def step_encoded(self, code: Any, key: PRNGKeyArray, /) -> Any:
        """The next state in that form; decoded it is what `step` gives."""
        ...

    def decode(self, code: Any, /) -> Float[Array, "*batch H W C"]:
        """The state again."""
        ...


@runtime_checkable
class Local(Protocol):
    """An automaton whose grid can be split over devices, see `ffnca.automata.split`.

    A step sees other cells by `ffnca.grid.boundary.pad` alone, and draws by `ffnca.draws.bernoulli_of_cells` alone.
    """

    @property
    def halo(self) -> int | None:
        """How far a cell sees at once, in cells; None if this one cannot be split."""
        ...


@runtime_checkable
class Random(Protocol):
    """An automaton that draws numbers in a step, and can say what no draw exceeds."""

    def largest_change(self, state: Float[Array, "*batch H W C"], /) -> Float[Array, ""]:
        """The most by which a number of the state could change in one step, whatever is drawn."""
        ...


def described_automaton(automaton: Automaton) -> Described:
    """The automaton, as one that can be described.

    Raises:
        InputError: If it has no description.
    """
    if not isinstance(automaton, Described):
        raise InputError(f"a {type(automaton).__name__} has no description as data; allowed: automata that have one")
    return automaton


def step_program(automaton: Automaton, channels: int) -> Program:
    """`step` as data, for states of so many channels.

    Raises:
        InputError: If the automaton, its rule or something that it perceives has no description.
    """
    described = described_automaton(automaton)
    lattice = Lattice(channels, described.boundary)
    return lattice.program(described.described(lattice))


def rollout(
    automaton: Automaton,
    state: Float[Array, "*batch H W C"],
    num_steps: int | Int[Array, ""],
    *,
    key: PRNGKeyArray,
    first_step: int | Int[Array, ""] = 0,
    every: int | None = None,
) -> Float[Array, "*batch H W C"] | Float[Array, "time *batch H W C"]:
    """Run many steps as one compiled loop; compiled once for any number of steps.

    `jax.grad` and `jax.jvp` go through it where `num_steps` is a Python integer, since a loop of unknown length has no
    derivative backwards; that compiles anew for each number of steps and keeps every state, as backpropagation through
    time must. No trainer here differentiates a rollout.

    Args:
        automaton: Any automaton, as a pytree.
        state: Where to start.
        num_steps: How many steps.
        key: The key of step t is `fold_in(key, t)`.
        first_step: The t of the first step, so that a run in pieces equals a run in one.
        every: Give the whole trajectory, each so many steps, from one scan; `num_steps` is a multiple of it. Compiled
            anew for each number of states.

    Returns:
        The state after `num_steps` steps; or the states after `every`, 2 `every`, ... steps, time in front.

    Raises:
        InputError: If `num_steps` or `first_step` is no whole number from 0 on, their sum is above 2^31 - 1, or
            `num_steps` is no multiple of `every`.
    """
    done = 0 if is_traced(first_step) else whole_number(first_step, "first_step", 0, _MOST_STEPS)
    if every is not None or not is_traced(num_steps):
        num_steps = whole_number(num_steps, "num_steps", 0, _MOST_STEPS - done)
    begun = jnp.asarray(first_step if is_traced(first_step) else done)
    if every is not None:
        every = whole_number(every, "every", 1, _MOST_STEPS)
        if num_steps % every:
            raise InputError(f"num_steps: {num_steps}; allowed with every = {every}: a multiple of it")
        through = _differentiable_trajectory if is_traced(automaton, state) else _trajectory
        return through(num_steps // every, every, automaton, state, key, begun)
    if not is_traced(automaton, state):
        return _rolled(automaton, state, jnp.asarray(num_steps), key, begun)
    if isinstance(num_steps, int):
        return _counted(num_steps, automaton, state, key, begun)
    return _differentiable_roll(automaton, state, num_steps, key, begun)


@jax.jit
def _rolled(
    automaton: Automaton, state: Array, num_steps: Int[Array, ""], key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    return _looped(form_of(automaton), state, num_steps, key, first_step)


@partial(jax.jit, static_argnames=("num_states", "every"))
def _trajectory(
    num_states: int, every: int, automaton: Automaton, state: Array, key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    return _scanned(form_of(automaton), num_states, every, state, key, first_step)


def _looped(
    form: Form, state: Array, num_steps: Int[Array, ""], key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    encode, step, decode = form

    def advance(number: Int[Array, ""], moving: Any) -> Any:
        return step(moving, jax.random.fold_in(key, number))

    last = jax.lax.fori_loop(first_step, first_step + num_steps, advance, encode(state))
    return decode(last).astype(state.dtype)


def _scanned(
    form: Form, num_states: int, every: int, state: Array, key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    encode, step, decode = form

    def advance(moving: Any, number: Int[Array, ""]) -> tuple[Any, None]:
        return step(moving, jax.random.fold_in(key, number)), None

    def stretch(moving: Any, begun: Int[Array, ""]) -> tuple[Any, Array]:
        moved, _ = jax.lax.scan(advance, moving, begun + jnp.arange(every))
        return moved, decode(moved).astype(state.dtype)

    return jax.lax.scan(stretch, encode(state), first_step + every * jnp.arange(num_states))[1]


def form_of(automaton: Automaton) -> Form:
    """How to begin, to step and to end: by its encoded form if it has one."""
    if isinstance(automaton, Encoded):
        return automaton.encode, automaton.step_encoded, automaton.decode
    return _plain_form(automaton)


def _plain_form(automaton: Automaton) -> Form:
    """By the step itself, which has a derivative; an encoded form need not have one."""
    return lambda state: state, automaton.step, lambda state: state


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _counted(
    num_steps: int, automaton: Automaton, state: Array, key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    return _rolled(automaton, state, jnp.asarray(num_steps), key, first_step)


@_counted.defjvp
def _counted_jvp(num_steps: int, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    def scanned(automaton: Automaton, *rest: Array) -> Array:
        return _scanned(_plain_form(automaton), 1, num_steps, *rest)[0]

    return jax.jvp(scanned, primals, tangents)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _differentiable_trajectory(
    num_states: int, every: int, automaton: Automaton, state: Array, key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    return _trajectory(num_states, every, automaton, state, key, first_step)


@_differentiable_trajectory.defjvp
def _trajectory_jvp(num_states: int, every: int, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    def scanned(automaton: Automaton, *rest: Array) -> Array:
        return _scanned(_plain_form(automaton), num_states, every, *rest)

    return jax.jvp(scanned, primals, tangents)


@jax.custom_jvp
def _differentiable_roll(
    automaton: Automaton, state: Array, num_steps: Int[Array, ""], key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    return _rolled(automaton, state, num_steps, key, first_step)


@_differentiable_roll.defjvp
def _roll_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    def looped(automaton: Automaton, *rest: Array) -> Array:
        return _looped(_plain_form(automaton), *rest)

    return jax.jvp(looped, primals, tangents)
