"""Corruptions of a grid state: discs erased, noise on the living, and the wounds of the stress table."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca import draws
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.recipe import Recipe


def erase_discs(
    states: Float[Array, "batch H W C"], body: Body, *, key: PRNGKeyArray, radius: tuple[float, float], offset: float
) -> Float[Array, "batch H W C"]:
    """Erase one disc in each state.

    Args:
        states: Grids of the body's shape.
        body: Gives the coordinates.
        key: Source of centres and radii.
        radius: Smallest and largest radius in half-widths.
        offset: Largest distance of the centre from the middle, by rows and by columns, in half-widths.
    """
    centre_key, radius_key = jax.random.split(key)
    num = states.shape[0]
    centre = draws.uniform(centre_key, (num, 2, 1, 1), minval=-offset, maxval=offset)
    radii = draws.uniform(radius_key, (num, 1, 1), minval=radius[0], maxval=radius[1])
    inside = jnp.square(body.x - centre[:, 0]) + jnp.square(body.y - centre[:, 1]) < jnp.square(radii)
    return states * ~inside[..., None]


def erase_sides(
    states: Float[Array, "batch H W C"], body: Body, *, key: PRNGKeyArray, offset: float, one_side_share: float
) -> Float[Array, "batch H W C"]:
    """Erase everything on one side of a random line in each state; in some, of two lines at right angles.

    Args:
        states: Grids of the body's shape.
        body: Gives the coordinates.
        key: Source of the lines.
        offset: Largest distance of a line from the middle, in half-widths.
        one_side_share: Probability that it is one line.
    """
    angle_key, offset_key, second_key = jax.random.split(key, 3)
    num = states.shape[0]
    angle = draws.uniform(angle_key, (num, 1, 1), maxval=2 * jnp.pi)
    offsets = draws.uniform(offset_key, (2, num, 1, 1), minval=-offset, maxval=offset)
    along, across = jnp.cos(angle), jnp.sin(angle)
    kept = body.x * along + body.y * across < offsets[0]
    single = draws.bernoulli(second_key, one_side_share, (num, 1, 1))
    kept &= single | (body.y * along - body.x * across < offsets[1])
    return states * kept[..., None]


def wound(
    states: Float[Array, "batch H W C"], body: Body, recipe: Recipe, *, key: PRNGKeyArray
) -> Float[Array, "batch H W C"]:
    """Erase a disc in each state, or in some of them all that lies on one side.

    Args:
        states: Grids of the body's shape.
        body: Gives the coordinates.
        recipe: How large wounds are, and how often a state loses a side instead of a disc.
        key: Source of the wounds.
    """
    kind_key, disc_key, side_key = jax.random.split(key, 3)
    large = draws.bernoulli(kind_key, recipe.large_wounds, (states.shape[0], 1, 1, 1))
    sides = erase_sides(states, body, key=side_key, offset=recipe.side_offset, one_side_share=recipe.one_side_share)
    discs = erase_discs(states, body, key=disc_key, radius=recipe.disc_radius, offset=recipe.disc_offset)
    return jnp.where(large, sides, discs)


def add_noise(
    states: Float[Array, "batch H W C"],
    living: Bool[Array, "batch H W"],
    scale: Float[Array, " batch"] | float,
    *,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Gaussian noise on every channel of the living cells, one scale a state."""
    spread = jnp.broadcast_to(jnp.asarray(scale), states.shape[:1])[:, None, None, None]
    return states + spread * draws.normal(key, states.shape) * living[..., None]
