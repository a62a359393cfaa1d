"""A state as a picture, one pixel a cell: colour, health, one channel, all channels as tiles, the error."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.automata.base import Automaton
from ffnca.automata.nca import NCA
from ffnca.errors import InputError
from ffnca.render import heat, mosaic, signed

ALIASES = {"goodness": "health"}
"""Other names of views: health is the goodness of each cell next to the goodness that it could have."""
WELL, ILL = 1e-3, 1.0
"""Goodness that a cell lacks, at the light and the hot end of the map, logarithmic between. A healthy cell lacks less
than the first; beside a fresh wound it is 0.02 to 0.3, under noise of 0.3 on 16 channels about 0.7."""
ERROR_TOP = 0.5
"""Error of a cell, root mean square over RGBA, drawn at the hot end of the map of differences."""
SEEN_ERROR = 0.02
"""Error from which on an empty cell is drawn in the map of differences."""
_LEVELS = 64


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


def legend(show: str) -> Legend | None:
    """The meaning of a view's colours, None for the view in natural colours."""
    name = ALIASES.get(show, show).partition(":")[0]
    levels = np.linspace(0, 1, _LEVELS)[None]
    if name == "health":
        return Legend("well", "ill", ("0.001", "0.01", "0.1", "1"), heat(levels, 0.0, 1.0)[0])
    if name == "difference":
        return Legend("right", "wrong", ("0", f"{ERROR_TOP / 2:g}", f"{ERROR_TOP:g}"), heat(levels, 0.0, 1.0)[0])
    if name in ("channel", "tiles"):
        return Legend("", "", ("-1", "0", "1"), signed(2 * levels - 1, 1.0)[0])
    return None


def views(automaton: Automaton, num_channels: int, *, target: bool) -> tuple[str, ...]:
    """Names of the views that exist for an automaton; `channel` stands for each of its channels.

    Args:
        automaton: What is drawn.
        num_channels: Of its states.
        target: Whether there is something that it should become.
    """
    health = ("health",) * isinstance(automaton, NCA)
    return ("colour", *health, *("channel", "tiles") * (num_channels > 1), *("difference",) * target)


def checked_view(show: str, automaton: Automaton, num_channels: int, picture: object = None) -> str:
    """The view by its own name, if this automaton can be drawn so.

    Args:
        show: `colour`, `health` (or `goodness`), `channel:K`, `tiles` or `difference`.
        automaton: What is drawn.
        num_channels: Of its states.
        picture: What it should become, None if nothing.

    Raises:
        InputError: If the view does not exist for it; says which do.
    """
    allowed = ["colour", f"channel:0 to channel:{num_channels - 1}", "tiles"]
    allowed += [name for name in views(automaton, num_channels, target=picture is not None) if name not in _EVERYWHERE]
    name, _, number = show.partition(":")
    if name == "channel" and number.isascii() and number.isdigit() and int(number) < num_channels:
        return show
    if (own := ALIASES.get(show, show)) not in allowed:
        raise InputError(f"--show {show[:40]!r}: allowed here are {', '.join(allowed)}")
    return own


_EVERYWHERE = ("colour", "channel", "tiles")


def depict(
    automaton: Automaton,
    state: Float[Array, "H W C"],
    show: str = "colour",
    picture: Float[np.ndarray, "H W 4"] | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a state.

    Args:
        automaton: What it is a state of.
        state: As it is.
        show: A view that `checked_view` lets pass.
        picture: What it should become, premultiplied RGBA; for `difference`.

    Returns:
        Colours of the cells; `tiles` gives a larger picture with the channels side by side, row by row.
    """
    name, _, number = ALIASES.get(show, show).partition(":")
    if name == "colour":
        return automaton.render(state)
    if name == "channel":
        return signed(np.asarray(state[..., int(number)]), 1.0)
    if name == "tiles":
        return tiled(np.asarray(state))
    if name == "difference" and picture is not None:
        error = cell_error(np.asarray(state), picture)
        return heat(error, 0.0, ERROR_TOP, ~(error < SEEN_ERROR) | (picture[..., 3] > 0))
    if name == "health" and isinstance(automaton, NCA):
        living = np.asarray(state)[..., 3] > automaton.alive_threshold
        lacking = np.log10(np.maximum(np.asarray(deficit(automaton, state)), WELL))
        return heat(lacking, np.log10(WELL), np.log10(ILL), living)
    raise ValueError(f"view {show!r} does not exist for this automaton")


@jax.jit
def deficit(automaton: NCA, state: Float[Array, "H W C"]) -> Float[Array, "H W"]:
    """Goodness deficit of every cell, compiled."""
    return automaton.deficit(state)


def cell_error(state: Float[Any, "H W C"], picture: Float[np.ndarray, "H W 4"]) -> Float[np.ndarray, "H W"]:
    """Root mean square over RGBA of the difference from the picture, cell by cell."""
    return np.sqrt(np.mean(np.square(np.asarray(state)[..., :4] - picture), -1))


def tiled(state: Float[np.ndarray, "H W C"]) -> UInt8[np.ndarray, "height width 3"]:
    """All channels side by side in a near-square sheet, row by row, blue under and red over zero."""
    return mosaic(signed(np.moveaxis(state, -1, 0), 1.0), gap=1, paper=128)
