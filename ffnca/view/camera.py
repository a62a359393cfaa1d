"""Where the cells lie on the screen: zoom, pan, and the cell under the pointer."""

import math
from typing import NamedTuple

MAX_ZOOM = 64.0


class Area(NamedTuple):
    """A rectangle of the screen, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def holds(self, place: tuple[float, float]) -> bool:
        """Whether a place (x, y) lies in it."""
        return self.left <= place[0] < self.left + self.width and self.top <= place[1] < self.top + self.height


class Camera:
    """Looks at a picture of `rows` by `columns` cells through an area of the screen."""

    def __init__(self) -> None:
        """Look at the whole of whatever comes."""
        self.fit()

    def fit(self) -> None:
        """Show all of it, in the middle."""
        self._magnified, self._centre = 1.0, (0.5, 0.5)

    def scale(self, area: Area, rows: int, columns: int) -> float:
        """Pixels a cell; whole numbers where they fit, so that all cells are equal."""
        fitting = max(min(area.width / columns, area.height / rows), 1e-3)
        fitting = math.floor(fitting) if fitting >= 1 else fitting
        scale = fitting * self._magnified
        return min(math.floor(scale) if scale >= 1 else scale, MAX_ZOOM)

    def corner(self, area: Area, rows: int, columns: int) -> tuple[float, float]:
        """Where the top left corner of the picture lies on the screen, x and y in pixels."""
        scale = self.scale(area, rows, columns)
        return (
            math.floor(area.left + area.width / 2 - self._centre[0] * columns * scale),
            math.floor(area.top + area.height / 2 - self._centre[1] * rows * scale),
        )

    def place(self, at: tuple[float, float], area: Area, rows: int, columns: int) -> tuple[float, float]:
        """Row and column under a point (x, y) of the screen; the middle of the first cell is (0, 0)."""
        left, top = self.corner(area, rows, columns)
        scale = self.scale(area, rows, columns)
        return (at[1] - top) / scale - 0.5, (at[0] - left) / scale - 0.5

    def zoom(self, factor: float, at: tuple[float, float], area: Area, rows: int, columns: int) -> None:
        """Magnify; the cell at (x, y) stays under the pointer."""
        before = self.place(at, area, rows, columns)
        fitting = max(min(area.width / columns, area.height / rows), 1e-3)
        self._magnified = min(max(self._magnified * factor, 0.25), MAX_ZOOM / min(fitting, MAX_ZOOM))
        after = self.place(at, area, rows, columns)
        self._move(after[0] - before[0], after[1] - before[1], rows, columns)

    def pan(self, across: float, down: float, area: Area, rows: int, columns: int) -> None:
        """Move the picture by pixels."""
        scale = self.scale(area, rows, columns)
        self._move(down / scale, across / scale, rows, columns)

    def _move(self, row: float, column: float, rows: int, columns: int) -> None:
        x, y = self._centre[0] - column / columns, self._centre[1] - row / rows
        self._centre = (min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
