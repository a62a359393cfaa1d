"""The contract of every automaton: parameters only, a pure step, and one compiled rollout for all."""

from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8


@runtime_checkable
class Automaton(Protocol):
    """A pytree of parameters with a step and a picture."""

    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """The next state; pure."""
        ...

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The state as RGB."""
        ...


def rollout(
    automaton: Automaton,
    state: Float[Array, "*batch H W C"],
    num_steps: int | Int[Array, ""],
    *,
    key: PRNGKeyArray,
    first_step: int | Int[Array, ""] = 0,
) -> Float[Array, "*batch H W C"]:
    """Run many steps as one compiled loop; compiled once for any number of steps.

    Args:
        automaton: Any automaton, as a pytree.
        state: Where to start.
        num_steps: How many steps.
        key: The key of step t is `fold_in(key, t)`.
        first_step: The t of the first step, so that a run in pieces equals a run in one.

    Returns:
        The state after `num_steps` steps.
    """

    return _rolled(automaton, state, jnp.asarray(num_steps), key, jnp.asarray(first_step))


@jax.jit
def _rolled(
    automaton: Automaton, state: Array, num_steps: Int[Array, ""], key: PRNGKeyArray, first_step: Int[Array, ""]
) -> Array:
    def advance(step: Int[Array, ""], moving: Array) -> Array:
        return automaton.step(moving, jax.random.fold_in(key, step))

    return jax.lax.fori_loop(first_step, first_step + num_steps, advance, state)
