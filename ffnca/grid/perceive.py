"""Perception: what one cell sees of itself and its eight neighbours, as one vector."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ffnca.grid import kernels
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.turn import Turn, turned_pattern

KERNELS = ("identity", "sobel", "laplacian", "neighbour_mean", "neighbour_slope", "alive")


def perceive(
    state: Float[Array, "*batch H W C"],
    names: tuple[str, ...],
    boundary: Boundary,
    *,
    alive_threshold: float,
    turn: Turn | None = None,
) -> Float[Array, "*batch H W P"]:
    """Concatenate the named kernels, in order.

    Args:
        state: Grid, channels last, alpha in channel 3.
        names: From `KERNELS`. `sobel` and `neighbour_slope` give 2C numbers, `alive` 4 (own flag, living share,
            across x, across y), the others C.
        boundary: What lies beyond the edge.
        alive_threshold: Alpha above which a cell counts as living.
        turn: Angle by which what has a direction is turned; None is not.

    Returns:
        Perception, `perception_size(names, C)` numbers a cell.

    Raises:
        ValueError: If a name is unknown.
    """
    padded = pad(state, boundary)
    parts, weights = [], None if turn is None else turn.sobel
    for name in names:
        if name == "identity":
            parts.append(state)
        elif name == "sobel":
            parts.append(kernels.sobel(padded, weights))
        elif name == "laplacian":
            parts.append(kernels.laplacian(padded))
        elif name == "neighbour_mean":
            parts.append(kernels.neighbour_mean(padded, alive_threshold))
        elif name == "neighbour_slope":
            parts.append(kernels.neighbour_slope(padded, alive_threshold, weights))
        elif name == "alive":
            pattern = kernels.alive_pattern(padded, alive_threshold)
            pattern = pattern if turn is None else turned_pattern(pattern, turn)
            parts += [kernels.living(state, alive_threshold), pattern]
        else:
            raise ValueError(f"kernel {name!r}: allowed are {', '.join(KERNELS)}")
    return jnp.concatenate(parts, axis=-1)


def perception_size(names: tuple[str, ...], num_channels: int) -> int:
    """How many numbers `perceive` gives a cell."""
    sizes = {"sobel": 2 * num_channels, "neighbour_slope": 2 * num_channels, "alive": 4}
    return sum(sizes.get(name, num_channels) for name in names)
