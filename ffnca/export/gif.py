"""GIF: one palette for all frames, and of each frame only what changed. Smaller files, and no flicker."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import GifImagePlugin, Image

from ffnca.export.gif_palette import ColourCount, Matcher
from ffnca.export.reel import Frame
from ffnca.export.show import Shot, Show, changes
from ffnca.render import WHITE, enlarge

_MAX_COLOURS = 255  # one entry more stands for what is clear or has not changed
_LEAST_OPAQUE = 128  # alpha from which a pixel, which has no half tones of it, is there
_ANY = np.zeros((1, 3), np.uint8)  # of an animation that is all clear
_KEEP, _CLEAR = 1, 2  # what becomes of a frame before the next

Indices = UInt8[np.ndarray, "height width"]


def write_gif(path: Path, show: Show, shots: list[Shot], loop: int) -> None:
    """Write it, frame by frame.

    Args:
        path: Where to.
        show: What is seen.
        shots: Of it, milliseconds in whole hundredths of a second.
        loop: How often it is played, 0 for ever.
    """
    repeats = {} if loop == 1 else {"loop": max(loop - 1, 0)}  # the format counts repeats, and has 0 for endless ones
    indexer = _Indexer(show, shots)
    indexed = indexer.pictures()
    # Not by Pillow's `save`: it holds every frame, stores whole rectangles of unchanged pixels, three times the size,
    # and its file is broken where a frame is all clear.
    parts = changes(indexed) if show.paper else (((0, 0, 0, 0), picture, None) for picture in indexed)
    with path.open("wb") as file:
        for shot, ((left, top, right, bottom), picture, before) in zip(shots, parts, strict=True):
            if shot is shots[0]:
                info = {"transparency": indexer.clear, **repeats}
                file.writelines(GifImagePlugin.getheader(indexer.image(picture), info=info)[0])
            if before is not None:
                picture = np.where(picture == before, np.uint8(indexer.clear), picture)[top:bottom, left:right]
            options = {"duration": shot.milliseconds, "disposal": _KEEP if show.paper else _CLEAR}
            image = indexer.image(np.ascontiguousarray(picture))
            file.writelines(GifImagePlugin.getdata(image, (left, top), transparency=indexer.clear, **options))
        file.write(b";")


class _Indexer:
    """Pictures in the colours of their palette."""

    def __init__(self, show: Show, shots: list[Shot]) -> None:
        """Choose the palette by a look at all frames; captions keep their own few shades."""
        self._show, self._shots = show, shots
        count = ColourCount()
        for shot in shots:
            frame = show.reel[shot.index]
            count.add(frame if show.paper else frame[frame[..., 3] >= _LEAST_OPAQUE][:, :3])
        shades = np.zeros((0, 3), np.uint8) if show.captions is None else show.captions.shades
        chosen = [count.palette(_MAX_COLOURS - len(shades)), shades]
        palette = np.unique(np.concatenate(chosen if len(count.distinct) or len(shades) else [_ANY]), axis=0)
        self._matcher = Matcher(palette, np.concatenate([count.distinct, shades, palette]))
        self.clear = len(palette)
        self._palette = np.concatenate([palette, np.array([WHITE], np.uint8)]).tobytes()

    def _indices(self, picture: Frame) -> Indices:
        found = self._matcher.indices(picture[..., :3])
        return found if self._show.paper else np.where(picture[..., 3] >= _LEAST_OPAQUE, found, np.uint8(self.clear))

    def pictures(self) -> Iterator[Indices]:
        """Each shot, the entry of every pixel."""
        for shot in self._shots:
            large = enlarge(self._indices(self._show.reel[shot.index])[..., None], self._show.scale)[..., 0]
            captions = self._show.captions
            yield large if captions is None else np.concatenate([large, self._indices(captions.strip(shot.index))])

    def image(self, picture: Indices) -> Image.Image:
        """Entries with their palette."""
        image = Image.fromarray(picture)
        image.putpalette(self._palette)
        return image
