"""Fields of cells moved across the edges of the grid, each state by a shift of its own."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def moved(
    fields: Float[np.ndarray | Array, "*batch H W C"], shift: Int[Array, "batch 2"]
) -> Float[Array, "batch H W C"]:
    """One field for all or one each, moved by rows and columns across the edges."""
    fields, (rows, columns) = jnp.asarray(fields), fields.shape[-3:-1]
    row = (jnp.arange(rows)[:, None] - shift[:, 0, None, None]) % rows
    column = (jnp.arange(columns) - shift[:, 1, None, None]) % columns
    first = jnp.arange(shift.shape[0])[:, None, None] * (rows * columns) if fields.ndim == 4 else 0
    return fields.reshape(-1, fields.shape[-1])[first + row * columns + column]
