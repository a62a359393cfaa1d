"""Scenes side by side on one picture, played at the same time: one world from many seeds, or several worlds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np
from jaxtyping import UInt8

from ffnca.export.scene import Scene
from ffnca.render import fitting_scale

MAX_TILES, MAX_COMPARED = 64, 6
WIDE_PIXELS = 800
"""About how large the longer side of several scenes is."""
_GAP = 2  # cells between neighbours
_LONGEST_ROW = 3  # of tiles; more are laid out in a square

Picture = UInt8[np.ndarray, "height width channel"]


@dataclass(frozen=True)
class Wall:
    """What is played side by side; a single scene is as it is.

    Attributes:
        scenes: All with the same steps, frames and background.
        seeds: Of what is random in each.
        names: What to call each under its picture, all in one row; None for tiles, with one caption for all.
    """

    scenes: tuple[Scene, ...]
    seeds: tuple[int, ...]
    names: tuple[str, ...] | None = None

    @property
    def num_frames(self) -> int:
        """How many there are."""
        return len(self.scenes[0].steps)

    @property
    def detail(self) -> int:
        """Pixels a cell of its frames."""
        return self.scenes[0].detail

    @property
    def gap(self) -> int:
        """Pixels of a frame between neighbours."""
        return _GAP * self.detail

    @property
    def _columns(self) -> int:
        count = len(self.scenes)
        return count if self.names is not None or count <= _LONGEST_ROW else math.ceil(math.sqrt(count))

    @cached_property
    def _panel(self) -> tuple[int, int]:
        """Height and width that hold each of its scenes."""
        shapes = [scene.drawn(scene.simulation.start).shape for scene in self.scenes]
        return max(shape[0] for shape in shapes), max(shape[1] for shape in shapes)

    @property
    def scale(self) -> int | None:
        """Pixels for each pixel of a frame that suit several scenes; None for one."""
        if len(self.scenes) == 1:
            return None
        return fitting_scale(self._size, WIDE_PIXELS)

    @property
    def _size(self) -> tuple[int, int, int]:
        """Height, width and channels of its frames."""
        columns, gap, (height, width) = self._columns, self.gap, self._panel
        rows = -(-len(self.scenes) // columns)
        return rows * (height + gap) - gap, columns * (width + gap) - gap, 3 if self.scenes[0].look.paper else 4

    @property
    def captions(self) -> Sequence[str | tuple[str, ...]] | None:
        """The text under each frame, or the texts under each of its pictures."""
        if self.names is None or self.scenes[0].look.caption is not None:
            texts = [scene.captions for scene in self.scenes]
            if self.names is None or texts[0] is None:
                return texts[0]
            return list(zip(*(text for text in texts if text is not None), strict=True))
        acts = [f": {scene.act(step)}" if scene.is_story else "" for scene in self.scenes[:1] for step in scene.steps]
        return [tuple(f"{name}{act}" for name in self.names) for act in acts]

    def frames(self) -> Iterator[Picture]:
        """The frames, one pixel a cell unless the view has more."""
        playing = [scene.frames(key=jax.random.key(seed)) for scene, seed in zip(self.scenes, self.seeds, strict=True)]
        for pictures in zip(*playing, strict=True):
            yield pictures[0] if len(pictures) == 1 else self._laid_out(pictures)

    def _laid_out(self, pictures: tuple[Picture, ...]) -> Picture:
        """Row by row, each in the middle of its place."""
        columns, gap, (height, width) = self._columns, self.gap, self._panel
        sheet = np.full(self._size, self.scenes[0].look.paper or 0, np.uint8)
        for place, picture in enumerate(pictures):
            top = (height + gap) * (place // columns) + (height - picture.shape[0]) // 2
            left = (width + gap) * (place % columns) + (width - picture.shape[1]) // 2
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        return sheet
