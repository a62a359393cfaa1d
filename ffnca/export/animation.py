"""Animation files from frames: GIF, APNG, WebP and MP4 that play at the right speed, PNG as a contact sheet."""

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, UInt8
from PIL import GifImagePlugin, Image

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.export.caption import Captions
from ffnca.export.gif_palette import Matcher, shared_palette
from ffnca.export.timing import Timing
from ffnca.render import WHITE, Colour, contact_sheet, enlarge, fitting_scale

Video = UInt8[np.ndarray, "frame height width channel"]
"""Colours, one pixel a cell unless said otherwise."""
MAX_SHEET_FRAMES = 12

# suffix: ticks a second in which the format counts delays, shortest and longest delay in ticks.
# Browsers slow GIF frames of less than 2 ticks down to 10, so they are never written.
_CLOCKS = {".gif": (100, 2, 65_535), ".apng": (1000, 1, 65_535), ".webp": (1000, 1, 2**24 - 1)}
SUFFIXES = (*_CLOCKS, ".mp4", ".png")
_MAX_SIDE = 16_383  # the limit of WebP, the lowest of the three
_MAX_COLOURS = 255  # of a GIF; one entry more stands for what is clear or has not changed
_LEAST_OPAQUE = 128  # alpha from which a pixel of a GIF, which has no half tones of it, is there


class Texts(NamedTuple):
    """What is written beside frames.

    Attributes:
        captions: One text a frame, drawn under it; see `ffnca.export.caption`.
        labels: One text a frame, shown in a sheet only, and only without captions.
    """

    captions: Sequence[str] | None = None
    labels: Sequence[str] | None = None


