"""Picture files as they say they are: upright, in sRGB, with their transparency; bounded in time and memory."""

import io
import os
import re
import warnings
from functools import cache

import numpy as np
from PIL import Image, ImageCms, ImageFile

from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.notes import tell
from ffnca.systems.growth.png_colour import profile_of_png

MAX_PICTURE_BYTES = 64 * 2**20
_FORMATS = ("PNG", "WEBP", "GIF", "JPEG")
_MAX_SIDE = 16_384
_MAX_PIXELS = 64_000_000
_MAX_READS = 50_000
_BAND = 64
"""Rows that are looked at together."""
_ORIENTATION = 0x0112
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Patient(io.BytesIO):
    """Bytes that are read so many times at most: some headers of a few megabytes keep Pillow busy for minutes."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > _MAX_READS:
            raise InputError("has too many parts")
        return super().read(size)


def read_picture(path: str | os.PathLike[str]) -> Image.Image:
    """Read a PNG, WebP, GIF (its first frame) or JPEG.

    Returns:
        RGBA in sRGB, upright, not premultiplied.

    Raises:
        InputError: If the file is missing, no picture, damaged or too large.
    """
    if not os.path.exists(path):
        raise InputError(f"{path}: no such picture file")
    content = read_bounded(path, MAX_PICTURE_BYTES)
    too_large = f"{path}: is too large, at most {_MAX_SIDE} pixels a side and {_MAX_PIXELS // 10**6} megapixels"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(_Patient(content), formats=_FORMATS) as picture:
                if max(picture.size) > _MAX_SIDE or picture.width * picture.height > _MAX_PIXELS:
                    raise InputError(too_large)
                alpha = _key_alpha(picture, content)
                return standard_picture(picture, str(path), alpha)
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(too_large) from error
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{path}: is not a picture, allowed are {', '.join(_FORMATS)}") from error
    except Exception as error:  # on damaged files Pillow's decoders raise nearly anything
        raise InputError(f"{path}: cannot be read as a picture ({error})") from error


def standard_picture(picture: Image.Image, name: str, alpha: Image.Image | None = None) -> Image.Image:
    """A picture of any mode as RGBA in sRGB, upright by its orientation tag.

    A colour profile that cannot be used is told of and not used.

    Args:
        picture: As opened by Pillow.
        name: What to call it in errors.
        alpha: Instead of its own, before it is turned.

    Raises:
        InputError: If its numbers have no known range.
    """
    colour, own = _split(picture, name)
    profile = picture.info.get("icc_profile") or profile_of_png(picture.info, colour.mode == "L")
    standard = _in_srgb(colour, profile, name)
    standard.putalpha(next((mask for mask in (alpha, own) if mask is not None), 255))
    return standard.transpose(method) if (method := _UPRIGHT.get(_orientation(picture))) is not None else standard


def _key_alpha(picture: ImageFile.ImageFile, content: bytes) -> Image.Image | None:
    """Alpha of a PNG with a transparent colour: Pillow compares 8 bits, the file means all that it has."""
    key = picture.info.get("transparency")
    if picture.format != "PNG" or picture.mode == "P" or key is None or not picture.tile:
        return None
    rawmode, _ = str(picture.tile[0][3]), picture.load()
    full = {"1": 1, "L;2": 3, "L;4": 15, "L": 255, "RGB": 255}.get(rawmode, 65535)
    wanted = np.asarray(key) & full
    halves = [(picture, wanted * (255 // full) if full in (3, 15) else wanted)]
    if rawmode == "RGB;16B":
        low = Image.open(_Patient(content), formats=("PNG",))
        low.tile = [low.tile[0]._replace(args="RGB;16L")]  # the other bytes of the same numbers
        halves = [(picture, wanted >> 8), (low, wanted & 255)]
    alpha = Image.new("L", picture.size)
    for top in range(0, picture.height, _BAND):  # whole arrays of large pictures would take a gigabyte
        box = (0, top, picture.width, min(top + _BAND, picture.height))
        equal = [np.asarray(half.crop(box)) == part.astype(np.int32) for half, part in halves]
        clear = np.logical_and.reduce(equal)
        clear = clear[..., 0] & clear[..., 1] & clear[..., 2] if clear.ndim == 3 else clear
        alpha.paste(Image.fromarray(np.where(clear, np.uint8(0), np.uint8(255))), box[:2])
    return alpha


def _split(picture: Image.Image, name: str) -> tuple[Image.Image, Image.Image | None]:
    """Colour in grey, RGB or CMYK with 8 bits, and alpha if there is transparency."""
    mode, key = picture.mode, picture.info.get("transparency")
    if mode.startswith("I") or mode == "F":
        alpha = None if key is None else Image.fromarray(np.where(np.asarray(picture) == key, 0, 255).astype(np.uint8))
        return _eight_bits(picture, name), alpha
    if mode == "RGB" and isinstance(key, tuple) and max(key) > 255:  # Pillow keeps 8 of 16 bits, but not of the key
        picture = picture.copy()
        picture.info["transparency"] = tuple(part >> 8 for part in key)
    if mode == "LAB":
        to_rgb = ImageCms.profileToProfile(picture, ImageCms.createProfile("LAB"), _srgb(), outputMode="RGB")
        return to_rgb or picture, None
    if mode in ("La", "RGBa"):
        picture = picture.convert({"La": "LA", "RGBa": "RGBA"}[mode])
    elif picture.has_transparency_data and mode not in ("LA", "RGBA"):
        picture = picture.convert("LA" if mode in ("1", "L") else "RGBA")
    elif mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        picture = picture.convert("L" if mode == "1" else "RGB")
    if picture.mode in ("LA", "RGBA"):
        return picture.convert(picture.mode[:-1]), picture.getchannel("A")
    return picture.copy(), None


def _eight_bits(picture: Image.Image, name: str) -> Image.Image:
    """Grey of 16 bits or of floats from 0 to 1, which Pillow's `convert` would clip."""
    grey = np.asarray(picture)
    most = 1 if picture.mode == "F" else 65535
    if not (grey >= 0).all() or not (grey <= most).all():
        raise InputError(f"{name}: its grey is out of range; allowed: 0 to {most}")
    return Image.fromarray((grey.astype(np.float32) * (255 / most) + 0.5).astype(np.uint8))


def _orientation(picture: Image.Image) -> int:
    """The tag of EXIF or XMP, whatever else they hold; 1 if there is none that can be read."""
    try:
        value = picture.getexif().get(_ORIENTATION)
    except Exception:  # EXIF of strangers raises nearly anything
        value = None
    if value is None:
        xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
        found = _XMP_ORIENTATION.search(xmp.encode() if isinstance(xmp, str) else xmp)
        return int(found[1]) if found else 1
    return value if isinstance(value, int) else 1


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _in_srgb(colour: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    if not profile:
        return colour.convert("RGB")
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = own.profile.xcolor_space.strip()  # pyright: ignore[reportAttributeAccessIssue]
        if space == "RGB":
            colour = colour.convert("RGB")  # of grey too: it is what has equal parts
        if space != {"L": "GRAY"}.get(colour.mode, colour.mode):
            raise ImageCms.PyCMSError(f"it is for {space}, the picture is {colour.mode}")
        return ImageCms.profileToProfile(colour, own, _srgb(), outputMode="RGB") or colour
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        tell(f"{name}: its colour profile cannot be used ({str(error)[:100]}); taken as sRGB")
        return colour.convert("RGB")
