"""A target painted by hand: a small canvas of premultiplied RGBA cells."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from ffnca.errors import InputError
from ffnca.systems.growth.target import load_emoji, load_picture
from ffnca.view.brushes import swept

SIZE = 24
MIN_CELLS = 8
"""Living cells that a target needs at least."""
PALETTE = (
    *((20, 20, 24), (120, 124, 136), (255, 255, 255), (220, 48, 48), (244, 132, 36), (252, 208, 60)),
    *((96, 180, 64), (24, 120, 96), (72, 176, 232), (40, 80, 192), (144, 72, 184), (232, 120, 168)),
)


def colour_of(place: int) -> tuple[float, float, float]:
    """A colour of the palette, RGB in 0..1."""
    red, green, blue = (value / 255 for value in PALETTE[place])
    return red, green, blue


class Painting:
    """What the user paints.

    Attributes:
        cells: `SIZE` x `SIZE` premultiplied RGBA.
        name: Of the target: an emoji, or a file name.
    """

    def __init__(self) -> None:
        """An empty canvas."""
        self.clear()

    def clear(self) -> None:
        """Wipe it."""
        self.cells: Float[np.ndarray, "H W 4"] = np.zeros((SIZE, SIZE, 4), np.float32)
        self.name = "painting.png"

    def paint(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        radius: float,
        colour: tuple[float, float, float] | None,
    ) -> None:
        """Draw from one place to another; None erases."""
        cells = swept((SIZE, SIZE), start, end, radius, wrap=False)
        self.cells[cells] = 0.0 if colour is None else (*colour, 1.0)
        self.name = "painting.png"

    def take_emoji(self, text: str) -> None:
        """Show an emoji.

        Raises:
            InputError: If it is none.
        """
        self._take(load_emoji(text, SIZE), text.strip())

    def take_picture(self, path: Path) -> None:
        """Show a picture file, shrunk to the canvas.

        Raises:
            InputError: If it is no usable picture.
        """
        self._take(load_picture(path, SIZE), path.name)

    def _take(self, picture: Float[np.ndarray, "h w 4"], name: str) -> None:
        self.clear()
        height, width = picture.shape[:2]
        top, left = (SIZE - height) // 2, (SIZE - width) // 2
        self.cells[top : top + height, left : left + width] = picture
        self.name = name

    def picture(self) -> Float[np.ndarray, "h w 4"]:
        """What was painted; always of one shape, so that compiled code serves every painting.

        Raises:
            InputError: If there is too little of it.
        """
        if (self.cells[..., 3] > 0).sum() < MIN_CELLS:
            raise InputError(f"paint at least {MIN_CELLS} cells first, or type an emoji")
        return self.cells.copy()
