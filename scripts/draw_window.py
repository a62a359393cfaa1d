"""Screenshots of the window in each of its modes, driven by events as a user would, without a screen.

    python scripts/draw_window.py [--seconds 75]

Writes `gallery/window/*.png` and the page that shows them. The last one learns a painted target for `--seconds`.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import pygame
from report import ROOT, machine

from ffnca.view.app import SIZE, open_display
from ffnca.view.controller import Controller
from ffnca.view.opening import opened_session
from ffnca.view.painting import PALETTE, Painting
from ffnca.view.window import Window

FOLDER = ROOT / "gallery" / "window"


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
        session = opened_session(world, None, 0)
        self.controller = Controller(world, session, folder=folder, patient=patient)
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
        pygame.image.save(self.window.screen, FOLDER / f"{name}.png")
        self.taken.append((name, caption))


def modes(tour: Tour, seconds: float) -> None:
    """Visit every mode."""
    middle = (430, 385)
    tour.frames(200)
    tour.drag(middle, middle)
    tour.frames(5)
    tour.shot("colour", "A disc was erased with the first brush five frames ago.")
    tour.key(pygame.K_g)
    tour.shot("goodness", "G: per-cell goodness of the same moment. Bright cells are ill.")
    tour.key(pygame.K_d)
    tour.shot("difference", "D: the difference from the target.")
    tour.key(pygame.K_a)
    tour.shot("channels", "A: all sixteen channels, blue under and red over zero.")
    tour.key(pygame.K_k)
    tour.key(pygame.K_k)
    tour.shot("channel", "K: one channel.")
    tour.key(pygame.K_c)
    tour.key(pygame.K_5)
    tour.drag((600, 250), (600, 560))
    tour.frames(90)
    tour.shot("wall", "5: a wall, in which nothing lives.")
    tour.key(pygame.K_z, pygame.KMOD_CTRL)
    tour.key(pygame.K_h)
    tour.shot("help", "H: every key.")
    tour.key(pygame.K_h)
    tour.key(pygame.K_w)
    tour.shot("worlds", "W: the worlds that ship.")
    tour.key(pygame.K_w)
    tour.key(pygame.K_t)
    assert tour.controller.painting is not None
    face(tour.controller.painting)
    tour.frames(1)
    tour.shot("easel", "T: paint a target, type an emoji or drop a picture; Enter learns it.")
    tour.key(pygame.K_RETURN)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        tour.window.run(30)
    tour.shot("learning", f"The same target {seconds:.0f} seconds later: it learns in the background while it grows.")


def main() -> None:
    """Visit, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=75.0)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    open_display(headless=True)
    with tempfile.TemporaryDirectory() as scratch:
        tour = Tour("lizard", Path(scratch))
        modes(tour, options.seconds)
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
