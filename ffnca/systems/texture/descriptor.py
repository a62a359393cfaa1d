"""What an exemplar's cells would be: colours, and in the hidden channels a descriptor of the surroundings.

The descriptor takes the place of a position code: at each of three scales the first principal components of the square
of pixels around the cell. Colours and components have mean 0; a scale's first component has deviation 1.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ffnca.automata.texture import Sight

WINDOW = 5
"""Sides of a descriptor's square, in steps of its scale."""
SCALES = (1, 2, 4)
"""Pixels a step; a step's colour is the mean of so many pixels down and across."""
LEAST_SIDE, MOST_SIDE = 64, 128
"""Of an exemplar, in pixels."""


class Described(NamedTuple):
    """An exemplar as states.

    Attributes:
        states: Of the cells whose descriptors lie within the exemplar.
        mean: Colour of a state of 0, RGB in 0..1.
        scale: Colour in 0..1 by which a unit of state differs from it.
    """

    states: Float[np.ndarray, "height width channel"]
    mean: Float[np.ndarray, " 3"]
    scale: float


class Places(NamedTuple):
    """Cells of an exemplar that see all that they look at within it.

    Attributes:
        seen: What each sees.
        state: What it is.
    """

    seen: Float[np.ndarray, "place feature"]
    state: Float[np.ndarray, "place channel"]


def _smoothed(picture: Float[np.ndarray, "height width 3"], step: int) -> Float[np.ndarray, "height width 3"]:
    """The mean of `step` by `step` pixels at every place, the edges mirrored."""
    before, after = step // 2, (step - 1) // 2
    padded = np.pad(picture, [(before, after), (before, after), (0, 0)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (step, step), (0, 1))
    return windows.mean((-2, -1))


def _squares(picture: Float[np.ndarray, "height width 3"], step: int) -> Float[np.ndarray, "high wide number"]:
    """Every square of `WINDOW` steps that lies within the picture."""
    reach = WINDOW // 2 * step
    height, width = picture.shape[0] - 2 * reach, picture.shape[1] - 2 * reach
    along = range(0, 2 * reach + 1, step)
    return np.concatenate(
        [picture[row : row + height, column : column + width] for row in along for column in along], -1
    )


def describe(exemplar: Float[np.ndarray, "height width 3"], components: tuple[int, ...]) -> Described:
    """States of an exemplar.

    Args:
        exemplar: RGB in 0..1.
        components: How many at each scale, the finest first.
    """
    reach = WINDOW // 2 * max(SCALES)
    colours = exemplar[reach:-reach, reach:-reach].astype(np.float64)
    mean = colours.mean((0, 1))
    scale = max(float(np.mean(colours.std((0, 1)))), 1 / 255)
    parts = [(colours - mean) / scale]
    for step, number in zip(SCALES, components, strict=True):
        squares = _squares(_smoothed(exemplar.astype(np.float64), step), step)
        cut = reach - WINDOW // 2 * step
        squares = squares[cut : squares.shape[0] - cut, cut : squares.shape[1] - cut]
        parts.append(_components(squares, number))
    return Described(np.concatenate(parts, -1).astype(np.float32), mean.astype(np.float32), scale)


def _components(squares: Float[np.ndarray, "high wide number"], count: int) -> Float[np.ndarray, "high wide component"]:
    """First principal components, each with the root of its share of the deviation."""
    rows = squares.reshape(-1, squares.shape[-1])
    rows = rows - rows.mean(0)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    values, vectors = np.maximum(values[::-1][:count], 1e-12), vectors[:, ::-1][:, :count]
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(0), np.arange(count)] < 0, -1, 1)
    found = rows @ vectors * np.sqrt(len(rows)) / np.sqrt(values) * (values / values[0]) ** 0.25
    return found.reshape(*squares.shape[:2], count)


def places(described: Described, sight: Sight) -> Places:
    """Cells of an exemplar, with what they see: no edge of it is in sight."""
    states, reach = described.states, sight.reach
    inner = states[reach:-reach, reach:-reach].reshape(-1, states.shape[-1])
    return Places(np.asarray(sight.within(jnp.asarray(states))).reshape(len(inner), -1), inner)
