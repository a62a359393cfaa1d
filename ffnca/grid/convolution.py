"""Weighted sums over a neighbourhood of any radius: by Fourier transform, or slice by slice."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ffnca.grid.boundary import Boundary, pad


def spectrum(
    kernel: Float[np.ndarray, "side side"], size: tuple[int, int], boundary: Boundary
) -> Complex[Array, "H F"]:
    """The Fourier transform of a kernel on a grid, as `by_fourier` needs it.

    Args:
        kernel: Weights of the neighbours, an odd number a side, the cell itself in the middle.
        size: Height and width of the grid.
        boundary: Of the grid; what does not wrap is computed on a grid that is larger by the radius on every side.
    """
    radius = kernel.shape[0] // 2
    beyond = 0 if boundary == "wrap" else radius
    height, width = (side + 2 * beyond for side in size)
    placed = np.zeros((height, width))
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    np.add.at(placed, (-rows % height, -columns % width), kernel)  # a kernel wider than the grid wraps round it
    return jnp.asarray(np.fft.rfft2(placed).astype(np.complex64))


def by_fourier(
    state: Float[Array, "*batch H W C"], transformed: Complex[Array, "tall F"], boundary: Boundary
) -> Float[Array, "*batch H W C"]:
    """Each channel's weighted sum over the neighbourhood; the cost does not depend on the radius.

    Args:
        state: Grid, channels last.
        transformed: By `spectrum`, for this size and boundary.
        boundary: What lies beyond the edge.
    """
    height, width = state.shape[-3:-1]
    beyond = (transformed.shape[0] - height) // 2
    around = pad(state, boundary, beyond) if beyond else state
    shape = around.shape[-3:-1]
    summed = jnp.fft.irfft2(jnp.fft.rfft2(around, axes=(-3, -2)) * transformed[..., None], shape, axes=(-3, -2))
    return summed[..., beyond : beyond + height, beyond : beyond + width, :].astype(state.dtype)


def by_slices(
    state: Float[Array, "*batch H W C"], kernel: Float[Array, "side side"], boundary: Boundary
) -> Float[Array, "*batch H W C"]:
    """The same, neighbour by neighbour: quicker for a small radius, and exact where weights are.

    Args:
        state: Grid, channels last.
        kernel: As in `spectrum`.
        boundary: What lies beyond the edge.
    """
    side, (height, width) = kernel.shape[0], state.shape[-3:-1]
    around = pad(state, boundary, side // 2)

    def add(place: Array, total: Array) -> Array:
        row, column = place // side, place % side
        rows = jax.lax.dynamic_slice_in_dim(around, row, height, -3)
        return total + kernel[row, column] * jax.lax.dynamic_slice_in_dim(rows, column, width, -2)

    return jax.lax.fori_loop(0, side * side, add, jnp.zeros_like(state))
