"""The exemplar of a texture: one that ships, a picture file, or the one that a rule file keeps."""

import io
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt16
from PIL import Image

from ffnca.errors import InputError
from ffnca.spec import shown
from ffnca.systems.growth.picture_file import read_picture
from ffnca.systems.texture.descriptor import LEAST_SIDE, MOST_SIDE
from ffnca.systems.texture.exemplars import EXEMPLARS, drawn

_SUFFIXES = (".png", ".webp", ".gif", ".jpg", ".jpeg")
MOST_NUMBERS = 2**16
"""Of a picture in a rule file."""

Picture = Float[np.ndarray, "height width 3"]


def load_exemplar(text: str, seed: int, folder: Path) -> Picture:
    """What a world file names, RGB in 0..1 in steps of a byte.

    Args:
        text: A texture that ships, or a picture file, found relative to `folder`.
        seed: Of the drawing of one that ships.
        folder: Of the file that asks.

    Raises:
        InputError: If it is neither, or the picture is transparent, too small or too large.
    """
    if text in EXEMPLARS:
        return as_bytes(drawn(text, seed)) / np.float32(255)
    if not text.lower().endswith(_SUFFIXES):
        allowed = f"{', '.join(EXEMPLARS)}, or a picture file ({', '.join(_SUFFIXES)})"
        raise InputError(f"texture.exemplar = {shown(text)}; allowed: {allowed}")
    picture = np.asarray(read_picture(folder / text))
    return checked(picture, str(folder / text))


def checked(picture: np.ndarray, name: str) -> Picture:
    """A picture of bytes (RGBA) as an exemplar.

    Raises:
        InputError: If it is transparent, or a side is too short or too long.
    """
    height, width = picture.shape[:2]
    if min(height, width) < LEAST_SIDE or max(height, width) > MOST_SIDE:
        allowed = f"{LEAST_SIDE} to {MOST_SIDE} pixels a side, a pixel a cell"
        raise InputError(f"{name}: has {height}x{width} pixels; allowed for a texture: {allowed}")
    if picture.shape[-1] == 4 and picture[..., 3].min() < 255:
        raise InputError(f"{name}: is transparent in places; allowed for a texture: an opaque picture")
    return picture[..., :3] / np.float32(255)


def as_bytes(picture: Picture) -> np.ndarray:
    """RGB as bytes."""
    return np.rint(255 * picture).astype(np.uint8)


def packed(picture: Picture) -> UInt16[np.ndarray, " number"]:
    """An exemplar as a PNG file, two bytes a number."""
    file = io.BytesIO()
    Image.fromarray(as_bytes(picture)).save(file, "PNG", optimize=True)
    content = file.getvalue()
    return np.frombuffer(content + b"\0" * (len(content) % 2), "<u2").astype(np.uint16)


def unpacked(numbers: np.ndarray, name: str) -> Picture:
    """What `packed` gave.

    Raises:
        InputError: If it is no such picture.
    """
    try:
        if numbers.dtype != np.uint16 or numbers.ndim != 1 or numbers.size > MOST_NUMBERS:
            raise ValueError("allowed: a PNG as a list of uint16")
        with Image.open(io.BytesIO(numbers.astype("<u2").tobytes()), formats=("PNG",)) as picture:
            if max(picture.size) > MOST_SIDE or picture.mode != "RGB":
                raise ValueError(f"allowed: RGB of at most {MOST_SIDE} pixels a side")
            return checked(np.asarray(picture), name)
    except InputError:
        raise
    except Exception as error:  # on damaged files Pillow's decoders raise nearly anything
        raise InputError(f"{name}: its exemplar cannot be read ({str(error)[:100]})") from error
