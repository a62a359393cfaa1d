"""A world being watched: its state, its walls, the strokes done to it, and the rule that may change under it."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8

from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.automata.walled import Walled
from ffnca.creature import Creature
from ffnca.depict import depict, views
from ffnca.render import over
from ffnca.simulation import Simulation
from ffnca.view.brushes import Brush, Canvas, stroke, swept

UNDO_BYTES = 64 * 2**20
UNDO_STROKES = 64
WALL_COLOUR = (84, 88, 104)
GHOST = 0.3
"""Share of the target's colours in a picture in which nothing has grown yet."""


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


@jax.jit
def _vitals(automaton: NCA, state: Array, picture: Array, empty_mse: Array) -> tuple[Array, Array]:
    living = state[..., 3] > automaton.alive_threshold
    lacking = jnp.sum(automaton.deficit(state) * living) / jnp.maximum(jnp.sum(living), 1)
    return jnp.mean(jnp.square(state[..., :4] - picture)) / empty_mse, lacking


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
        return 0.0 if self.simulation.creature is None else self.simulation.creature.angle

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that it has."""
        target = self.simulation.body is not None
        return views(self.simulation.automaton, self.state.shape[-1], target=target)

    def restart(self) -> None:
        """Go back to the first state; walls stay."""
        self.step = 0
        self.state = jnp.where(jnp.array(self.wall)[..., None], 0.0, self.simulation.start)
        self._undo.clear()

    def warm_up(self) -> None:
        """Compile everything that a window calls, so that no frame waits for it."""
        self._rolled(0).block_until_ready()
        self.vitals()()
        self.frame("health" if isinstance(self.simulation.automaton, NCA) else "colour")

    def _rolled(self, num_steps: int) -> Float[Array, "H W C"]:
        automaton = Walled(self.simulation.automaton, jnp.array(self.wall))
        return rollout(automaton, self.state, num_steps, key=jax.random.key(self.seed), first_step=self.step)

    def advance(self, num_steps: int) -> None:
        """Run some steps."""
        if num_steps > 0:
            self.state = self._rolled(num_steps)
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
        world, automaton = self.simulation.world, self.simulation.automaton
        body = self.simulation.body
        state = np.array(self.state)
        canvas = Canvas(
            state,
            self.wall,
            world.grid.boundary,
            np.ones(1, np.float32) if body is None else np.asarray(body.target[body.seed_at], np.float32),
            automaton.alive_threshold if isinstance(automaton, NCA) else 0.5,
        )
        if brush.kind == "seed" and body is not None:
            start, brush = end, brush._replace(radius=0.0)
        height, width = self.wall.shape
        cells = swept((height, width), start, end, brush.radius, wrap=world.grid.boundary == "wrap")
        place = [self.seed, self._strokes, self.step, int(abs(end[0])), int(abs(end[1]))]
        stroke(canvas, brush, cells, np.random.default_rng(place))
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
        body, automaton, step = self.simulation.body, self.simulation.automaton, self.step
        if body is None or not isinstance(automaton, NCA):
            return lambda: Vitals(step, None, None)
        error, illness = _vitals(automaton, self.state, jnp.asarray(body.picture), jnp.asarray(body.empty_mse))
        return lambda: Vitals(step, float(error), float(illness))

    def frame(self, show: str) -> UInt8[np.ndarray, "height width 3"]:
        """The present state in a view, with its walls."""
        body = self.simulation.body
        picture = depict(self.simulation.automaton, self.state, show, None if body is None else body.picture)
        if self.wall.any() and picture.shape[:2] == self.wall.shape:
            picture[self.wall] = WALL_COLOUR
        return picture

    def haunted(self, picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """A picture in natural colours with the target faintly in it."""
        body = self.simulation.body
        if body is None:
            return picture
        alpha = np.clip(body.picture[..., 3:], 0, 1)
        mixed = picture + GHOST * alpha * (over(body.picture, background=0.5).astype(np.float32) - picture)
        return np.rint(mixed).astype(np.uint8)
