"""What a cell of Lenia reads of its surroundings: kernels, and the growth that each of them wants.

References:
    Chan (2019), arXiv:1812.05433, sections 2.2 and 2.3: one kernel of rings.
    Chan (2020), "Lenia and Expanded Universe", arXiv:2005.03742, section 2: several kernels and channels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ffnca.grid.boundary import Boundary
from ffnca.grid.convolution import by_fourier, by_slices, spectrum
from ffnca.lattice import Lattice, Value

_QUARTER = 1 / 4
KERNEL_CORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "polynomial": lambda distance: (4 * distance * (1 - distance)) ** 4,
    "exponential": lambda distance: np.exp(4 - 1 / np.maximum(distance * (1 - distance), 1e-9)),
    "gaussian": lambda distance: np.exp(-(((distance - 0.5) / 0.15) ** 2) / 2),
    "step": lambda distance: ((distance >= _QUARTER) & (distance <= 1 - _QUARTER)).astype(float),
    "life": lambda distance: np.where(distance < _QUARTER, 0.5, distance <= 1 - _QUARTER),
}
"""Weight of a cell by its distance within a ring, 0 at its inner edge and 1 at its outer one."""


def _polynomial(mean: Array, centre: Array, width: Array) -> Array:
    return 2 * jnp.maximum(0.0, 1 - jnp.square(mean - centre) / (9 * jnp.square(width))) ** 4 - 1


def _exponential(mean: Array, centre: Array, width: Array) -> Array:
    return 2 * jnp.exp(-jnp.square(mean - centre) / (2 * jnp.square(width))) - 1


def _step(mean: Array, centre: Array, width: Array) -> Array:
    return 2.0 * (jnp.abs(mean - centre) <= width) - 1


def _fourth(value: Value) -> Value:
    square = value * value
    return square * square


GROWTHS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "polynomial": _polynomial,
    "exponential": _exponential,
    "step": _step,
}
"""Growth from -1 to 1 by the weighted mean of the neighbourhood, highest at a centre."""
DESCRIBED_GROWTHS: dict[str, Callable[[Value, np.ndarray], Value]] = {
    "polynomial": lambda off, width: _fourth(((off * off / (9 * width**2)) * -1.0 + 1.0).maximum(0.0)) * 2.0 - 1.0,
    "exponential": lambda off, width: (off * off / (-2 * width**2)).exp() * 2.0 - 1.0,
    "step": lambda off, width: (off.absolute() > width) * -2.0 + 1.0,
}
"""The same as data, by the distance from the centre."""


def ring_kernel(radius: int, peaks: Sequence[float], core: str, share: float = 1.0) -> Float[np.ndarray, "side side"]:
    """Concentric rings of equal width with these heights, summing to 1.

    Args:
        radius: Half of the kernel's side, in cells.
        peaks: Heights of the rings from the middle outwards.
        core: A key of `KERNEL_CORES`.
        share: Of that radius, which the outermost ring has.

    Raises:
        ValueError: If no cell has a weight, as where rings are narrower than a cell.
    """
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    least = 1e-9  # of a share that is next to nothing the distance would be beyond any integer
    distance = np.hypot(rows, columns) / max(radius * share, least) * len(peaks)
    ring = np.minimum(distance.astype(int), len(peaks) - 1)
    weights = (distance < len(peaks)) * KERNEL_CORES[core](distance % 1) * np.array(peaks)[ring]
    if not weights.sum() > 0:
        raise ValueError(f"a kernel of {radius * share:g} cells has no weight in any cell")
    return weights / weights.sum()


class Kernel(NamedTuple):
    """One kernel and what it wants.

    Attributes:
        weights: Of the neighbours, an odd number a side, summing to 1.
        centre: Mean at which growth is highest.
        width: How far from there it falls.
        weight: By which its growth is multiplied.
        source: The channel that it sums.
        target: The channel that grows by it.
    """

    weights: Float[np.ndarray, "side side"]
    centre: float
    width: float
    weight: float = 1.0
    source: int = 0
    target: int = 0


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["kernels", "transformed", "centres", "widths", "mixing"],
    meta_fields=["shape", "boundary", "sources"],
)
@dataclass(frozen=True, eq=False)
class Growth:
    """What every cell of a state (..., H, W, C) grows by.

    Attributes:
        kernels: Weights of the neighbours.
        transformed: The same as Fourier transforms for one size of grid; None to sum slice by slice.
        centres: Means at which growth is highest.
        widths: How far from there it falls.
        mixing: How much of each kernel's growth each channel gets; None where the one channel gets that of the one
            kernel.
        shape: A key of `GROWTHS`.
        boundary: What lies beyond the edge.
        sources: The channel that each kernel sums; None if each its own.
    """

    kernels: Float[Array, "kernel side side"]
    transformed: Complex[Array, "tall F kernel"] | None
    centres: Float[Array, " kernel"]
    widths: Float[Array, " kernel"]
    mixing: Float[Array, "kernel C"] | None
    shape: str = "polynomial"
    boundary: Boundary = "wrap"
    sources: tuple[int, ...] | None = None

    @classmethod
    def of(
        cls,
        kernels: Sequence[Kernel],
        *,
        channels: int = 1,
        shape: str = "polynomial",
        boundary: Boundary = "wrap",
        fourier_size: tuple[int, int] | None = None,
    ) -> "Growth":
        """The growth of these kernels; with `fourier_size`, by Fourier transform on a grid of that height and width."""
        weights = np.stack([kernel.weights for kernel in kernels])
        mixing = np.zeros((len(kernels), channels), np.float32)
        for place, kernel in enumerate(kernels):
            mixing[place, kernel.target] = kernel.weight
        sources = tuple(kernel.source for kernel in kernels)
        return cls(
            jnp.asarray(weights, jnp.float32),
            None if fourier_size is None else spectrum(weights, fourier_size, boundary),
            jnp.array([kernel.centre for kernel in kernels], jnp.float32),
            jnp.array([kernel.width for kernel in kernels], jnp.float32),
            None if mixing.shape == (1, 1) and mixing[0, 0] == 1 else jnp.asarray(mixing),
            shape,
            boundary,
            None if sources == tuple(range(channels)) else sources,
        )

    def potentials(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W kernel"]:
        """Weighted mean of the neighbourhood by each kernel."""
        if self.transformed is None:
            return by_slices(state, self.kernels, self.boundary, self.sources)
        return by_fourier(state, self.transformed, self.boundary, self.sources)

    def wanted(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """Growth of every channel of every cell; -1 to 1 for one kernel of weight 1."""
        each = GROWTHS[self.shape](self.potentials(state), self.centres, self.widths)
        return each if self.mixing is None else self._mixed(each)

    def aims(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """The state that every cell wants to have, 0 to 1 for each kernel, instead of its growth."""
        each = GROWTHS[self.shape](self.potentials(state), self.centres, self.widths) * 0.5 + 0.5
        return each if self.mixing is None else self._mixed(each)

    def _mixed(self, each: Float[Array, "*batch H W kernel"]) -> Float[Array, "*batch H W C"]:
        assert self.mixing is not None
        return jnp.matmul(each, self.mixing, precision="highest")

    def described_potentials(self, lattice: Lattice) -> Value:
        """`potentials` as data."""
        kernels = np.asarray(self.kernels)
        read = np.eye(lattice.state.channels)[list(self.sources or range(len(kernels)))]
        return lattice.state.convolve(read[:, :, None, None] * kernels[:, None])

    def described_wanted(self, lattice: Lattice) -> Value:
        """`wanted` as data."""
        return self._described_mixed(self._described_each(lattice))

    def described_aims(self, lattice: Lattice) -> Value:
        """`aims` as data."""
        return self._described_mixed(self._described_each(lattice) * 0.5 + 0.5)

    def _described_each(self, lattice: Lattice) -> Value:
        off = self.described_potentials(lattice) - np.asarray(self.centres)
        return DESCRIBED_GROWTHS[self.shape](off, np.asarray(self.widths))

    def _described_mixed(self, each: Value) -> Value:
        return each if self.mixing is None else each.dense(self.mixing)
