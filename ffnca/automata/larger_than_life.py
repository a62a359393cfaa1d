"""Larger than Life: born and surviving by the number of living cells in a wide neighbourhood.

Reference:
    Evans (2001), "Larger than Life: Digital Creatures in a Family of Two-Dimensional Cellular Automata", Discrete
        Mathematics and Theoretical Computer Science Proceedings AA, 177-192.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.automata.range_rule import RangeRule, range_rule
from ffnca.grid.boundary import Boundary
from ffnca.grid.windows import neighbourhood, neighbourhood_sum
from ffnca.lattice import Lattice, Value
from ffnca.render import ramp

_PAPER = (246, 242, 230)
_INK = [(20, 70, 84), (60, 130, 128), (222, 168, 96), (236, 214, 178)]
"""Of a living cell, and of those that fade, from the newest to the oldest."""
_SHAPES = {"M": "moore", "N": "von_neumann", "C": "circular"}


@jax.tree_util.register_static
@dataclass(frozen=True)
class LargerThanLife:
    """A rule on a lattice. States are float32 (..., H, W, 1): 0 dead, 1 alive, then those of cells that fade.

    Attributes:
        rule: Its numbers.
        boundary: What lies beyond the edge.
    """

    rule: RangeRule
    boundary: Boundary = "wrap"

    @classmethod
    def from_notation(cls, notation: str, *, boundary: Boundary = "wrap") -> "LargerThanLife":
        """A rule by its numbers or its name, e.g. "R5,C0,M1,S34..58,B34..45,NM", "5,34,45,34,58", "Bosco".

        Raises:
            InputError: If the notation is none.
        """
        return cls(range_rule(notation), boundary)

    @property
    def halo(self) -> int:
        """How far a cell sees, in cells."""
        return self.rule.radius

    @compiled
    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """The next generation; deterministic, `key` is not used."""
        rule, alive = self.rule, (state == 1).astype(state.dtype)
        count = neighbourhood_sum(alive, rule.radius, _SHAPES[rule.shape], self.boundary)
        if not rule.counts_middle:
            count -= alive
        born, lives_on = (within[0] <= count for within in (rule.born, rule.survive))
        born, lives_on = born & (count <= rule.born[1]), lives_on & (count <= rule.survive[1])
        aged = jnp.where((state < 0.5) | (state >= rule.num_states - 1), 0.0, state + 1)
        return jnp.where(jnp.where(state < 0.5, born, (state == 1) & lives_on), 1.0, aged)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        rule = self.rule
        inside = neighbourhood(rule.radius, _SHAPES[rule.shape]).copy()
        inside[rule.radius, rule.radius] = rule.counts_middle
        counts = np.arange(inside.sum() + 1)
        alive = lattice.state.lookup([0, 1, *(rule.num_states - 2) * [0]])
        count = alive.convolve(inside[None, None])
        born, lives_on = (
            count.lookup((within[0] <= counts) & (counts <= within[1])) for within in (rule.born, rule.survive)
        )
        aged = lattice.state.lookup([0, *range(2, rule.num_states), 0])
        dead = lattice.state.lookup([1, *(rule.num_states - 1) * [0]])
        return lattice.where(dead * born + alive * lives_on, 1.0, aged)

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Dark living cells on paper; those that fade turn green and sand."""
        states = np.clip(np.rint(np.nan_to_num(np.asarray(state)[..., 0])), 0, self.rule.num_states - 1)
        return colours(self)[states.astype(int)]


def colours(automaton: LargerThanLife) -> UInt8[np.ndarray, "state 3"]:
    """One for each state."""
    return np.concatenate([ramp([_PAPER], 1), ramp(_INK, automaton.rule.num_states - 1)])


@jax.jit
def population(automaton: LargerThanLife, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Living cells."""
    return jnp.sum(state == 1, dtype=jnp.float32)
