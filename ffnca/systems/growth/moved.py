"""Fields of cells moved across the edges of the grid, each state by a shift of its own."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def moved(
    fields: Float[np.ndarray | Array, "*#batch H W C"], shift: Int[Array, "batch 2"]
) -> Float[Array, "batch H W C"]:
    """One field for all or one each, moved by rows and columns across the edges."""
    fields = jnp.broadcast_to(jnp.asarray(fields), (shift.shape[0], *fields.shape[-3:]))
    return jax.vmap(lambda field, by: jnp.roll(field, by, (0, 1)))(fields, shift)
