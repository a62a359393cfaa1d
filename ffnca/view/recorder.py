"""A recording: one picture a step, written as an animation in the background."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.export.animation import write_animation
from ffnca.render import enlarge, fitting_scale

FPS = 25.0
MAX_BYTES = 2**28
"""Of pictures as they will be written, with those that wait to be written: a recording that reaches this ends. Several
times as much is in use while they are written, and the process keeps it."""


def unused_path(folder: Path, stem: str, suffix: str) -> Path:
    """`folder/stem.suffix`, or the first of `stem-2`, `stem-3`... that is not there."""
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def fitted(frames: UInt8[np.ndarray, "*batch height width 3"]) -> UInt8[np.ndarray, "..."]:
    """Cells drawn as squares, so that a picture is about 400 pixels wide."""
    return enlarge(frames, fitting_scale(frames.shape))


def write_picture(path: Path, frame: UInt8[np.ndarray, "height width 3"]) -> None:
    """Write one frame as PNG.

    Raises:
        InputError: If the file cannot be written.
    """
    with replacing(path) as temporary:
        Image.fromarray(fitted(frame)).save(temporary, format="PNG")


class Recorder:
    """Takes pictures while it is on; writing happens in a thread, so that the window goes on."""

    def __init__(self) -> None:
        """Nothing recorded yet."""
        self.frames: list[UInt8[np.ndarray, "height width 3"]] = []
        self.on = False
        self._writer = ThreadPoolExecutor(1, "ffnca-recorder")
        self._writing: list[tuple[Path, Future[None], int]] = []

    def start(self, frame: UInt8[np.ndarray, "height width 3"]) -> None:
        """Begin with this picture.

        Raises:
            InputError: If earlier recordings still fill the memory.
        """
        if 2 * self._waiting > MAX_BYTES:
            raise InputError("the last recordings are still being written; try again in a moment")
        self.frames, self.on = [frame], True

    def add(self, frame: UInt8[np.ndarray, "height width 3"]) -> bool:
        """Take the picture of the next step; False if it does not go with the others, or memory is full."""
        needed = _as_written(frame, len(self.frames) + 1) + self._waiting
        if frame.shape != self.frames[0].shape or needed > MAX_BYTES:
            return False
        self.frames.append(frame)
        return True

    def stop(self, path: Path) -> int:
        """End, and write what was taken; the number of pictures.

        Raises:
            InputError: If the file cannot be made; the recording goes on then.
        """
        try:
            path.touch()  # the name is taken from now on
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}); still recording") from error
        frames, self.frames, self.on = self.frames, [], False
        writer = self._writer.submit(self._write, path, np.stack(frames))
        self._writing.append((path, writer, _as_written(frames[0], len(frames))))
        return len(frames)

    @property
    def _waiting(self) -> int:
        """Bytes of what is not written yet."""
        return sum(size for _, writer, size in self._writing if not writer.done())

    @staticmethod
    def _write(path: Path, frames: UInt8[np.ndarray, "frame height width 3"]) -> None:
        write_animation(path, frames, FPS, scale=None)

    def written(self, wait: bool = False) -> list[str]:
        """One line for every recording that has been written, or could not be, since the last call."""
        lines, still = [], []
        for path, future, size in self._writing:
            if not (wait or future.done()):
                still.append((path, future, size))
                continue
            try:
                future.result()
                lines.append(f"recorded {path}")
            except (InputError, OSError, MemoryError) as error:
                if path.exists() and path.stat().st_size == 0:
                    path.unlink()
                lines.append(f"not recorded: {error}")
        self._writing = still
        return lines

    def close(self) -> list[str]:
        """Finish writing."""
        lines = self.written(wait=True)
        self._writer.shutdown()
        return lines


def _as_written(frame: UInt8[np.ndarray, "height width 3"], count: int) -> int:
    return count * frame.nbytes * fitting_scale(frame.shape) ** 2
