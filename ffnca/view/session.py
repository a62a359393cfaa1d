"""A world being watched: its state, its walls, the strokes done to it, and the rule that may change under it."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8

from ffnca.automata.base import rollout
from ffnca.automata.walled import Walled
from ffnca.brushes import Touch
from ffnca.render import over
from ffnca.simulation import Simulation
from ffnca.systems.growth.creature import Creature
from ffnca.view.brushes import Brush, swept

UNDO_BYTES = 64 * 2**20
UNDO_STROKES = 64
WALL_COLOUR = (84, 88, 104)
GHOST = 0.3
"""Share of the target's colours in a picture in which nothing has grown yet."""


CHARTED = ("relative_mse", "mean_goodness")
"""Measures of which the window draws a chart, where a world has them."""


class Moment(NamedTuple):
    """What a stroke can be undone to."""

    state: Float[Array, "H W C"]
    wall: Bool[np.ndarray, "H W"]
    step: int


class Vitals(NamedTuple):
    """How a state is doing: relative MSE and mean ill health, each None where the world has none.

    Ill health is the goodness that the living cells could climb to minus what they have, so 0 is best.
    """

    step: int
    error: float | None
    illness: float | None


class Session:
    """What the window shows, without the window.

    Without strokes and walls, the state after n steps is that of `ffnca run --steps n` with the same seed, bit for
    bit. A stroke changes the state between two steps and nothing else.

    Attributes:
        simulation: What runs.
        seed: Of its fire masks and of random starts.
        step: Steps since the start.
        state: (H, W, C), float32.
        wall: Cells that never live.
    """

    def __init__(self, simulation: Simulation, *, seed: int = 0) -> None:
        """Start a simulation."""
        self.simulation, self.seed = simulation, seed
        self.wall = np.zeros(simulation.start.shape[:2], bool)
        self._undo: deque[Moment] = deque(maxlen=UNDO_STROKES)
        self._strokes = 0
        self.restart()

    @property
    def angle(self) -> float:
        """By which what grows is turned, in degrees clockwise."""
        return self.simulation.angle

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that it has."""
        return tuple(self.simulation.views)

    def restart(self) -> None:
        """Go back to the first state; walls stay."""
        self.step = 0
        self.state = jnp.where(jnp.array(self.wall)[..., None], 0.0, self.simulation.start)
        self._undo.clear()

    def warm_up(self) -> None:
        """Compile everything that a window calls, so that no frame waits for it."""
        programs = [partial(self._rolled, 0, walled=walled) for walled in (False, True)]
        with ThreadPoolExecutor() as pool:  # each program on a core of its own
            for compiled in [pool.submit(program) for program in (*programs, lambda: self.vitals()())]:
                compiled.result()
        for show in self.views:
            self.frame("channel:0" if show == "channel" else show)

    def _rolled(self, num_steps: int, *, walled: bool) -> Float[Array, "H W C"]:
        """Without walls it is the compiled program of `ffnca run`: another one may round otherwise."""
        automaton = self.simulation.automaton
        if walled:
            automaton = Walled(automaton, jnp.array(self.wall))
        return rollout(automaton, self.state, num_steps, key=jax.random.key(self.seed), first_step=self.step)

    def advance(self, num_steps: int) -> None:
        """Run some steps."""
        if num_steps > 0:
            self.state = self._rolled(num_steps, walled=bool(self.wall.any()))
            self.step += num_steps

    def adopt(self, creature: Creature) -> None:
        """Go on with another rule of the same shape, e.g. one that has learned more, turned as this one is."""
        creature = creature.turned(self.angle)
        self.simulation = replace(self.simulation, automaton=creature.automaton, creature=creature)

    def follow(self, shown: "Session") -> None:
        """Be what is shown, newest rule, walls and all, but turned as this one is, from the start."""
        if shown.simulation.creature is not None:
            self.adopt(shown.simulation.creature)
        self.wall = shown.wall
        self.restart()

    def begin_stroke(self) -> None:
        """Remember this moment for `undo`."""
        self._strokes += 1
        self._undo.append(Moment(self.state, self.wall.copy(), self.step))
        while len(self._undo) > 1 and len(self._undo) * self.state.nbytes > UNDO_BYTES:
            self._undo.popleft()

    def paint(self, brush: Brush, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw with a brush from one place to another, rows and columns in cells."""
        state, wrap = np.array(self.state), self.simulation.world.grid.boundary == "wrap"
        effect = self.simulation.brushes.get(brush.kind)
        if effect is not None and effect.single:
            start, brush = end, brush._replace(radius=0.0)
        cells = swept((self.wall.shape[0], self.wall.shape[1]), start, end, brush.radius, wrap=wrap)
        place = [self.seed, self._strokes, self.step, int(abs(end[0])), int(abs(end[1]))]
        if brush.kind == "wall":
            self.wall |= cells
        elif brush.kind != "noise":
            self.wall &= ~cells
        if effect is not None:
            effect.change(state, Touch(cells & ~self.wall, brush.colour, np.random.default_rng(place)))
        state[self.wall] = 0
        self.state = jnp.asarray(state)

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to undo."""
        return bool(self._undo)

    def undo(self) -> bool:
        """Go back to the moment before the last stroke, steps and all; False if there is none."""
        if not self._undo:
            return False
        self.state, self.wall, self.step = self._undo.pop()
        return True

    def vitals(self) -> Callable[[], Vitals]:
        """Begin to measure the present state; what is returned gives the figures, and waits for them if it must."""
        simulation, state, step = self.simulation, self.state, self.step
        shown = {name: simulation.measures[name] for name in CHARTED if name in simulation.measures}
        under_way = {name: measure(simulation.automaton, state) for name, measure in shown.items()}

        def found() -> Vitals:
            error, goodness = (float(under_way[name]) if name in under_way else None for name in CHARTED)
            return Vitals(step, error, None if goodness is None else -goodness)

        return found

    def frame(self, show: str) -> UInt8[np.ndarray, "height width 3"]:
        """The present state in a view, with its walls."""
        picture, detail = self.simulation.picture(self.state, show), self.detail(show)
        wall = self.wall.repeat(detail, 0).repeat(detail, 1)
        if wall.any() and picture.shape[:2] == wall.shape:
            picture[wall] = WALL_COLOUR
        return picture

    def detail(self, show: str) -> int:
        """Pixels a cell of a view."""
        return self.simulation.view(show).detail

    def haunted(self, picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """A picture in natural colours with the target faintly in it."""
        if self.simulation.target is None:
            return picture
        detail = picture.shape[0] // self.state.shape[0]
        target = self.simulation.target.laid_out.repeat(detail, 0).repeat(detail, 1)
        alpha = np.clip(target[..., 3:], 0, 1)
        mixed = picture + GHOST * alpha * (over(target, background=0.5).astype(np.float32) - picture)
        return np.rint(mixed).astype(np.uint8)
