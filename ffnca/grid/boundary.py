"""What lies beyond the edge of the grid: the other side, nothing, or a mirror."""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ffnca.errors import InputError
from ffnca.lattice import PADDING
from ffnca.part import ACROSS, DOWN, current_part

Boundary = Literal["wrap", "zero", "reflect"]
BOUNDARIES: tuple[str, ...] = get_args(Boundary)


def pad(state: Float[Array, "*batch H W C"], boundary: Boundary, radius: int = 1) -> Float[Array, "*batch tall wide C"]:
    """Surround the grid with rings of the cells that lie beyond its edge.

    Where a grid is split over devices, each part is surrounded by what its neighbours hold (halo exchange).

    Args:
        state: Grid, channels last.
        boundary: `wrap` takes the opposite side, `zero` dead cells, `reflect` the mirror image across the edge cell.
        radius: How many rings.

    Returns:
        The grid with so many more cells on every side.

    Raises:
        ValueError: If `boundary` is none of these.
        InputError: If a part of a split grid has fewer cells a side than its neighbours must see.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary {boundary!r}: allowed are {', '.join(BOUNDARIES)}")
    part, rings = current_part(), (radius, radius)
    down, across = (1, 1) if part is None else (part.down, part.across)
    whole = [(0, 0)] * (state.ndim - 3) + [rings if down == 1 else (0, 0), rings if across == 1 else (0, 0), (0, 0)]
    if down > 1:  # rows first: the corners come with the rows of the neighbours beside
        state = _exchanged(state, state.ndim - 3, (DOWN, down), boundary, radius)
    if across > 1:
        state = _exchanged(state, state.ndim - 2, (ACROSS, across), boundary, radius)
    return jnp.pad(state, whole, mode=PADDING[boundary]) if any(map(any, whole)) else state


def _exchanged(state: Array, axis: int, parts: tuple[str, int], boundary: Boundary, radius: int) -> Array:
    """A part with what the parts before and after it hold of the axis, or what lies beyond the edge."""
    (name, number), side = parts, state.shape[axis]
    least = radius + (boundary == "reflect")
    if side < least:
        raise InputError(f"{number} parts of {side} cells along an axis: cells see farther; allowed: parts of {least}")
    first, last = (jax.lax.slice_in_dim(state, begin, begin + radius, axis=axis) for begin in (0, side - radius))
    onward = [(one, one + 1) for one in range(number - 1)] + [(number - 1, 0)] * (boundary == "wrap")
    before = jax.lax.ppermute(last, name, onward)  # zeros where nobody sends
    after = jax.lax.ppermute(first, name, [(to, by) for by, to in onward])
    if boundary == "reflect":
        index = jax.lax.axis_index(name)
        mirrored = [
            jnp.flip(jax.lax.slice_in_dim(state, begin, begin + radius, axis=axis), axis)
            for begin in (1, side - 1 - radius)
        ]
        before = jnp.where(index == 0, mirrored[0], before)
        after = jnp.where(index == number - 1, mirrored[1], after)
    return jnp.concatenate([before, state, after], axis)
