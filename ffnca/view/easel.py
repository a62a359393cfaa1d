"""The canvas on the screen: paint a target, take a colour, type or paste an emoji."""

import pygame
import pyperclip

from ffnca.errors import InputError
from ffnca.render import over
from ffnca.view.camera import Area, Camera
from ffnca.view.controller import Controller
from ffnca.view.drawing import ACCENT, FAINT, INK, PAPER, Picture, wrapped, write
from ffnca.view.painting import PALETTE, SIZE, colour_of

_HANDLED = (
    *(pygame.TEXTINPUT, pygame.KEYDOWN, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP),
    *(pygame.MOUSEMOTION, pygame.MOUSEWHEEL),
)
_WHAT = "Paint a target, type or paste an emoji, or drop a picture on the window"
_HOW = "Enter: learn it,  Backspace: clear,  right button: erase,  wheel: size,  Esc: leave"
_ENTER = (pygame.K_RETURN, pygame.K_KP_ENTER)


class Easel:
    """Draws the painting of a controller and hands events to it."""

    def __init__(self) -> None:
        """Nothing drawn yet."""
        self.area, self.swatches = Area(0, 0, 0, 0), [Area(0, 0, 0, 0)] * len(PALETTE)
        self.radius = 1.5
        self._camera, self._picture = Camera(), Picture()
        self._last: tuple[float, float] | None = None
        self._erases = False

    def handles(self, event: pygame.event.Event) -> bool:
        """Whether an event is for the canvas: inside it, or what is typed while it is open."""
        if event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEMOTION):
            return self._last is not None or any(area.holds(event.pos) for area in (self.area, *self.swatches))
        if event.type == pygame.KEYDOWN and event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
            return event.key == pygame.K_v
        if event.type == pygame.KEYDOWN:
            return event.key in (*_ENTER, pygame.K_BACKSPACE, pygame.K_DELETE) or event.unicode != ""
        return event.type in _HANDLED and (event.type != pygame.MOUSEBUTTONUP or self._last is not None)

    def handle(self, event: pygame.event.Event, controller: Controller) -> None:
        """Do what an event says.

        Raises:
            InputError: If a text is no emoji, or too little is painted.
        """
        painting = controller.painting
        if painting is None:
            return
        if event.type == pygame.TEXTINPUT and not event.text.isascii():
            painting.take_emoji(event.text)
        elif event.type == pygame.KEYDOWN:
            if event.key in _ENTER:
                controller.learn_painting()
            elif event.key in (pygame.K_BACKSPACE, pygame.K_DELETE):
                painting.clear()
            elif event.key in (pygame.K_ESCAPE, pygame.K_t):
                controller.painting = None
            elif event.key == pygame.K_v and event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
                painting.take_emoji(_pasted())
        elif event.type == pygame.MOUSEWHEEL:
            self.radius = min(max(self.radius + 0.5 * event.y, 0.5), 6.0)
        elif event.type == pygame.MOUSEBUTTONUP:
            self._last = None
        elif event.type == pygame.MOUSEBUTTONDOWN:
            for place, swatch in enumerate(self.swatches):
                if swatch.holds(event.pos):
                    controller.take_colour(place)
                    return
            if event.button in (1, 3):
                self._erases = event.button == 3
                self._last = self._camera.place(event.pos, self.area, SIZE, SIZE)
                self._paint(self._last, controller)
        elif event.type == pygame.MOUSEMOTION and self._last is not None:
            self._paint(self._camera.place(event.pos, self.area, SIZE, SIZE), controller)

    def _paint(self, cell: tuple[float, float], controller: Controller) -> None:
        assert controller.painting is not None
        colour = None if self._erases else colour_of(controller.colour)
        controller.painting.paint(self._last or cell, cell, self.radius, colour)
        self._last = cell

    def draw(self, screen: pygame.Surface, area: Area, controller: Controller, size: int) -> None:
        """Draw the canvas, the palette and what to press."""
        if controller.painting is None:
            return
        screen.fill(PAPER, area)
        swatch = max(10, min(area.width // (len(PALETTE) + 2), 2 * size))
        small, top = max(round(0.9 * size), 11), area.top + size // 3
        for words, colour in ((_WHAT, INK), (_HOW, FAINT)):
            for line in wrapped(words, small, area.width - size, 3):
                write(screen, line, (area.left + area.width // 2, top), small, colour, middle=True)
                top += round(1.1 * small)
        side = max(min(area.width - 2 * size, area.top + area.height - top - 2 * size - swatch), SIZE)
        self.area = Area(area.left + (area.width - side) // 2, top + size // 3, side, side)
        self._picture.upload(over(controller.painting.cells))
        pygame.draw.rect(screen, (255, 255, 255), self.area)
        self._picture.draw(screen, self.area, self._camera)
        left = area.left + (area.width - swatch * len(PALETTE)) // 2
        top = self.area.top + side + size // 2
        for place, colour in enumerate(PALETTE):
            self.swatches[place] = Area(left + place * swatch, top, swatch - 3, swatch - 3)
            pygame.draw.rect(screen, colour, self.swatches[place])
            if place == controller.colour:
                pygame.draw.rect(screen, ACCENT, self.swatches[place], 3)


def _pasted() -> str:
    """Text of the clipboard.

    Raises:
        InputError: If this system gives none.
    """
    try:
        return pyperclip.paste()
    except pyperclip.PyperclipException as error:
        raise InputError("nothing can be pasted here; type the emoji or drop a picture") from error
