"""The side panel: buttons and sliders of `pygame-widgets` for everything that the keys do."""

from collections.abc import Callable
from typing import Any

import pygame
from pygame_widgets.button import Button
from pygame_widgets.mouse import Mouse, MouseState
from pygame_widgets.slider import Slider
from pygame_widgets.widget import WidgetHandler

from ffnca.view.actions import GROUPS, Action
from ffnca.view.camera import Area
from ffnca.view.drawing import ACCENT, FAINT, INK, SHADE, font, write

COLUMNS = 3
WIDTH = 236
"""At a scale of 1, in pixels."""
_ON, _OFF, _HOVER = (196, 124, 32), (58, 63, 80), (78, 84, 106)


class Panel:
    """Widgets at the right of the window, laid out anew when the window changes.

    Attributes:
        area: Of the panel; its width is 0 when it is hidden.
        free: What is left under the widgets.
    """

    def __init__(self) -> None:
        """Without widgets; `lay_out` makes them."""
        self.area = self.free = Area(0, 0, 0, 0)
        self.buttons: dict[Action, Button] = {}
        self.sliders: dict[str, Slider] = {}
        self._labels: list[tuple[str, tuple[int, int]]] = []
        self._size = 16

    def lay_out(
        self,
        screen: pygame.Surface,
        area: Area,
        scale: float,
        act: Callable[[Action], Any],
        sliders: dict[str, tuple[float, float, float]],
    ) -> None:
        """Make the widgets that fit.

        Args:
            screen: Where they are drawn.
            area: Of the panel.
            scale: Of texts and buttons.
            act: Called with the action of a pressed button.
            sliders: For each slider its least and largest value and where it stands.
        """
        self.clear()
        self.area, self._size = area, max(10, round(17 * scale))
        margin, gap = round(10 * scale), round(4 * scale)
        num_rows = sum(1 + -(-sum(bool(action.button) for action in group) // COLUMNS) for group in GROUPS.values())
        room = (area.height - 2 * margin) / (num_rows + 1.6 * len(sliders))
        row = int(min(room, 30 * scale))
        if row < 12:  # a window too low for buttons has its keys
            return
        high, top = row - gap, area.top + margin
        wide = (area.width - 2 * margin - (COLUMNS - 1) * gap) // COLUMNS
        face = font(min(self._size, high))
        for title, group in GROUPS.items():
            self._labels.append((title, (area.left + margin, top + gap)))
            top += row
            shown = [action for action in group if action.button]
            for place, action in enumerate(shown):
                left = area.left + margin + (place % COLUMNS) * (wide + gap)
                style = {"textColour": INK, "inactiveColour": _OFF, "hoverColour": _HOVER, "pressedColour": _ON}
                style |= {"font": face, "radius": round(4 * scale), "shadowColour": SHADE}
                answer = {"text": action.button, "onClick": act, "onClickParams": (action,)}
                self.buttons[action] = Button(
                    screen, left, top + (place // COLUMNS) * row, wide, high, False, **style, **answer
                )
            top += -(-len(shown) // COLUMNS) * row
        for name, (least, largest, now) in sliders.items():
            self._labels.append((name, (area.left + margin, top + gap)))
            top += int(0.8 * row)
            thick = max(4, high // 4)
            self.sliders[name] = Slider(
                *(screen, area.left + 2 * margin, top + high // 3, area.width - 4 * margin, thick),
                **{"min": least, "max": largest, "step": 1, "initial": now, "handleRadius": max(5, high // 3)},
                **{"colour": _OFF, "handleColour": INK, "valueColour": _ON},
            )
            top += int(0.8 * row)
        self.free = Area(area.left + margin, top, area.width - 2 * margin, area.top + area.height - top - margin)

    def clear(self) -> None:
        """Remove all widgets."""
        for widget in [*self.buttons.values(), *self.sliders.values()]:
            WidgetHandler.removeWidget(widget)
        self.buttons, self.sliders, self._labels = {}, {}, []
        self.area = self.free = Area(0, 0, 0, 0)

    def update(
        self, pointer: tuple[float, float], pressed: bool, released: bool, lit: set[Action], texts: dict[str, str]
    ) -> dict[str, float]:
        """Draw the panel and let its widgets act.

        Args:
            pointer: Where it is, x and y in pixels.
            pressed: Whether the left button went down in this frame.
            released: Whether it went up.
            lit: Actions whose buttons are drawn as switched on.
            texts: What each slider stands for, in words.

        Returns:
            Where each slider stands that the user holds.
        """
        if not self.area.width:
            return {}
        screen = pygame.display.get_surface()
        screen.fill(SHADE, self.area)
        for title, place in self._labels:
            write(screen, texts.get(title, title), place, self._size, ACCENT if title in texts else FAINT)
        for action, button in self.buttons.items():
            colour = _ON if action in lit else _OFF
            button.setInactiveColour(colour)
            button.setHoverColour(_ON if action in lit else _HOVER)
        # The library polls the mouse once a frame and would miss a quick click, so it is told from the events.
        Mouse.getMousePos = staticmethod(lambda: pointer)
        for state in self._mouse_states(pressed, released):
            Mouse._mouseState = state
            WidgetHandler.main([])
        return {name: slider.getValue() for name, slider in self.sliders.items() if slider.selected}

    @staticmethod
    def _mouse_states(pressed: bool, released: bool) -> list[MouseState]:
        if pressed:
            return [MouseState.CLICK, MouseState.RELEASE] if released else [MouseState.CLICK]
        if released:
            return [MouseState.RELEASE]
        held = Mouse._mouseState in (MouseState.CLICK, MouseState.DRAG)
        return [MouseState.DRAG if held else MouseState.HOVER]

    def set_slider(self, name: str, value: float) -> None:
        """Move a slider that the user does not hold."""
        slider = self.sliders.get(name)
        if slider is not None and not slider.selected:
            slider.setValue(value)
