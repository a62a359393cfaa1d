"""Fixed 3x3 kernels by slices of a padded grid: Sobel, Laplacian, means over living neighbours, alive pattern.

Slices and separable sums, since depthwise convolution is many times slower on a CPU.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

CORNER = 0.5
"""Weight of a diagonal neighbour in the ring; a direct neighbour has 1, all eight together RING_WEIGHT."""
RING_WEIGHT = 4 + 4 * CORNER


def _rows(padded: Array, first: int) -> Array:
    return padded[..., first : padded.shape[-3] - 2 + first, :, :]


def _columns(padded: Array, first: int) -> Array:
    return padded[..., :, first : padded.shape[-2] - 2 + first, :]


def centre(padded: Float[Array, "*batch tall wide C"]) -> Float[Array, "*batch H W C"]:
    """The grid without its padding."""
    return _columns(_rows(padded, 1), 1)


def patch(padded: Float[Array, "*batch tall wide C"]) -> Float[Array, "*batch H W patch"]:
    """The nine cells as they are, row by row: all channels of the upper left one, then of the next."""
    rows = [_rows(padded, row) for row in range(3)]
    return jnp.concatenate([_columns(row, column) for row in rows for column in range(3)], axis=-1)


def sobel(
    padded: Float[Array, "*batch tall wide C"], weights: Float[Array, "2 4"] | None = None
) -> Float[Array, "*batch H W gradient"]:
    """Gradient along x in the first C channels and along y in the others, per cell; weights 1, 2, 1 over 8.

    Args:
        padded: Grid with its surroundings.
        weights: Others, of the differences of opposite neighbours, see `ffnca.grid.turn.Turn`.
    """
    return _differences(padded) / 8 if weights is None else _weighted_differences(padded, weights)


def _weighted_differences(padded: Array, weights: Array) -> Array:
    """Differences of opposite neighbours (right, below, lower right, lower left), summed with weights, twice."""
    above, beside, below = (_rows(padded, row) for row in range(3))
    opposite = (
        _columns(beside, 2) - _columns(beside, 0),
        _columns(below, 1) - _columns(above, 1),
        _columns(below, 2) - _columns(above, 0),
        _columns(below, 0) - _columns(above, 2),
    )
    return jnp.concatenate(
        [sum(weight * one for weight, one in zip(row, opposite, strict=True)) for row in weights], -1
    )


def _differences(padded: Array) -> Array:
    """Neighbours on one side less those on the other, weighted 1, 2, 1: along x, then along y."""
    smooth = _rows(padded, 0) + 2 * _rows(padded, 1) + _rows(padded, 2)
    along_x = _columns(smooth, 2) - _columns(smooth, 0)
    slope = _rows(padded, 2) - _rows(padded, 0)
    along_y = _columns(slope, 0) + 2 * _columns(slope, 1) + _columns(slope, 2)
    return jnp.concatenate([along_x, along_y], axis=-1)


def ring(padded: Float[Array, "*batch tall wide C"]) -> Float[Array, "*batch H W C"]:
    """Sum over the eight neighbours, corners weighted by `CORNER`, the cell itself left out."""
    sides = _rows(padded, 0) + _rows(padded, 2)
    corners = _columns(sides, 0) + _columns(sides, 2)
    middle = _rows(padded, 1)
    return CORNER * corners + _columns(sides, 1) + _columns(middle, 0) + _columns(middle, 2)


def laplacian(padded: Float[Array, "*batch tall wide C"]) -> Float[Array, "*batch H W C"]:
    """Weighted neighbour mean minus the cell itself."""
    return ring(padded) / RING_WEIGHT - centre(padded)


def living(padded: Float[Array, "*batch tall wide C"], alive_threshold: float) -> Float[Array, "*batch tall wide 1"]:
    """1 where alpha, channel 3, is above the threshold."""
    return (padded[..., 3:4] > alive_threshold).astype(padded.dtype)


def neighbour_mean(padded: Float[Array, "*batch tall wide C"], alive_threshold: float) -> Float[Array, "*batch H W C"]:
    """Weighted mean over the living neighbours alone, 0 where there are none.

    Reference:
        Liu et al. (2018), partial convolutions, arXiv:1804.07723, with the alive pattern as the mask.
    """
    flags = living(padded, alive_threshold)
    return ring(padded * flags) / jnp.maximum(ring(flags), CORNER)


def neighbour_slope(
    padded: Float[Array, "*batch tall wide C"], alive_threshold: float, weights: Float[Array, "2 4"] | None = None
) -> Float[Array, "*batch H W slope"]:
    """Weighted mean over the living neighbours of their state times where they are: along x, then along y.

    `sobel` up to a factor where all neighbours live. At the edge of a body a sum over few neighbours has a scale of its
    own for each pattern of them; of this mean, what the neighbours say of the cell between them is the same linear
    function in all patterns, to first order in its state's slope. `weights` as in `sobel`.
    """
    flags = living(padded, alive_threshold)
    slopes = _differences(padded * flags) if weights is None else 8 * _weighted_differences(padded * flags, weights)
    return CORNER * slopes / jnp.maximum(ring(flags), CORNER)


def alive_pattern(padded: Float[Array, "*batch tall wide C"], alive_threshold: float) -> Float[Array, "*batch H W 3"]:
    """Living share of the neighbourhood and the difference of the living across x and across y."""
    flags = living(padded, alive_threshold)
    row, column = _rows(flags, 1), _columns(flags, 1)
    across_x = _columns(row, 2) - _columns(row, 0)
    across_y = _rows(column, 2) - _rows(column, 0)
    return jnp.concatenate([ring(flags) / RING_WEIGHT, across_x, across_y], axis=-1)


def alive_mask(padded: Float[Array, "*batch tall wide C"], alive_threshold: float) -> Bool[Array, "*batch H W"]:
    """Where the 3x3 maximum of alpha is above the threshold: the living cells and their neighbours."""
    return near_living(padded[..., 3:4], alive_threshold)


def near_living(alpha: Float[Array, "*batch tall wide 1"], alive_threshold: float) -> Bool[Array, "*batch H W"]:
    """The same by alpha alone."""
    tall = jnp.maximum(jnp.maximum(_rows(alpha, 0), _rows(alpha, 1)), _rows(alpha, 2))
    wide = jnp.maximum(jnp.maximum(_columns(tall, 0), _columns(tall, 1)), _columns(tall, 2))
    return wide[..., 0] > alive_threshold
