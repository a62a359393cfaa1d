"""A state as a picture, one pixel a cell: colour, goodness, one channel, all channels as tiles, the error."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.automata.base import Automaton
from ffnca.automata.nca import NCA
from ffnca.errors import InputError
from ffnca.render import heat, mosaic, signed

HEAT_TOP = 0.5
"""Goodness deficit drawn at the hot end of the map; a cell with noise of 0.3 on 16 channels has about 0.7."""
ERROR_TOP = 0.5
"""Error of a cell, root mean square over RGBA, drawn at the hot end of the map of differences."""


def checked_view(show: str, automaton: Automaton, num_channels: int, picture: object = None) -> str:
    """The view, if this automaton can be drawn so.

    Args:
        show: `colour`, `goodness`, `channel:K`, `tiles` or `difference`.
        automaton: What is drawn.
        num_channels: Of its states.
        picture: What it should become, None if nothing.

    Raises:
        InputError: If the view does not exist for it; says which do.
    """
    allowed = ["colour", f"channel:0 to channel:{num_channels - 1}", "tiles"]
    allowed += ["goodness"] * isinstance(automaton, NCA) + ["difference"] * (picture is not None)
    name, _, number = show.partition(":")
    if name == "channel" and number.isascii() and number.isdigit() and int(number) < num_channels:
        return show
    if show not in allowed:
        raise InputError(f"--show {show[:40]!r}: allowed here are {', '.join(allowed)}")
    return show


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
    name, _, number = show.partition(":")
    if name == "colour":
        return automaton.render(state)
    if name == "channel":
        return signed(np.asarray(state[..., int(number)]), 1.0)
    if name == "tiles":
        return tiled(np.asarray(state))
    if name == "difference" and picture is not None:
        return heat(cell_error(np.asarray(state), picture), 0.0, ERROR_TOP)
    if name == "goodness" and isinstance(automaton, NCA):
        living = np.asarray(state)[..., 3] > automaton.alive_threshold
        return heat(np.asarray(deficit(automaton, state)), 0.0, HEAT_TOP, living)
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
