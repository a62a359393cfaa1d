"""Lenia: states between 0 and 1 that grow or fade by the weighted mean of a wide ring around each cell.

Reference:
    Chan (2019), "Lenia: Biology of Artificial Life", Complex Systems 28(3), arXiv:1812.05433, sections 2.2 and 2.3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray, UInt8

from ffnca.grid.boundary import Boundary
from ffnca.grid.convolution import by_fourier, by_slices, spectrum
from ffnca.lattice import Lattice, Value
from ffnca.render import signed

KERNEL_CORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "polynomial": lambda distance: (4 * distance * (1 - distance)) ** 4,
    "exponential": lambda distance: np.exp(4 - 1 / np.maximum(distance * (1 - distance), 1e-9)),
}
"""Weight of a cell by its distance within a ring, 0 at its inner edge and 1 at its outer one."""


def _polynomial(mean: Array, centre: Array, width: Array) -> Array:
    return 2 * jnp.maximum(0.0, 1 - jnp.square(mean - centre) / (9 * jnp.square(width))) ** 4 - 1


def _exponential(mean: Array, centre: Array, width: Array) -> Array:
    return 2 * jnp.exp(-jnp.square(mean - centre) / (2 * jnp.square(width))) - 1


def _fourth(value: Value) -> Value:
    square = value * value
    return square * square


GROWTHS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "polynomial": _polynomial,
    "exponential": _exponential,
}
"""Growth from -1 to 1 by the weighted mean of the neighbourhood, highest at a centre."""
DESCRIBED_GROWTHS: dict[str, Callable[[Value, float], Value]] = {
    "polynomial": lambda off, width: _fourth(((off * off / (9 * width**2)) * -1.0 + 1.0).maximum(0.0)) * 2.0 - 1.0,
    "exponential": lambda off, width: (off * off / (-2 * width**2)).exp() * 2.0 - 1.0,
}
"""The same as data, by the distance from the centre."""
COLOURS = "inferno"


def ring_kernel(radius: int, peaks: tuple[float, ...], core: str) -> Float[np.ndarray, "side side"]:
    """Concentric rings of equal width with these heights, summing to 1.

    Args:
        radius: Of the outermost ring, in cells.
        peaks: Heights of the rings from the middle outwards.
        core: A key of `KERNEL_CORES`.
    """
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    distance = np.hypot(rows, columns) / radius * len(peaks)
    ring = np.minimum(distance.astype(int), len(peaks) - 1)
    weights = (distance < len(peaks)) * KERNEL_CORES[core](distance % 1) * np.array(peaks)[ring]
    return weights / weights.sum()


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["kernel", "transformed", "centre", "width", "time_step"],
    meta_fields=["growth", "boundary"],
)
@dataclass(frozen=True, eq=False)
class Lenia:
    """Lenia on a lattice. States are float32 (..., H, W, 1), from 0 to 1.

    Attributes:
        kernel: Weights of the neighbours, summing to 1.
        transformed: The same as a Fourier transform for one size of grid; None to sum slice by slice.
        centre: Mean at which growth is highest.
        width: How far from there it falls.
        time_step: Share of the growth that a step adds.
        growth: A key of `GROWTHS`.
        boundary: What lies beyond the edge.
    """

    kernel: Float[Array, "side side"]
    transformed: Complex[Array, "tall F"] | None
    centre: Float[Array, ""]
    width: Float[Array, ""]
    time_step: Float[Array, ""]
    growth: str = "polynomial"
    boundary: Boundary = "wrap"

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
        """Lenia of these numbers; with `fourier_size`, by Fourier transform on a grid of that height and width."""
        return cls(
            jnp.asarray(kernel, jnp.float32),
            None if fourier_size is None else spectrum(kernel, fourier_size, boundary),
            jnp.float32(centre),
            jnp.float32(width),
            jnp.float32(time_step),
            growth,
            boundary,
        )

    def potential(self, state: Float[Array, "*batch H W 1"]) -> Float[Array, "*batch H W 1"]:
        """Weighted mean of the neighbourhood."""
        if self.transformed is None:
            return by_slices(state, self.kernel, self.boundary)
        return by_fourier(state, self.transformed, self.boundary)

    def change(self, state: Float[Array, "*batch H W 1"]) -> Float[Array, "*batch H W 1"]:
        """Growth of every cell, -1 to 1."""
        return GROWTHS[self.growth](self.potential(state), self.centre, self.width)

    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """Add a share of the growth, within 0 and 1; deterministic, `key` is not used."""
        return jnp.clip(state + self.time_step * self.change(state), 0.0, 1.0)

    def described_mean(self, lattice: Lattice) -> Value:
        """`potential` as data."""
        return lattice.state.convolve(np.asarray(self.kernel)[None, None])

    def described_growth(self, lattice: Lattice) -> Value:
        """`change` as data."""
        mean = self.described_mean(lattice)
        return DESCRIBED_GROWTHS[self.growth](mean - float(self.centre), float(self.width))

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        grown = lattice.state + self.described_growth(lattice) * float(self.time_step)
        return grown.maximum(0.0).minimum(1.0)

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Dark where nothing is, through red to pale yellow."""
        return mapped(np.asarray(state)[..., 0])


def mapped(level: Float[np.ndarray, "*levels"]) -> UInt8[np.ndarray, "*levels 3"]:
    """Levels from 0 to 1 in the colours of Lenia."""
    import matplotlib  # which makes a folder in the user's home when it is imported

    colours: Any = matplotlib.colormaps[COLOURS](np.nan_to_num(level), bytes=True)
    return colours[..., :3]


def drawn_potential(automaton: Lenia, state: Float[Array, "H W 1"]) -> UInt8[np.ndarray, "H W 3"]:
    """The weighted mean that each cell sees, in the same colours."""
    return mapped(np.asarray(_potential(automaton, state))[..., 0])


def drawn_growth(automaton: Lenia, state: Float[Array, "H W 1"]) -> UInt8[np.ndarray, "H W 3"]:
    """Where it fades, blue, and where it grows, red."""
    return signed(np.asarray(_change(automaton, state))[..., 0], 1.0)


def described_growth(automaton: Lenia, lattice: Lattice) -> Value:
    """`drawn_growth` as data: from 0, where it fades, to 1."""
    return automaton.described_growth(lattice) * 0.5 + 0.5


@jax.jit
def _potential(automaton: Lenia, state: Array) -> Array:
    return automaton.potential(state)


@jax.jit
def _change(automaton: Lenia, state: Array) -> Array:
    return automaton.change(state)


@jax.jit
def mass(automaton: Lenia, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Sum of all states."""
    return jnp.sum(state)


@jax.jit
def population(automaton: Lenia, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Cells above a tenth."""
    return jnp.sum(state > 0.1, dtype=jnp.float32)