def write_animation(
    path: Path,
    frames: Video | Iterable[UInt8[np.ndarray, "height width channel"]],
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
    path, (captions, labels) = Path(path), texts or Texts()
    timing = timing if isinstance(timing, Timing) else Timing(timing)
    suffix = _checked_suffix(path, timing, paper, poster)
    with ExitStack() as files:  # first, so that a missing folder is noticed before frames are computed
        temporary = files.enter_context(replacing(path))
        still = files.enter_context(replacing(poster)) if poster is not None else None
        video = _collect(frames, path, 3 if paper else 4)
        if captions is not None and len(captions) != len(video):
            raise ValueError(f"{len(captions)} captions for {len(video)} frames")
        scale = fitting_scale(video.shape) if scale is None else scale
        under = None if captions is None else Captions(captions, scale * video.shape[2], paper)
        _check_sides(path, scale * video.shape[1] + (under.height if under else 0), scale * video.shape[2])
        show = _Show(path, video, scale, under, paper)
        if still is not None:
            Image.fromarray(show.picture(len(video) - 1)).save(still, format="PNG", optimize=True)
        if suffix == ".png":
            _write_sheet(temporary, show, labels)
        elif suffix == ".mp4":
            _write_mp4(temporary, show, timing)
        else:
            ticks, shortest, longest = _CLOCKS[suffix]
            kept, delays = _merge_equal(show, *_schedule(len(video), timing, ticks, shortest))
            if delays.max() > longest:
                raise InputError(f"{path}: a frame would stay for more than {longest / ticks:g} s, use a higher fps")
            # Pillow rather than imageio, whose writer lets every frame of a GIF bring its own palette.
            writer = {".gif": _write_gif, ".apng": _write_apng, ".webp": _write_webp}[suffix]
            writer(temporary, show, kept, [int(delay) * 1000 // ticks for delay in delays], timing.loop or 0)


class _Show(NamedTuple):
    """What to write: frames of cells, how large, and what goes under them."""

    path: Path
    video: Video
    scale: int
    captions: Captions | None
    paper: Colour | None

    def picture(self, index: int) -> UInt8[np.ndarray, "height width channel"]:
        """A frame as it is seen: enlarged, with its caption."""
        large = enlarge(self.video[index], self.scale)
        return large if self.captions is None else np.concatenate([large, self.captions.strip(index)])

    def pictures(self, kept: Iterable[int]) -> Iterator[Image.Image]:
        """Several of them, one after the other."""
        return (Image.fromarray(self.picture(index)) for index in kept)


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


def _collect(frames: Iterable[np.ndarray], path: Path, num_channels: int) -> Video:
    """One checked array of all frames."""
    video = frames if isinstance(frames, np.ndarray) else [np.asarray(frame) for frame in frames]
    if len(video) == 0:
        raise InputError(f"{path}: there is no frame to write, at least 1 is needed")
    shapes = {frame.shape for frame in video}
    if len(shapes) > 1:
        raise ValueError(f"frames differ in shape: {sorted(shapes)}")
    video = np.asarray(video)
    if video.ndim != 4 or video.shape[-1] != num_channels or 0 in video.shape or video.dtype != np.uint8:
        raise ValueError(f"frames must be uint8 (height, width, {num_channels}), not {video.dtype} {video.shape[1:]}")
    return video


def _check_sides(path: Path, height: int, width: int) -> None:
    if max(height, width) > _MAX_SIDE:
        raise InputError(f"{path}: {width}x{height} pixels, at most {_MAX_SIDE} a side; scale less")


def _schedule(
    num_frames: int, timing: Timing, ticks: int, shortest: int
) -> tuple[Int[np.ndarray, " kept"], Int[np.ndarray, " kept"]]:
    """Choose the frames to show and their delays in ticks, rounding times rather than delays.

    Returns:
        Indices of the frames kept (all, unless they are faster than `shortest`), and the delay of each.
    """
    held = [] if timing.hold is None else [max(round(timing.hold * ticks), shortest)]
    num_moving = num_frames - len(held)
    stride = max(1.0, timing.fps * shortest / ticks)
    num_kept = max(1 - len(held), int(num_moving / stride + 1e-9))
    starts = np.arange(num_kept) * stride
    times = np.rint(np.append(starts, num_moving) * ticks / timing.fps).astype(int)
    kept = np.floor(starts + 1e-9).astype(int)
    delays = np.maximum(np.diff(times), shortest)
    return np.append(kept, [num_frames - 1] * len(held)).astype(int), np.append(delays, held).astype(int)


def _merge_equal(
    show: _Show, kept: Int[np.ndarray, " kept"], delays: Int[np.ndarray, " kept"]
) -> tuple[Int[np.ndarray, " distinct"], Int[np.ndarray, " distinct"]]:
    """Give the delays of equal frames in a row to the first of them."""
    texts = show.captions.texts if show.captions else [""] * len(show.video)
    changes = [
        texts[before] != texts[after] or not np.array_equal(show.video[before], show.video[after])
        for before, after in pairwise(kept)
    ]
    firsts = np.flatnonzero([True, *changes])
    return kept[firsts], np.add.reduceat(delays, firsts)


def _write_gif(path: Path, show: _Show, kept: Int[np.ndarray, " kept"], milliseconds: list[int], loop: int) -> None:
    """One global palette for all frames, and of each frame only what changed: smaller files, and no flicker."""
    frames = [show.video[index] for index in kept]
    opaque = [frame[frame[..., 3] >= _LEAST_OPAQUE] if frame.shape[-1] == 4 else frame for frame in frames]
    pixels = [part[..., :3] for part in opaque]
    if show.captions is not None:
        shades = show.captions.shades
        palette = np.unique(np.concatenate([shared_palette(pixels, _MAX_COLOURS - len(shades)), shades]), axis=0)
        pixels.append(shades)
    else:
        palette = shared_palette(pixels, _MAX_COLOURS)
    matcher, clear = Matcher(palette, pixels), len(palette)
    palette = np.concatenate([palette, np.array([WHITE], np.uint8)])

    def indices(picture: UInt8[np.ndarray, "height width channel"]) -> UInt8[np.ndarray, "height width"]:
        found = matcher.indices(picture[..., :3])
        return found if show.paper else np.where(picture[..., 3] >= _LEAST_OPAQUE, found, np.uint8(clear))

    pictures = []
    for index in kept:
        matched = enlarge(indices(show.video[index])[..., None], show.scale)[..., 0]
        if show.captions is not None:
            matched = np.concatenate([matched, indices(show.captions.strip(index))])
        pictures.append(matched)
    repeats = {} if loop == 1 else {"loop": max(loop - 1, 0)}  # the format counts repeats, and has 0 for endless ones
    # Not by Pillow's `save`: it stores whole rectangles of unchanged pixels, three times the size, and its file is
    # broken where a frame is all clear.
    first = _indexed(pictures[0], palette)
    header, _ = GifImagePlugin.getheader(first, info={"transparency": clear, **repeats})
    with path.open("wb") as file:
        file.writelines(header)
        parts = _changes(pictures, clear) if show.paper else (((0, 0), picture) for picture in pictures)
        for (offset, part), duration in zip(parts, milliseconds, strict=True):
            options = {"duration": duration, "disposal": 1 if show.paper else 2, "transparency": clear}
            file.writelines(GifImagePlugin.getdata(_indexed(part, palette), offset, **options))
        file.write(b";")


def _indexed(picture: UInt8[np.ndarray, "height width"], palette: UInt8[np.ndarray, "colour 3"]) -> Image.Image:
    image = Image.fromarray(picture)
    image.putpalette(palette.tobytes())
    return image


def _changes(
    pictures: Sequence[UInt8[np.ndarray, "height width"]], clear: int
) -> Iterator[tuple[tuple[int, int], UInt8[np.ndarray, "part_height part_width"]]]:
    """The first picture; then the left and upper corner of what differs from the one before, clear where it does not.

    Args:
        pictures: Indices of colours. Pictures in a row may be equal where colours that differ have the same index.
        clear: The index that lets the picture before be seen.
    """
    yield (0, 0), pictures[0]
    for before, after in pairwise(pictures):
        changed = before != after
        rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
        top, bottom = (rows[0], rows[-1] + 1) if len(rows) else (0, 1)
        left, right = (columns[0], columns[-1] + 1) if len(columns) else (0, 1)
        part = np.where(changed, after, np.uint8(clear))[top:bottom, left:right]
        yield (int(left), int(top)), np.ascontiguousarray(part)


def _write_apng(path: Path, show: _Show, kept: Int[np.ndarray, " kept"], milliseconds: list[int], loop: int) -> None:
    _save_pictures(path, "PNG", show, kept, milliseconds, loop=loop)


def _write_webp(path: Path, show: _Show, kept: Int[np.ndarray, " kept"], milliseconds: list[int], loop: int) -> None:
    _save_pictures(path, "WEBP", show, kept, milliseconds, loop=loop, lossless=True, method=4)
    if show.paper is None:
        _mark_clear(path)


def _mark_clear(path: Path) -> None:
    """Say in the header of a WebP that it is clear in places.

    The encoder cuts every frame to what is drawn, and where nothing clear is left in any of them forgets to say so:
    the ground around them is then black.
    """
    with path.open("r+b") as file:
        header = bytearray(file.read(21))
        if header[12:16] == b"VP8X":
            header[20] |= 0x10
            file.seek(0)
            file.write(header)


def has_video() -> bool:
    """Whether MP4 can be written: whether the `video` extra is installed."""
    return importlib.util.find_spec("av") is not None


def _write_mp4(path: Path, show: _Show, timing: Timing) -> None:
    """H.264 as every player takes it; sides are made even by repeating the last row or column."""
    import imageio.v3 as imageio

    num_held = 1 if timing.hold is None else max(1, round(timing.hold * timing.fps))
    file: Any
    with imageio.imopen(path, "w", plugin="pyav") as file:
        file.init_video_stream("libx264", fps=timing.fps, pixel_format="yuv420p")
        for index in range(len(show.video)):
            picture = show.picture(index)
            odd = ((0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0))
            for _ in range(num_held if index == len(show.video) - 1 else 1):
                file.write_frame(np.pad(picture, odd, mode="edge"))


def _save_pictures(
    path: Path, format: str, show: _Show, kept: Int[np.ndarray, " kept"], milliseconds: list[int], **options: object
) -> None:
    first, *others = show.pictures(kept)
    _save(path, format, first, others, milliseconds, **options)


def _save(
    path: Path, format: str, first: Image.Image, others: list[Image.Image], milliseconds: list[int], **options: object
) -> None:
    durations = milliseconds if others else milliseconds[0]
    first.save(path, format=format, save_all=True, append_images=others, duration=durations, **options)


def _write_sheet(path: Path, show: _Show, labels: Sequence[str] | None) -> None:
    if labels is not None and len(labels) != len(show.video):
        raise ValueError(f"{len(labels)} labels for {len(show.video)} frames")
    num_frames = len(show.video)
    chosen = np.rint(np.linspace(0, num_frames - 1, min(num_frames, MAX_SHEET_FRAMES))).astype(int)
    pictures = np.stack([show.picture(index) for index in chosen])
    texts = None if labels is None or show.captions is not None else [labels[int(index)] for index in chosen]
    Image.fromarray(contact_sheet(pictures, texts, paper=show.paper)).save(path, format="PNG", optimize=True)
