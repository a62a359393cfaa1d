"""A scene: a simulation played, wounded where asked, and drawn frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8

from ffnca.automata.base import rollout
from ffnca.brushes import Touch
from ffnca.errors import InputError
from ffnca.export.caption import drawable
from ffnca.export.look import TARGET, Look, PixelArt
from ffnca.export.story import WOUNDED_STEPS, Acts
from ffnca.palette_file import Palette
from ffnca.render import WHITE
from ffnca.simulation import Simulation

if TYPE_CHECKING:
    from ffnca.export.recolour import Recolouring

FARTHEST = 10_000.0
"""Cells, farther than any grid is wide."""


class DiscWound(NamedTuple):
    """A disc erased just before a step is drawn.

    Attributes:
        step: When.
        x: Column of its middle, in cells; None for the default place, right of the middle.
        y: Row of its middle, in cells.
        radius: In cells.
    """

    step: int
    x: float | None = None
    y: float | None = None
    radius: float | None = None

    @classmethod
    def parsed(cls, text: str) -> Self:
        """From STEP or STEP:X,Y,R.

        Raises:
            InputError: If the text is neither.
        """
        step, _, place = text.partition(":")
        try:
            numbers = [float(number) for number in place.split(",")] if place else []
            wound = cls(int(step), *numbers)
        except (ValueError, TypeError) as error:
            raise InputError(f"--wound {text!r}: allowed is STEP or STEP:X,Y,R, in steps and cells") from error
        if wound.step < 0 or len(numbers) not in (0, 3) or not all(abs(number) <= FARTHEST for number in numbers):
            raise InputError(f"--wound {text!r}: allowed is STEP or STEP:X,Y,R, in steps and cells")
        if wound.radius is not None and wound.radius <= 0:
            raise InputError(f"--wound {text!r}: allowed is a radius above 0")
        return wound

    def cells(self, size: tuple[int, ...], half_width: float) -> Bool[np.ndarray, "H W"]:
        """Where the disc is; by default 0.35 half-widths wide, 0.4 right of the middle."""
        height, width = size[:2]
        x = width / 2 + 0.4 * half_width if self.x is None else self.x
        y = height / 2 if self.y is None else self.y
        radius = 0.35 * half_width if self.radius is None else self.radius
        rows, columns = np.mgrid[0:height, 0:width]
        return np.square(columns - x) + np.square(rows - y) < radius**2


@dataclass(frozen=True)
class Scene:
    """What to play and how to draw it.

    Attributes:
        simulation: What runs.
        num_steps: How far; the first frame is the initial state.
        wounds: In any order.
        look: How it is drawn.
        is_story: Whether it is told in acts: what happens before a wound, at it and after it.
        every: Steps from frame to frame; the last step has one always.
    """

    simulation: Simulation
    num_steps: int
    wounds: tuple[DiscWound, ...] = ()
    look: Look = field(default_factory=Look)
    is_story: bool = False
    every: int = 1

    @classmethod
    def story(
        cls,
        simulation: Simulation,
        num_steps: int | None = None,
        wounds: tuple[DiscWound, ...] = (),
        look: Look | None = None,
        *,
        acts: Acts | None = None,
        every: int = 1,
    ) -> Self:
        """It lives, is wounded and lives on.

        Args:
            simulation: What runs.
            num_steps: How far; as long as its acts if None.
            wounds: In place of those of the acts; if acts are given, as many.
            look: How it is drawn.
            acts: What happens; if None, what the demonstration tells.
            every: Steps from frame to frame.

        Raises:
            InputError: If it cannot be drawn so, or there are more or fewer wounds than the acts have.
        """
        told = acts or Acts()
        num_steps = told.num_steps if num_steps is None else num_steps
        planned = tuple(DiscWound(step) for step in told.wound_steps(num_steps))
        if acts is not None and wounds and len(wounds) != len(planned):
            raise InputError(
                f"--story {','.join(acts.names)} with {len(wounds)} --wound: allowed is {len(planned)}, one for each "
                "of its wounds, or none"
            )
        return cls(simulation, num_steps, wounds or planned, look or Look(), is_story=True, every=every)

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            InputError: If the view does not exist for this world or has no background, a wound comes after the end,
                there is nothing for a palette to recolour, or a caption cannot be drawn.
        """
        look, simulation = self.look, self.simulation
        view = simulation.view(look.show)
        for wound in self.wounds:
            if wound.step > self.num_steps:
                raise InputError(f"--wound at step {wound.step}: allowed is 0 to {self.num_steps}, the last step")
        if look.palette is not None and look.show != "colour":
            raise InputError(f"--show {look.show!r} with --palette: allowed is colour, the view that it recolours")
        if look.palette is not None and view.detail > 1:
            raise InputError("--palette with --detail: allowed is one of the two, cells have the colours of a palette")
        if look.palette is not None and not simulation.coloured:
            kind = simulation.world.kind
            raise InputError(
                f"--palette: {simulation.name} is of kind {kind}; allowed with colours, as growth worlds have"
            )
        if look.background is not None and view.draw_on is None:
            grounded = [name for name, one in simulation.views.items() if one.draw_on is not None]
            allowed = f"allowed with {', '.join(grounded)}" if grounded else "leave it out"
            raise InputError(f"--background with --show {look.show}: every cell is drawn; {allowed}")
        _ = self.pixel_art, self.captions

    @cached_property
    def recolouring(self) -> "Recolouring | None":
        """What the palette does to colours, learned when it is first needed."""
        from ffnca.export.recolour import Recolouring  # slow to import, and seldom needed

        return Recolouring.learned(self.look.palette) if isinstance(self.look.palette, Palette) else None

    @cached_property
    def pixel_art(self) -> PixelArt | None:
        """The colours of the target, if it is drawn in these alone."""
        if self.look.palette != TARGET:
            return None
        if self.simulation.target is None:
            raise InputError(f"--palette {TARGET}: {self.simulation.name} has no target")
        return PixelArt.of(self.simulation.target.picture, self.simulation.name)

    @cached_property
    def captions(self) -> list[str] | None:
        """The text under each frame; a story that was given none says which act it is in."""
        if self.look.caption is None and self.is_story:
            return [self.act(step) for step in self.steps]
        if not self.look.caption:
            return None
        title = drawable(self.simulation.world.title)
        return [self.look.caption.format(title=title, step=step) for step in self.steps]

    def act(self, step: int) -> str:
        """What happens at a step, in a word or two."""
        since = [step - wound.step for wound in self.wounds if wound.step <= step]
        before, after = ("grows", "heals") if self.simulation.target is not None else ("runs", "runs on")
        if not since:
            return before
        return "wounded" if min(since) < WOUNDED_STEPS else after

    @property
    def detail(self) -> int:
        """Pixels a cell of its frames."""
        return self.simulation.view(self.look.show).detail

    @property
    def labels(self) -> list[str]:
        """The text under each frame of a sheet."""
        wounded = {-(-wound.step // self.every) for wound in self.wounds} if self.is_story else set()
        return [f"step {step}" + " (wounded)" * (frame in wounded) for frame, step in enumerate(self.steps)]

    @property
    def moments(self) -> list[int]:
        """The frames of a story that tell the most, for a sheet: before the first wound, at it and after it."""
        wound = min([wound.step for wound in self.wounds], default=self.num_steps)
        before = [round(wound * share) for share in (0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 1)]
        after = [wound + round((self.num_steps - wound) * share / 120) for share in (1, 10, 30, 100)]
        return sorted({-(-min(step, self.num_steps) // self.every) for step in (*before, *after)})

    @cached_property
    def steps(self) -> list[int]:
        """Those that have a frame."""
        return [*range(0, self.num_steps, self.every), self.num_steps]

    def states(self, *, key: PRNGKeyArray) -> Iterator[Float[Array, "H W C"]]:
        """The state of every frame, wounds done."""
        wounded = {wound.step for wound in self.wounds}
        state, step = self._wounded(self.simulation.start, 0), 0
        yield state
        for shown in self.steps[1:]:
            for stop in sorted({shown, *(at for at in wounded if step < at < shown)}):
                state = rollout(self.simulation.automaton, state, stop - step, key=key, first_step=step)
                state, step = self._wounded(state, stop), stop
            yield state

    def _wounded(self, state: Float[Array, "H W C"], step: int) -> Float[Array, "H W C"]:
        """The state after the wounds of a step, if it has any."""
        for wound in self.wounds:
            if wound.step == step:
                erased = np.array(state)
                touch = Touch(wound.cells(state.shape, self.simulation.half_width), (0, 0, 0), np.random.default_rng(0))
                self.simulation.brushes["erase"].change(erased, touch)
                state = jnp.asarray(erased)
        return state

    def frames(self, *, key: PRNGKeyArray) -> Iterator[UInt8[np.ndarray, "H W channel"]]:
        """The frames, one pixel a cell unless its view has more."""
        for state in self.states(key=key):
            yield self.drawn(state)

    def drawn(self, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "height width channel"]:
        """One state as it is to look: RGB, or RGBA on a transparent background."""
        background = self.look.background
        if self.recolouring is not None:
            state = jnp.asarray(self.recolouring.recoloured(state))
        if self.pixel_art is not None:
            return self.pixel_art.drawn(state, WHITE if background is None else background)
        view = self.simulation.view(self.look.show)
        if background is None or view.draw_on is None:
            return view.draw(self.simulation.automaton, state)
        return view.draw_on(self.simulation.automaton, state, background)
