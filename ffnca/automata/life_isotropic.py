"""Automata whose cells look at the shape of their neighbourhood, or die by degrees (Generations)."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.automata.life import COLOURS, Life
from ffnca.automata.life_neighbourhoods import PLACES, powers
from ffnca.automata.life_planes import Planes, decoded, encoded, stepped
from ffnca.automata.life_rule import MAX_STATES, LifeRule, parse_rule
from ffnca.errors import InputError
from ffnca.grid.boundary import BOUNDARIES, Boundary, pad
from ffnca.lattice import Lattice, Value
from ffnca.render import TRANSPARENT, Background, is_dark, laid_on
from ffnca.spec import shown

_DYING = (252, 222, 170), (245, 160, 80), (214, 70, 70), (120, 30, 90)
"""Of cells from the oldest to those that have just begun to die, on a light ground."""
_GLOWING = (70, 22, 60), (150, 36, 62), (226, 96, 44), (250, 190, 90)
"""The same on a dark one."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class IsotropicLife:
    """Any rule that is the same turned and mirrored, with cells that may die by degrees.

    States are float32 (..., H, W, 1): 1 where a cell lives, 0 where it is dead. With n states, a living cell that does
    not survive becomes (n - 2) / (n - 1), and goes down by 1 / (n - 1) each step until it is dead; meanwhile it counts
    as no neighbour, and nothing is born there. Golly's state k from 1 to n - 1 is (n - k) / (n - 1) here.

    Attributes:
        fates: Whether a dead cell is born with each of the 256 neighbourhoods, in the order of
            `life_neighbourhoods.classes`; then whether a living cell survives with each.
        num_states: 2 to 256.
        boundary: What lies beyond the edge.
    """

    halo: ClassVar[int] = 1

    fates: tuple[bool, ...]
    num_states: int = 2
    boundary: Boundary = "wrap"

    def __post_init__(self) -> None:
        """Refuse what is no such rule.

        Raises:
            InputError: If a fate is missing, the number of states is out of range, or there is no such boundary.
        """
        if len(self.fates) != 512 or not 2 <= self.num_states <= MAX_STATES or self.boundary not in BOUNDARIES:
            raise InputError(
                f"IsotropicLife with {len(self.fates)} fates, {self.num_states} states and boundary "
                f"{shown(self.boundary)}; allowed: 512, 2 to {MAX_STATES}, and {', '.join(BOUNDARIES)}"
            )

    @classmethod
    def from_notation(cls, notation: str, *, boundary: Boundary = "wrap") -> "IsotropicLife":
        """A rule by its counts or its name, e.g. "B2-a/S12", "B2/S345/C4", "345/2/4", "Star Wars".

        Raises:
            InputError: If the notation is none of a Life-like rule.
        """
        rule = _parsed(notation)
        return cls(rule.fates(), rule.num_states, boundary)

    @cached_property
    def _fates(self) -> Float[np.ndarray, " fate"]:
        return np.array(self.fates, np.float32)

    @cached_property
    def _values(self) -> Float[np.ndarray, " level"]:
        """The next state of a cell by its level, from 0 to n - 1; the same, n higher, where it is born or survives."""
        most = self.num_states - 1
        fading = np.maximum(np.arange(self.num_states) - 1, 0)
        favoured = fading.copy()
        favoured[[0, most]] = most
        return np.concatenate([fading, favoured]).astype(np.float32) / np.float32(most)

    def levels(self, state: Float[Array, "*batch H W 1"]) -> Int[Array, "*batch H W 1"]:
        """0 for the dead, `num_states` - 1 for the living, those between for the dying."""
        return jnp.clip(jnp.round(state * (self.num_states - 1)), 0, self.num_states - 1).astype(jnp.int32)

    @compiled
    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """The next generation; deterministic, `key` is not used."""
        height, width = state.shape[-3:-1]
        level = self.levels(state)
        living = (level == self.num_states - 1).astype(state.dtype)
        padded = pad(living, self.boundary).astype(jnp.int32)
        code = 256 * living.astype(jnp.int32)
        for bit, (down, across) in enumerate(PLACES):
            code += padded[..., 1 + down : 1 + down + height, 1 + across : 1 + across + width, :] << bit
        fate = jnp.asarray(self.fates, jnp.int32)[code]
        return jnp.asarray(self._values)[level + self.num_states * fate].astype(state.dtype)

    def encode(self, state: Float[Array, "*batch H W 1"]) -> Planes:
        """The level of 32 cells a word, digit by digit."""
        return encoded(self.levels(state), self.num_states - 1)

    def step_encoded(self, code: Planes, key: PRNGKeyArray) -> Planes:
        """The next generation of cells so encoded."""
        return stepped(code, self.num_states - 1, self.fates, self.boundary)

    def decode(self, code: Planes) -> Float[Array, "*batch H W 1"]:
        """Such cells as a state."""
        values = np.arange(self.num_states, dtype=np.float32) / np.float32(self.num_states - 1)
        return jnp.asarray(values)[decoded(code).astype(jnp.int32)]

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        level = (lattice.state * (self.num_states - 1.0)).lookup(np.arange(self.num_states))
        weights = powers()[None, None].astype(float)
        weights[..., 1, 1] = 256
        fate = (level > self.num_states - 1.5).convolve(weights).lookup(self._fates)
        return (level + fate * float(self.num_states)).lookup(self._values)

    @property
    def colours(self) -> UInt8[np.ndarray, "level 3"]:
        """Of each level, on a light ground."""
        return np.array([COLOURS[0], *_ramp(_DYING, self.num_states - 2), COLOURS[1]], np.uint8)

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Dark living cells on a light ground; the dying glow, and fade."""
        return self.colours[np.asarray(self.levels(state))[..., 0]]


def _parsed(notation: str) -> LifeRule:
    try:
        return parse_rule(notation)
    except InputError as error:
        raise InputError(f"notation {error}") from error


def life_automaton(notation: str, *, boundary: Boundary = "wrap") -> Life | IsotropicLife:
    """The automaton of any Life-like rule: `Life` where only counts matter, which is the faster.

    Raises:
        InputError: If the notation is none of a Life-like rule.
    """
    kind = Life if _parsed(notation).counts_only else IsotropicLife
    return kind.from_notation(notation, boundary=boundary)


def _ramp(colours: tuple[tuple[int, int, int], ...], number: int) -> Float[np.ndarray, "number 3"]:
    """So many colours, evenly from the first to the last."""
    places = np.linspace(0, len(colours) - 1, number) if number > 1 else np.full(number, (len(colours) - 1) / 2)
    return np.stack([np.interp(places, range(len(colours)), part) for part in np.transpose(colours)], -1).round()


@jax.jit
def living(automaton: IsotropicLife, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Living cells."""
    return jnp.sum(automaton.levels(state) == automaton.num_states - 1, dtype=jnp.float32)


@jax.jit
def dying(automaton: IsotropicLife, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Cells that are neither alive nor dead yet."""
    level = automaton.levels(state)
    return jnp.sum((level > 0) & (level < automaton.num_states - 1), dtype=jnp.float32)


def glowing_on(
    automaton: IsotropicLife, state: Float[Array, "H W 1"], background: Background
) -> UInt8[np.ndarray, "H W channel"]:
    """Living and dying cells on a background: light ones on a dark ground, where dark ones would not be seen."""
    level, colours = np.asarray(automaton.levels(state))[..., 0], automaton.colours
    if background != TRANSPARENT and is_dark(background):
        colours = np.array([COLOURS[1], *_ramp(_GLOWING, automaton.num_states - 2), COLOURS[0]], np.uint8)
    return laid_on(colours[level], level > 0, background)
