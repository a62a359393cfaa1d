"""Any automaton with walls: cells that never live."""

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8

from ffnca.automata.base import Automaton, described_automaton
from ffnca.automata.compiled import compiled
from ffnca.lattice import Lattice, Value


class Walled(nnx.Module):
    """An automaton whose walled cells are zero after every step. Without walls it is the automaton itself."""

    def __init__(self, inner: Automaton, wall: Bool[Array, "H W"]) -> None:
        """Put walls into an automaton.

        Args:
            inner: Any automaton.
            wall: Where nothing lives.
        """
        self.inner = nnx.data(inner)
        self.wall = nnx.data(jax.numpy.asarray(wall))

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """The next state, with nothing in the walls."""
        return jax.numpy.where(self.wall[..., None], 0.0, self.inner.step(state, key))

    @property
    def boundary(self) -> str:
        """What lies beyond the edge."""
        return described_automaton(self.inner).boundary

    def described(self, lattice: Lattice) -> Value:
        """`step` as data.

        Raises:
            InputError: If the automaton within has no description.
        """
        return described_automaton(self.inner).described(lattice) * (1.0 - np.asarray(self.wall, np.float32)[..., None])

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The state as RGB; walls are not drawn."""
        return self.inner.render(state)
