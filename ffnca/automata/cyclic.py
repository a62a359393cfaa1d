"""Cyclic automata: a cell takes the next state of a ring once enough of its neighbours have it; and excitable media.

References:
    Fisch, Gravner, Griffeath (1991), "Threshold-range scaling of excitable cellular automata", Statistics and
        Computing 1, 23-39.
    Greenberg, Hastings (1978), "Spatial patterns for discrete models of diffusion in excitable media", SIAM Journal
        on Applied Mathematics 34, 515-523.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.seeds import soup
from ffnca.grid.windows import neighbourhood
from ffnca.lattice import Lattice, Value
from ffnca.render import ramp

_RING = [(24, 32, 76), (28, 108, 140), (136, 200, 170), (252, 238, 196), (238, 158, 86), (190, 58, 70), (92, 30, 84)]
"""Night, sea, cream, fire and back to night."""
_REST = (14, 14, 34)
_COOLING = [(255, 244, 214), (250, 160, 60), (190, 50, 70), (90, 28, 92), (34, 22, 60)]


@jax.tree_util.register_static
@dataclass(frozen=True)
class Cyclic:
    """A cyclic automaton. States are float32 (..., H, W, 1): whole numbers from 0 up to `num_states`, not including it.

    Attributes:
        num_states: How many states there are; after the last comes 0 again.
        threshold: Neighbours in the next state with which a cell takes it.
        reach: Of the furthest neighbours, in cells.
        neighbourhood: `moore` or `von_neumann`.
        excitable: Greenberg and Hastings's medium: only cells at rest, 0, need neighbours for their next state; the
            others take it by themselves.
        boundary: What lies beyond the edge; with `zero` no cell, not even one in state 0.
    """

    num_states: int
    threshold: int = 1
    reach: int = 1
    neighbourhood: str = "moore"
    excitable: bool = False
    boundary: Boundary = "wrap"

    @property
    def halo(self) -> int:
        """How far a cell sees, in cells."""
        return self.reach

    @property
    def _neighbours(self) -> Bool[np.ndarray, "side side"]:
        """Which cells count, the cell itself in the middle and none of them."""
        inside = neighbourhood(self.reach, self.neighbourhood).copy()
        inside[self.reach, self.reach] = False
        return inside

    @compiled
    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """Count the neighbours ahead, and move on; deterministic, `key` is not used."""
        height, width = state.shape[-3:-1]
        ahead = jnp.where(state >= self.num_states - 1, 0.0, state + 1)
        sought = (ahead + 1).astype(jnp.uint8)
        around = pad(state + 1, self.boundary, self.reach).astype(jnp.uint8)  # 0 for no cell at all
        count = jnp.zeros(state.shape, jnp.uint8)  # at most 120 neighbours
        for row, column in np.argwhere(self._neighbours):
            seen = around[..., row : row + height, column : column + width, :]
            count += (seen == sought).astype(jnp.uint8)
        moves = count >= self.threshold
        if self.excitable:
            moves |= state > 0.5
        return jnp.where(moves, ahead, state)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        every = np.eye(self.num_states)
        states = lattice.concatenate([lattice.state.lookup(row) for row in every])
        counts = states.each_convolved(self._neighbours[None])
        following = [*range(1, self.num_states), 0]
        moves = (states * counts[following]).sum() > self.threshold - 0.5
        if self.excitable:
            moves = moves.maximum(lattice.state > 0.5)
        return lattice.where(moves, lattice.state.lookup(following), lattice.state)

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """A colour for each state."""
        cells = np.clip(np.nan_to_num(np.asarray(state)[..., 0]), 0, self.num_states - 1)
        return colours(self)[np.rint(cells).astype(int)]


def colours(automaton: Cyclic) -> UInt8[np.ndarray, "state 3"]:
    """A ring of colours; for an excitable medium, dark at rest and cooling down from bright when excited."""
    if automaton.excitable:
        return np.concatenate([ramp([_REST], 1), ramp(_COOLING, automaton.num_states - 1)])
    return ramp([*_RING, _RING[0]], automaton.num_states + 1)[:-1]


def random_states(
    size: tuple[int, int], num_states: int, density: float = 1.0, *, key: PRNGKeyArray
) -> Float[Array, "H W 1"]:
    """Any state in a share of the cells, alike; 0 in the others."""
    states = draws.randint(key, (*size, 1), 0, num_states).astype(jnp.float32)
    return states * soup(size, density, key=jax.random.fold_in(key, 1))


@jax.jit
def changing(automaton: Cyclic, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Share of cells that take the next state in this step."""
    return jnp.mean(automaton.step(state, jax.random.key(0)) != state)


@jax.jit
def resting(automaton: Cyclic, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Share of cells in state 0."""
    return jnp.mean(state < 0.5)
