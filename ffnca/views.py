"""Views: a state as a picture of cells. Those that every system has, and what a system builds its own from."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.automata.base import Automaton
from ffnca.lattice import Lattice, Value
from ffnca.render import Background, heat, mosaic, signed

ALIASES = {"goodness": "health"}
"""Other names of views: health is the goodness of each cell next to the goodness that it could have."""
CHANNEL_TOP = 2.0
"""Magnitude of the deepest colours in a picture of a channel: codes of growing creatures reach 1.8."""
_LEVELS = 64

Draw = Callable[[Any, Float[Array, "H W C"]], UInt8[np.ndarray, "height width 3"]]
"""Draws a state of an automaton on the view's own ground."""
DrawOn = Callable[[Any, Float[Array, "H W C"], Background], UInt8[np.ndarray, "height width channel"]]
"""Draws it on another: RGB, or RGBA where that is transparent."""


class Legend(NamedTuple):
    """What the colours of a view stand for.

    Attributes:
        low: Words for the first colour.
        high: Words for the last colour.
        numbers: Values at even places from the first colour to the last, as people read them.
        colours: From low to high.
    """

    low: str
    high: str
    numbers: tuple[str, ...]
    colours: UInt8[np.ndarray, "level 3"]


class Level(NamedTuple):
    """A view as data, for pages: a number for every cell, and the colours of the numbers.

    Attributes:
        write: Writes down the number of automaton and state: 0 for the first colour to 1 for the last, less than 0
            where nothing is drawn.
        colours: From 0 to 1.
    """

    write: Callable[[Any, Lattice], Value]
    colours: UInt8[np.ndarray, "level 3"]


class View(NamedTuple):
    """A way to draw states.

    Attributes:
        draw: Of automaton and state.
        legend: What its colours mean, None for natural ones.
        draw_on: The same on a background of the user's choice; None where every cell is drawn.
        detail: Pixels a cell, down and across.
        level: The same as data; None where a page cannot draw it.
        decoder: What draws `detail` pixels a cell, as data, for pages: numbers and arrays by name.
    """

    draw: Draw
    legend: Legend | None = None
    draw_on: DrawOn | None = None
    detail: int = 1
    level: Level | None = None
    decoder: tuple[Mapping[str, Any], Mapping[str, np.ndarray]] | None = None


def heat_legend(low: str, high: str, numbers: tuple[str, ...]) -> Legend:
    """The legend of a view that is drawn by `ffnca.render.heat`."""
    return Legend(low, high, numbers, heat(np.linspace(0, 1, _LEVELS)[None], 0.0, 1.0)[0])


def signed_legend(top: float = 1.0) -> Legend:
    """The legend of a view that is drawn by `ffnca.render.signed`, from -top to top."""
    numbers = (f"-{top:g}", "0", f"{top:g}")
    return Legend("", "", numbers, signed(2 * np.linspace(0, 1, _LEVELS)[None] - 1, 1.0)[0])


def rendered(automaton: Automaton, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "height width 3"]:
    """The colours that the automaton itself gives its states."""
    return automaton.render(state)


def state_view(colours: UInt8[np.ndarray, "state 3"], legend: Legend | None = None) -> View:
    """The colours of the automaton, for cells of one number that is a state, one colour each."""
    scale = 1.0 / max(len(colours) - 1, 1)
    return View(rendered, legend, level=Level(lambda automaton, lattice: lattice.state * scale, colours))


def channel_view(channel: int) -> View:
    """One channel, blue under and red over zero."""
    return View(
        lambda automaton, state: signed(np.asarray(state[..., channel]), CHANNEL_TOP), signed_legend(CHANNEL_TOP)
    )


def tiles_view() -> View:
    """All channels, see `tiled`."""
    return View(tiled, signed_legend(CHANNEL_TOP))


def tiled(automaton: Automaton, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "height width 3"]:
    """All channels side by side in a near-square sheet, row by row, blue under and red over zero."""
    return mosaic(signed(np.moveaxis(np.asarray(state), -1, 0), CHANNEL_TOP), gap=1, paper=128)
