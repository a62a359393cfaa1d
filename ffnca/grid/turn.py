"""Turned by an angle: the axes along which a cell sees differences, places on the grid, and pictures.

Only the Sobel sums and the pattern of the living have a direction in what a cell sees. Turned there, a rule grows its
body turned, without being trained for it (Mordvintsev et al. 2020, "Rotating the perceptive field"). Angles are in
degrees, clockwise as seen, where rows go down.
"""

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import ndimage


def turning(angle: float) -> tuple[float, float]:
    """Cosine and sine of an angle, exact where it is a multiple of a right angle."""
    radians = math.radians(angle)
    return round(math.cos(radians), 12), round(math.sin(radians), 12)


def turned_differences(
    differences: Float[Array, "*batch H W gradient"], turn: Float[Array, "2"]
) -> Float[Array, "*batch H W gradient"]:
    """Differences along the grid's x, then y, as differences along the x and y of a body that is turned.

    Args:
        differences: Along x in the first half of the channels, along y in the second.
        turn: Cosine and sine of the angle.
    """
    along_x, along_y = jnp.split(differences, 2, -1)
    cosine, sine = turn
    return jnp.concatenate([cosine * along_x + sine * along_y, cosine * along_y - sine * along_x], axis=-1)


def turned_picture(picture: Float[np.ndarray, "h w 4"], angle: float) -> Float[np.ndarray, "tall wide 4"]:
    """A picture turned about its middle, in a frame that holds it: exact by right angles, else bilinear.

    Args:
        picture: Premultiplied, since colours of pixels are mixed.
        angle: Degrees clockwise.
    """
    quarters, rest = divmod(angle % 360, 90)
    if rest == 0:
        return np.ascontiguousarray(np.rot90(picture, -int(quarters)))
    return np.asarray(ndimage.rotate(picture, -angle, order=1))
