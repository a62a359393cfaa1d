"""Initial states: one living cell, or a random soup."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca import draws

Index = int | Int[Array, ""]


def single_cell(
    size: tuple[int, int],
    cell: Float[Array, " C"],
    position: tuple[Index, Index] | None = None,
) -> Float[Array, "H W C"]:
    """An empty grid with one cell set.

    Args:
        size: Height and width in cells.
        cell: State of that cell.
        position: Its row and column, taken modulo the size; the centre if not given.
    """
    row, column = position if position is not None else (size[0] // 2, size[1] // 2)
    return jnp.zeros((*size, cell.shape[-1])).at[row % size[0], column % size[1]].set(cell)


def soup(size: tuple[int, int], density: float, *, key: PRNGKeyArray) -> Float[Array, "H W 1"]:
    """Cells that are 1 with the given probability and 0 otherwise."""
    return draws.bernoulli(key, density, (*size, 1)).astype(jnp.float32)
