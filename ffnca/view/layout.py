"""Where the parts of the window lie: the world, a strip of text under it, the panel beside or below."""

from collections.abc import Sequence
from typing import NamedTuple

from ffnca.view.camera import Area

PANEL_WIDTH = 236
"""Of one column of the panel at a scale of 1, in pixels."""
TALL = 1.25
"""From so many times as high as wide, the panel lies below."""
LEAST_STRIP, LEAST_PANEL = 96, 120
"""Heights and widths of a window under which there is no place for the strip or the panel."""


class Layout(NamedTuple):
    """Parts of the window; none lies on another.

    Attributes:
        scale: Of texts and buttons; grows with the window, so that they stay readable on dense screens.
        world: The picture.
        strip: Texts, under the picture.
        panel: Buttons, right of the picture or under the strip.
        columns: Of the panel.
    """

    scale: float
    world: Area
    strip: Area
    panel: Area
    columns: int

    @property
    def text(self) -> int:
        """Height of a line of text in pixels."""
        return round(19 * self.scale)


def scale_of(width: int, height: int) -> float:
    """Size of texts and buttons in a window."""
    least = 0.8 if min(width, height) >= 280 else 0.65
    return min(max(min(width / 1000, height / 720), least), 4.0)


def laid_out(width: int, height: int, heights: Sequence[int], *, panel: bool, strip: bool) -> Layout:
    """Share a window between its parts.

    Args:
        width: Of the window in pixels.
        height: Of the window in pixels.
        heights: Of the panel's blocks, which are put into columns.
        panel: Whether it is wanted.
        strip: Whether it is wanted.
    """
    scale = scale_of(width, height)
    high = round(2.9 * 19 * scale) if strip and min(width, height) >= LEAST_STRIP else 0
    one = round(PANEL_WIDTH * scale)
    if not panel or width < LEAST_PANEL or height < LEAST_PANEL:
        world = Area(0, 0, width, max(height - high, 1))
        return Layout(scale, world, Area(0, world.height, width, high), Area(0, 0, 0, 0), 0)
    if height >= TALL * width:
        top = max(min(width, height // 2), 1)
        columns = max(1, width // one)
        area = Area(0, top + high, width, height - top - high)
        return Layout(scale, Area(0, 0, width, top), Area(0, top, width, high), area, columns)
    one = min(one, width // 2)
    spare = max(1, (width - (height - high)) // one)  # as many columns as leave the picture its square
    columns = min(spare, packed(heights, height)[0])
    left = width - columns * one
    world = Area(0, 0, left, max(height - high, 1))
    return Layout(scale, world, Area(0, world.height, left, high), Area(left, 0, columns * one, height), columns)


def packed(heights: Sequence[int], height: int, most: int | None = None) -> tuple[int, list[tuple[int, int]]]:
    """Put blocks into columns, one below the other, in order.

    Args:
        heights: Of the blocks.
        height: Of a column; a block that is higher has one of its own.
        most: Columns there are; the last takes what is left over, and is scrolled.

    Returns:
        The number of columns, and the column and top of each block.
    """
    column, top, places = 0, 0, []
    for block in heights:
        if top and top + block > height and (most is None or column + 1 < most):
            column, top = column + 1, 0
        places.append((column, top))
        top += block
    return column + 1, places
