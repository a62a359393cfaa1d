"""The window at work: frame times with and without learning, memory over 20,000 frames, a painted target learned.

    python scripts/bench_view.py [--write] [--quick]

The real loop and its real learner, under SDL's dummy driver unless SDL_VIDEODRIVER names another (SDL_VIDEODRIVER=x11
under Xvfb times a real window). Frame times are the work of a frame, without the wait for the next.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import jax
import pygame
from draw_window import face
from report import publish

from ffnca.allocation import keep_memory
from ffnca.automata.base import rollout
from ffnca.systems.base import Request
from ffnca.view.app import SIZE, open_display
from ffnca.view.controller import Controller
from ffnca.view.opening import opened_session
from ffnca.view.window import Window

WARM = 60
"""Frames left out at the start: the first second."""


def opened(world: str, size: tuple[int, int] | None, folder: Path) -> Window:
    """A window on a world."""
    open_display()
    return Window(
        Controller(world, opened_session(Request(world, size, untrained=True)), folder=folder, size=size), SIZE
    )


def described(name: str, work: list[float], began: float) -> str:
    """A row of the table."""
    ordered, rate = sorted(work), len(work) / (time.perf_counter() - began)
    shares = [1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in (0.5, 0.95, 1)]
    return f"| {name} | {len(work)} | {rate:.1f} | " + " | ".join(f"{value:.1f}" for value in shares) + " |"


def paced(name: str, window: Window, frames: int) -> str:
    """Frames by the clock."""
    window.run(WARM)
    began = time.perf_counter()
    return described(name, window.run(frames), began)


def megabytes() -> float:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def grown_error(window: Window) -> float:
    """Median relative MSE over 8 seeds of what the shown rule grows in 200 steps."""
    simulation = window.controller.session.simulation
    grown = [rollout(simulation.automaton, simulation.start, 200, key=jax.random.key(k)) for k in range(8)]
    return sorted(simulation.measured(state)["relative_mse"] for state in grown)[4]


def learned(folder: Path, moments: tuple[float, ...]) -> tuple[list[str], list[str]]:
    """A painted target in an open window: rows of its error at some seconds, and of frame times meanwhile."""
    window = opened("lizard", None, folder)
    controller = window.controller
    controller.paint_target()
    assert controller.painting is not None
    face(controller.painting)
    window.run(WARM)
    controller.learn_painting()
    began, errors, rows = time.perf_counter(), [], []
    for moment in moments:
        work: list[float] = []
        start = time.perf_counter()
        while time.perf_counter() - began < moment:
            work += window.run(30)
        rows.append(described(f"painted target, up to {moment:.0f} s of learning", work, start))
        news = controller.study.news
        errors.append(f"| {moment:.0f} s | {0 if news is None else news.updates} | {grown_error(window):.4f} |")
    controller.close()
    return errors, rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="rewrite the tables")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, for a look")
    options = parser.parse_args()
    keep_memory()
    share = 10 if options.quick else 1
    rows = [f"| {SIZE[0]}x{SIZE[1]} pixels | frames | frames/s | median ms | 95% ms | longest ms |"]
    rows.append("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, size in (("lizard on 72x72", None), ("lizard on 128x128", (128, 128))):
            window = opened("lizard", size, folder)
            rows.append(paced(f"{name}, a step a frame", window, 1800 // share))
            window.controller.close()
        window = opened("lizard", None, folder)
        window.controller.learn()
        starting, began = [], time.perf_counter()
        while window.controller.study.times_heard == 0:
            starting += window.run(30)
        rows.append(described("lizard on 72x72, learner starting", starting, began))
        rows.append(paced("lizard on 72x72, learning", window, 3600 // share))
        window.controller.close()
        errors, more = learned(folder, tuple(moment / share for moment in (60.0, 120.0, 300.0)))
        rows += more
        window = opened("fish", None, folder)
        window.run(600, real_time=False)
        before = megabytes()
        window.run(20_000 // share, real_time=False)
        memory = f"Memory before and after {20_000 // share} frames: {before:.0f} MB, {megabytes():.0f} MB."
        window.controller.close()
    pygame.display.quit()
    painted = ["| seconds since Enter | updates | relative MSE at T=200 |", "|---|---|---|", *errors]
    lines = [
        *rows,
        "",
        memory,
        "",
        "A painted 24x24 face, learned while it is watched (median of 8 seeds):",
        "",
        *painted,
    ]
    print("\n".join(lines))
    if options.write:
        publish("window", lines, "bench_view.py --write")


if __name__ == "__main__":
    main()
