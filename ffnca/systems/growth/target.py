"""A target: an emoji, a picture file or a picture at hand as a small grid of premultiplied RGBA cells."""

import os
import re
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike
from PIL import Image

from ffnca.errors import InputError, whole_number
from ffnca.spec import shown
from ffnca.systems.growth import cutout
from ffnca.systems.growth.emoji import bounded_name, draw_emoji, emoji_name
from ffnca.systems.growth.picture_file import read_picture, standard_picture
from ffnca.systems.growth.spec import MAX_SIZE, MIN_SIZE

MAX_NUMBERS = 2**25
"""Of an array that is to be shrunk."""
MIN_ALPHA = 0.1  # cells under this are empty: the automaton could not keep them alive either

_ROUNDING = 1 / 255
_PICTURE_SUFFIXES = (".png", ".webp", ".gif", ".jpg", ".jpeg")
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE)


def load_target(
    target: str | os.PathLike[str] | Image.Image | ArrayLike,
    size: int,
    folder: Path | None = None,
    *,
    straight: bool | None = None,
    cut_background: bool = False,
    detail: int = 1,
) -> Float32[np.ndarray, "height width 4"]:
    """Load what a user named or has: a picture by its path or at hand, or an emoji.

    Args:
        target: Text is a picture file if there is one or it looks like one, else an emoji; a path is a picture file;
            everything else is a picture as `as_cells` takes it, of any size.
        size: Cells of the longer side, `MIN_SIZE` to `MAX_SIZE`.
        folder: Where relative paths are looked up first, e.g. the folder of the world file.
        straight: Whether the colours of an array are not yet multiplied by alpha, as in `as_cells`.
        cut_background: Remove the plain background of an opaque picture.
        detail: Pixels a cell, down and across: the same picture drawn larger, whose cell (r, c) begins at pixel
            (r * detail, c * detail).

    Returns:
        Premultiplied RGBA in 0..1.

    Raises:
        InputError: If `target` is neither an emoji of OpenMoji nor a usable picture.
    """
    if not isinstance(target, str | os.PathLike):
        return _shrunk_picture(target, size, "picture", straight, cut_background, detail=detail)
    text = os.fspath(target)
    places = [Path(text)] if folder is None else [folder / text, Path(text)]
    existing = [place for place in places if text.strip() and os.path.exists(place)]
    if existing or not isinstance(target, str) or _looks_like_file(text):
        return load_picture((existing or places)[0], size, cut_background=cut_background, detail=detail)
    if cut_background:
        raise InputError(f"{shown(text)}: an emoji has no background to cut; allowed: a picture file")
    return load_emoji(text, size, detail=detail)


def as_cells(
    picture: ArrayLike | Image.Image, *, straight: bool | None = None, name: str = "picture"
) -> Float32[np.ndarray, "height width 4"]:
    """Any picture at hand as cells, or a refusal: a picture is never read in a way that it does not have.

    Args:
        picture: An image of Pillow, or an array (h, w), (h, w, 1..4): grey, grey and alpha, RGB or RGBA. Bytes are
            taken as 0..255, uint16 as 0..65535, booleans as 0 or 1, and floats must lie in 0..1.
        straight: Whether colours are not yet multiplied by alpha. None decides by kind: an image of Pillow is straight,
            floats are premultiplied, and whole numbers are what they can only be; if they can be both, say which.
        name: What to call it in errors.

    Returns:
        Premultiplied RGBA in 0..1, opaque where there was no alpha; a copy.

    Raises:
        InputError: If it has another shape, type or range, numbers that are not finite, a side beyond `MAX_SIZE`,
            colours that exceed an alpha that they are said to be multiplied by, or no cell that could live.
    """
    cells = _premultiplied(picture, straight, name)
    if max(cells.shape[:2]) > MAX_SIZE:
        raise InputError(f"{name}: is {cells.shape[0]}x{cells.shape[1]}; allowed: sides of 1 to {MAX_SIZE} cells")
    if not (cells[..., 3] > MIN_ALPHA).any():
        raise InputError(f"{name}: is fully transparent, no cell has an alpha above {MIN_ALPHA}")
    return cells


