"""Turned by an angle: the axes along which a cell sees differences, and pictures.

Only the Sobel sums, the pattern of the living and the patch of cells have a direction in what a cell sees. Turned
there, a rule grows its body turned, without being trained for it (Mordvintsev et al. 2020, "Rotating the perceptive
field"). Angles are in degrees, clockwise as seen, where rows go down.
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import ndimage

FINEST_WAVE = 1.45
"""Radians a cell, a little more than the finest wave of the position code: what turned Sobel sums are fitted to."""
_WAVELENGTHS, _DIRECTIONS = 40, 72


class Turn(NamedTuple):
    """An angle, as what perception needs of it; data in compiled code.

    Attributes:
        direction: Its cosine and sine.
        sobel: Weights of the Sobel sums along the body's x and y, of the differences of opposite neighbours: right
            less left, below less above, lower right less upper left, lower left less upper right.
    """

    direction: Float[Array, "2"]
    sobel: Float[Array, "2 4"]

    @classmethod
    def by(cls, angle: float) -> "Turn":
        """Of so many degrees."""
        return cls(jnp.array(turning(angle)), jnp.array(turned_sobel(angle)))


def turning(angle: float) -> tuple[float, float]:
    """Cosine and sine of an angle, exact where it is a multiple of a right angle."""
    radians = math.radians(angle)
    return round(math.cos(radians), 12), round(math.sin(radians), 12)


def turned_sobel(angle: float) -> Float[np.ndarray, "2 4"]:
    """Weights of eight neighbours that come nearest to Sobel sums along the axes of a turned body.

    The two Sobel sums of the grid, mixed by cosine and sine, are a few degrees off on waves as fine as a position code
    has, and a body that sees them turns and wanders slowly. So these are the least squares over waves of all directions
    and of lengths down to `FINEST_WAVE`, of the error as a share of the wave number. By right angles they are exact.
    """
    cosine, sine = turning(angle)
    number = np.linspace(0.0, FINEST_WAVE, _WAVELENGTHS + 1)[1:, None]
    way = np.linspace(0, 2 * np.pi, _DIRECTIONS, endpoint=False)
    across, down = (number * np.cos(way)).ravel(), (number * np.sin(way)).ravel()
    x, y = cosine * across + sine * down, cosine * down - sine * across
    share = 1 / np.repeat(number.ravel(), _DIRECTIONS)
    seen = 2 * np.sin(np.stack([across, down, across + down, down - across], -1))
    wanted = np.stack([np.sin(x) * (1 + np.cos(y)), np.sin(y) * (1 + np.cos(x))], -1) / 2
    weights = np.linalg.lstsq(seen * share[:, None], wanted * share[:, None], rcond=None)[0]
    return weights.T.round(9).astype(np.float32)


def turned_pattern(pattern: Float[Array, "*batch H W 3"], turn: Turn) -> Float[Array, "*batch H W 3"]:
    """The alive pattern (share, across x, across y) along the x and y of a turned body."""
    (cosine, sine), share, x, y = turn.direction, *jnp.moveaxis(pattern, -1, 0)
    return jnp.stack([share, cosine * x + sine * y, cosine * y - sine * x], axis=-1)


_RING = (0, 1, 2, 5, 8, 7, 6, 3)
"""The neighbours in a patch of nine cells, clockwise."""


def turned_patch(direction: Float[Any, "2"], xp: Any = jnp) -> Float[Any, "9 9"]:
    """How much of each cell of a patch is seen in the place of each other, by the body's axes.

    The eight neighbours move along their ring, where each is an eighth of a turn from the next; between two of them, a
    share of each. By eighths of a turn they change places.

    Args:
        direction: Cosine and sine of the angle.
        xp: `numpy` or `jax.numpy`.

    Returns:
        A matrix, from cells of the grid to cells of the body.
    """
    moved = xp.arctan2(direction[1], direction[0]) * (4 / math.pi) % 8
    place = xp.arange(8)
    apart = xp.abs((place[None] - place[:, None] - moved + 4) % 8 - 4)
    ring = xp.maximum(0.0, 1 - apart)
    ring = xp.where(ring < 1e-5, 0.0, ring)
    spread = np.eye(9)[list(_RING)]
    middle = np.zeros((9, 9))
    middle[4, 4] = 1
    return spread.T @ ring @ spread + middle


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
