"""Lenia: states between 0 and 1 that grow or fade by the weighted mean of wide rings around each cell.

References:
    Chan (2019), "Lenia: Biology of Artificial Life", Complex Systems 28(3), arXiv:1812.05433, sections 2.2 and 2.3.
    Chan (2020), "Lenia and Expanded Universe", arXiv:2005.03742: several kernels and channels.
    Kawaguchi, Suzuki, Arita, Chan (2021), "Introducing asymptotics to the state-updating rule in Lenia", ALIFE 2021.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.automata.lenia_growth import Growth, Kernel
from ffnca.grid.boundary import Boundary
from ffnca.lattice import Lattice, Value
from ffnca.render import signed

COLOURS = "inferno"
_SHADES = 16
"""Levels of red, of green and of blue with which a page draws several channels."""


@partial(jax.tree_util.register_dataclass, data_fields=["growth", "time_step"], meta_fields=["asymptotic"])
@dataclass(frozen=True, eq=False)
class Lenia:
    """Lenia on a lattice. States are float32 (..., H, W, C), from 0 to 1.

    Attributes:
        growth: What every cell grows by.
        time_step: Share of the growth that a step adds.
        asymptotic: Whether cells approach a state that they want to have, instead of growing without end.
    """

    growth: Growth
    time_step: Float[Array, ""]
    asymptotic: bool = False

    @classmethod
    def of(
        cls,
        kernel: Float[np.ndarray, "side side"],
        *,
        centre: float,
        width: float,
        time_step: float,
        growth: str = "polynomial",
        boundary: Boundary = "wrap",
        fourier_size: tuple[int, int] | None = None,
    ) -> "Lenia":
        """Lenia of one kernel; with `fourier_size`, by Fourier transform on a grid of that height and width."""
        kernels = [Kernel(kernel, centre, width)]
        return cls(
            Growth.of(kernels, shape=growth, boundary=boundary, fourier_size=fourier_size), jnp.float32(time_step)
        )

    @property
    def boundary(self) -> Boundary:
        """What lies beyond the edge."""
        return self.growth.boundary

    def change(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """By how much every cell grows in a unit of time."""
        return self.growth.aims(state) - state if self.asymptotic else self.growth.wanted(state)

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """Add a share of the growth, within 0 and 1; deterministic, `key` is not used."""
        return jnp.clip(state + self.time_step * self.change(state), 0.0, 1.0)

    def described_change(self, lattice: Lattice) -> Value:
        """`change` as data."""
        if self.asymptotic:
            return self.growth.described_aims(lattice) - lattice.state
        return self.growth.described_wanted(lattice)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        grown = lattice.state + self.described_change(lattice) * float(self.time_step)
        return grown.maximum(0.0).minimum(1.0)

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """One channel dark through red to pale yellow; of several, the first three as red, green and blue."""
        return coloured(np.asarray(state))


def coloured(state: Float[np.ndarray, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
    """A state in the colours of Lenia."""
    if state.shape[-1] == 1:
        return mapped(state[..., 0])
    lit = np.zeros((*state.shape[:-1], 3))
    lit[..., : state.shape[-1]] = np.clip(np.nan_to_num(state[..., :3]), 0, 1)
    return np.rint(255 * lit).astype(np.uint8)


def mapped(level: Float[np.ndarray, "*levels"]) -> UInt8[np.ndarray, "*levels 3"]:
    """Levels from 0 to 1 in the colours of Lenia."""
    import matplotlib  # which makes a folder in the user's home when it is imported

    colours: Any = matplotlib.colormaps[COLOURS](np.nan_to_num(level), bytes=True)
    return colours[..., :3]


def colours_of(channels: int) -> UInt8[np.ndarray, "level 3"]:
    """The colours from which `described_colour` picks."""
    if channels == 1:
        return mapped(np.linspace(0, 1, 256))
    shades = np.stack(np.meshgrid(*[np.arange(_SHADES)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return np.rint(255 / (_SHADES - 1) * shades).astype(np.uint8)


def described_colour(automaton: Any, lattice: Lattice) -> Value:
    """`coloured` as data: from 0, the first of `colours_of`, to 1, the last."""
    state = lattice.state
    if state.channels == 1:
        return state
    shown = state[:3].maximum(0.0).minimum(1.0) * float(_SHADES - 1)
    places = np.array([_SHADES**2, _SHADES, 1][: shown.channels]) / (_SHADES**3 - 1)
    return shown.lookup(np.arange(_SHADES)).dense(places[:, None])


def drawn_potential(automaton: Any, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "H W 3"]:
    """The weighted mean that each cell sees, of several kernels their mean, in the colours of one channel."""
    return mapped(np.asarray(_potential(automaton.growth, state)))


def drawn_growth(automaton: Any, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "H W 3"]:
    """Where it fades, blue, and where it grows, red; of several channels their mean."""
    return signed(np.asarray(_wanted(automaton.growth, state)), 1.0)


def described_potential(automaton: Any, lattice: Lattice) -> Value:
    """`drawn_potential` as data."""
    return _described_mean(automaton.growth.described_potentials(lattice))


def described_growth(automaton: Any, lattice: Lattice) -> Value:
    """`drawn_growth` as data: from 0, where it fades, to 1."""
    return (_described_mean(automaton.growth.described_wanted(lattice)) * 0.5 + 0.5).maximum(0.0).minimum(1.0)


def _described_mean(value: Value) -> Value:
    return value if value.channels == 1 else value.dense(np.full((value.channels, 1), 1 / value.channels))


@jax.jit
def _potential(growth: Growth, state: Array) -> Array:
    return growth.potentials(state).mean(-1)


@jax.jit
def _wanted(growth: Growth, state: Array) -> Array:
    return growth.wanted(state).mean(-1)


@jax.jit
def mass(automaton: Any, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Sum of all states."""
    return jnp.sum(state)


@jax.jit
def population(automaton: Any, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Cells with a channel above a tenth."""
    return jnp.sum(jnp.max(state, -1) > 0.1, dtype=jnp.float32)
