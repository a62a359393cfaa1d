"""Colour from states: over a background, as a heat map, as a signed map, enlarged and laid out in a sheet."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont

# Pale teal through sand, orange and red to near black. The lightness falls all the way, so that it is read without hue,
# and the palest colour still stands out from white.
_HEAT_ANCHORS = np.array(
    [(128, 196, 188), (186, 164, 96), (226, 120, 56), (204, 62, 46), (142, 26, 48), (68, 6, 34)], float
)
# Blue for negative, white for zero, red for positive; both ends equally dark.
_SIGNED_ANCHORS = np.array([(24, 72, 160), (120, 164, 216), (255, 255, 255), (224, 132, 120), (160, 24, 40)], float)

FIT_PIXELS = 400
_LEAST_ALPHA = 1e-6  # under it a cell has no colour to speak of
Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
Background = Colour | Literal["transparent"]
WHITE: Colour = (255, 255, 255)
TRANSPARENT = "transparent"
_MARGIN = 8
_INK: Colour = (48, 48, 48)
HALO = 2
"""Pixels of white around text on nothing, so that it can be read wherever it is shown."""


def over(
    state: Float[Any, "*batch height width channel"], background: float | Colour = 1.0
) -> UInt8[np.ndarray, "..."]:
    """Show the premultiplied RGBA of a state over a plain background.

    Args:
        state: Channels 0-2 colour premultiplied by alpha, 3 alpha, others unused. Not finite counts as 0.
        background: Grey level of the background, 0 black to 1 white, or a colour.

    Returns:
        Colours, `(*batch, height, width, 3)`, clipped and rounded.
    """
    visible = _visible(state)
    clear = 1 - np.clip(visible[..., 3:], 0, 1)
    level = np.array(background, np.float32) / 255 if isinstance(background, tuple) else background
    return _to_bytes(255 * (visible[..., :3] + level * clear))


def straight(state: Float[Any, "*batch height width channel"]) -> UInt8[np.ndarray, "..."]:
    """Show the premultiplied RGBA of a state over nothing, its colours no longer premultiplied, as files hold them.

    Args:
        state: Channels 0-2 colour premultiplied by alpha, 3 alpha, others unused. Not finite counts as 0.

    Returns:
        Colours and alpha, `(*batch, height, width, 4)`; all 0 where alpha is.
    """
    visible = _visible(state)
    alpha = np.clip(visible[..., 3:], 0, 1)
    colours = np.clip(visible[..., :3] / np.maximum(alpha, _LEAST_ALPHA), 0, 1)
    shown = _to_bytes(255 * np.concatenate([colours, alpha], -1))
    return shown * (shown[..., 3:] > 0)


def _visible(state: Float[Any, "*batch height width channel"]) -> Float[np.ndarray, "..."]:
    visible = np.asarray(state, np.float32)[..., :4]
    if visible.shape[-1] < 4:
        raise ValueError(f"a state needs RGBA in its first 4 channels, not {visible.shape[-1]} channels")
    return np.where(np.isfinite(visible), visible, 0)


def laid_on(
    picture: UInt8[np.ndarray, "height width 3"],
    drawn: Bool[np.ndarray, "height width"],
    background: Background,
) -> UInt8[np.ndarray, "height width channel"]:
    """The picture where cells are drawn, the background elsewhere: RGB, or RGBA if that is transparent."""
    if background == TRANSPARENT:
        return np.concatenate([picture, np.full((*drawn.shape, 1), 255, np.uint8)], -1) * drawn[..., None]
    return np.where(drawn[..., None], picture, np.array(background, np.uint8))


def is_dark(colour: Colour) -> bool:
    """Whether white stands out more from this colour than black does, by the contrast of WCAG 2."""
    level = np.array(colour) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722)) < math.sqrt(1.05 * 0.05) - 0.05


def ink_on(paper: Colour | None) -> Colour:
    """A colour for text that can be read on this one; on no paper at all it is to have a white halo."""
    if paper is None or paper == WHITE:
        return _INK
    return WHITE if is_dark(paper) else (0, 0, 0)


def heat(
    values: Float[Any, "*batch height width"],
    low: float,
    high: float,
    alive: Bool[Any, "*batch height width"] | None = None,
    background: float = 1.0,
) -> UInt8[np.ndarray, "..."]:
    """Draw a quantity of which little is good as a heat map: light and cool at the low end, hot and dark at the high.

    Args:
        values: What to draw, e.g. the ill health of each cell. Not a number counts as the worst.
        low: The value of the lightest colour, and all under it.
        high: The value of the darkest colour, and all over it.
        alive: Where cells live; the others are drawn in the background colour. None draws all.
        background: Grey level of the background, 0 black to 1 white.

    Returns:
        Colours, `(*batch, height, width, 3)`.
    """
    if high < low:
        raise ValueError(f"low {low} is above high {high}")
    level = (np.asarray(values, np.float32) - low) / max(high - low, np.finfo(np.float32).tiny)
    colours = _interpolate(np.where(np.isnan(level), 1, level), _HEAT_ANCHORS)
    if alive is not None:
        colours = np.where(np.asarray(alive, bool)[..., None], colours, _to_bytes(np.full(3, 255 * background)))
    return colours


def signed(values: Float[Any, "*batch height width"], scale: float) -> UInt8[np.ndarray, "..."]:
    """Draw a quantity around zero, e.g. a hidden channel: blue under, white at, red over zero.

    Args:
        values: What to draw.
        scale: The magnitude of the deepest colours, and all over it; above 0.

    Returns:
        Colours, `(*batch, height, width, 3)`.
    """
    if not scale > 0:
        raise ValueError(f"scale {scale} is not above 0")
    return _interpolate((np.asarray(values, np.float32) / scale + 1) / 2, _SIGNED_ANCHORS)


def ramp(anchors: Sequence[Colour], num_colours: int = 256) -> UInt8[np.ndarray, "level 3"]:
    """Colours that run evenly through these, from the first to the last."""
    return _interpolate(np.linspace(0, 1, num_colours), np.array(anchors, float))


def in_colours(
    level: Float[Any, "*batch height width"], colours: UInt8[np.ndarray, "level 3"]
) -> UInt8[np.ndarray, "*batch height width 3"]:
    """Draw numbers from 0 to 1 in the nearest of even steps of colour; not a number counts as 0."""
    steps = np.clip(np.nan_to_num(np.asarray(level, np.float32)), 0, 1) * (len(colours) - 1)
    return colours[np.rint(steps).astype(int)]


def enlarge(frames: UInt8[np.ndarray, "*batch height width channel"], scale: int) -> UInt8[np.ndarray, "..."]:
    """Draw each cell as a square of `scale` pixels.

    Args:
        frames: Colours or palette indices, one pixel a cell.
        scale: Pixels a cell, at least 1.

    Returns:
        The same, `(*batch, height * scale, width * scale, channel)`.
    """
    if scale < 1:
        raise ValueError(f"scale {scale} is under 1")
    return np.repeat(np.repeat(frames, scale, axis=-3), scale, axis=-2)


def fitting_scale(shape: tuple[int, ...], pixels: int = FIT_PIXELS) -> int:
    """Pixels a cell that make the longer side of (..., height, width, 3) about so many `pixels` long, at least 1."""
    return max(1, pixels // max(shape[-3:-1]))


def mosaic(
    pictures: UInt8[np.ndarray, "picture height width 3"], *, gap: int = 0, paper: int = 255
) -> UInt8[np.ndarray, "sheet_height sheet_width 3"]:
    """Lay pictures out row by row in a near-square sheet.

    Args:
        pictures: At least one.
        gap: Pixels between neighbours.
        paper: Grey level of gaps and empty places, 0 to 255.
    """
    count, height, width = pictures.shape[:3]
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), paper, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (height + gap) * (place // columns), (width + gap) * (place % columns)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def contact_sheet(
    frames: UInt8[np.ndarray, "frame height width channel"],
    labels: Sequence[str] | None = None,
    columns: int = 4,
    paper: Colour | None = WHITE,
) -> UInt8[np.ndarray, "sheet_height sheet_width channel"]:
    """Lay frames out in rows on paper, each with its label under it.

    Args:
        frames: At least one frame, RGB; RGBA if there is no paper.
        labels: One short text a frame; None leaves the labels out.
        columns: Frames a row.
        paper: What lies around the frames; None for nothing.

    Returns:
        The sheet. Its columns are as wide as the widest of frame and labels, so no label overlaps another.
    """
    num_frames, height, width = frames.shape[:3]
    if num_frames < 1 or columns < 1:
        raise ValueError(f"{num_frames} frames in {columns} columns: both must be at least 1")
    if labels is not None and len(labels) != num_frames:
        raise ValueError(f"{len(labels)} labels for {num_frames} frames")
    font = ImageFont.load_default(size=min(24, max(13, width // 14)))
    texts = [] if labels is None else list(labels)
    label_height = sum(font.getmetrics()) if isinstance(font, ImageFont.FreeTypeFont) else 13
    label_height = label_height + _MARGIN // 2 if texts else 0
    cell_width = max([width, *(int(font.getlength(text)) + 1 for text in texts)]) + _MARGIN
    cell_height = height + label_height + _MARGIN
    columns = min(columns, num_frames)
    rows = -(-num_frames // columns)

    size = (columns * cell_width + _MARGIN, rows * cell_height + _MARGIN)
    # Clear ground has the colour of the halo, which it would otherwise darken at its edges.
    sheet = Image.new("RGBA", size, (*WHITE, 0)) if paper is None else Image.new("RGB", size, paper)
    ink, halo = ink_on(paper), HALO if paper is None else 0
    draw = ImageDraw.Draw(sheet)
    for index, frame in enumerate(frames):
        left = _MARGIN + index % columns * cell_width
        top = _MARGIN + index // columns * cell_height
        sheet.paste(Image.fromarray(frame), (left + (cell_width - _MARGIN - width) // 2, top))
        if texts:
            middle = left + (cell_width - _MARGIN) / 2
            place = (middle, top + height + _MARGIN // 4)
            draw.text(place, texts[index], ink, font, "ma", stroke_width=halo, stroke_fill=WHITE)
    return np.asarray(sheet).copy()


def _interpolate(level: Float[np.ndarray, "*batch"], anchors: Float[np.ndarray, "anchor 3"]) -> np.ndarray:
    """Colours between evenly spaced anchors, for levels 0..1; not a number counts as 0."""
    level = np.where(np.isnan(level), 0, level)
    positions = np.linspace(0, 1, len(anchors))
    return _to_bytes(np.stack([np.interp(level, positions, channel) for channel in anchors.T], axis=-1))


def _to_bytes(colours: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)