def _premultiplied(
    picture: ArrayLike | Image.Image, straight: bool | None, name: str
) -> Float32[np.ndarray, "height width 4"]:
    if isinstance(picture, Image.Image):
        picture, straight = np.asarray(standard_picture(picture, name)), True
    try:
        array = np.asarray(picture)
    except Exception as error:  # what is said to be an array may raise anything
        raise InputError(f"{name}: is no array of numbers ({error})") from error
    if np.ma.is_masked(picture):
        raise InputError(f"{name}: has numbers that are masked; allowed: an alpha of 0, or .filled(0)")
    if array.size > MAX_NUMBERS:
        raise InputError(f"{name}: has shape {array.shape}; allowed: up to {MAX_NUMBERS} numbers")
    floats = array.dtype.kind == "f" or array.dtype.name.startswith(("bfloat", "float"))  # ml_dtypes has others
    full = {"uint8": 255, "uint16": 65535, "bool": 1}.get(array.dtype.name, 1 if floats else None)
    if full is None:
        raise InputError(f"{name}: has numbers of type {array.dtype}; allowed: floats from 0 to 1, uint8, uint16")
    cells = array.astype(np.float32) / np.float32(full)
    if cells.ndim == 2:
        cells = cells[..., None]
    if cells.ndim != 3 or not 1 <= cells.shape[2] <= 4 or 0 in cells.shape:
        raise InputError(f"{name}: has shape {array.shape}; allowed: (height, width) and (height, width, 1 to 4)")
    if not np.isfinite(cells).all():
        raise InputError(f"{name}: has numbers that are not finite; allowed: finite numbers from 0 to 1")
    if cells.min() < -_ROUNDING or cells.max() > 1 + _ROUNDING:
        hint = "; divide bytes by 255" if 2 < cells.max() <= 255 else ""
        raise InputError(f"{name}: has numbers from {cells.min():g} to {cells.max():g}; allowed: 0 to 1{hint}")
    alpha = cells[..., -1:] if cells.shape[2] in (2, 4) else np.ones_like(cells[..., :1])
    colour = cells[..., :3] if cells.shape[2] > 2 else np.repeat(cells[..., :1], 3, -1)
    exceeds = bool((colour > alpha + _ROUNDING).any())
    if straight is None and not floats:
        straight = exceeds
        if not exceeds and ((colour > 0) & (alpha < 1)).any():
            raise InputError(
                f"{name}: its colours may be multiplied by alpha or not; say straight=True or straight=False"
            )
    elif exceeds and not straight:
        raise InputError(f"{name}: has colours above their alpha, so they are not premultiplied; say straight=True")
    alpha = np.clip(alpha, 0, 1)
    colour = np.clip(colour, 0, 1) * alpha if straight else np.clip(colour, 0, alpha)
    return np.concatenate([colour, alpha], -1)


def load_emoji(emoji: str, size: int, *, detail: int = 1) -> Float32[np.ndarray, "height width 4"]:
    """Draw one emoji from the OpenMoji font (CC BY-SA 4.0), cropped to its ink.

    Args:
        emoji: One emoji; joined sequences, flags and skin tones count as one. Variation selectors may be left out.
        size: Cells of the longer side, `MIN_SIZE` to `MAX_SIZE`.
        detail: Pixels a cell.

    Returns:
        Premultiplied RGBA in 0..1, zero where alpha is under `MIN_ALPHA`.

    Raises:
        InputError: If `emoji` is not one emoji that OpenMoji can draw.
    """
    _check_size(size)
    # Pillow draws on clear black, so the colours of the canvas are already multiplied by alpha.
    premultiplied = np.asarray(draw_emoji(emoji), np.float32) / 255
    height, width = premultiplied.shape[:2]
    return _finish(_shrink(premultiplied, _shape(width, height, size, detail)), shown(emoji), detail)


