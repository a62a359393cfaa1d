"""What lies beyond the edge of the grid: the other side, nothing, or a mirror."""

from typing import Literal, get_args

import jax.numpy as jnp
from jaxtyping import Array, Float

Boundary = Literal["wrap", "zero", "reflect"]
BOUNDARIES: tuple[str, ...] = get_args(Boundary)


def pad(state: Float[Array, "*batch H W C"], boundary: Boundary, radius: int = 1) -> Float[Array, "*batch tall wide C"]:
    """Surround the grid with rings of the cells that lie beyond its edge.

    Args:
        state: Grid, channels last.
        boundary: `wrap` takes the opposite side, `zero` dead cells, `reflect` the mirror image across the edge cell.
        radius: How many rings.

    Returns:
        The grid with so many more cells on every side.

    Raises:
        ValueError: If `boundary` is none of these.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary {boundary!r}: allowed are {', '.join(BOUNDARIES)}")
    mode = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary]
    return jnp.pad(state, [(0, 0)] * (state.ndim - 3) + [(radius, radius), (radius, radius), (0, 0)], mode=mode)
