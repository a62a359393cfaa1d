"""Animations for gallery/worlds: worlds that nothing has to train, and rules that learned something else than to grow.

    python scripts/world_pictures.py [NAME ...]

Writes gallery/worlds/NAME.gif or .webp for those named, or for all of the table, and gallery/worlds/README.md.
"""

import argparse
from typing import NamedTuple

from report import ROOT, machine

from ffnca.commands import Play, export_world
from ffnca.export.look import Look
from ffnca.export.timing import Timing
from ffnca.systems.base import Request
from ffnca.systems.registry import system_of
from ffnca.world import find_world
from ffnca.world_file import load_world

FOLDER = ROOT / "gallery" / "worlds"
MOST_BYTES = 250_000
SHOWN_WIDTH = 384


class Picture(NamedTuple):
    """How a world is drawn.

    Attributes:
        steps: To the last frame.
        every: Steps from frame to frame.
        scale: Pixels a cell.
        ending: Of the file: GIF where a world has few colours.
        fps: Frames a second.
    """

    steps: int
    every: int
    scale: int
    ending: str = ".gif"
    fps: int = 25


PICTURES = {
    "gosper-gun": Picture(120, 1, 4),
    "copperhead": Picture(120, 1, 6),
    "rule30": Picture(62, 1, 3),
    "rule110": Picture(126, 2, 2),
    "wireworld": Picture(120, 1, 6),
    "cyclic-spirals": Picture(60, 5, 5, fps=10),
    "bosco": Picture(100, 1, 6),
    "ants": Picture(4000, 80, 3, fps=12),
    "turmite-spiral": Picture(6000, 60, 4),
    "sandpile": Picture(3000, 100, 4, fps=12),
    "mitosis": Picture(5000, 500, 4, ".webp", fps=4),
    "orbium": Picture(200, 2, 5, ".webp"),
    "tessellatium": Picture(200, 4, 5, ".webp", fps=12),
    "amoeba": Picture(300, 6, 5, ".webp", fps=12),
    "observed_life": Picture(50, 1, 6),
    "waves": Picture(120, 20, 4, ".webp", fps=4),
    "cells": Picture(200, 40, 4, ".webp", fps=4),
    "marble": Picture(200, 40, 4, ".webp", fps=4),
    "woven": Picture(120, 20, 4, ".webp", fps=4),
    "digits": Picture(150, 2, 6),
}


def draw(name: str, picture: Picture) -> None:
    """Write one animation.

    Raises:
        ValueError: If it is larger than a file of the repository may be.
    """
    out = FOLDER / f"{name}{picture.ending}"
    play = Play(picture.steps, every=picture.every)
    print(export_world(Request(name), out, play, Look(), Timing(picture.fps), scale=picture.scale), flush=True)
    if out.stat().st_size > MOST_BYTES:
        raise ValueError(f"{out}: {out.stat().st_size:,} bytes, at most {MOST_BYTES:,}")


def readme() -> str:
    """The page of all animations, by kind."""
    lines = [
        "# Worlds",
        "",
        "Worlds that are not grown from a cell: automata with rules of their own, rules that were learned by watching",
        "one, digits that classify themselves, and textures that were learned from a picture.",
        "`ffnca worlds` lists all that ship, `ffnca view NAME` opens one. Made by `python scripts/world_pictures.py`.",
        "",
        f"Made on {machine()}.",
    ]
    kind = ""
    worlds = {name: load_world(find_world(name)) for name in PICTURES}
    for name, world in sorted(worlds.items(), key=lambda pair: pair[1].kind):
        if world.kind != kind:
            kind = world.kind
            about = " ".join((system_of(kind).spec.__doc__ or "").split())
            lines += ["", f"## `{kind}`", "", about]
        picture, file = PICTURES[name], f"{name}{PICTURES[name].ending}"
        command = f"ffnca export {name} {file} --steps {picture.steps} --every {picture.every} --scale {picture.scale}"
        command += "" if picture.fps == Timing().fps else f" --fps {picture.fps}"
        lines += [
            "",
            f'<img src="{file}" width="{SHOWN_WIDTH}" alt="{world.title}">',
            "",
            f"{world.title}: `{command}`",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    for name in parser.parse_args().names or PICTURES:
        draw(name, PICTURES[name])
    (FOLDER / "README.md").write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
