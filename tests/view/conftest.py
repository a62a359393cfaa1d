"""The real loop under SDL's dummy driver, driven by posted events."""

import os

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

from collections.abc import Callable, Iterator
from pathlib import Path

import pygame
import pytest

from ffnca.systems.base import Request
from ffnca.view.app import open_display
from ffnca.view.controller import Controller
from ffnca.view.opening import opened_session
from ffnca.view.window import Window

SIZE = (900, 700)


class Hand:
    """A user at a window: keys, pointer, frames."""

    def __init__(self, window: Window) -> None:
        self.window, self.controller = window, window.controller

    @property
    def session(self):
        return self.controller.session

    def frames(self, count: int = 1) -> list[float]:
        return self.window.run(count, real_time=False)

    def key(self, key: int, modifiers: int = 0, text: str = "") -> None:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, mod=modifiers, unicode=text))
        self.frames()

    def press(self, at: tuple[float, float], button: int = 1) -> None:
        place = (round(at[0]), round(at[1]))
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=place, button=button))
        self.frames()

    def move(self, at: tuple[float, float]) -> None:
        before, place = self.window.pointer, (round(at[0]), round(at[1]))
        way = (place[0] - before[0], place[1] - before[1])
        pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=place, rel=way, buttons=(1, 0, 0)))
        self.frames()

    def release(self, button: int = 1) -> None:
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONUP, pos=self.window.pointer, button=button))
        self.frames()

    def click(self, at: tuple[float, float], button: int = 1) -> None:
        self.press(at, button)
        self.release(button)

    def wheel(self, steps: int, modifiers: int = 0) -> None:
        pygame.key.set_mods(modifiers)
        pygame.event.post(pygame.event.Event(pygame.MOUSEWHEEL, x=0, y=steps, flipped=False))
        self.frames()
        pygame.key.set_mods(0)

    def pixel(self, row: float, column: float) -> tuple[float, float]:
        """Where the middle of a cell lies on the screen."""
        area, rows, columns = self.window._seen
        scale = self.controller.camera.scale(area, rows, columns)
        left, top = self.controller.camera.corner(area, rows, columns)
        return left + (column + 0.5) * scale, top + (row + 0.5) * scale


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Callable[..., Hand]]:
    """Opens a window on a world."""
    opened: list[Hand] = []

    def open_window(world: str = "fish", size: tuple[int, int] | None = None, **options) -> Hand:
        open_display(headless=True)
        controller = Controller(
            world,
            opened_session(Request(world, size, untrained=True)),
            folder=tmp_path,
            size=size,
            **{"patient": True, **options},
        )
        opened.append(Hand(Window(controller, SIZE)))
        pygame.event.clear()
        controller.pace.paused = True
        opened[-1].frames()
        controller.pace.paused = False
        return opened[-1]

    yield open_window
    for one in opened:
        one.controller.close()
        one.window.panel.clear()
    pygame.display.quit()
