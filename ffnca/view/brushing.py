"""The brush in hand, and what changes it."""

from ffnca.view.brushes import MAX_RADIUS, Brush
from ffnca.view.painting import PALETTE


class Brushing:
    """The part of the controller that says what a stroke does."""

    def __init__(self) -> None:
        """The first brush, and the colour that painting begins with."""
        self.brush, self.colour = Brush(), 3

    def take_brush(self, kind: str) -> None:
        """Paint with another brush."""
        self.brush = self.brush._replace(kind=kind)

    def next_colour(self, places: int) -> None:
        """Paint with another colour."""
        self.take_colour((self.colour + places) % len(PALETTE))

    def take_colour(self, place: int) -> None:
        """Paint with a colour of the palette."""
        self.colour = place
        red, green, blue = (value / 255 for value in PALETTE[place])
        self.brush = self.brush._replace(kind="paint", colour=(red, green, blue))

    def resize_brush(self, steps: int) -> None:
        """Larger or smaller, by a fifth."""
        radius = self.brush.radius * 1.2**steps
        self.brush = self.brush._replace(radius=min(max(radius, 0.5), MAX_RADIUS))
