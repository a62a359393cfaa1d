"""One palette for a whole animation: smaller GIFs, and colours that do not flicker."""

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

Pixels = UInt8[np.ndarray, "*pixels 3"]
Colours = UInt8[np.ndarray, "colour 3"]
_NUM_SAMPLES = 2**20  # pixels from which a palette is computed
_CHUNK = 4096  # colours matched at a time


class ColourCount:
    """How often each colour occurs in an animation."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._packed, self._counts = np.zeros(0, np.int32), np.zeros(0)

    def add(self, frame: Pixels) -> None:
        """Count the pixels of one more frame."""
        packed, counts = np.unique(_pack(frame), return_counts=True)
        self._packed, places = np.unique(np.concatenate([self._packed, packed]), return_inverse=True)
        self._counts = np.bincount(places, np.concatenate([self._counts, counts]))

    @property
    def distinct(self) -> Colours:
        """Every colour that occurs."""
        return _unpack(self._packed)

    def palette(self, max_colours: int) -> Colours:
        """Choose the colours to show.

        Args:
            max_colours: How many there may be, up to 256.

        Returns:
            Every colour of the animation if there are at most so many. Otherwise at most that many by median cut, in
            which a colour counts by the square root of its pixels, since the few pixels of an eye are looked at as much
            as a back; k-means after it brings frequent colours, the background above all, back to their exact value.
        """
        distinct = self.distinct
        if len(distinct) <= max_colours:
            return distinct
        weights = np.sqrt(self._counts)
        repeats = np.ceil(weights * (_NUM_SAMPLES / weights.sum())).astype(int)
        sample = Image.fromarray(np.repeat(distinct, repeats, axis=0)[None])
        chosen = sample.quantize(max_colours, Image.Quantize.MEDIANCUT, kmeans=1).getpalette()
        return np.unique(np.array(chosen, np.uint8).reshape(-1, 3)[:max_colours], axis=0)  # Pillow mixes up twins


class Matcher:
    """Finds the nearest colour of a palette, without dithering."""

    def __init__(self, palette: Colours, distinct: Colours) -> None:
        """Match every colour that occurs once."""
        entries, self._packed = palette.astype(np.float32), np.unique(_pack(distinct))
        self._nearest = np.zeros(len(self._packed), np.uint8)
        for start in range(0, len(self._packed), _CHUNK):
            colours = _unpack(self._packed[start : start + _CHUNK]).astype(np.float32)
            # |colour - entry|^2 without |colour|^2, which is the same for all entries; exact in float32.
            distance = (entries**2).sum(axis=1) - 2 * colours @ entries.T
            self._nearest[start : start + _CHUNK] = distance.argmin(axis=1)

    def indices(self, frame: Pixels) -> UInt8[np.ndarray, "*pixels"]:
        """The entry of every pixel of a frame; of colours that were not given, any."""
        places = np.searchsorted(self._packed, _pack(frame))
        return self._nearest[np.minimum(places, len(self._packed) - 1)]


def _pack(colours: Pixels) -> Int[np.ndarray, "*pixels"]:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _unpack(packed: Int[np.ndarray, " colour"]) -> UInt8[np.ndarray, "colour 3"]:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)
