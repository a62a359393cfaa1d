"""The brush in hand, and the cells that a stroke of it sweeps."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

BRUSHES = ("erase", "noise", "seed", "paint", "wall")
MAX_RADIUS = 32.0


class Brush(NamedTuple):
    """What the pointer does.

    Attributes:
        kind: One of `BRUSHES`.
        radius: In cells.
        colour: RGB in 0..1, for `paint`.
    """

    kind: str = "erase"
    radius: float = 4.0
    colour: tuple[float, float, float] = (0.9, 0.2, 0.2)


def swept(
    shape: tuple[int, int], start: tuple[float, float], end: tuple[float, float], radius: float, *, wrap: bool
) -> Bool[np.ndarray, "H W"]:
    """Cells within `radius` of the straight line between two places, so that a quick pointer leaves no gaps.

    Args:
        shape: Height and width.
        start: Row and column, in cells; the middle of the first cell is (0, 0).
        end: The same.
        radius: In cells; below 0.5 the nearest cell alone.
        wrap: Whether the grid has no edge.
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(float)
    found = np.zeros(shape, bool)
    shifts = [
        [0, *([1] if wrap and max(pair) + radius > side - 1 else []), *([-1] if wrap and min(pair) < radius else [])]
        for side, pair in zip(shape, zip(start, end, strict=True), strict=True)
    ]
    line = np.subtract(end, start)
    squared = max(float(line @ line), 1e-12)
    for down in shifts[0]:
        for across in shifts[1]:
            row, column = rows + down * shape[0] - start[0], columns + across * shape[1] - start[1]
            along = np.clip((row * line[0] + column * line[1]) / squared, 0, 1)
            found |= np.square(row - along * line[0]) + np.square(column - along * line[1]) <= max(radius, 0.5) ** 2
    return found
