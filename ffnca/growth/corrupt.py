"""Corruptions of a grid state: discs erased, noise on the living, and the wounds of the stress table."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca.growth.body import Body


def erase_discs(
    states: Float[Array, "batch H W C"], body: Body, *, key: PRNGKeyArray, radius: tuple[float, float] = (0.1, 0.5)
) -> Float[Array, "batch H W C"]:
    """Erase one disc in each state, its centre within 0.7 half-widths of the middle.

    Args:
        states: Grids of the body's shape.
        body: Gives the coordinates.
        key: Source of centres and radii.
        radius: Smallest and largest radius in half-widths.
    """
    centre_key, radius_key = jax.random.split(key)
    num = states.shape[0]
    centre = jax.random.uniform(centre_key, (num, 2, 1, 1), minval=-0.7, maxval=0.7)
    radii = jax.random.uniform(radius_key, (num, 1, 1), minval=radius[0], maxval=radius[1])
    inside = jnp.square(body.x - centre[:, 0]) + jnp.square(body.y - centre[:, 1]) < jnp.square(radii)
    return states * ~inside[..., None]


def add_noise(
    states: Float[Array, "batch H W C"],
    living: Bool[Array, "batch H W"],
    scale: Float[Array, " batch"] | float,
    *,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Gaussian noise on every channel of the living cells, one scale a state."""
    spread = jnp.broadcast_to(jnp.asarray(scale), states.shape[:1])[:, None, None, None]
    return states + spread * jax.random.normal(key, states.shape) * living[..., None]
