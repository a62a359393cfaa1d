"""What lies beyond the edge of the grid: the other side, nothing, or a mirror."""

from typing import Literal, get_args

import jax.numpy as jnp
from jaxtyping import Array, Float

Boundary = Literal["wrap", "zero", "reflect"]
BOUNDARIES: tuple[str, ...] = get_args(Boundary)


def pad(state: Float[Array, "*batch H W C"], boundary: Boundary) -> Float[Array, "*batch H+2 W+2 C"]:
    """Surround the grid with one ring of the cells that lie beyond its edge.

    Args:
        state: Grid, channels last.
        boundary: `wrap` takes the opposite side, `zero` dead cells, `reflect` the mirror image across the edge cell.

    Returns:
        The grid with one more cell on every side.

    Raises:
        ValueError: If `boundary` is none of these.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary {boundary!r}: allowed are {', '.join(BOUNDARIES)}")
    mode = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary]
    return jnp.pad(state, [(0, 0)] * (state.ndim - 3) + [(1, 1), (1, 1), (0, 0)], mode=mode)
