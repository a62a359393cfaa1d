"""Wireworld: electrons that run along wires, and compute where wires meet.

Reference:
    Silverman (1987); Dewdney (1990), "The cellular automata programs that create Wireworld, Rugworld and other
        diversions", Scientific American 262(1), 146-149.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.grid.boundary import Boundary, pad
from ffnca.lattice import Lattice, Value

EMPTY, HEAD, TAIL, CONDUCTOR = range(4)
COLOURS = np.array([(16, 18, 28), (110, 200, 255), (232, 84, 62), (206, 156, 66)], np.uint8)
"""Of each state: dark ground, blue heads, red tails, copper."""
_FOLLOWING = (EMPTY, TAIL, CONDUCTOR, CONDUCTOR)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Wireworld:
    """Wireworld. States are float32 (..., H, W, 1): 0 empty, 1 the head of an electron, 2 its tail, 3 a conductor.

    Attributes:
        boundary: What lies beyond the edge.
    """

    halo: ClassVar[int] = 1

    boundary: Boundary = "zero"

    @compiled
    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """Heads become tails, tails conductors, conductors with one or two heads beside them heads; `key` is unused."""
        height, width = state.shape[-3:-1]
        around = pad((state == HEAD).astype(state.dtype), self.boundary)
        heads = sum(
            (around[..., row : row + height, column : column + width, :] for row in range(3) for column in range(3)),
            start=jnp.zeros_like(state),
        )
        fires = (state == CONDUCTOR) & (heads > 0.5) & (heads < 2.5)
        passed = jnp.where(state == HEAD, float(TAIL), jnp.where(state == TAIL, float(CONDUCTOR), state))
        return jnp.where(fires, float(HEAD), passed)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        heads = lattice.state.lookup([0, 1, 0, 0]).convolve(np.ones((1, 1, 3, 3)))
        fires = lattice.state.lookup([0, 0, 0, 1]) * heads.lookup([0, 1, 1, *7 * [0]])
        return lattice.where(fires, float(HEAD), lattice.state.lookup(_FOLLOWING))

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """A colour for each state."""
        return COLOURS[np.clip(np.rint(np.nan_to_num(np.asarray(state)[..., 0])), 0, CONDUCTOR).astype(int)]


@jax.jit
def electrons(automaton: Wireworld, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Cells that are heads."""
    return jnp.sum(state == HEAD, dtype=jnp.float32)
