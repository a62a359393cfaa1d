"""Perception: what one cell sees of itself and its eight neighbours, as one vector."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ffnca.grid import kernels
from ffnca.grid.boundary import Boundary, pad

KERNELS = ("identity", "sobel", "laplacian", "neighbour_mean", "alive")


def perceive(
    state: Float[Array, "*batch H W C"],
    names: tuple[str, ...],
    boundary: Boundary,
    *,
    alive_threshold: float,
) -> Float[Array, "*batch H W P"]:
    """Concatenate the named kernels, in order.

    Args:
        state: Grid, channels last, alpha in channel 3.
        names: From `KERNELS`. `sobel` gives 2C numbers, `alive` 4 (own flag, living share, across x, across y),
            the others C.
        boundary: What lies beyond the edge.
        alive_threshold: Alpha above which a cell counts as living.

    Returns:
        Perception, `perception_size(names, C)` numbers a cell.

    Raises:
        ValueError: If a name is unknown.
    """
    return _seen(pad(state, boundary), names, alive_threshold)


def perceive_at(
    state: Float[Array, "*batch H W C"],
    places: Int[Array, " cell"],
    names: tuple[str, ...],
    boundary: Boundary,
    *,
    alive_threshold: float,
) -> Float[Array, "cell P"]:
    """Perception of some cells alone; the cost follows their number, not the grid.

    Args:
        state: As for `perceive`.
        places: Cells, counted through the whole batch row by row; beyond the last one everything seen is 0.
        names: As for `perceive`.
        boundary: As for `perceive`.
        alive_threshold: As for `perceive`.
    """
    padded = pad(state, boundary)
    (height, width), (tall, wide) = state.shape[-3:-1], padded.shape[-3:-1]
    row, column = places // width, places % width
    first = (row // height * tall + row % height) * wide + column
    around = first[:, None, None] + jnp.arange(3)[:, None] * wide + jnp.arange(3)
    windows = padded.reshape(-1, padded.shape[-1]).at[around].get(mode="fill", fill_value=0.0)
    return _seen(windows, names, alive_threshold)[:, 0, 0]


def _seen(
    padded: Float[Array, "*batch tall wide C"], names: tuple[str, ...], alive_threshold: float
) -> Float[Array, "*batch H W P"]:
    parts = []
    for name in names:
        if name == "identity":
            parts.append(kernels.centre(padded))
        elif name == "sobel":
            parts.append(kernels.sobel(padded))
        elif name == "laplacian":
            parts.append(kernels.laplacian(padded))
        elif name == "neighbour_mean":
            parts.append(kernels.neighbour_mean(padded, alive_threshold))
        elif name == "alive":
            own = kernels.living(kernels.centre(padded), alive_threshold)
            parts += [own, kernels.alive_pattern(padded, alive_threshold)]
        else:
            raise ValueError(f"kernel {name!r}: allowed are {', '.join(KERNELS)}")
    return jnp.concatenate(parts, axis=-1)


def perception_size(names: tuple[str, ...], num_channels: int) -> int:
    """How many numbers `perceive` gives a cell."""
    sizes = {"sobel": 2 * num_channels, "alive": 4}
    return sum(sizes.get(name, num_channels) for name in names)