def load_picture(
    path: str | os.PathLike[str], size: int, *, cut_background: bool = False, detail: int = 1
) -> Float32[np.ndarray, "height width 4"]:
    """Load a picture file, shrunk to `size`; a picture that is smaller already keeps its own size.

    It is read as it says: turned by its orientation tag, in the colours of its profile, with its transparency.

    Args:
        path: PNG, WebP, GIF (the first frame) or JPEG. Without transparency the whole rectangle lives.
        size: Cells of the longer side at most, `MIN_SIZE` to `MAX_SIZE`.
        cut_background: Remove the plain background of an opaque picture.
        detail: Pixels a cell.

    Returns:
        Premultiplied RGBA in 0..1, zero where alpha is under `MIN_ALPHA`.

    Raises:
        InputError: If the file cannot be used: missing, damaged, too large, too thin or fully transparent.
    """
    _check_size(size)
    picture = read_picture(path)
    # A box average first keeps huge photographs from becoming huge float arrays.
    reduced = picture.reduce(max(1, max(picture.size) // (8 * size * detail)))
    sides = picture.size
    return _shrunk_picture(reduced, size, str(path), None, cut_background, pixels=sides, detail=detail)


def target_name(target: str | os.PathLike[str]) -> str:
    """Name output files after a target: 'lizard' for its emoji, the stem for a picture file.

    Different emoji have different names.

    Args:
        target: An emoji or a path, as given to `load_target`.

    Returns:
        A file stem of at most 87 bytes that is safe on every system.
    """
    text = os.fspath(target)
    if isinstance(target, str) and not _looks_like_file(text) and not text.isascii():
        return emoji_name(text) or "target"
    stem = bounded_name(re.sub(r"[^\w.-]+", "-", Path(text).stem).strip("-."), text) or "target"
    return f"target-{stem}" if _DEVICES.fullmatch(stem) else stem


def _looks_like_file(text: str) -> bool:
    return text.lower().endswith(_PICTURE_SUFFIXES) or "/" in text or "\\" in text


def _check_size(size: int) -> None:
    whole_number(size, "size", MIN_SIZE, MAX_SIZE)


def _shrunk_picture(
    picture: ArrayLike | Image.Image,
    size: int,
    name: str,
    straight: bool | None,
    cut_background: bool,
    *,
    pixels: tuple[int, int] | None = None,
    detail: int = 1,
) -> Float32[np.ndarray, "height width 4"]:
    """Cells of a picture; `pixels` is what it measured across and down before it was reduced."""
    _check_size(size)
    cells = _premultiplied(picture, straight, name)
    width, height = pixels or cells.shape[1::-1]
    if min(width, height) * size < max(width, height):
        raise InputError(f"{name}: {width}x{height} pixels are thinner than one cell at size {size}")
    if cut_background:
        cells = cutout.cut_background(cells, name, soft=max(width, height) > size)
    return _finish(_shrink(cells, _shape(width, height, size, detail)), name, detail)


def _shape(width: int, height: int, size: int, detail: int = 1) -> tuple[int, int]:
    """Pixels (across, down), `detail` a cell, with the longer side of at most `size` cells."""
    scale = min(1.0, size / max(width, height))
    return detail * max(1, round(width * scale)), detail * max(1, round(height * scale))


def _shrink(
    premultiplied: Float32[np.ndarray, "height width 4"], shape: tuple[int, int]
) -> Float32[np.ndarray, "down across 4"]:
    """Resample each channel in float; in premultiplied space clear pixels lend no colour to their neighbours."""
    if premultiplied.shape[1::-1] == shape:
        return premultiplied
    channels = [Image.fromarray(np.ascontiguousarray(premultiplied[..., channel])) for channel in range(4)]
    return np.stack([np.asarray(channel.resize(shape, Image.Resampling.LANCZOS)) for channel in channels], axis=-1)


def _finish(
    cells: Float32[np.ndarray, "height width 4"], name: str, detail: int = 1
) -> Float32[np.ndarray, "height width 4"]:
    """Cut the overshoot of the resampling and empty the cells under `MIN_ALPHA`; pixels of cells may be faint."""
    alpha = np.clip(cells[..., 3:], 0, 1)
    cells = np.concatenate([np.clip(cells[..., :3], 0, alpha), alpha], axis=-1)
    cells = np.where(alpha >= (MIN_ALPHA if detail == 1 else 0), cells, 0).astype(np.float32)
    if not cells.any():
        raise InputError(f"{name}: is fully transparent, no cell has an alpha of {MIN_ALPHA} or more")
    return cells
