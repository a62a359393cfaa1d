"""One palette for a whole animation: smaller GIFs, and colours that do not flicker."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

Pixels = UInt8[np.ndarray, "*pixels 3"]
_MAX_SAMPLE = 2**20  # pixels from which a palette is computed
_CHUNK = 4096  # colours matched at a time


def shared_palette(frames: Sequence[Pixels], max_colours: int) -> UInt8[np.ndarray, "colour 3"]:
    """Choose the colours of an animation.

    Args:
        frames: Its pixels, frame by frame.
        max_colours: How many there may be, up to 256.

    Returns:
        Every colour of the animation if there are at most so many. Otherwise that many by median cut over a sample
        of all frames; k-means after it brings frequent colours, the background above all, back to their exact value.
    """
    distinct = _distinct(frames)
    if len(distinct) <= max_colours:
        return _unpack(distinct)
    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    # An odd stride does not stay on the same columns of frames whose width is even.
    sample = pixels[:: (len(pixels) // _MAX_SAMPLE) | 1]
    quantised = Image.fromarray(sample[None]).quantize(max_colours, Image.Quantize.MEDIANCUT, kmeans=1)
    return np.unique(
        np.array(quantised.getpalette(), np.uint8).reshape(-1, 3)[:max_colours], axis=0
    )  # Pillow mixes up twins


class Matcher:
    """Finds the nearest colour of a palette, without dithering."""

    def __init__(self, palette: UInt8[np.ndarray, "colour 3"], frames: Sequence[Pixels]) -> None:
        """Match every colour that occurs in these frames once."""
        distinct = _distinct(frames)
        entries = palette.astype(np.float32)
        self._index_of = np.zeros(2**24, np.uint8)
        for start in range(0, len(distinct), _CHUNK):
            packed = distinct[start : start + _CHUNK]
            # |colour - entry|^2 without |colour|^2, which is the same for all entries; exact in float32.
            distance = (entries**2).sum(axis=1) - 2 * _unpack(packed).astype(np.float32) @ entries.T
            self._index_of[packed] = distance.argmin(axis=1)

    def indices(self, frame: Pixels) -> UInt8[np.ndarray, "*pixels"]:
        """The entry of every pixel of one of the frames."""
        return self._index_of[_pack(frame)]


def _distinct(frames: Sequence[Pixels]) -> Int[np.ndarray, " colour"]:
    seen = np.zeros(2**24, bool)
    for frame in frames:
        seen[_pack(frame)] = True
    return np.flatnonzero(seen)


def _pack(colours: Pixels) -> Int[np.ndarray, "*pixels"]:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _unpack(packed: Int[np.ndarray, " colour"]) -> UInt8[np.ndarray, "colour 3"]:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)
