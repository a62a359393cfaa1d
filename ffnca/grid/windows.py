"""Sums over square, diamond and round neighbourhoods of any radius, exact for whole numbers."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ffnca.grid.boundary import Boundary, pad


def neighbourhood(radius: int, shape: str) -> Bool[np.ndarray, "side side"]:
    """Which cells of a square belong to a neighbourhood, the cell itself in the middle and one of them.

    Args:
        radius: Of the furthest, in cells.
        shape: `moore`, the square; `von_neumann`, a diamond; `circular`, whose squared distance is at most the squared
            radius plus the radius, as Golly's.
    """
    rows, columns = np.abs(np.mgrid[-radius : radius + 1, -radius : radius + 1])
    if shape == "von_neumann":
        return rows + columns <= radius
    if shape == "circular":
        return rows**2 + columns**2 <= radius**2 + radius
    return rows >= 0


def window_sum(state: Float[Array, "..."], length: int, axis: int) -> Float[Array, "..."]:
    """Sums of so many cells in line from each on, for as many as have them; by doubling, so the cost is logarithmic."""
    size = state.shape[axis] - length + 1

    def cut(sums: Array, start: int) -> Array:
        places = [slice(None)] * sums.ndim
        places[axis] = slice(start, start + size)
        return sums[tuple(places)]

    def doubled(sums: Array, by: int) -> Array:
        short, long = [slice(None)] * sums.ndim, [slice(None)] * sums.ndim
        short[axis], long[axis] = slice(None, -by), slice(by, None)
        return sums[tuple(short)] + sums[tuple(long)]

    total, start, power, sums = jnp.zeros_like(cut(state, 0)), 0, 1, state
    while power <= length:
        if length & power:
            total, start = total + cut(sums, start), start + power
        if 2 * power <= length:
            sums = doubled(sums, power)
        power *= 2
    return total


def neighbourhood_sum(
    state: Float[Array, "*batch H W C"], radius: int, shape: str, boundary: Boundary
) -> Float[Array, "*batch H W C"]:
    """The sum over each cell's neighbourhood, itself included.

    Args:
        state: Grid, channels last; whole numbers are summed exactly up to 2^24.
        radius: As of `neighbourhood`.
        shape: As of `neighbourhood`.
        boundary: What lies beyond the edge.
    """
    around, side, (height, width) = pad(state, boundary, radius), 2 * radius + 1, state.shape[-3:-1]
    if shape == "moore":
        return window_sum(window_sum(around, side, around.ndim - 2), side, around.ndim - 3)
    total = jnp.zeros_like(state)
    for row, inside in enumerate(neighbourhood(radius, shape)):
        columns = np.flatnonzero(inside)
        line = around[..., row : row + height, columns[0] : columns[-1] + width, :]
        total += window_sum(line, len(columns), line.ndim - 2)
    return total
