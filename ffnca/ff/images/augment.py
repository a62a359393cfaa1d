"""Augmentation: other views of the same images, drawn afresh each time they are seen."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from ffnca.errors import InputError


def jitter(images: Shaped[Array, "batch ..."], *, key: PRNGKeyArray, reach: int = 1) -> Shaped[Array, "batch ..."]:
    """Each image moved by up to `reach` pixels in both directions, zeros coming in at the border.

    Raises:
        InputError: If the samples are rows of a table.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3 (there up to two pixels).
    """
    _require_images(images)
    colours = images.ndim - 3
    padded = jnp.pad(images, ((0, 0), (reach, reach), (reach, reach), *((0, 0),) * colours))
    corners = jnp.pad(jax.random.randint(key, (images.shape[0], 2), 0, 2 * reach + 1), ((0, 0), (0, colours)))
    return jax.vmap(lambda image, corner: jax.lax.dynamic_slice(image, corner, images.shape[1:]))(padded, corners)


def warp(
    images: Float[Array, "batch ..."],
    *,
    key: PRNGKeyArray,
    degrees: float = 8.0,
    stretch: float = 0.08,
    shear: float = 0.15,
    reach: float = 1.0,
) -> Float[Array, "batch ..."]:
    """Each image turned, stretched, slanted and moved a little about its middle, zeros coming in at the border.

    Args:
        images: Read between pixels by linear interpolation.
        key: Source of the warps, each setting drawn uniformly up to its largest value in both directions.
        degrees: Largest turn.
        stretch: Largest share by which height and width, each for itself, change.
        shear: Largest slant, in columns a row.
        reach: Largest move, in pixels.

    Raises:
        InputError: If the samples are rows of a table.

    Reference:
        Simard, Steinkraus and Platt (2003), ICDAR, section 2 (affine distortions).
    """
    _require_images(images)
    keys, num = jax.random.split(key, 4), images.shape[0]

    def drawn(own: PRNGKeyArray, shape: tuple[int, ...], largest: float) -> Array:
        return jax.random.uniform(own, (num, *shape), minval=-largest, maxval=largest)[..., None, None]

    turn, slant = drawn(keys[0], (), degrees * jnp.pi / 180), drawn(keys[1], (), shear)
    factor, move = 1 + drawn(keys[2], (2,), stretch), drawn(keys[3], (2,), reach)
    rows, columns = jnp.mgrid[0 : images.shape[1], 0 : images.shape[2]].astype(jnp.float32)
    middle = jnp.array([rows[-1, 0], columns[0, -1]]) / 2
    down, across = rows - middle[0], columns - middle[1]
    row = factor[:, 0] * (jnp.cos(turn) * down - jnp.sin(turn) * across) + move[:, 0] + middle[0]
    column = factor[:, 1] * (jnp.sin(turn) * down + jnp.cos(turn) * across) + slant * down + move[:, 1] + middle[1]
    layers = images.reshape(*images.shape[:3], -1)

    def moved(image: Float[Array, "H W colour"], *at: Float[Array, "H W"]) -> Float[Array, "H W colour"]:
        return jax.vmap(lambda one: jax.scipy.ndimage.map_coordinates(one, at, order=1), -1, -1)(image)

    return jax.vmap(moved)(layers, row, column).reshape(images.shape)


def _require_images(images: Array) -> None:
    if images.ndim < 3:
        raise InputError(f"samples of shape {images.shape}: only images can be moved, sample x height x width or more")
