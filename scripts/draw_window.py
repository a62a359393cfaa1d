"""Screenshots of the window in each of its modes, driven by events as a user would, without a screen.

    python scripts/draw_window.py [--updates 2300]

Writes `gallery/window/*.png` and the page that shows them: every mode, and three sizes of the window. The last one
learns a painted target for `--updates`.
"""

import argparse
import os
import tempfile
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np
import pygame
from PIL import Image
from report import ROOT, machine

from ffnca.systems.base import Request
from ffnca.view.app import SIZE, open_display
from ffnca.view.controller import Controller
from ffnca.view.opening import opened_session
from ffnca.view.painting import PALETTE, Painting
from ffnca.view.window import Window

FOLDER = ROOT / "gallery" / "window"
MINUTES = 10.0
"""That a rule may learn: twice its usual time, since compiling counts and the machine may be busy."""
GROWN = 100
"""Steps of the creature that is shown while it learns."""


def face(painting: Painting) -> None:
    """Paint a face, stroke by stroke."""
    colours = [(red / 255, green / 255, blue / 255) for red, green, blue in PALETTE]
    painting.paint((11.5, 11.5), (11.5, 11.5), 11.0, colours[5])
    for eye in (7, 16):
        painting.paint((8, eye), (10, eye), 1.2, colours[0])
    for left, right in (((14, 6), (17, 9)), ((17, 9), (17, 14)), ((17, 14), (14, 17))):
        painting.paint(left, right, 1.1, colours[3])


class Tour:
    """A user with a keyboard and a pointer, and a camera."""

    def __init__(self, world: str, folder: Path, *, patient: bool = True) -> None:
        """Open a window on a world."""
        session = opened_session(Request(world, untrained=True))
        self.controller = Controller(world, session, folder=folder, minutes=MINUTES, patient=patient)
        self.window = Window(self.controller, SIZE)
        self.taken: list[tuple[str, str]] = []

    def frames(self, count: int) -> None:
        """Let some frames pass."""
        self.window.run(count, real_time=False)

    def key(self, key: int, modifiers: int = 0) -> None:
        """Press a key."""
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, mod=modifiers, unicode=""))
        self.frames(1)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press, move, release."""
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=start, button=1))
        pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=end, rel=(0, 0), buttons=(1, 0, 0)))
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONUP, pos=end, button=1))
        self.frames(1)

    def shot(self, name: str, caption: str) -> None:
        """Keep what is on the screen."""
        pixels = np.swapaxes(pygame.surfarray.array3d(self.window.screen), 0, 1)
        picture = Image.fromarray(pixels).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
        picture.save(FOLDER / f"{name}.png", optimize=True)
        self.taken.append((name, caption))

    def resize(self, size: tuple[int, int]) -> None:
        """As if the user drew at a corner of the window."""
        pygame.display.set_mode(size, pygame.RESIZABLE)
        self.frames(2)

    def quiet(self) -> None:
        """Wait until nothing is said any more."""
        self.controller.say("")


def modes(tour: Tour, updates: int) -> None:
    """Visit every mode."""
    area = tour.window.world
    middle = (area.width // 2, area.height // 2)
    tour.frames(200)
    tour.drag(middle, middle)
    tour.frames(5)
    tour.shot("colour", "A disc was erased with the first brush five frames ago.")
    tour.key(pygame.K_g)
    tour.shot("health", "G: the health of each cell at the same moment. Light is well, hot is ill.")
    tour.resize((640, 480))
    tour.shot("size-640x480", "The same in a window of 640x480.")
    tour.resize(SIZE)
    tour.key(pygame.K_d)
    tour.shot("difference", "D: the difference from the target.")
    tour.key(pygame.K_a)
    tour.shot("channels", "A: all sixteen channels, blue under and red over zero.")
    tour.key(pygame.K_k)
    tour.key(pygame.K_k)
    tour.shot("channel", "K: one channel.")
    tour.key(pygame.K_c)
    tour.key(pygame.K_5)
    tour.drag((middle[0] + 170, middle[1] - 140), (middle[0] + 170, middle[1] + 170))
    tour.frames(90)
    tour.shot("wall", "5: a wall, in which nothing lives.")
    tour.key(pygame.K_z, pygame.KMOD_CTRL)
    tour.key(pygame.K_h)
    tour.shot("help", "H: every key.")
    tour.key(pygame.K_h)
    tour.resize((1920, 1080))
    tour.frames(60)
    tour.quiet()
    tour.frames(1)
    tour.shot("size-1920x1080", "A window of 1920x1080.")
    tour.resize(SIZE)
    tour.key(pygame.K_w)
    tour.shot("worlds", "W: the worlds that ship.")
    tour.key(pygame.K_w)
    tour.key(pygame.K_t)
    assert tour.controller.painting is not None
    face(tour.controller.painting)
    tour.frames(1)
    tour.shot("easel", "T: paint a target, type an emoji or drop a picture; Enter learns it.")
    tour.key(pygame.K_RETURN)
    tour.window.run(60)
    tour.quiet()
    tour.window.run(1)
    tour.shot("size-1120x800", "Enter: while the learner compiles, the target is faintly there. This is 1120x800.")
    study = tour.controller.study
    while study.learning and (study.news is None or study.news.updates < updates):
        tour.window.run(30)
    if study.news is None:
        raise SystemExit(tour.controller.message)
    while tour.controller.session.step < GROWN:
        tour.window.run(1)
    caption = f"The same target after {study.news.updates} updates: it learns in the background while it grows."
    tour.shot("learning", caption)


def main() -> None:
    """Visit, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=2300)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    open_display(headless=True)
    with tempfile.TemporaryDirectory() as scratch:
        tour = Tour("lizard", Path(scratch))
        modes(tour, options.updates)
        tour.controller.close()
    lines = [
        "# The window",
        "",
        "`ffnca view lizard`, by `python scripts/draw_window.py`.",
        "",
        f"Made on {machine()}.",
    ]
    for name, caption in tour.taken:
        lines += ["", caption, "", f"![{name}]({name}.png)"]
    (FOLDER / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
