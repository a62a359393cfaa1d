"""Weighted sums over a neighbourhood of any radius: by Fourier transform, or slice by slice."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ffnca.grid.boundary import Boundary, pad

SMALL_PRIMES = (2, 3, 5, 7)
"""Transforms of a length that has no others are quick."""
SLICED_RADIUS, SLICED_ODD_RADIUS = 2, 4
"""Up to which radius slices are quicker than a transform on a grid of a quick length, and on another."""


def slices_are_quicker(radius: int, size: tuple[int, int], boundary: Boundary) -> bool:
    """Whether a neighbourhood of this radius is summed sooner slice by slice; decided without measuring."""
    sides = [side if boundary == "wrap" else side + 2 * radius for side in size]
    quick = all(_is_smooth(side) for side in sides)
    return radius <= (SLICED_RADIUS if quick else SLICED_ODD_RADIUS)


def _is_smooth(number: int) -> bool:
    for prime in SMALL_PRIMES:
        while number % prime == 0:
            number //= prime
    return number == 1


def spectrum(
    kernels: Float[np.ndarray, "*kernel side side"], size: tuple[int, int], boundary: Boundary
) -> Complex[Array, "tall F *kernel"]:
    """The Fourier transforms of kernels on a grid, as `by_fourier` needs them.

    Args:
        kernels: Weights of the neighbours, an odd number a side, the cell itself in the middle.
        size: Height and width of the grid.
        boundary: Of the grid; what does not wrap is computed on a grid that is larger by the radius on every side.
    """
    radius = kernels.shape[-1] // 2
    beyond = 0 if boundary == "wrap" else radius
    height, width = (side + 2 * beyond for side in size)
    placed = np.zeros((height, width, *kernels.shape[:-2]))
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    last = np.moveaxis(kernels, (-2, -1), (0, 1))
    np.add.at(placed, (-rows % height, -columns % width), last)  # a kernel wider than the grid wraps round it
    return jnp.asarray(np.fft.rfft2(placed, axes=(0, 1)).astype(np.complex64))


def by_fourier(
    state: Float[Array, "*batch H W C"],
    transformed: Complex[Array, "tall F kernel"],
    boundary: Boundary,
    sources: tuple[int, ...] | None = None,
) -> Float[Array, "*batch H W kernel"]:
    """Weighted sums over the neighbourhood; the cost does not depend on the radius.

    Args:
        state: Grid, channels last.
        transformed: By `spectrum`, for this size and boundary.
        boundary: What lies beyond the edge.
        sources: The channel that each kernel sums; each its own if None.
    """
    height, width = state.shape[-3:-1]
    beyond = (transformed.shape[0] - height) // 2
    around = pad(state, boundary, beyond) if beyond else state
    shape = around.shape[-3:-1]
    waves = jnp.fft.rfft2(around, axes=(-3, -2))
    waves = waves if sources is None else waves[..., np.array(sources)]
    summed = jnp.fft.irfft2(waves * transformed, shape, axes=(-3, -2))
    return summed[..., beyond : beyond + height, beyond : beyond + width, :].astype(state.dtype)


def by_slices(
    state: Float[Array, "*batch H W C"],
    kernels: Float[Array, "kernel side side"],
    boundary: Boundary,
    sources: tuple[int, ...] | None = None,
) -> Float[Array, "*batch H W kernel"]:
    """The same, neighbour by neighbour: quicker for a small radius, and exact where weights are.

    Args:
        state: Grid, channels last.
        kernels: As in `spectrum`.
        boundary: What lies beyond the edge.
        sources: As in `by_fourier`.
    """
    side, (height, width) = kernels.shape[-1], state.shape[-3:-1]
    around = pad(state if sources is None else state[..., np.array(sources)], boundary, side // 2)

    def add(place: Array, total: Array) -> Array:
        row, column = place // side, place % side
        rows = jax.lax.dynamic_slice_in_dim(around, row, height, -3)
        return total + kernels[:, row, column] * jax.lax.dynamic_slice_in_dim(rows, column, width, -2)

    start = jnp.zeros((*state.shape[:-1], kernels.shape[0]), state.dtype)
    return jax.lax.fori_loop(0, side * side, add, start)
