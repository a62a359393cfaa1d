"""A scene: a simulation played, wounded where asked, and drawn frame by frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.depict import checked_view, depict
from ffnca.errors import InputError
from ffnca.export.recolour import Recolouring
from ffnca.palette_file import Palette
from ffnca.simulation import Simulation

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

    def inflicted(self, state: Float[Array, "H W C"], half_width: float) -> Float[Array, "H W C"]:
        """The state with the disc erased; by default 0.35 half-widths wide, 0.4 right of the middle."""
        height, width = state.shape[:2]
        x = width / 2 + 0.4 * half_width if self.x is None else self.x
        y = height / 2 if self.y is None else self.y
        radius = 0.35 * half_width if self.radius is None else self.radius
        rows, columns = np.mgrid[0:height, 0:width]
        kept = np.square(columns - x) + np.square(rows - y) >= radius**2
        return state * jnp.asarray(kept, jnp.float32)[..., None]


@dataclass(frozen=True)
class Scene:
    """What to play and how to draw it.

    Attributes:
        simulation: What runs.
        num_steps: How far; the first frame is the initial state, then one a step.
        wounds: In any order.
        show: `colour`, `goodness`, `channel:K`, `tiles` or `difference`.
        palette: Liked colours to draw with instead of the world's own; for `colour` alone.
    """

    simulation: Simulation
    num_steps: int
    wounds: tuple[DiscWound, ...] = ()
    show: str = "colour"
    palette: Palette | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            InputError: If the view does not exist for this world, a wound comes after the end, or there is
                nothing for a palette to recolour.
        """
        body = self.simulation.body
        checked_view(self.show, self.simulation.automaton, self.simulation.start.shape[-1], body and body.picture)
        for wound in self.wounds:
            if wound.step > self.num_steps:
                raise InputError(f"--wound at step {wound.step}: allowed is 0 to {self.num_steps}, the last step")
        if self.palette is not None and self.show != "colour":
            raise InputError(f"--show {self.show!r} with --palette: allowed is colour, the view that it recolours")
        if self.palette is not None and not isinstance(self.simulation.automaton, NCA):
            kind = self.simulation.world.kind
            raise InputError(f"--palette: {self.simulation.name} is a {kind} world; only growth worlds have colours")

    @property
    def half_width(self) -> float:
        """Half the longer side of what lives there, in cells."""
        creature, shape = self.simulation.creature, self.simulation.start.shape
        return max(creature.picture.shape[:2] if creature else shape[:2]) / 2

    @cached_property
    def recolouring(self) -> Recolouring | None:
        """What the palette does to colours, learned when it is first needed."""
        return None if self.palette is None else Recolouring.learned(self.palette)

    def states(self, *, key: PRNGKeyArray) -> Iterator[Float[Array, "H W C"]]:
        """The state of every step, wounds done."""
        state = self.simulation.start
        for step in range(self.num_steps + 1):
            if step:
                state = rollout(self.simulation.automaton, state, 1, key=key, first_step=step - 1)
            for wound in self.wounds:
                if wound.step == step:
                    state = wound.inflicted(state, self.half_width)
            yield state

    def frames(self, *, key: PRNGKeyArray) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
        """The frame of every step, one pixel a cell."""
        for state in self.states(key=key):
            yield self.drawn(state)

    def drawn(self, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "height width 3"]:
        """One state in the chosen view."""
        body = self.simulation.body
        if self.recolouring is not None:
            state = jnp.asarray(self.recolouring.recoloured(state))
        return depict(self.simulation.automaton, state, self.show, body and body.picture)
