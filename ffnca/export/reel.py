"""Frames on disk: as many as are wanted in the memory of one, read in any order and as often as needed."""

import tempfile
import zlib
from array import array
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from jaxtyping import UInt8

Frame = UInt8[np.ndarray, "height width channel"]
_LEVEL = 1  # of compression: most of a frame is even ground, which the quickest one shrinks well
_SIZE_BYTES = 8


class Reel:
    """Frames of one shape in a nameless file that is gone when it is closed; equal frames in a row are kept once."""

    def __init__(self, folder: Path, num_channels: int) -> None:
        """An empty reel.

        Args:
            folder: On the disk that has room for it.
            num_channels: Of its frames.

        Raises:
            OSError: If no file can be made there.
        """
        self.shape: tuple[int, int, int] | None = None
        self._num_channels = num_channels
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115, closed with the reel
        self._places = array("Q")
        self._newest: Frame | None = None
        self._read: tuple[int, Frame] | None = None

    def __enter__(self) -> Self:
        """For as long as it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the disk back."""
        self._file.close()

    def extend(self, frames: Iterable[Frame]) -> None:
        """Put frames at the end, one after the other as they come.

        Raises:
            ValueError: If a frame is not uint8 colours, or differs in shape from the first.
            OSError: If the disk is full.
        """
        for frame in frames:
            self._append(np.ascontiguousarray(frame))

    def _append(self, frame: Frame) -> None:
        if frame.ndim != 3 or frame.shape[-1] != self._num_channels or 0 in frame.shape or frame.dtype != np.uint8:
            wanted = f"uint8 (height, width, {self._num_channels})"
            raise ValueError(f"frames must be {wanted}, not {frame.dtype} {frame.shape}")
        if self.shape is not None and frame.shape != self.shape:
            raise ValueError(f"frames differ in shape: {sorted({frame.shape, self.shape})}")
        if self._newest is not None and np.array_equal(frame, self._newest):
            self._places.append(self._places[-1])
            return
        self.shape, self._newest = frame.shape, frame.copy()
        packed = zlib.compress(frame.tobytes(), _LEVEL)
        self._places.append(self._file.seek(0, 2))
        self._file.write(len(packed).to_bytes(_SIZE_BYTES, "big") + packed)

    def __len__(self) -> int:
        """How many there are, equal ones counted each."""
        return len(self._places)

    def __getitem__(self, index: int) -> Frame:
        """A frame, which is not to be changed."""
        place = self._places[index]
        if self._read is None or self._read[0] != place:
            self._file.seek(place)
            packed = self._file.read(int.from_bytes(self._file.read(_SIZE_BYTES), "big"))
            self._read = place, np.frombuffer(zlib.decompress(packed), np.uint8).reshape(self.shape or ())
        return self._read[1]

    def same(self, one: int, other: int) -> bool:
        """Whether two frames are equal."""
        return self._places[one] == self._places[other] or np.array_equal(self[one], self[other])
