"""What an animation shows: frames as they are seen, enlarged and captioned, and how long each stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from ffnca.export.caption import CaptionRow, Captions
from ffnca.export.reel import Frame, Reel
from ffnca.render import Colour, enlarge

Picture = UInt8[np.ndarray, "height width *channel"]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two outside."""


class Shot(NamedTuple):
    """A frame that differs from the one before, and how long it is seen.

    Attributes:
        index: In the reel.
        milliseconds: At least 1.
    """

    index: int
    milliseconds: int


@dataclass(frozen=True, eq=False)
class Show:
    """Frames of cells, how large they are drawn, and what goes under them.

    Attributes:
        reel: At least one frame.
        scale: Pixels high and wide for each pixel of a frame.
        captions: Under the frames; None for nothing.
        paper: Behind captions; None where frames are RGBA.
    """

    reel: Reel
    scale: int
    captions: Captions | CaptionRow | None
    paper: Colour | None

    def picture(self, index: int) -> Frame:
        """A frame as it is seen."""
        large = enlarge(self.reel[index], self.scale)
        return large if self.captions is None else np.concatenate([large, self.captions.strip(index)])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of its pictures in pixels."""
        height, width, _ = self.reel.shape or (0, 0, 0)
        return self.scale * height + (self.captions.height if self.captions else 0), self.scale * width

    def shots(self, kept: Int[np.ndarray, " kept"], delays: Int[np.ndarray, " kept"], ticks: int) -> list[Shot]:
        """Give the delays of equal pictures in a row to the first of them.

        Args:
            kept: Frames that are shown.
            delays: How long each is.
            ticks: Units of the delays in a second.
        """
        texts: Sequence[object] = self.captions.texts if self.captions else [""] * len(self.reel)
        changes = [
            texts[before] != texts[after] or not self.reel.same(before, after) for before, after in pairwise(kept)
        ]
        firsts = np.flatnonzero([True, *changes])
        merged = np.add.reduceat(delays, firsts)
        return [Shot(int(kept[first]), int(delay) * 1000 // ticks) for first, delay in zip(firsts, merged, strict=True)]


def changes(pictures: Iterator[Picture]) -> Iterator[tuple[Box, Picture, Picture | None]]:
    """What differs from the picture before: its box, the picture, the picture before.

    The first picture is all of it, and has none before. Of equal pictures a corner is said to differ, since no format
    has frames without pixels.
    """
    before = next(pictures)
    yield (0, 0, before.shape[1], before.shape[0]), before, None
    for after in pictures:
        changed = before != after
        changed = changed.any(-1) if changed.ndim == 3 else changed
        rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
        top, bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
        left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 1)
        yield (left, top, right, bottom), after, before
        before = after
