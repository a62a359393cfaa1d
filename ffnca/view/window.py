"""The window: events in, one frame out, sixty times a second."""

import time
from pathlib import Path
from typing import Any

import pygame

from ffnca.errors import InputError
from ffnca.view.actions import ACTIONS, Action, action_for
from ffnca.view.brushes import MAX_RADIUS
from ffnca.view.camera import Area, Camera
from ffnca.view.chooser import Chooser
from ffnca.view.controller import Controller
from ffnca.view.drawing import ACCENT, PAPER, Picture
from ffnca.view.easel import Easel
from ffnca.view.help import Help
from ffnca.view.icon import icon
from ffnca.view.layout import Layout, laid_out, packed, scale_of
from ffnca.view.pace import FRAME_RATE, SPEEDS
from ffnca.view.panel import Block, Panel, blocks
from ffnca.view.plot import draw_chart
from ffnca.view.strip import Strip

FRAMES_PER_JUDGEMENT = 6
ZOOM_STEP = 1.25
LEFT, MIDDLE, RIGHT = 1, 2, 3
_SCROLLS = {pygame.K_DOWN: 1, pygame.K_UP: -1, pygame.K_PAGEDOWN: 8, pygame.K_PAGEUP: -8}
"""Keys that scroll the help while it is open."""


