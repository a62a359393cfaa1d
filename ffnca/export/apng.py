"""APNG: without loss; of each frame the rectangle that changed, and in it, where nothing is clear, what changed."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from ffnca.export.reel import Frame
from ffnca.export.show import Shot, Show, changes
from ffnca.render import TRANSPARENT, laid_on

_SIGNATURE_BYTES = 8
_STAYS = 0  # until the next frame is laid over it
_REPLACES, _LIES_OVER = 0, 1  # what a frame does to what is under it


def write_apng(path: Path, show: Show, shots: list[Shot], loop: int) -> None:
    """Write it, frame by frame.

    Pillow packs the pixels; the frames around them are put here, since its `save` holds every frame in full.

    Args:
        path: Where to.
        show: What is seen.
        shots: Of it, up to 65,535 milliseconds each.
        loop: How often it is played, 0 for ever.
    """
    numbers = iter(range(2**31))
    parts = changes(show.picture(shot.index) for shot in shots)
    with path.open("wb") as file:
        for shot, ((left, top, right, bottom), picture, before) in zip(shots, parts, strict=True):
            if show.paper:
                picture = _only_changed(picture, before)
            packed = _chunks(np.ascontiguousarray(picture[top:bottom, left:right]))
            if before is None:
                file.write(b"\x89PNG\r\n\x1a\n")
                _put(file, b"IHDR", next(data for name, data in packed if name == b"IHDR"))
                if len(shots) > 1:
                    _put(file, b"acTL", _int(len(shots)), _int(loop))
            if len(shots) > 1:
                size = (_int(side) for side in (right - left, bottom - top, left, top))
                delay = shot.milliseconds.to_bytes(2, "big") + (1000).to_bytes(2, "big")
                _put(
                    file,
                    b"fcTL",
                    _int(next(numbers)),
                    *size,
                    delay,
                    bytes([_STAYS, _LIES_OVER if show.paper else _REPLACES]),
                )
            for data in (data for name, data in packed if name == b"IDAT"):
                if before is None:
                    _put(file, b"IDAT", data)
                else:
                    _put(file, b"fdAT", _int(next(numbers)), data)
        _put(file, b"IEND")


def _only_changed(picture: Frame, before: Frame | None) -> Frame:
    """An opaque picture, clear where it is as before: a third less to pack."""
    changed = np.ones(picture.shape[:2], bool) if before is None else (picture != before).any(-1)
    return laid_on(picture, changed, TRANSPARENT)


def _put(file: io.BufferedWriter, name: bytes, *data: bytes) -> None:
    PngImagePlugin.putchunk(file, name, *data)


def _int(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _chunks(picture: np.ndarray) -> list[tuple[bytes, bytes]]:
    """The chunks of a picture as PNG, name and content."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return list(_read(file.getbuffer()[_SIGNATURE_BYTES:]))


def _read(content: memoryview) -> Iterator[tuple[bytes, bytes]]:
    while len(content):
        size = int.from_bytes(content[:4], "big")
        yield bytes(content[4:8]), bytes(content[8 : 8 + size])
        content = content[12 + size :]
