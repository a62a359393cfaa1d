"""The Abelian sandpile: a cell with four grains or more topples, and gives one to each of its four neighbours.

References:
    Bak, Tang, Wiesenfeld (1987), "Self-organized criticality", Physical Review Letters 59, 381-384.
    Dhar (1990), "Self-organized critical state of sandpile automaton models", Physical Review Letters 64, 1613-1616.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.errors import InputError
from ffnca.grid.boundary import Boundary, pad
from ffnca.lattice import Lattice, Value
from ffnca.spec import shown

TOPPLES_AT = 4
COLOURS = np.array([(18, 24, 58), (42, 110, 150), (244, 196, 92), (178, 62, 52), (255, 250, 240)], np.uint8)
"""Of a cell with no grain, one, two and three, and of one that will topple."""
_CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
SANDPILE_BOUNDARIES = ("zero", "wrap")


@jax.tree_util.register_static
@dataclass(frozen=True)
class Sandpile:
    """A sandpile. States are float32 (..., H, W, 1): grains of each cell, whole numbers, exact up to 2^24.

    Every cell that can topple does so once in a step, all at the same time.

    Attributes:
        boundary: `zero` lets grains fall off the edge; `wrap` keeps all of them.
    """

    halo: ClassVar[int] = 1

    boundary: Boundary = "zero"

    def __post_init__(self) -> None:
        """Refuse a mirror, which would make grains out of nothing.

        Raises:
            InputError: If the boundary is another.
        """
        if self.boundary not in SANDPILE_BOUNDARIES:
            raise InputError(f"boundary {shown(self.boundary)}; allowed for a sandpile: zero, wrap")

    @compiled
    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """Topple once; deterministic, `key` is not used."""
        topples = (state >= TOPPLES_AT).astype(state.dtype)
        around = pad(topples, self.boundary)
        beside = around[..., 1:-1, :-2, :] + around[..., 1:-1, 2:, :]
        received = beside + around[..., :-2, 1:-1, :] + around[..., 2:, 1:-1, :]
        return state - TOPPLES_AT * topples + received

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        topples = lattice.state > TOPPLES_AT - 0.5
        return lattice.state - topples * float(TOPPLES_AT) + topples.convolve(_CROSS[None, None])

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """A colour for each number of grains."""
        return COLOURS[np.clip(np.nan_to_num(np.asarray(state)[..., 0]), 0, TOPPLES_AT).astype(int)]


def stabilised(grains: Float[Array, "H W"]) -> Float[Array, "H W"]:
    """The pile after as many steps as it takes until no cell topples; grains fall off the edge.

    Args:
        grains: Of each cell, whole numbers.
    """
    return _stabilised(Sandpile("zero"), jnp.asarray(grains, jnp.float32)[..., None])[..., 0]


@jax.jit
def _stabilised(automaton: Sandpile, state: Float[Array, "H W 1"]) -> Float[Array, "H W 1"]:
    key = jax.random.key(0)
    return jax.lax.while_loop(
        lambda state: jnp.any(state >= TOPPLES_AT), lambda state: automaton.step(state, key), state
    )


def identity_start(size: tuple[int, int]) -> Float[np.ndarray, "H W"]:
    """A pile that topples to the identity of the sandpile group of this grid, whose grains fall off the edge.

    It is 6 grains in every cell less what they topple to, twice: adding it to a recurrent pile, and toppling, changes
    nothing.

    Reference:
        Creutz (1991), "Abelian sandpiles", Computers in Physics 5, 198-203.
    """
    sixes = np.full(size, 6.0, np.float32)
    return sixes - np.asarray(stabilised(jnp.asarray(sixes)))


def random_grains(size: tuple[int, int], most: int, *, key: PRNGKeyArray) -> Float[Array, "H W"]:
    """Of each cell, any number of grains up to `most`, alike."""
    return draws.randint(key, size, 0, most + 1).astype(jnp.float32)


@jax.jit
def grains(automaton: Sandpile, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """All grains."""
    return jnp.sum(state)


@jax.jit
def toppling(automaton: Sandpile, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Cells that will topple."""
    return jnp.sum(state >= TOPPLES_AT, dtype=jnp.float32)
