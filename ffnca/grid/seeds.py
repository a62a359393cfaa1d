"""Initial states: one living cell, a pattern in the middle, or a random soup."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpy.typing import ArrayLike

from ffnca import draws
from ffnca.errors import InputError


def single_cell(
    size: tuple[int, int], cell: ArrayLike, position: tuple[int, int] | None = None
) -> Float[Array, "H W C"]:
    """An empty grid with one cell set.

    Args:
        size: Height and width in cells.
        cell: State of that cell, a number a channel.
        position: Its row and column, taken modulo the size; the centre if not given.
    """
    row, column = position if position is not None else (size[0] // 2, size[1] // 2)
    grid = np.zeros((*size, np.shape(cell)[-1]), np.float32)
    grid[row % size[0], column % size[1]] = cell
    return jax.device_put(grid)  # `jnp.asarray` would compile a program for each shape


def soup(size: tuple[int, int], density: float, *, key: PRNGKeyArray) -> Float[Array, "H W 1"]:
    """Cells that are 1 with the given probability and 0 otherwise."""
    return draws.bernoulli(key, density, (*size, 1)).astype(jnp.float32)


def centred(pattern: Float[np.ndarray, "h w C"], size: tuple[int, int], title: str) -> Float[Array, "H W C"]:
    """An empty grid with a pattern in its middle.

    Args:
        pattern: States of the cells.
        size: Height and width of the grid.
        title: What to call the world in errors.

    Raises:
        InputError: If the grid does not hold it.
    """
    (high, wide), (height, width) = pattern.shape[:2], size
    if high > height or wide > width:
        raise InputError(
            f"{title}: a grid of {height}x{width} is too small for its pattern; allowed: at least {high}x{wide}"
        )
    top, left = (height - high) // 2, (width - wide) // 2
    grid = np.zeros((*size, pattern.shape[-1]), np.float32)
    grid[top : top + high, left : left + wide] = pattern
    return jax.device_put(grid)
