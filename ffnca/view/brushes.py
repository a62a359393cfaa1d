"""Brushes: what a stroke of the pointer does to the cells under it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ffnca.grid.boundary import Boundary

BRUSHES = ("erase", "noise", "seed", "paint", "wall")
MAX_RADIUS = 32.0
NOISE = 0.3
"""Deviation of the noise brush on living cells, that of the stress table."""
FLIPPED = 0.5
"""Share of cells that the noise brush flips where states are 0 or 1."""


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


class Canvas(NamedTuple):
    """What strokes change.

    Attributes:
        state: The grid; written to.
        wall: Where nothing lives; written to.
        boundary: Of the grid: a disc over the edge of a wrapped grid goes on at the other side.
        seed_cell: The first cell of the creature, or a living cell.
        alive_threshold: Alpha above which a cell lives.
    """

    state: Float[np.ndarray, "H W C"]
    wall: Bool[np.ndarray, "H W"]
    boundary: Boundary
    seed_cell: Float[np.ndarray, " C"]
    alive_threshold: float = 0.1


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


def stroke(canvas: Canvas, brush: Brush, cells: Bool[np.ndarray, "H W"], generator: np.random.Generator) -> None:
    """Change the cells of a canvas as a brush does; what is erased, painted or seeded is no wall any more.

    Args:
        canvas: Written to.
        brush: What to do.
        cells: Where; for `seed` the cell nearest to their middle.
        generator: Source of the noise.

    Raises:
        ValueError: If there is no such brush.
    """
    state, wall = canvas.state, canvas.wall
    coloured = state.shape[-1] >= 4
    if brush.kind == "erase":
        wall &= ~cells
        state[cells] = 0
    elif brush.kind == "wall":
        wall |= cells
        state[cells] = 0
    elif brush.kind == "noise" and coloured:
        living = cells & (state[..., 3] > canvas.alive_threshold)
        state[living] += NOISE * generator.standard_normal((int(living.sum()), state.shape[-1])).astype(np.float32)
    elif brush.kind == "noise":
        flipped = cells & ~wall & (generator.random(cells.shape) < FLIPPED)
        state[flipped] = 1 - state[flipped]
    elif brush.kind == "paint":
        wall &= ~cells
        state[cells, :4] = (*brush.colour, 1.0) if coloured else 1.0
    elif brush.kind == "seed":
        wall &= ~cells
        state[cells] = canvas.seed_cell
    else:
        raise ValueError(f"brush {brush.kind!r}: allowed are {', '.join(BRUSHES)}")
