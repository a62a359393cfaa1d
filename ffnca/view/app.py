"""Open a display, show a world in a window, and say at the end what was written."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

from ffnca.atomic import replacing
from ffnca.errors import InputError, Stopped
from ffnca.signals import stop_noted
from ffnca.systems.base import Request
from ffnca.view.controller import Controller
from ffnca.view.learner import MINUTES
from ffnca.view.opening import opened_session
from ffnca.view.recorder import unused_path
from ffnca.view.window import Window

SIZE = (1120, 800)
SHARE = 0.85
"""Of the desktop that a window takes at most."""
FRAMES_PER_SHOT = 60


def open_display(*, headless: bool = False) -> tuple[int, int]:
    """Start pygame's display; the size for a window.

    Raises:
        InputError: If there is no display.
    """
    if headless:
        os.environ["SDL_VIDEODRIVER"] = "dummy"
    chosen = "SDL_VIDEODRIVER" in os.environ
    try:
        if sys.platform == "linux" and not chosen and not os.environ.get("WAYLAND_DISPLAY"):
            if not os.environ.get("DISPLAY"):
                raise pygame.error("DISPLAY is not set")
            os.environ["SDL_VIDEODRIVER"] = "x11"  # SDL would try others, which write on stderr
        pygame.display.init()
        pygame.font.init()
        if pygame.display.get_driver() in ("dummy", "offscreen", "evdev") and not chosen:
            raise pygame.error("only a driver without a screen")
        sizes = pygame.display.get_desktop_sizes()
    except pygame.error as error:
        pygame.display.quit()
        hint = "start it on a desktop, or use --headless-frames N --out FOLDER"
        raise InputError(f"no display to open a window on ({error}); {hint}") from error
    if headless or not sizes:
        return SIZE
    width, height = sizes[0]
    return int(min(max(SIZE[0], width * 0.6), width * SHARE)), int(min(max(SIZE[1], height * 0.7), height * SHARE))


def view_world(
    request: Request,
    *,
    folder: Path = Path(),
    num_frames: int | None = None,
    minutes: float = MINUTES,
) -> dict[str, Any]:
    """Show a world until its window is closed, or for some frames without a screen.

    Args:
        request: What the user wants to see.
        folder: Where saved rules, recordings and pictures go.
        num_frames: Frames without a screen, each one sixtieth of a second; None opens a window.
        minutes: How long a rule learns.

    Returns:
        Frames and steps shown, median and 95th percentile of the work of a frame in milliseconds, files written.

    Raises:
        InputError: If the world cannot be opened, there is no display or the folder is missing.
        Stopped: On Ctrl-C, after everything was saved.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder to write to")
    headless = num_frames is not None
    window_size = open_display(headless=headless)
    try:
        session = opened_session(replace(request, untrained=True))
        chosen = {"size": request.size, "detail": request.detail}
        controller = Controller(request.text, session, folder=folder, minutes=minutes, patient=headless, **chosen)
        window = Window(controller, window_size)
        with stop_noted(controller.quit) as interrupted:
            try:
                work, shots = _shoot(window, num_frames, folder) if num_frames is not None else (window.run(), [])
            finally:
                files = controller.close()
    finally:
        pygame.display.quit()
    if interrupted():
        raise Stopped("; ".join(["interrupted", *files]))
    ordered = sorted(work)
    figures = {"frames": window.num_frames, "steps": controller.session.step, "written": [*shots, *files]}
    for name, share in (("median_ms", 0.5), ("p95_ms", 0.95)):
        figures[name] = 1000 * ordered[int(share * (len(ordered) - 1))] if ordered else None
    return figures


def _shoot(window: Window, num_frames: int, folder: Path) -> tuple[list[float], list[str]]:
    """Run without a screen and keep a picture of the window every second and at the end."""
    work, shots = [], []
    while len(work) < num_frames and not window.controller.closed:
        work += window.run(min(FRAMES_PER_SHOT, num_frames - len(work)), real_time=False)
        path = unused_path(folder, f"frame-{len(work):06d}", ".png")
        with replacing(path) as temporary:
            pygame.image.save(window.screen, temporary)
        shots.append(f"wrote {path}")
    return work, shots
