"""What every action does: one method an action, on the session and its helpers, without drawing."""

from pathlib import Path

from ffnca.errors import InputError
from ffnca.export.animation import has_video
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.simulated import creature_simulation
from ffnca.systems.growth.target import target_name
from ffnca.view.abilities import why_not
from ffnca.view.actions import Action
from ffnca.view.brushes import MAX_RADIUS, Brush
from ffnca.view.camera import Camera
from ffnca.view.judge import Judge
from ffnca.view.learner import MINUTES
from ffnca.view.opening import Opener, Watch, reopened_session, shortly, warm_session
from ffnca.view.pace import Pace
from ffnca.view.painting import PALETTE, Painting, colour_of
from ffnca.view.recorder import Recorder, unused_path, write_picture
from ffnca.view.session import Session
from ffnca.view.study import Study
from ffnca.world import PATTERN_SUFFIXES, RULE_SUFFIX, shipped_worlds

FIRST_COLOUR = 3
"""Place in the palette with which painting begins."""
TURN = 15.0
"""Degrees of a turn."""
MESSAGE_SECONDS, WARNING_SECONDS = 5.0, 10.0
LEARNS = "learns from nothing; until something grows its target is shown faintly"
LONGEST_MESSAGE = 240


class Controller:
    """The state of the window and what can be done with it."""

    def __init__(
        self,
        text: str,
        session: Session,
        *,
        folder: Path,
        size: tuple[int, int] | None = None,
        minutes: float = MINUTES,
        patient: bool = False,
        detail: int | None = None,
    ) -> None:
        """Show a session.

        Args:
            text: How the user named it.
            session: Opened and compiled.
            folder: Where files are written.
            size: Grid size for worlds opened later, None for their own.
            minutes: How long a rule learns.
            patient: Let the window wait for worlds to open.
            detail: Pixels a cell for worlds opened later, where their rules hold a decoder.
        """
        self.brush, self.colour = Brush(colour=colour_of(FIRST_COLOUR)), FIRST_COLOUR
        self.session, self.folder, self.size, self.detail = session, folder, size, detail
        self.pace, self.camera, self.judged = Pace(), Camera(), Judge(session)
        self.recorder, self.opener, self.watch = Recorder(), Opener(patient=patient), Watch(text)
        self.study = Study(folder, minutes)
        self.painting: Painting | None = None
        self.view, self.channel = "colour", 0
        self.formats = [".gif", ".webp", *([".mp4"] if has_video() else [])]
        self.help = self.worlds = self.fullscreen = self.closed = False
        self.hud = self.panel = True
        self.message, self.warning, self._message_seconds = "", False, 0.0
        self._opening: str | None = text
        self._turning: float | None = None  # to this angle, while it opens

    # What the window asks.

    @property
    def show(self) -> str:
        """The view, as `Simulation.view` takes it."""
        return f"channel:{self.channel}" if self.view == "channel" else self.view

    @property
    def title(self) -> str:
        """Of the window."""
        return f"ffnca: {self.session.simulation.name}"

    @property
    def ghost(self) -> bool:
        """Whether the target is to be shown faintly: while it is learned and nothing has grown yet."""
        return self.study.learning and not self.judged.grown and self.view == "colour"

    def why_not(self, action: Action) -> str:
        """Why an action is of no use now, empty if it is."""
        return why_not(action, self.session, learner=self.study.active)

    def act(self, action: Action) -> None:
        """Do what an action says; what is not possible is said, not raised."""
        if reason := self.why_not(action):
            self.say(reason)
            return
        try:
            method = getattr(self, action.name)
            method() if action.argument is None else method(action.argument)
        except InputError as error:
            self.say(str(error), warning=True)

    def say(self, message: str, *, warning: bool = False) -> None:
        """Show one line for a while."""
        words = " ".join("".join(one if one.isprintable() else " " for one in message).split())
        self.message, self.warning = words[:LONGEST_MESSAGE], warning
        self._message_seconds = WARNING_SECONDS if warning else MESSAGE_SECONDS

    def tick(self, seconds: float) -> None:
        """What happens by itself, once a frame: opened worlds, learned rules, written files, changed files."""
        self._message_seconds -= seconds
        if self._message_seconds <= 0:
            self.message = ""
        try:
            if (session := self.opener.answer()) is not None:
                self._adopt(session)
            if (creature := self.study.hear()) is not None:
                self._show_learned(creature)
        except InputError as error:
            self.say(str(error), warning=True)
        for line in self.recorder.written():
            self.say(line, warning=line.startswith("not"))
        if not self.opener.busy and not self.study.learning and self.watch.changed(seconds):
            self.open(self.watch.text or "", self.session.simulation.which, self.session.angle)

    def advance(self, num_steps: int) -> None:
        """Run some steps; a recording takes every one of them."""
        if not self.recorder.on:
            self.session.advance(num_steps)
            return
        for _ in range(num_steps):
            self.session.advance(1)
            if self.recorder.on and not self.recorder.add(self.session.frame(self.show)):
                self.record()

    def judge(self) -> None:
        """Measure and chart; a learning creature that went astray starts again."""
        self.judged.look(self.session, self.study)

    def close(self) -> list[str]:
        """End everything; nothing that was learned or recorded is lost.

        Returns:
            What was written, one line a file.
        """
        lines = []
        for last in (self.record if self.recorder.on else list, self.study.end):
            try:
                lines += last() or []
            except InputError as error:
                lines.append(str(error))
        self.opener.close()
        return lines + self.recorder.close()

    # Run.

    def toggle_pause(self) -> None:
        """Run or pause."""
        self.pace.paused = not self.pace.paused

    def single_step(self) -> None:
        """One step, then pause."""
        self.pace.paused = True
        self.advance(1)

    def restart(self) -> None:
        """Start again."""
        self.session.restart()

    def new_seed(self) -> None:
        """Start again with the next seed."""
        simulation, seed = self.session.simulation, self.session.seed + 1
        if simulation.reseeded is not None:
            simulation = simulation.reseeded(simulation, seed)
        session = Session(simulation, seed=seed)
        session.follow(self.session)
        self.session = session
        self.say(f"seed {seed}")

    def turn(self, steps: int) -> None:
        """Start again with what grows turned by some degrees more; it goes on learning if it does."""
        simulation, seed = self.session.simulation, self.session.seed
        assert simulation.turned is not None  # see `why_not`
        before = self._turning if self.opener.busy else self.session.angle
        if before is None:
            raise InputError("another world is opening; turn it when it is there")
        angle = (before + steps * TURN) % 360
        turned = simulation.turned(simulation, angle)
        self._turning = angle
        self.opener.ask(lambda: warm_session(turned, seed))

    def shift_speed(self, levels: int) -> None:
        """Go faster or slower; 0 is as fast as possible, or back."""
        if levels:
            self.pace.shift(levels)
        else:
            self.pace.toggle_top()

    def open(self, text: str, which: str | None = None, angle: float = 0.0) -> None:
        """Open a world; the old one stays until the new one is ready, or for good if it cannot be opened."""
        request = Request(text, self.size, self.session.seed, which, angle, untrained=True, detail=self.detail)
        self._opening, self._turning = text, None
        self.opener.ask(lambda: reopened_session(request))

    def next_world(self, places: int) -> None:
        """The next or previous shipped world."""
        names, current = list(shipped_worlds()), self._opening or ""
        place = names.index(current) if current in names else -1
        self.open(names[(place + places) % len(names)])

    def _adopt(self, session: Session) -> None:
        """Go over to another world."""
        if self._turning is not None:
            if session.seed != self.session.seed:
                session = Session(session.simulation, seed=self.session.seed)
            session.follow(self.session)
            self.session = session
            self.say(f"turned by {session.angle:g} degrees")
            return
        learned = [] if self._opening is None else self.study.end()
        if self.recorder.on:
            self.record()
        if session.wall.shape == self.session.wall.shape and self.watch.text == self._opening:
            session.wall = self.session.wall  # the same world, read again
        self.session, self.judged = session, Judge(session)
        self.watch = Watch(self._opening)
        self.camera.fit()
        self._check_view()
        if self.study.learned is not None:  # heard before its world was open
            self._show_learned(self.study.learned)
        self.say("; ".join([*learned, session.simulation.world.title]))

    # Touch.

    def take_brush(self, kind: str) -> None:
        """Paint with another brush."""
        self.brush = self.brush._replace(kind=kind)

    def next_colour(self, places: int) -> None:
        """Paint with another colour."""
        self.take_colour((self.colour + places) % len(PALETTE))

    def take_colour(self, place: int) -> None:
        """Paint with a colour of the palette."""
        self.colour = place
        self.brush = self.brush._replace(kind="paint", colour=colour_of(place))

    def resize_brush(self, steps: int) -> None:
        """Larger or smaller, by a fifth."""
        radius = self.brush.radius * 1.2**steps
        self.brush = self.brush._replace(radius=min(max(radius, 0.5), MAX_RADIUS))

    def undo(self) -> None:
        """Go back to before the last stroke."""
        self.session.undo()

    # See.

    def look(self, view: str) -> None:
        """Draw another view; `channel` again shows the next one."""
        channels = self.session.state.shape[-1]
        if view == "channel" and self.view == "channel":
            self.channel = (self.channel + 1) % channels
        if "tiles" in (view, self.view) and view != self.view:
            self.camera.fit()
        self.view = view

    def next_view(self) -> None:
        """Draw the view after this one, of all that the world has."""
        views = list(self.session.views)
        self.look(views[(views.index(self.view) + 1) % len(views)])

    def previous_channel(self) -> None:
        """The channel before this one."""
        self.channel = (self.channel - (2 if self.view == "channel" else 1)) % self.session.state.shape[-1]
        self.look("channel")

    def _check_view(self) -> None:
        """Fall back to colour where the new world has no such view."""
        self.channel = min(self.channel, self.session.state.shape[-1] - 1)
        if self.view not in self.session.views:
            self.view = "colour"

    def fit(self) -> None:
        """Show the whole grid."""
        self.camera.fit()

    # Learn and keep.

    def learn(self) -> None:
        """Learn in the background; rest if it does; go on if it rested."""
        if self.study.toggle():
            self.say("learning" if self.study.learning else "resting; L goes on, S saves")
            return
        simulation = self.session.simulation
        assert simulation.creature is not None  # see `why_not`
        self.judged.grown = False
        lines = self.study.begin(simulation.creature.untaught(), simulation.name, seed=self.session.seed)
        self.say("; ".join([*lines, LEARNS]))

    def paint_target(self) -> None:
        """Open or leave the canvas for a target."""
        self.painting = Painting() if self.painting is None else None

    def learn_painting(self) -> None:
        """Learn what is on the canvas."""
        if self.painting is None:
            return
        creature = Creature.for_picture(self.painting.picture(), self.painting.name)
        name, seed = target_name(self.painting.name), self.session.seed
        self.painting = self._opening = self._turning = None
        lines = self.study.begin(creature, name, seed=seed)
        self.opener.ask(lambda: warm_session(creature_simulation(name, creature), seed))
        self.say("; ".join([*lines, LEARNS]))

    def take_file(self, path: Path) -> None:
        """A file dropped on the window: a world or a rule is opened, a picture is learned."""
        if path.suffix.lower() in (".toml", RULE_SUFFIX, *PATTERN_SUFFIXES):
            self.open(str(path))
            return
        painting = Painting()
        try:
            painting.take_picture(path)
        except InputError as error:
            raise shortly(error, str(path)) from error
        self.painting = painting
        self.learn_painting()

    def _show_learned(self, creature: Creature) -> None:
        """Go on with the newest rule, if its world is the one that is shown."""
        shown = self.session.simulation.creature
        if shown is not None and shown.pictures is creature.pictures:  # perhaps turned
            self.session.adopt(creature)
            if self.study.times_heard == 1 or not shown.record:
                self.session.restart()
        if not self.study.learning:
            self.say(self.study.verdict)

    def save(self) -> None:
        """Write the rule that is shown."""
        self.say(self.study.save(self.session.simulation.creature, self.session.simulation.name))

    def record(self) -> None:
        """Start or end a recording."""
        if not self.recorder.on:
            self.recorder.start(self.session.frame(self.show))
            return
        path = unused_path(self.folder, target_name(self.session.simulation.name), self.formats[0])
        self.say(f"writing {self.recorder.stop(path)} frames to {path}")

    def next_format(self) -> None:
        """Record in another format."""
        self.formats.append(self.formats.pop(0))
        self.say(f"recordings are {self.formats[0]}")

    def photograph(self) -> None:
        """Write the picture that is shown."""
        path = unused_path(self.folder, target_name(self.session.simulation.name), ".png")
        write_picture(path, self.session.frame(self.show))
        self.say(f"wrote {path}")

    # Window.

    def toggle(self, part: str) -> None:
        """Show or hide the help, the list of worlds, the texts, the panel; or fill the screen."""
        setattr(self, part, not getattr(self, part))

    def leave(self) -> None:
        """Close what is open, or quit."""
        if self.help or self.worlds or self.painting is not None:
            self.help, self.worlds, self.painting = False, False, None
        else:
            self.quit()

    def quit(self) -> None:
        """Close the window."""
        self.closed = True