class Window:
    """A pygame window on a controller. `run` is the loop; `frame` is one turn of it."""

    def __init__(self, controller: Controller, size: tuple[int, int]) -> None:
        """Open the window.

        Args:
            controller: What is shown and done.
            size: Width and height in pixels.
        """
        self.controller = controller
        pygame.display.set_icon(icon())
        self.screen = pygame.display.set_mode(size, pygame.RESIZABLE)
        pygame.key.set_repeat(350, 60)
        self.picture, self.panel, self.strip = Picture(), Panel(), Strip()
        self.chooser, self.easel, self.help = Chooser(), Easel(), Help()
        self.layout = Layout(1.0, Area(0, 0, *size), Area(0, 0, 0, 0), Area(0, 0, 0, 0), 0)
        self.num_frames = 0
        self._laid_out: object = None
        self._shown: tuple[object, object] = (None, None)
        self._view: tuple[str, bool] = ("", False)
        self._title = ""
        self.pointer: tuple[float, float] = (-1, -1)
        self._stroke: tuple[float, float] | None = None
        self._dragging = self._pressed = self._released = self._was_fullscreen = False

    # The loop.

    def run(self, num_frames: int | None = None, *, real_time: bool = True) -> list[float]:
        """Show frames until the window is closed.

        Args:
            num_frames: End after so many; None goes on.
            real_time: Keep to the clock; otherwise every frame counts for one sixtieth of a second.

        Returns:
            Seconds of work of the last frames, waiting left out.
        """
        clock, seconds, work = pygame.time.Clock(), 1 / FRAME_RATE, []
        while not self.controller.closed and (num_frames is None or len(work) < num_frames):
            began = time.perf_counter()
            self.frame(pygame.event.get(), seconds)
            pygame.display.flip()
            work.append(time.perf_counter() - began)
            if real_time:
                seconds = min(clock.tick(FRAME_RATE) / 1000, 0.25)
            if num_frames is None:
                work.clear()
        return work

    def frame(self, events: list[pygame.event.Event], seconds: float) -> None:
        """Handle events, run the steps that are due, draw.

        Args:
            events: Since the last frame.
            seconds: Since the last frame.
        """
        controller = self.controller
        self._pressed = self._released = False
        self._lay_out()
        for event in events:
            self._handle(event)
        controller.tick(seconds)
        due = 0 if controller.painting is not None else controller.pace.due(seconds)
        began = time.perf_counter()
        controller.advance(due)
        controller.session.state.block_until_ready()
        controller.pace.took(due, time.perf_counter() - began)
        if self.num_frames % FRAMES_PER_JUDGEMENT == 0:
            controller.judge()
        self.num_frames += 1
        self._lay_out()
        self._draw()

    # Events.

    def _handle(self, event: pygame.event.Event) -> None:
        controller, easel = self.controller, self.easel
        if event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            self.pointer = event.pos
        if event.type == pygame.QUIT:
            controller.quit()
        elif event.type == pygame.DROPFILE:
            self._try(controller.take_file, Path(event.file))
        elif controller.painting is not None and easel.handles(event):
            self._try(easel.handle, event, controller)
        elif event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.MOUSEBUTTONDOWN:
            self._press(event)
        elif event.type == pygame.MOUSEBUTTONUP:
            self._release(event)
        elif event.type == pygame.MOUSEMOTION:
            self._move(event)
        elif event.type == pygame.MOUSEWHEEL:
            steps = event.y if not event.flipped else -event.y
            if controller.help:
                self.help.scroll(-steps)
            elif self.panel.area.holds(self.pointer):
                self.panel.scroll(-steps)
            elif not self.world.holds(self.pointer):
                return
            elif pygame.key.get_mods() & (pygame.KMOD_CTRL | pygame.KMOD_META):
                self._zoom(ZOOM_STEP**steps, self.pointer)
            else:
                controller.resize_brush(steps)

    def _try(self, method: Any, *arguments: Any) -> None:
        try:
            method(*arguments)
        except InputError as error:
            self.controller.say(str(error), warning=True)

    def _key(self, event: pygame.event.Event) -> None:
        controller = self.controller
        if controller.help and event.key in _SCROLLS:
            self.help.scroll(_SCROLLS[event.key])
        elif controller.worlds and event.key in (pygame.K_LEFT, pygame.K_RIGHT):
            self.chooser.move(1 if event.key == pygame.K_RIGHT else -1)
        elif controller.worlds and event.key == pygame.K_RETURN:
            self._choose(self.chooser.entries[self.chooser.chosen].name)
        elif (action := action_for(event.key, event.mod)) is not None:
            self.act(action)

    def act(self, action: Action) -> None:
        """Do what a key or button says."""
        if action.name == "zoom":
            middle = (self.world.left + self.world.width / 2, self.world.top + self.world.height / 2)
            self._zoom(ZOOM_STEP ** int(action.argument or 0), middle)
        else:
            self.controller.act(action)
        if self.controller.worlds:
            self.chooser.open(self.controller.session.simulation.name)

    def _choose(self, name: str) -> None:
        self.controller.worlds = False
        self._try(self.controller.open, name)

    def _press(self, event: pygame.event.Event) -> None:
        if self.controller.help:
            self.controller.help = not event.button <= RIGHT  # the wheel comes as a button too
            return
        self._pressed |= event.button == LEFT
        if not self.world.holds(event.pos) or self.controller.painting is not None:
            return
        if self.controller.worlds:
            if event.button == LEFT and (name := self.chooser.under(event.pos)) is not None:
                self._choose(name)
        elif event.button == LEFT:
            self._stroke = self._cell(event.pos)
            self.controller.session.begin_stroke()
            self.controller.session.paint(self.controller.brush, self._stroke, self._stroke)
        elif event.button in (MIDDLE, RIGHT):
            self._dragging = True

    def _move(self, event: pygame.event.Event) -> None:
        if self._stroke is not None and self.controller.brush.kind != "seed":
            cell = self._cell(event.pos)
            self.controller.session.paint(self.controller.brush, self._stroke, cell)
            self._stroke = cell
        elif self._dragging:
            self._camera.pan(event.rel[0], event.rel[1], *self._seen)

    def _release(self, event: pygame.event.Event) -> None:
        if event.button == LEFT:
            self._released, self._stroke = True, None
        elif event.button in (MIDDLE, RIGHT):
            self._dragging = False

    def _zoom(self, factor: float, at: tuple[float, float]) -> None:
        self._camera.zoom(factor, at, *self._seen)

    # Where things are.

    @property
    def _camera(self) -> Camera:
        return self.controller.camera

    @property
    def _seen(self) -> tuple[Area, int, int]:
        """Where the picture is drawn, its rows and its columns."""
        return self.world, *self.picture.cells

    def _cell(self, at: tuple[float, float]) -> tuple[float, float]:
        """Row and column of the grid under a place of the screen, in any view."""
        row, column = self._camera.place(at, *self._seen)
        if self.controller.view == "tiles":
            height, width = self.controller.session.wall.shape
            return (row + 0.5) % (height + 1) - 0.5, (column + 0.5) % (width + 1) - 0.5
        return row, column

    @property
    def world(self) -> Area:
        """Where the picture is."""
        return self.layout.world

    def _lay_out(self) -> None:
        """Place the parts anew when the size of the window or what it shows has changed."""
        controller, panel = self.controller, self.panel
        if controller.fullscreen != self._was_fullscreen:
            self._was_fullscreen = controller.fullscreen
            try:
                pygame.display.toggle_fullscreen()
            except pygame.error as error:
                controller.say(f"no full screen here ({error})", warning=True)
        self.screen = pygame.display.get_surface()
        (width, height), channels = self.screen.get_size(), controller.session.state.shape[-1]
        strip = controller.hud or bool(controller.message)  # what happened is said in any case
        key = (width, height, controller.panel, controller.hud, strip, id(self.screen), channels, panel.scrolled)
        if key == self._laid_out:
            return
        self._laid_out = key
        sliders = {
            "Speed": (0.0, len(SPEEDS) - 1.0, float(controller.pace.level)),
            "Brush": (1.0, MAX_RADIUS, controller.brush.radius),
            **({"Channel": (0.0, channels - 1.0, float(controller.channel))} if channels > 1 else {}),
        }
        made: list[Block] = []
        for titles in (True, False):
            made = blocks(scale_of(width, height), list(sliders), titles=titles, chart=controller.hud)
            heights = [block.height for block in made]
            self.layout = laid_out(width, height, heights, panel=controller.panel, strip=strip)
            if packed(heights, self.layout.panel.height)[0] <= self.layout.columns:
                break
        panel.clear()
        if self.layout.panel.width:
            parts = (self.layout.panel, self.layout.columns, made, self.layout.scale)
            panel.lay_out(self.screen, *parts, self.act, sliders)

    # Drawing.

    def _draw(self) -> None:
        controller, layout, size = self.controller, self.layout, self.layout.text
        if controller.title != self._title:
            self._title = controller.title
            pygame.display.set_caption(self._title)
        self.screen.fill(PAPER)
        useless = frozenset(action for action in ACTIONS if controller.why_not(action))
        session = controller.session
        shown, view = (session.state, session.simulation.automaton), (controller.show, controller.ghost)
        if view != self._view or shown[0] is not self._shown[0] or shown[1] is not self._shown[1]:
            frame = session.frame(controller.show)
            self.picture.upload(session.haunted(frame) if controller.ghost else frame, session.detail(controller.show))
            self._shown, self._view = shown, view
        if controller.help:
            width, height = self.screen.get_size()
            self.help.draw(self.screen, Area(0, 0, width, height), size, useless)
            return
        self.picture.draw(self.screen, self.world, self._camera)
        if controller.painting is not None:
            self.easel.draw(self.screen, self.world, controller, size)
        elif controller.worlds:
            self.chooser.draw(self.screen, self.world, size)
        else:
            self._draw_brush()
        self._draw_panel(useless)
        self.strip.draw(self.screen, layout.strip, controller, size, self._hint)

    @property
    def _hint(self) -> str:
        """What the pointer is on, in words."""
        action = self.panel.hovered
        if action is None:
            return "H: all keys"
        return self.controller.why_not(action) or f"{action.shown}: {action.help}"

    def _draw_brush(self) -> None:
        at = self.pointer
        self.screen.set_clip(pygame.Rect(self.world))
        if self.world.holds(at) and self.controller.view != "tiles":
            scale = self._camera.scale(*self._seen)
            radius = 0.5 if self.controller.brush.kind == "seed" else self.controller.brush.radius
            colour = [round(255 * value) for value in self.controller.brush.colour]
            ink = colour if self.controller.brush.kind == "paint" else ACCENT
            pygame.draw.circle(self.screen, PAPER, at, radius * scale + 1, 3)
            pygame.draw.circle(self.screen, ink, at, radius * scale, 1)
        self.screen.set_clip(None)

    def _draw_panel(self, useless: frozenset[Action]) -> None:
        controller, panel = self.controller, self.panel
        panel.set_slider("Speed", controller.pace.level)
        panel.set_slider("Brush", controller.brush.radius)
        panel.set_slider("Channel", controller.channel)
        lit = frozenset(action for action in ACTIONS if self._is_on(action))
        brush = f"Brush {controller.brush.radius:.0f}"
        texts = {"Speed": f"Speed {controller.pace.label}", "Brush": brush, "Channel": f"Channel {controller.channel}"}
        held = panel.update(self.pointer, self._pressed, self._released, lit=lit, useless=useless, texts=texts)
        if controller.hud and panel.chart.height:
            self.screen.set_clip(pygame.Rect(panel.area))
            draw_chart(self.screen, controller.judged.chart, panel.chart, panel.chart_size)
            self.screen.set_clip(None)
        if "Speed" in held:
            controller.pace.level = int(held["Speed"])
        if "Brush" in held:
            controller.brush = controller.brush._replace(radius=float(held["Brush"]))
        if "Channel" in held and (controller.view != "channel" or controller.channel != int(held["Channel"])):
            controller.view, controller.channel = "channel", int(held["Channel"])

    def _is_on(self, action: Action) -> bool:
        """Whether a button is drawn as switched on."""
        controller = self.controller
        if action.name in ("take_brush", "look"):
            return action.argument == (controller.brush.kind if action.name == "take_brush" else controller.view)
        if action.name == "toggle":
            return bool(getattr(controller, str(action.argument)))
        on = {
            "toggle_pause": controller.pace.paused,
            "learn": controller.study.learning,
            "record": controller.recorder.on,
            "paint_target": controller.painting is not None,
        }
        return on.get(action.name, False)
