"""The side panel: buttons and sliders of `pygame-widgets` for everything that the keys do, and the chart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pygame
from pygame_widgets.button import Button
from pygame_widgets.mouse import Mouse, MouseState
from pygame_widgets.slider import Slider
from pygame_widgets.widget import WidgetHandler

from ffnca.view.actions import GROUPS, Action
from ffnca.view.camera import Area
from ffnca.view.drawing import BUTTON, FAINT, HOVERED, INK, LIT, LIT_INK, SHADE, font, width_of, write
from ffnca.view.layout import packed
from ffnca.view.plot import least_height

COLUMNS = 3
"""Buttons side by side."""
_NOWHERE = (-1.0, -1.0)


class Block(NamedTuple):
    """A part of the panel that stays together.

    Attributes:
        title: Above it; empty for none.
        actions: Of its buttons.
        sliders: Their names.
        height: In pixels, the gap below included.
    """

    title: str
    actions: tuple[Action, ...]
    sliders: tuple[str, ...]
    height: int


def blocks(scale: float, sliders: Sequence[str], *, titles: bool, chart: bool) -> list[Block]:
    """Groups of buttons, sliders and the chart, from top to bottom; without titles where there is little room."""
    row, title = _row(scale), round(20 * scale) * titles
    gap = round((4 if titles else 6) * scale)
    made = []
    for name, group in GROUPS.items():
        shown = tuple(action for action in group if action.button)
        made.append(Block(name * titles, shown, (), title + -(-len(shown) // COLUMNS) * row + gap))
    made.append(Block("", (), tuple(sliders), len(sliders) * row + gap))
    if chart:
        made.append(Block("", (), (), least_height(_chart_size(scale)) + gap))
    return made


def _row(scale: float) -> int:
    return round(28 * scale)


def _chart_size(scale: float) -> int:
    return max(round(14 * scale), 11)


class Panel:
    """Widgets beside or below the picture, laid out anew when the window changes.

    Attributes:
        area: Of the panel; its width is 0 when it is hidden.
        chart: Where the chart lies, without height if it has no place.
        hidden: Pixels of its content that are out of sight; the wheel scrolls to them.
        hovered: The action whose button the pointer is on.
    """

    def __init__(self) -> None:
        """Without widgets; `lay_out` makes them."""
        self.area = self.chart = Area(0, 0, 0, 0)
        self.buttons: dict[Action, Button] = {}
        self.sliders: dict[str, Slider] = {}
        self.hidden = self.scrolled = 0
        self.chart_size = _chart_size(1.0)
        self.hovered: Action | None = None
        self._labels: list[tuple[str, tuple[int, int], bool]] = []
        self._size = 16

    def scroll(self, rows: int) -> None:
        """Go down by rows, or up; seen once the panel is laid out again."""
        self.scrolled = min(max(self.scrolled + rows * 2 * self._size, 0), self.hidden)

    def lay_out(
        self,
        screen: pygame.Surface,
        area: Area,
        columns: int,
        made: Sequence[Block],
        scale: float,
        act: Callable[[Action], Any],
        sliders: Mapping[str, tuple[float, float, float]],
    ) -> None:
        """Make the widgets.

        Args:
            screen: Where they are drawn.
            area: Of the panel.
            columns: In which the blocks lie.
            made: The blocks.
            scale: Of texts and buttons.
            act: Called with the action of a pressed button.
            sliders: For each slider its least and largest value and where it stands.
        """
        self.clear()
        self.area, self._size, self.chart_size = area, max(11, round(17 * scale)), _chart_size(scale)
        margin, wide = round(8 * scale), area.width // columns
        inner = area.height - 2 * margin
        _, places = packed([block.height for block in made], inner, columns)
        ends = [top + block.height for block, (_, top) in zip(made, places, strict=True)]
        self.hidden = max(max(ends) - inner, 0)
        self.scrolled = min(self.scrolled, self.hidden)
        for block, (column, top) in zip(made, places, strict=True):
            left, upper = area.left + column * wide + margin, area.top + margin + top - self.scrolled
            where = Area(left, upper, wide - 2 * margin, block.height)
            if block.actions:
                self._lay_buttons(screen, where, block, scale, act)
            elif block.sliders:
                self._lay_sliders(screen, where, block, scale, sliders)
            else:
                rest = max(area.top + area.height - margin - upper, block.height) - round(4 * scale)
                self.chart = where._replace(height=min(rest, where.width))
        for widget in [*self.buttons.values(), *self.sliders.values()]:
            if widget.getY() + widget.getHeight() <= area.top or widget.getY() >= area.top + area.height:
                widget.hide()

    def _lay_buttons(
        self, screen: pygame.Surface, area: Area, block: Block, scale: float, act: Callable[[Action], Any]
    ) -> None:
        row, gap, top = _row(scale), round(4 * scale), area.top
        if block.title:
            self._labels.append((block.title, (area.left, top + gap // 2), False))
            top += round(20 * scale)
        wide = (area.width - (COLUMNS - 1) * gap) // COLUMNS
        size = self._size
        while size > 9 and max(width_of(action.button, size) for action in block.actions) > wide - gap:
            size -= 1
        for place, action in enumerate(block.actions):
            at = (area.left + place % COLUMNS * (wide + gap), top + place // COLUMNS * row)
            self.buttons[action] = Button(
                *(screen, *at, wide, row - gap, False),
                **{"font": font(size), "radius": round(4 * scale), "shadowColour": SHADE, "textColour": INK},
                **{"text": action.button, "onClick": act, "onClickParams": (action,)},
                **{"borderThickness": max(1, round(scale))},
            )

    def _lay_sliders(
        self,
        screen: pygame.Surface,
        area: Area,
        block: Block,
        scale: float,
        sliders: Mapping[str, tuple[float, float, float]],
    ) -> None:
        row, label = _row(scale), round(0.48 * area.width)
        for place, name in enumerate(block.sliders):
            top, (least, largest, now) = area.top + place * row, sliders[name]
            self._labels.append((name, (area.left, top + (row - self._size) // 2), True))
            thick, knob = max(4, row // 5), max(5, row // 4)
            self.sliders[name] = Slider(
                *(screen, area.left + label, top + (row - thick) // 2 - row // 12, area.width - label - knob, thick),
                **{"min": least, "max": largest, "step": 1, "initial": now, "handleRadius": knob},
                **{"colour": BUTTON, "handleColour": INK, "valueColour": LIT},
            )

    def clear(self) -> None:
        """Remove all widgets, and those of a window that was closed before: there is one window at a time."""
        for widget in list(WidgetHandler.getWidgets()):
            WidgetHandler.removeWidget(widget)
        self.buttons, self.sliders, self._labels = {}, {}, []
        self.area = self.chart = Area(0, 0, 0, 0)
        self.hovered = None

    def update(
        self,
        pointer: tuple[float, float],
        pressed: bool,
        released: bool,
        *,
        lit: frozenset[Action],
        useless: frozenset[Action],
        texts: Mapping[str, str],
    ) -> dict[str, float]:
        """Draw the panel and let its widgets act.

        Args:
            pointer: Where it is, x and y in pixels.
            pressed: Whether the left button went down in this frame.
            released: Whether it went up.
            lit: Actions whose buttons are drawn as switched on.
            useless: Actions whose buttons are greyed.
            texts: What each slider stands for, in words.

        Returns:
            Where each slider stands that the user holds.
        """
        if not self.area.width:
            return {}
        screen = pygame.display.get_surface()
        screen.fill(SHADE, self.area)
        screen.set_clip(pygame.Rect(self.area))
        held = any(slider.selected for slider in self.sliders.values())
        place = pointer if held or self.area.holds(pointer) else _NOWHERE
        for title, at, slides in self._labels:
            write(screen, texts.get(title, title), at, self._size, INK if slides else FAINT)
        self.hovered = None
        for action, button in self.buttons.items():
            inside = button.isVisible() and button.contains(*place)
            self.hovered = action if inside else self.hovered
            _paint(button, lit=action in lit, useless=action in useless, inside=inside)
        # The library polls the mouse once a frame and would miss a quick click, so it is told from the events.
        Mouse.getMousePos = staticmethod(lambda: place)
        for state in self._mouse_states(pressed, released):
            Mouse._mouseState = state
            WidgetHandler.main([])
        if self.hidden:
            self._draw_scrollbar(screen)
        screen.set_clip(None)
        return {name: slider.getValue() for name, slider in self.sliders.items() if slider.selected}

    def _draw_scrollbar(self, screen: pygame.Surface) -> None:
        share = self.area.height / (self.area.height + self.hidden)
        top = self.area.top + round(self.scrolled * share)
        right = self.area.left + self.area.width
        screen.fill(FAINT, Area(right - 4, top, 3, max(round(self.area.height * share), 8)))

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


def _paint(button: Button, *, lit: bool, useless: bool, inside: bool) -> None:
    """Give a button the colours of its state; a greyed one does not answer."""
    if useless:
        button.disable()
    else:
        button.enable()
    ink, idle, hovered = (FAINT, SHADE, SHADE) if useless else (LIT_INK, LIT, LIT) if lit else (INK, BUTTON, HOVERED)
    button.textColour = ink
    button.setInactiveColour(idle)
    button.setHoverColour(hovered)
    button.setPressedColour(hovered)
    button.colour = hovered if inside else idle
    button.inactiveBorderColour = button.hoverBorderColour = button.pressedBorderColour = LIT if lit else BUTTON
    button.borderColour = button.inactiveBorderColour
