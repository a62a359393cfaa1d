"""Animation files from frames: GIF, APNG, WebP and MP4 that play at the right speed, PNG as a contact sheet."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.export.apng import write_apng
from ffnca.export.caption import CaptionRow, Captions
from ffnca.export.gif import write_gif
from ffnca.export.mp4 import has_video, write_mp4
from ffnca.export.reel import Frame, Reel
from ffnca.export.show import Shot, Show
from ffnca.export.timing import Timing
from ffnca.export.webp import write_webp
from ffnca.render import WHITE, Colour, contact_sheet, fitting_scale

MAX_SHEET_FRAMES = 12

# suffix: ticks a second in which the format counts delays, shortest and longest delay in ticks.
# Browsers slow GIF frames of less than 2 ticks down to 10, so they are never written.
_CLOCKS = {".gif": (100, 2, 65_535), ".apng": (1000, 1, 65_535), ".webp": (1000, 1, 2**24 - 1)}
_WRITERS = {".gif": write_gif, ".apng": write_apng, ".webp": write_webp}
SUFFIXES = (*_CLOCKS, ".mp4", ".png")
_MAX_SIDE = 16_383  # the limit of WebP, the lowest of the three


class Texts(NamedTuple):
    """What is written beside frames.

    Attributes:
        captions: One text a frame, drawn under it; or one for each of the panels side by side that a frame has. See
            `ffnca.export.caption`.
        labels: One text a frame, shown in a sheet only, and only without captions.
        gap: Pixels of a frame between panels.
    """

    captions: Sequence[str | tuple[str, ...]] | None = None
    labels: Sequence[str] | None = None
    gap: int = 0


def write_animation(
    path: Path,
    frames: UInt8[np.ndarray, "frame height width channel"] | Iterable[Frame],
    timing: Timing | float,
    texts: Texts | None = None,
    scale: int | None = 1,
    *,
    paper: Colour | None = WHITE,
    poster: Path | None = None,
) -> None:
    """Write frames as the kind of file that the suffix of `path` names. Same frames, same bytes.

    Animations last `len(frames) / fps` seconds to within 10 ms (5 ms in GIF, whose delays are hundredths of a second).
    Equal frames in a row are stored as one long frame. A GIF shows at most 50 frames a second: at a higher rate frames
    are left out, so that the duration stays right. In a GIF a pixel is there or not: from an alpha of a half it is.

    Frames are taken one by one and wait, packed, on the disk of `path`: however many there are, only a few are in
    memory. The encoder of WebP holds what it has packed.

    Args:
        path: `.gif`, `.apng` or `.webp`; `.mp4` where the `video` extra is installed; `.png` for a sheet of at most
            12 frames, evenly spaced.
        frames: All of one shape, RGB, or RGBA if there is no paper; an iterator is read once.
        timing: A number is frames a second.
        texts: Captions or labels of the frames.
        scale: How many pixels high and wide each pixel of a frame is drawn; None for as many as fit a small window.
        paper: Behind captions and around the frames of a sheet; None for nothing.
        poster: A `.png` for the last frame, as a still.

    Raises:
        InputError: If the suffix, the timing or the number of frames cannot be used, the format has no transparency
            or the captions do not fit, or a file cannot be written.
        ValueError: If frames differ in shape, are not uint8 colours, or labels do not match them.
    """
    path, texts = Path(path), texts or Texts()
    timing = timing if isinstance(timing, Timing) else Timing(timing)
    suffix = _checked_suffix(path, timing, paper, poster)
    with ExitStack() as files:  # first, so that a missing folder is noticed before frames are computed
        temporary = files.enter_context(replacing(path))
        still = files.enter_context(replacing(poster)) if poster is not None else None
        reel = files.enter_context(Reel(temporary.parent, 3 if paper else 4))
        reel.extend(frames)
        show = _laid_out(path, reel, texts, scale, paper)
        if still is not None:
            Image.fromarray(show.picture(len(reel) - 1)).save(still, format="PNG", optimize=True)
        if suffix == ".png":
            _write_sheet(temporary, show, texts.labels)
        elif suffix == ".mp4":
            write_mp4(temporary, show, timing)
        else:
            _WRITERS[suffix](temporary, show, _shots(path, suffix, show, timing), timing.loop or 0)


def _laid_out(path: Path, reel: Reel, texts: Texts, scale: int | None, paper: Colour | None) -> Show:
    """The frames, enlarged and with room for their captions."""
    if reel.shape is None:
        raise InputError(f"{path}: there is no frame to write, at least 1 is needed")
    scale = fitting_scale(reel.shape) if scale is None else scale
    captions, width = None, scale * reel.shape[1]
    if texts.captions is not None:
        if len(texts.captions) != len(reel):
            raise ValueError(f"{len(texts.captions)} captions for {len(reel)} frames")
        rows = [row for row in texts.captions if isinstance(row, tuple)]
        plain = [text for text in texts.captions if isinstance(text, str)]
        captions = CaptionRow(rows, width, scale * texts.gap, paper) if rows else Captions(plain, width, paper)
    show = Show(reel, scale, captions, paper)
    if max(show.size) > _MAX_SIDE:
        height, width = show.size
        raise InputError(f"{path}: {width}x{height} pixels, at most {_MAX_SIDE} a side; scale less")
    return show


def _shots(path: Path, suffix: str, show: Show, timing: Timing) -> list[Shot]:
    ticks, shortest, longest = _CLOCKS[suffix]
    shots = show.shots(*timing.schedule(len(show.reel), ticks, shortest), ticks)
    if max(shot.milliseconds for shot in shots) > longest * 1000 // ticks:
        raise InputError(f"{path}: a frame would stay for more than {longest / ticks:g} s, use a higher fps")
    return shots


def _checked_suffix(path: Path, timing: Timing, paper: Colour | None, poster: Path | None) -> str:
    """The kind of file, if it can be written so."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: cannot write {path.suffix or 'a file without suffix'}, use {', '.join(SUFFIXES)}")
    animated = ", ".join(_CLOCKS)
    if suffix == ".mp4" and not has_video():
        raise InputError(
            f'{path}: MP4 needs PyAV, the video extra; install it by: pip install "imageio[pyav]", or use {animated}'
        )
    if suffix == ".mp4" and paper is None:
        raise InputError(
            f"{path}: --background transparent: MP4 has no transparency; allowed is a colour, or {animated}, .png"
        )
    if suffix not in _CLOCKS and timing.loop is not None:
        kind = "an MP4 is repeated by its player" if suffix == ".mp4" else "a sheet is not played"
        raise InputError(f"{path}: --loop {timing.loop}: {kind}; allowed for {animated}")
    if suffix == ".png" and timing.hold is not None:
        raise InputError(f"{path}: --hold {timing.hold:g}: a sheet is not played; allowed for {animated}, .mp4")
    if poster is not None and poster.suffix.lower() != ".png":
        raise InputError(f"--poster {poster}: allowed is a name that ends in .png")
    if poster is not None and poster.resolve() == path.resolve():
        raise InputError(f"--poster {poster}: is the animation itself; allowed is another name")
    return suffix


def _write_sheet(path: Path, show: Show, labels: Sequence[str] | None) -> None:
    num_frames = len(show.reel)
    if labels is not None and len(labels) != num_frames:
        raise ValueError(f"{len(labels)} labels for {num_frames} frames")
    chosen = np.rint(np.linspace(0, num_frames - 1, min(num_frames, MAX_SHEET_FRAMES))).astype(int)
    pictures = np.stack([show.picture(index) for index in chosen])
    texts = None if labels is None or show.captions is not None else [labels[int(index)] for index in chosen]
    Image.fromarray(contact_sheet(pictures, texts, paper=show.paper)).save(path, format="PNG", optimize=True)
