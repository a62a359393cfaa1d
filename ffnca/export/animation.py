"""Animation files from frames: GIF, APNG, WebP and MP4 that play at the right speed, PNG as a contact sheet."""

import importlib.util
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.render import contact_sheet, enlarge, fitting_scale

Video = UInt8[np.ndarray, "frame height width 3"]
"""Colours, one pixel a cell unless said otherwise."""
MIN_FPS, MAX_FPS = 0.001, 1000
MAX_SHEET_FRAMES = 12

# suffix: ticks a second in which the format counts delays, shortest and longest delay in ticks.
# Browsers slow GIF frames of less than 2 ticks down to 10, so they are never written.
_CLOCKS = {".gif": (100, 2, 65_535), ".apng": (1000, 1, 65_535), ".webp": (1000, 1, 2**24 - 1)}
SUFFIXES = (*_CLOCKS, ".mp4", ".png")
_MAX_SIDE = 16_383  # the limit of WebP, the lowest of the three
_MAX_COLOURS = 256
_MAX_SAMPLE = 2**20  # pixels from which a palette is computed
_CHUNK = 4096  # colours matched at a time


def write_animation(
    path: Path,
    frames: Video | Iterable[UInt8[np.ndarray, "height width 3"]],
    fps: float,
    labels: Sequence[str] | None = None,
    scale: int | None = 1,
) -> None:
    """Write frames as the kind of file that the suffix of `path` names. Same frames, same bytes.

    Animations loop forever, and last `len(frames) / fps` seconds to within 10 ms (5 ms in GIF, whose delays are
    hundredths of a second). Equal frames in a row are stored as one long frame. A GIF shows at most 50 frames a
    second: at a higher rate frames are left out, so that the duration stays right.

    Args:
        path: `.gif`, `.apng` or `.webp`; `.mp4` where the `video` extra is installed; `.png` for a sheet of at most
            12 frames, evenly spaced.
        frames: All of one shape; an iterator is read once.
        fps: Frames a second, from `MIN_FPS` to `MAX_FPS`.
        labels: One text a frame, shown in the sheet only.
        scale: How many pixels high and wide each pixel of a frame is drawn; None for as many as fit a small window.

    Raises:
        InputError: If the suffix, the rate or the number of frames cannot be used, or the file cannot be written.
        ValueError: If frames differ in shape, are not uint8 colours, or labels do not match them.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: cannot write {path.suffix or 'a file without suffix'}, use {', '.join(SUFFIXES)}")
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(f"fps: {fps:g} is not from {MIN_FPS} to {MAX_FPS}")
    if suffix == ".mp4" and not has_video():
        raise InputError(f"{path}: MP4 needs the video extra; pip install 'ffnca[video]', or use .gif, .apng or .webp")
    with replacing(path) as temporary:  # first, so that a missing folder is noticed before frames are computed
        video = _collect(frames, path)
        scale = _checked_scale(path, video, scale)
        if suffix == ".png":
            _write_sheet(temporary, video, labels, scale)
            return
        if suffix == ".mp4":
            _write_mp4(temporary, video, fps, scale)
            return
        ticks, shortest, longest = _CLOCKS[suffix]
        kept, delays = _schedule(len(video), fps, ticks, shortest)
        kept, delays = _merge_equal(video, kept, delays)
        if delays.max() > longest:
            raise InputError(f"{path}: a frame would stay for more than {longest / ticks:g} s, use a higher fps")
        # Pillow rather than imageio, whose writer lets every frame of a GIF bring its own palette.
        writer = {".gif": _write_gif, ".apng": _write_apng, ".webp": _write_webp}[suffix]
        writer(temporary, video[kept], [int(delay) * 1000 // ticks for delay in delays], scale)


def _collect(frames: Iterable[np.ndarray], path: Path) -> Video:
    """One checked array of all frames."""
    video = frames if isinstance(frames, np.ndarray) else [np.asarray(frame) for frame in frames]
    if len(video) == 0:
        raise InputError(f"{path}: there is no frame to write, at least 1 is needed")
    shapes = {frame.shape for frame in video}
    if len(shapes) > 1:
        raise ValueError(f"frames differ in shape: {sorted(shapes)}")
    video = np.asarray(video)
    if video.ndim != 4 or video.shape[-1] != 3 or 0 in video.shape or video.dtype != np.uint8:
        raise ValueError(f"frames must be uint8 (height, width, 3), not {video.dtype} {video.shape[1:]}")
    return video


def _checked_scale(path: Path, video: np.ndarray, scale: int | None) -> int:
    scale = fitting_scale(video.shape) if scale is None else scale
    height, width = scale * video.shape[1], scale * video.shape[2]
    if max(height, width) > _MAX_SIDE:
        raise InputError(f"{path}: {width}x{height} pixels, at most {_MAX_SIDE} a side; scale less")
    return scale


def _schedule(
    num_frames: int, fps: float, ticks: int, shortest: int
) -> tuple[Int[np.ndarray, " kept"], Int[np.ndarray, " kept"]]:
    """Choose the frames to show and their delays in ticks, rounding times rather than delays.

    Returns:
        Indices of the frames kept (all, unless they are faster than `shortest`), and the delay of each.
    """
    stride = max(1.0, fps * shortest / ticks)
    num_kept = max(1, int(num_frames / stride + 1e-9))
    starts = np.arange(num_kept) * stride
    times = np.rint(np.append(starts, num_frames) * ticks / fps).astype(int)
    kept = np.floor(starts + 1e-9).astype(int)
    return kept, np.maximum(np.diff(times), shortest)


def _merge_equal(
    video: Video, kept: Int[np.ndarray, " kept"], delays: Int[np.ndarray, " kept"]
) -> tuple[Int[np.ndarray, " distinct"], Int[np.ndarray, " distinct"]]:
    """Give the delays of equal frames in a row to the first of them."""
    changes = [not np.array_equal(video[before], video[after]) for before, after in pairwise(kept)]
    firsts = np.flatnonzero([True, *changes])
    return kept[firsts], np.add.reduceat(delays, firsts)


def _write_gif(path: Path, video: Video, milliseconds: list[int], scale: int) -> None:
    """One global palette for all frames: smaller files, and colours that do not flicker."""
    palette = _shared_palette(video)
    indices = _apply_palette(video, palette)[..., None]
    images = [Image.fromarray(enlarge(frame, scale)[..., 0]) for frame in indices]
    for image in images:
        image.putpalette(palette.tobytes())
    # `palette` and no `optimize`: Pillow then neither adds local palettes nor reorders the global one.
    _save(path, "GIF", images, milliseconds, palette=palette.tobytes(), optimize=False, disposal=1)


def _shared_palette(video: Video) -> UInt8[np.ndarray, "colour 3"]:
    """Choose the colours of an animation.

    Returns:
        Every colour of the animation if there are at most 256. Otherwise 256 colours by median cut over a sample
        of all frames; k-means after it brings frequent colours, the background above all, back to their exact value.
    """
    distinct = _distinct(video)
    if len(distinct) <= _MAX_COLOURS:
        return _unpack(distinct)
    pixels = video.reshape(-1, 3)
    # An odd stride does not stay on the same columns of frames whose width is even.
    sample = pixels[:: (len(pixels) // _MAX_SAMPLE) | 1]
    quantised = Image.fromarray(sample[None]).quantize(_MAX_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1)
    return np.unique(np.array(quantised.getpalette(), np.uint8).reshape(-1, 3), axis=0)  # Pillow mixes up twins


def _apply_palette(video: Video, palette: UInt8[np.ndarray, "colour 3"]) -> UInt8[np.ndarray, "frame height width"]:
    """Match every pixel with the index of the nearest colour of a palette, without dithering."""
    distinct = _distinct(video)
    entries = palette.astype(np.float32)
    index_of = np.zeros(2**24, np.uint8)
    for start in range(0, len(distinct), _CHUNK):
        packed = distinct[start : start + _CHUNK]
        # |colour - entry|^2 without |colour|^2, which is the same for all entries; exact in float32.
        distance = (entries**2).sum(axis=1) - 2 * _unpack(packed).astype(np.float32) @ entries.T
        index_of[packed] = distance.argmin(axis=1)
    return np.stack([index_of[_pack(frame)] for frame in video])


def _distinct(video: np.ndarray) -> np.ndarray:
    seen = np.zeros(2**24, bool)
    for frame in video:
        seen[_pack(frame)] = True
    return np.flatnonzero(seen)


def _pack(colours: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _unpack(packed: np.ndarray) -> np.ndarray:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def _images(video: Video, scale: int) -> list[Image.Image]:
    return [Image.fromarray(enlarge(frame, scale)) for frame in video]


def _write_apng(path: Path, video: Video, milliseconds: list[int], scale: int) -> None:
    _save(path, "PNG", _images(video, scale), milliseconds)


def _write_webp(path: Path, video: Video, milliseconds: list[int], scale: int) -> None:
    _save(path, "WEBP", _images(video, scale), milliseconds, lossless=True, method=4)


def has_video() -> bool:
    """Whether MP4 can be written: whether the `video` extra is installed."""
    return importlib.util.find_spec("av") is not None


def _write_mp4(path: Path, video: Video, fps: float, scale: int) -> None:
    """H.264 as every player takes it; sides are made even by repeating the last row or column."""
    import imageio.v3 as imageio

    odd = ((0, scale * video.shape[1] % 2), (0, scale * video.shape[2] % 2), (0, 0))
    file: Any
    with imageio.imopen(path, "w", plugin="pyav") as file:
        file.init_video_stream("libx264", fps=fps, pixel_format="yuv420p")
        for frame in video:
            file.write_frame(np.pad(enlarge(frame, scale), odd, mode="edge"))


def _save(path: Path, format: str, images: list[Image.Image], milliseconds: list[int], **options: object) -> None:
    durations = milliseconds if len(images) > 1 else milliseconds[0]
    images[0].save(path, format=format, save_all=True, append_images=images[1:], duration=durations, loop=0, **options)


def _write_sheet(path: Path, video: Video, labels: Sequence[str] | None, scale: int) -> None:
    if labels is not None and len(labels) != len(video):
        raise ValueError(f"{len(labels)} labels for {len(video)} frames")
    chosen = np.rint(np.linspace(0, len(video) - 1, min(len(video), MAX_SHEET_FRAMES))).astype(int)
    sheet = contact_sheet(
        enlarge(video[chosen], scale), None if labels is None else [labels[int(index)] for index in chosen]
    )
    Image.fromarray(sheet).save(path, format="PNG", optimize=True)
