"""Captions: a text under the picture, the same height in every frame, wrapped or smaller where it is long."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from ffnca.errors import InputError
from ffnca.render import HALO, WHITE, Colour, ink_on

NAMES = ("title", "step")
MAX_CHARACTERS = 200
NUM_SHADES = 16
"""Shades from paper to ink, so few that a GIF keeps its colours for the picture."""
_SIZES = range(22, 9, -1)
_GOOD_LINES, _MAX_LINES = 2, 8
_RIGHT_TO_LEFT = ("R", "AL")


def checked_caption(template: str) -> str:
    """A caption as a user wrote it, if it can be filled in; on one line.

    Args:
        template: Text, with `{title}` and `{step}` where these belong; `{{` and `}}` are braces.

    Raises:
        InputError: If it is too long, names anything else, or holds a character that cannot be drawn.
    """
    template = " ".join(template.split())
    shown = repr(template[:40])
    if len(template) > MAX_CHARACTERS:
        raise InputError(f"--caption {shown}...: has {len(template)} characters; allowed: up to {MAX_CHARACTERS}")
    allowed = InputError(
        f"--caption {shown}: allowed between braces are {' and '.join(f'{{{name}}}' for name in NAMES)}"
    )
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise allowed from error
    if any(name is not None and (name not in NAMES or spec or conversion) for _, name, spec, conversion in parts):
        raise allowed
    drawable("".join(text for text, *_ in parts))
    return template


def drawable(text: str) -> str:
    """The text, composed and on one line, if all of it can be drawn.

    Raises:
        InputError: If a character is missing from the font, or runs from right to left.
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    for character in text:
        if ord(character) not in _charmap() or unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
            raise InputError(
                f"--caption: cannot draw {character!a} (U+{ord(character):04X}); "
                "allowed: what DejaVu Sans has, such as Latin, Greek and Cyrillic"
            )
    return text


def _font_file() -> Path:
    """DejaVu Sans, which comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@cache
def _charmap() -> Mapping[int, int]:
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(_font_file())).get_charmap()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_font_file()), size, layout_engine=ImageFont.Layout.BASIC)


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Lines of at most `width` pixels; a word that is longer is broken."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".lstrip()
        if line and _font(size).getlength(longer) > width:
            lines.append(line)
            longer = word
        while len(longer) > 1 and _font(size).getlength(longer) > width:
            most = next(n for n in range(len(longer) - 1, 0, -1) if n == 1 or _fits(longer[:n], size, width))
            lines.append(longer[:most])
            longer = longer[most:]
        line = longer
    return [*lines, line]


def _fits(text: str, size: int, width: int) -> bool:
    return _font(size).getlength(text) <= width


class Captions:
    """The captions of an animation, laid out for its width."""

    def __init__(self, texts: Sequence[str], width: int, paper: Colour | None) -> None:
        """Choose the size of the letters by the longest text: as large as fills two lines at most.

        Args:
            texts: One a frame, drawable.
            width: Pixels of the picture.
            paper: What the text is drawn on; None for nothing.

        Raises:
            InputError: If a text does not fit even in small letters.
        """
        self.texts, self._width, self._paper = texts, width, paper
        self._room = width - 2 * (width // 40)
        longest = max(texts, key=len)
        sizes = (size for size in _SIZES if len(wrapped(longest, size, self._room)) <= _GOOD_LINES)
        self._size = next(sizes, _SIZES[-1])
        self._num_lines = max(len(wrapped(text, self._size, self._room)) for text in set(texts))
        if self._num_lines > _MAX_LINES:
            raise InputError(
                f"--caption: {longest[:40]!r} needs {self._num_lines} lines on {width} pixels; "
                f"allowed: up to {_MAX_LINES}, by a shorter text or a larger --scale"
            )
        self._line_height = sum(_font(self._size).getmetrics())
        self.height = self._num_lines * self._line_height + self._line_height // 2
        self._drawn = lru_cache(8)(self._draw)

    def strip(self, frame: int) -> UInt8[np.ndarray, "height width channel"]:
        """What goes under a frame: RGB, or RGBA without paper."""
        return self._drawn(self.texts[frame])

    @property
    def shades(self) -> UInt8[np.ndarray, "shade 3"]:
        """The colours of all strips, from paper to ink."""
        paper, ink = np.array(self._paper or WHITE), np.array(ink_on(self._paper))
        levels = np.arange(NUM_SHADES)[:, None] / (NUM_SHADES - 1)
        return np.rint(paper + levels * (ink - paper)).astype(np.uint8)

    def _draw(self, text: str) -> UInt8[np.ndarray, "height width channel"]:
        colours = self.shades[np.rint(self._cover(text, 0) * (NUM_SHADES - 1)).astype(int)]
        if self._paper is not None:
            return colours
        alpha = np.rint(255 * self._cover(text, HALO)).astype(np.uint8)[..., None]
        return np.concatenate([colours, alpha], -1) * (alpha > 0)

    def _cover(self, text: str, halo: int) -> Float[np.ndarray, "height width"]:
        """How much of each pixel the letters cover, with so wide a halo."""
        cover = Image.new("L", (self._width, self.height))
        draw = ImageDraw.Draw(cover)
        for place, line in enumerate(wrapped(text, self._size, self._room)):
            top = self._line_height // 4 + place * self._line_height
            draw.text((self._width // 2, top), line, 255, _font(self._size), "ma", stroke_width=halo)
        return np.asarray(cover, float) / 255


class CaptionRow:
    """Captions of panels side by side, each under its own, in letters of one size."""

    def __init__(self, texts: Sequence[tuple[str, ...]], width: int, gap: int, paper: Colour | None) -> None:
        """Lay them out.

        Args:
            texts: One row a frame, one text a panel; drawable.
            width: Pixels of all panels with the gaps between them; panels are equally wide.
            gap: Pixels between two panels.
            paper: What the text is drawn on; None for nothing.

        Raises:
            InputError: If a text does not fit even in small letters.
        """
        self.texts, self._gap = texts, gap
        self._num_panels = len(texts[0])
        panel = (width + gap) // self._num_panels - gap
        self._captions = Captions([text for row in texts for text in row], panel, paper)
        self.height, self.shades = self._captions.height, self._captions.shades
        self._ground = paper or (0, 0, 0, 0)

    def strip(self, frame: int) -> UInt8[np.ndarray, "height width channel"]:
        """What goes under a frame: RGB, or RGBA without paper."""
        between = np.full((self.height, self._gap, len(self._ground)), self._ground, np.uint8)
        first = frame * self._num_panels
        strips = [self._captions.strip(place) for place in range(first, first + self._num_panels)]
        return np.concatenate([strips[0], *(part for strip in strips[1:] for part in (between, strip))], axis=1)
