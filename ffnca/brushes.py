"""What a stroke of the pointer does to the cells under it, by what the cells of a system are."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

NOISE = 0.3
"""Deviation of the noise brush on living cells, that of the stress table."""
FLIPPED = 0.5
"""Share of cells that the noise brush flips where states are 0 or 1."""


class Touch(NamedTuple):
    """One touch of a brush.

    Attributes:
        cells: Under it.
        colour: In hand, RGB in 0..1.
        generator: Source of everything random.
    """

    cells: Bool[np.ndarray, "H W"]
    colour: tuple[float, float, float]
    generator: np.random.Generator


class Brush(NamedTuple):
    """A brush of a system.

    Attributes:
        change: Changes a state in place, (H, W, C).
        coloured: Whether it paints in the colour in hand.
        single: Whether it touches one cell, however large it is.
        data: The same as data, for pages: `set` cells to `values`; add `noise` of a `deviation` within `lowest` and
            `highest`, where channel 3 is `above` a number if given; `flip` a `share` of cells; `stamp` a `pattern`;
            `paint` a colour. All channels are set or get noise, or as many as `channels` says. None where a page cannot
            do it.
    """

    change: Callable[[Float[np.ndarray, "H W C"], Touch], None]
    coloured: bool = False
    single: bool = False
    data: Mapping[str, Any] | None = None


def put(value: float | Float[np.ndarray, " C"], *, single: bool = False) -> Brush:
    """Sets cells to a number, or to one number a channel."""

    def change(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        state[touch.cells] = value

    return Brush(change, single=single, data={"kind": "set", "values": np.atleast_1d(value).tolist()})


def _flip(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
    flipped = touch.cells & (touch.generator.random(touch.cells.shape) < FLIPPED)
    state[flipped] = 1 - state[flipped]


def _disturb(lowest: float, highest: float) -> Brush:
    def change(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        noise = NOISE * touch.generator.standard_normal((int(touch.cells.sum()), state.shape[-1]))
        state[touch.cells] = np.clip(state[touch.cells] + noise, lowest, highest)

    bounds = {"lowest": lowest, "highest": highest} if np.isfinite(lowest) else {}
    return Brush(change, data={"kind": "noise", "deviation": NOISE, **bounds})


def _paint(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
    state[touch.cells, :4] = (*touch.colour, 1.0)


def stamp(pattern: Float[np.ndarray, "h w C"]) -> Brush:
    """Puts a pattern around the cell that is touched, across the edges of the grid."""

    def change(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        for row, column in np.argwhere(touch.cells):
            rows = (row - pattern.shape[0] // 2 + np.arange(pattern.shape[0])) % state.shape[0]
            columns = (column - pattern.shape[1] // 2 + np.arange(pattern.shape[1])) % state.shape[1]
            state[np.ix_(rows, columns)] = pattern

    data = {"kind": "stamp", "shape": list(pattern.shape), "values": np.round(pattern, 6).ravel().tolist()}
    return Brush(change, single=True, data=data)


def number_brushes(lowest: float = -np.inf, highest: float = np.inf) -> dict[str, Brush]:
    """For states that are any numbers within bounds: noise is added, paint and seed are 1."""
    return {
        "erase": put(0.0),
        "noise": _disturb(lowest, highest),
        "seed": put(1.0),
        "paint": put(1.0),
    }


def binary_brushes() -> dict[str, Brush]:
    """For states that are 0 or 1: noise flips cells."""
    return number_brushes() | {"noise": Brush(_flip, data={"kind": "flip", "share": FLIPPED})}


def state_brushes(num_states: int, drawn: int = 1, seeded: int = 1) -> dict[str, Brush]:
    """For cells in one of several states, 0 the first: noise draws any of them, paint and seed put these two."""

    def disturb(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        disturbed = touch.cells & (touch.generator.random(touch.cells.shape) < FLIPPED)
        count = (int(disturbed.sum()), state.shape[-1])
        state[disturbed] = touch.generator.integers(0, num_states, count).astype(np.float32)

    return {
        "erase": put(0.0),
        "noise": Brush(disturb),
        "seed": put(float(seeded), single=True),
        "paint": put(float(drawn)),
    }


def colour_brushes(seed_cell: Float[np.ndarray, " C"], alive_threshold: float) -> dict[str, Brush]:
    """For states of premultiplied RGBA and hidden channels: noise on what lives, seeds are a first cell."""

    def disturb(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        living = touch.cells & (state[..., 3] > alive_threshold)
        noise = touch.generator.standard_normal((int(living.sum()), state.shape[-1]))
        state[living] += NOISE * noise.astype(np.float32)

    return {
        "erase": put(0.0),
        "noise": Brush(disturb, data={"kind": "noise", "deviation": NOISE, "above": alive_threshold}),
        "seed": put(seed_cell, single=True),
        "paint": Brush(_paint, coloured=True, data={"kind": "paint"}),
    }
