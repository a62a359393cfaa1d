"""Turmites one by one: where each walks is known, and no grid is searched for them."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from ffnca.automata.turmite_rule import TurmiteRule
from ffnca.grid.boundary import Boundary

HEADINGS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Row and column of a step up, right, down and left."""


class Walkers(NamedTuple):
    """A state of the lattice, and the turmites that were taken off it.

    Attributes:
        state: Of the lattice.
        rows: Of the cell of each turmite.
        columns: Likewise.
        kinds: Its inner state and heading, as the number of its channel less 1.
        numbers: How many walk as this one; 0 where there is none.
        left: Whether there were more than this holds: all of them are in the state.
    """

    state: Float[Array, "H W C"]
    rows: Int[Array, " turmite"]
    columns: Int[Array, " turmite"]
    kinds: Int[Array, " turmite"]
    numbers: Float[Array, " turmite"]
    left: Bool[Array, ""]


def taken_off(state: Float[Array, "H W C"], places: Int[Array, "few 2"], too_many: Bool[Array, ""]) -> Walkers:
    """A state and its turmites.

    Args:
        state: Of the lattice.
        places: Row and column of cells that hold them, or beyond the grid.
        too_many: Whether there are others.
    """
    height, (few, _) = state.shape[0], places.shape
    cells = state.at[places[:, 0], places[:, 1]].get(mode="fill", fill_value=0.0)[:, 1:]
    num_kinds, numbers = cells.shape[1], cells.reshape(-1)
    left = too_many | (jnp.sum(numbers != 0) > few)
    slots = jnp.argsort(numbers == 0)[:few]
    rows, columns = places[slots // num_kinds].T
    state = state.at[jnp.where(left, height, places[:, 0]), places[:, 1], 1:].set(0.0, mode="drop")
    return Walkers(state, rows, columns, slots % num_kinds, jnp.where(left, 0.0, numbers[slots]), left)


def walked(walkers: Walkers, rule: TurmiteRule, boundary: Boundary) -> Walkers:
    """Those that were taken off read, write, turn and walk on."""
    (height, width), num_colours = walkers.state.shape[:2], len(rule[0])
    row, column = walkers.rows, walkers.columns
    colour = walkers.state.at[row, column, 0].get(mode="fill", fill_value=0.0)
    read = jnp.clip(colour, 0, num_colours - 1).astype(jnp.int32)
    inner, heading = walkers.kinds // 4, walkers.kinds % 4
    writes, turns, becomes = (
        jnp.asarray(np.array([[getattr(deed, name) for deed in deeds] for deeds in rule]))[inner, read]
        for name in ("writes", "turns", "becomes")
    )
    numbers = walkers.numbers * (colour == read)
    together = (row[:, None] == row) & (column[:, None] == column)
    added = jnp.where(together, numbers * ((writes - read) % num_colours), 0.0).sum(1)
    written = jnp.where(walkers.numbers != 0, row, height)  # nothing where there is none
    state = walkers.state.at[written, column, 0].set((colour + added) % num_colours, mode="drop")
    heading = (heading + turns) % 4
    steps = jnp.asarray(HEADINGS)[heading]
    row, column = row + steps[:, 0], column + steps[:, 1]
    if boundary == "wrap":
        row, column = row % height, column % width
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row, column = jnp.clip(row, 0, height - 1), jnp.clip(column, 0, width - 1)
    return Walkers(state, row, column, 4 * becomes + heading, numbers * inside, walkers.left)


def put_back(walkers: Walkers) -> Float[Array, "H W C"]:
    """The state with its turmites where they are now."""
    return walkers.state.at[walkers.rows, walkers.columns, 1 + walkers.kinds].add(walkers.numbers)
