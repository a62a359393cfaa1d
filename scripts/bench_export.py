"""How large animations are and how exact: a creature's growth in every format, decoded back.

    python scripts/bench_export.py [WORLD] [--steps 220] [--write]

Differences are in levels of 255, in cells that are drawn in some frame. *Jumps*: cells a frame that show a change of
more than 4 levels beyond their own, where their own is at most 3, which is what flicker would be.
"""

import argparse
import tempfile
from pathlib import Path

import jax
import numpy as np
from jaxtyping import UInt8
from PIL import Image
from report import publish

from ffnca.export.animation import Texts, write_animation
from ffnca.export.mp4 import has_video
from ffnca.export.scene import Scene
from ffnca.export.timing import Timing
from ffnca.opening import make

FPS = 25.0
QUIET, JUMP = 3, 4

Video = UInt8[np.ndarray, "frame height width 3"]


def played(path: Path, num_frames: int) -> tuple[Video, float]:
    """What is seen at each of the times of the frames, and how long all of it lasts, in seconds."""
    frames, ends = [], []
    if path.suffix == ".mp4":
        import av

        with av.open(str(path), "r") as file:
            for frame in file.decode(video=0):
                frames.append(frame.to_ndarray(format="rgb24"))
            lasts = (file.duration or 0) / 1e6
            ends = [lasts * (index + 1) / len(frames) for index in range(len(frames))]
    else:
        with Image.open(path) as picture:
            for index in range(getattr(picture, "n_frames", 1)):
                picture.seek(index)
                frames.append(np.asarray(picture.convert("RGB")))
                ends.append((ends[-1] if ends else 0) + picture.info["duration"] / 1000)
            lasts = ends[-1]
    moments = (np.arange(num_frames) + 0.5) / FPS
    return np.stack([frames[index] for index in np.searchsorted(ends, moments)]), lasts


def row(name: str, path: Path, video: Video, scale: int) -> str:
    """A line of the table."""
    shown, lasts = played(path, len(video))
    height, width = video.shape[1:3]
    centres = shown[:, scale // 2 :: scale, scale // 2 :: scale][:, :height, :width].astype(int)
    drawn = (video != 255).any((0, 3))
    gaps = abs(centres - video).max(-1)[:, drawn]
    own, seen = (abs(np.diff(frames.astype(int), axis=0)).max(-1) for frames in (video, centres))
    jumps = ((own <= QUIET) & (seen > own + JUMP)).sum() / max(1, len(own))
    size, longest = path.stat().st_size / 1000, max(shown.shape[1:3])
    return f"| {name} | {longest} | {size:.0f} | {gaps.mean():.2f} | {gaps.max()} | {jumps:.2f} | {lasts:.2f} |"


def main() -> None:
    """Write, decode and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world", nargs="?", default="lizard")
    parser.add_argument("--steps", type=int, default=220)
    parser.add_argument("--write", action="store_true", help="rewrite the table")
    options = parser.parse_args()
    simulation = make(options.world)
    lines = [
        f"| {simulation.world.title}, {options.steps} steps | pixels | KB | mean difference | largest | jumps | s |",
        "|---|---|---|---|---|---|---|",
    ]
    scenes = {"": Scene(simulation, options.steps), ", wounded and healed": Scene.story(simulation, options.steps)}
    with tempfile.TemporaryDirectory() as folder:
        for what, scene in scenes.items():
            video = np.stack(list(scene.frames(key=jax.random.key(0))))
            for suffix, scale in ((".gif", 5), (".gif", 6), (".webp", 5), (".apng", 5), (".mp4", 5)):
                if suffix == ".mp4" and not has_video():
                    continue
                path = Path(folder) / f"a{suffix}"
                texts = Texts(scene.captions) if scene.is_story else None
                write_animation(path, video, Timing(FPS), texts, scale)
                lines.append(row(f"{suffix[1:].upper()}{what}", path, video, scale))
    print("\n".join(lines))
    if options.write:
        publish("animations", lines, "bench_export.py --write")


if __name__ == "__main__":
    main()
