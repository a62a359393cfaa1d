"""What runs: an automaton where it starts, and what can be seen, measured, touched, chosen and turned in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.base import Automaton, rollout
from ffnca.brushes import Brush, number_brushes
from ffnca.errors import InputError
from ffnca.extras import extras
from ffnca.packages import found
from ffnca.views import ALIASES, View, channel_view, rendered, tiles_view
from ffnca.world import World

Measure = Callable[[Any, Float[Array, "H W C"]], Float[Array, ""]]
"""A number of automaton and state; compiled by who makes it."""


class Target(NamedTuple):
    """What a state should become.

    Attributes:
        picture: Premultiplied RGBA as it is drawn.
        laid_out: The same on the grid, turned if it is.
    """

    picture: Float[np.ndarray, "h w 4"]
    laid_out: Float[np.ndarray, "H W 4"]


@dataclass(frozen=True, eq=False, repr=False)
class Simulation:
    """An automaton, where it starts and its capabilities; what it is not capable of is left out.

    Attributes:
        name: How the user called it.
        world: Its description.
        automaton: The rule on its lattice.
        start: Initial state (H, W, C).
        own_views: Ways to draw it besides the colours of the automaton and, where there are several, its channels;
            `colour` among them replaces those.
        own_measures: Numbers of a state by their names.
        brushes: What strokes do: `erase`, `noise`, `seed`, `paint`.
        choices: Targets that it can grow, if there is a choice.
        which: The one that it grows, of several.
        chosen: Makes of it the same growing another of its choices.
        angle: By which it is turned, in degrees clockwise.
        turned: Makes of it the same turned by another angle.
        reseeded: Makes of it the same from another seed, where it starts at random.
        target: What it should become.
        coloured: Whether channels 0 to 3 are premultiplied RGBA.
        creature: The trained rule behind it, which can learn and be saved.
        teachable: Whether a page can teach a rule of its form another target.
        pattern: Writes a state as the text of a pattern file (RLE), with its rule and its grid.
    """

    name: str
    world: World
    automaton: Automaton
    start: Float[Array, "H W C"]
    own_views: Mapping[str, View] = field(default_factory=dict)
    own_measures: Mapping[str, Measure] = field(default_factory=dict)
    brushes: Mapping[str, Brush] = field(default_factory=number_brushes)
    choices: tuple[str, ...] = ()
    which: str | None = None
    chosen: "Callable[[Simulation, str], Simulation] | None" = None
    angle: float = 0.0
    turned: "Callable[[Simulation, float], Simulation] | None" = None
    reseeded: "Callable[[Simulation, int], Simulation] | None" = None
    target: Target | None = None
    coloured: bool = False
    creature: Any = None
    teachable: bool = False
    pattern: Callable[[Float[np.ndarray, "H W C"]], str] | None = None

    def __repr__(self) -> str:
        """One line: what it is and how large, without its arrays."""
        height, width, channels = self.start.shape
        return f"Simulation({self.name!r}, {self.world.kind}, {height}x{width} cells, {channels} channels)"

    def _repr_html_(self) -> str | None:
        """In a notebook: the living page; None, for the one line, where it has no description as data."""
        return found("ffnca.page.frame:framed")(self)

    @property
    def num_channels(self) -> int:
        """Of its states."""
        return self.start.shape[-1]

    @cached_property
    def views(self) -> dict[str, View]:
        """All ways to draw it by their names; `channel` stands for each of its channels."""
        channels = {"channel": channel_view(0), "tiles": tiles_view()} if self.num_channels > 1 else {}
        own = dict(self.own_views)
        return {"colour": own.pop("colour", View(rendered)), **own, **channels, **extras("views", self)}

    @cached_property
    def measures(self) -> dict[str, Measure]:
        """All numbers of a state, by their names."""
        return {**self.own_measures, **extras("measures", self)}

    def view(self, show: str) -> View:
        """The view of this name.

        Args:
            show: A name from `views`, or `channel:K`.

        Raises:
            InputError: If there is none; says which there are.
        """
        name, _, number = ALIASES.get(show, show).partition(":")
        if name == "channel" and number.isascii() and number.isdigit() and int(number) < self.num_channels:
            return channel_view(int(number))
        whole = {name: view for name, view in self.views.items() if name != "channel"}
        whole.setdefault("tiles", tiles_view())
        if name in whole and not number:
            return whole[name]
        channels = f"channel:0 to channel:{self.num_channels - 1}" if self.num_channels > 1 else "channel:0"
        allowed = ", ".join([*whole, channels])
        raise InputError(f"--show {show[:40]!r}: allowed here are {allowed}")

    def picture(self, state: Float[Array, "H W C"], show: str = "colour") -> UInt8[np.ndarray, "height width 3"]:
        """A state in a view, one pixel a cell unless the view has more; `tiles` gives a larger picture."""
        return self.view(show).draw(self.automaton, state)

    def measured(self, state: Float[Array, "H W C"]) -> dict[str, float]:
        """All measures of a state."""
        return {name: float(measure(self.automaton, state)) for name, measure in self.measures.items()}

    @property
    def half_width(self) -> float:
        """Half the longer side of what lives there, in cells."""
        return max((self.start if self.target is None else self.target.picture).shape[:2]) / 2

    def states(self, num_steps: int, stride: int = 1, *, key: PRNGKeyArray) -> Iterator[Float[Array, "H W C"]]:
        """The initial state and every `stride`-th after it, up to `num_steps`; one compilation for all."""
        state = self.start
        yield state
        for step in range(0, num_steps, stride):
            state = rollout(self.automaton, state, min(stride, num_steps - step), key=key, first_step=step)
            yield state

    def relative_mse(self, state: Float[Array, "H W C"]) -> float | None:
        """Distance from the target, 1 for an empty grid; None where there is no target."""
        measure = self.measures.get("relative_mse")
        return None if measure is None else float(measure(self.automaton, state))
