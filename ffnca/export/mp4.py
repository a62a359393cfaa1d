"""MP4: H.264 as every player takes it."""

import importlib.util
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ffnca.export.show import Show
from ffnca.export.timing import Timing

_CLOCK = 90_000  # ticks a second
_FASTEST = 65_535  # numbers of a frame rate as a fraction
# Without frames that refer to later ones every frame lasts exactly as long as it says.
_ENCODER = {"crf": "18", "bf": "0"}
# What the numbers of a pixel mean, in the codes of H.273; where it is not said, players guess by the size of pictures.
_COLOURS = {"colorspace": 6, "color_primaries": 1, "color_trc": 13, "color_range": 1}
_CONTAINER = {"movflags": "+faststart"}  # plays before it is loaded


def has_video() -> bool:
    """Whether MP4 can be written: whether the `video` extra is installed."""
    return importlib.util.find_spec("av") is not None


def write_mp4(path: Path, show: Show, timing: Timing) -> None:
    """Write it, frame by frame; sides are made even by repeating the last row or column.

    A frame that is held is repeated, for players that know one rate only. By PyAV itself, since imageio gives every
    frame the same time.
    """
    import av

    starts = _starts(len(show.reel), timing)
    lasts = dict(zip(starts[:-1].tolist(), np.diff(starts).tolist(), strict=True))
    height, width = show.size
    odd = ((0, height % 2), (0, width % 2), (0, 0))
    with av.open(path, "w", format="mp4", options=_CONTAINER) as file:
        rate = Fraction(timing.fps).limit_denominator(_FASTEST)
        stream = file.add_stream("libx264", rate=rate, options=_ENCODER)
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _CLOCK)
        for name, code in _COLOURS.items():
            setattr(stream.codec_context, name, code)
        for number, start in enumerate(lasts):
            picture = show.picture(min(number, len(show.reel) - 1))
            frame = av.VideoFrame.from_ndarray(np.pad(picture, odd, mode="edge"), "rgb24")
            frame.pts, frame.time_base = start, stream.codec_context.time_base
            _mux(file, stream.encode(frame), lasts)
        _mux(file, stream.encode(), lasts)


def _mux(file: Any, packets: Iterable[Any], lasts: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = lasts[packet.pts]
        file.mux(packet)


def _starts(num_frames: int, timing: Timing) -> np.ndarray:
    """When each frame begins, in ticks, and when the last one ends."""
    hold = 1 / timing.fps if timing.hold is None else timing.hold
    num_held = max(1, round(hold * timing.fps))
    moving = np.arange(num_frames - 1) / timing.fps
    held = (num_frames - 1) / timing.fps + np.arange(num_held + 1) * hold / num_held
    return np.rint(_CLOCK * np.append(moving, held)).astype(int)
