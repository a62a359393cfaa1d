"""How states are drawn in a file: which view, in which colours, on which ground, with which caption."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from jaxtyping import Float, UInt8
from PIL import ImageColor

from ffnca.errors import InputError
from ffnca.export.caption import checked_caption
from ffnca.palette_file import Palette, load_palette
from ffnca.render import TRANSPARENT, WHITE, Background, Colour, laid_on, straight

TARGET = "target"
MAX_TARGET_COLOURS = 64
_LEAST_OPAQUE = 128  # alpha from which a cell of pixel art is there


@dataclass(frozen=True)
class Look:
    """How states are drawn.

    Attributes:
        show: `colour`, `health`, `channel:K`, `tiles` or `difference`.
        palette: Liked colours to draw with instead of the world's own, or `target` for those of the target alone.
        background: A colour, `transparent`, or None for the world's own.
        caption: Text under the picture, in which `{title}` and `{step}` are filled in; None or empty for none.
    """

    show: str = "colour"
    palette: Palette | Literal["target"] | None = None
    background: Background | None = None
    caption: str | None = None

    @classmethod
    def parsed(
        cls,
        show: str = "colour",
        palette: str | None = None,
        background: str | None = None,
        caption: str | None = None,
    ) -> Self:
        """From what a user wrote; a palette is `target` or a file.

        Raises:
            InputError: If one of them cannot be used.
        """
        return cls(
            show,
            TARGET if palette == TARGET else None if palette is None else load_palette(Path(palette)),
            None if background is None else parsed_background(background),
            None if caption is None else checked_caption(caption),
        )

    @property
    def paper(self) -> Colour | None:
        """What lies around the picture, None for nothing."""
        if self.background == TRANSPARENT:
            return None
        return WHITE if self.background is None else self.background


def parsed_background(text: str) -> Background:
    """A background as a user wrote it: `transparent`, `#rgb`, `#rrggbb` or a name of CSS.

    Raises:
        InputError: If it is none of these.
    """
    if text.strip().lower() == TRANSPARENT:
        return TRANSPARENT
    try:
        colour = ImageColor.getrgb(text.strip())
    except ValueError:
        colour = ()
    if len(colour) != 3 or not all(0 <= level <= 255 for level in colour):
        raise InputError(f"--background {text[:40]!r}: allowed are #rrggbb, #rgb, a CSS colour name, and transparent")
    return colour


@dataclass(frozen=True, eq=False)
class PixelArt:
    """The few colours of a target, to which every cell is snapped.

    Attributes:
        colours: All different.
    """

    colours: UInt8[np.ndarray, "colour 3"]

    @classmethod
    def of(cls, picture: Float[np.ndarray, "h w 4"], name: str) -> Self:
        """The colours of a picture.

        Args:
            picture: Premultiplied RGBA.
            name: What to call it in errors.

        Raises:
            InputError: If it has none, or more than `MAX_TARGET_COLOURS`.
        """
        shown = straight(picture)
        colours = np.unique(shown[shown[..., 3] >= _LEAST_OPAQUE][:, :3], axis=0)
        if not 0 < len(colours) <= MAX_TARGET_COLOURS:
            raise InputError(
                f"--palette {TARGET}: the target of {name} has {len(colours)} colours; "
                f"allowed: 1 to {MAX_TARGET_COLOURS}, as in pixel art"
            )
        return cls(colours)

    def drawn(self, state: Float[Any, "H W C"], background: Background) -> UInt8[np.ndarray, "H W channel"]:
        """The state in these colours alone; a cell is there from an alpha of a half."""
        shown = straight(state)
        there = shown[..., 3] >= _LEAST_OPAQUE
        picture = np.zeros_like(shown[..., :3])
        from scipy.spatial import KDTree  # slow to import, and seldom needed

        picture[there] = self.colours[KDTree(self.colours).query(shown[there][:, :3])[1]]
        return laid_on(picture, there, background)
