"""Elementary automata, Wolfram's 256 rules of a row of cells, on a sheet whose rows are moments of time.

Reference:
    Wolfram (1983), "Statistical Mechanics of Cellular Automata", Reviews of Modern Physics 55, 601-644.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8, UInt32

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.automata.life_bits import LANES, Bits, chosen, packed, padded, where_wanted
from ffnca.errors import InputError, whole_number
from ffnca.grid.boundary import BOUNDARIES, Boundary
from ffnca.lattice import PADDING, Lattice, Value
from ffnca.render import TRANSPARENT, Background, is_dark, laid_on
from ffnca.spec import shown

COLOURS = np.array([(250, 248, 242), (30, 42, 68)], np.uint8)
"""Of a cell that is 0 and of one that is 1: ink on paper."""


class Rows(NamedTuple):
    """A sheet, and the rows that were written since.

    Attributes:
        sheet: As it was.
        newest: The number of its newest row.
        row: Of now.
        rows: Row k that was written, from 1 on, in place k modulo the height of the sheet.
        number: How many were written.
    """

    sheet: Float[Array, "H W 2"]
    newest: Int[Array, ""]
    row: Bits
    rows: UInt32[Array, "H words"]
    number: Int[Array, ""]


@jax.tree_util.register_static
@dataclass(frozen=True)
class Elementary:
    """An elementary rule on a sheet. States are float32 (..., H, W, 2): the cell, and 1 in the newest row.

    A step writes the row under the newest one. Once the sheet is full, it scrolls up by a row at every step, and the
    oldest row is gone. Where no row is marked as the newest, the last one is.

    Attributes:
        rule: Wolfram's number, 0 to 255: bit n is what a cell becomes whose left neighbour, itself and right neighbour
            read n as a binary number.
        size: Height and width of the sheet.
        boundary: What lies beyond the left and right edge.
    """

    rule: int
    size: tuple[int, int]
    boundary: Boundary = "wrap"

    def __post_init__(self) -> None:
        """Refuse what is no rule or has no edge.

        Raises:
            InputError: If the rule is no whole number from 0 to 255, or there is no such boundary.
        """
        whole_number(self.rule, "rule", 0, 255)
        if self.boundary not in BOUNDARIES:
            raise InputError(f"boundary {shown(self.boundary)}; allowed: {', '.join(BOUNDARIES)}")

    @property
    def table(self) -> tuple[int, ...]:
        """What a cell becomes, by the number that its neighbourhood reads."""
        return tuple(self.rule >> bits & 1 for bits in range(8))

    def next_row(self, row: Float[Array, "*batch W"]) -> Float[Array, "*batch W"]:
        """The row after this one."""
        around = jnp.pad(row, [(0, 0)] * (row.ndim - 1) + [(1, 1)], mode=PADDING[self.boundary]) > 0.5
        bits = 4 * around[..., :-2] + 2 * around[..., 1:-1] + 1 * around[..., 2:]
        return jnp.asarray(self.table, row.dtype)[bits]

    @compiled
    def step(self, state: Float[Array, "*batch H W 2"], key: PRNGKeyArray) -> Float[Array, "*batch H W 2"]:
        """Write the next row; deterministic, `key` is not used."""
        sheets = state.reshape(-1, *state.shape[-3:])
        if len(sheets) == 1:
            return self._stepped(sheets[0]).reshape(state.shape)
        return jax.vmap(self._stepped)(sheets).reshape(state.shape)

    @jax.jit
    def _stepped(self, sheet: Float[Array, "H W 2"]) -> Float[Array, "H W 2"]:
        height, newest = sheet.shape[0], _newest_row(sheet)
        is_full = newest == height - 1
        # A loop of one turn at most: it scrolls in place, where `cond` would copy the sheet at every step.
        sheet, _ = jax.lax.while_loop(
            lambda turn: turn[1], lambda turn: (jnp.roll(turn[0], -1, 0), jnp.zeros_like(turn[1])), (sheet, is_full)
        )
        newest = newest - is_full
        old = jax.lax.dynamic_slice_in_dim(sheet, newest, 1, 0)[0, :, 0]
        rows = [jnp.stack([old, jnp.zeros_like(old)], -1), jnp.stack([self.next_row(old), jnp.ones_like(old)], -1)]
        return jax.lax.dynamic_update_slice_in_dim(sheet, jnp.stack(rows), newest, 0)

    def encode(self, state: Float[Array, "*batch H W 2"]) -> Rows | Float[Array, "*batch H W 2"]:
        """Rows of 32 cells a word, of one sheet; several as they are."""
        if state.ndim > 3:
            return state
        newest = _newest_row(state)
        row = packed(jax.lax.dynamic_index_in_dim(state, newest, keepdims=False)[:, :1] > 0.5)
        rows = jnp.zeros((state.shape[0], row.words.shape[0]), jnp.uint32)
        return Rows(state, newest, row, rows, jnp.asarray(0))

    def step_encoded(
        self, code: Rows | Float[Array, "*batch H W 2"], key: PRNGKeyArray
    ) -> Rows | Float[Array, "*batch H W 2"]:
        """The same step, of the newest row alone."""
        if not isinstance(code, Rows):
            return self.step(code, key)
        around, number = padded(code.row, self.boundary)[:, 1], code.number + 1
        left, cells, right, become = around[:-2], around[1:-1], around[2:], tuple(map(bool, self.table))
        words = chosen(left, where_wanted((right, cells), become[4:]), where_wanted((right, cells), become[:4]))
        place = number % code.rows.shape[0]
        rows = jax.lax.dynamic_update_slice_in_dim(code.rows, words[None], place, 0)
        return code._replace(row=Bits(words[:, None], code.row.height), rows=rows, number=number)

    def decode(self, code: Rows | Float[Array, "*batch H W 2"]) -> Float[Array, "*batch H W 2"]:
        """Such a code as a state."""
        if not isinstance(code, Rows):
            return code
        height = code.sheet.shape[0]
        scrolled = jnp.maximum(code.newest + code.number - (height - 1), 0)
        written = jnp.arange(height) + scrolled - code.newest  # how many rows after the one that was the newest
        strips = code.rows[written % height, None] >> jnp.arange(LANES, dtype=jnp.uint32)[:, None] & 1
        cells = strips.reshape(height, -1)[:, : code.row.height].astype(code.sheet.dtype)
        is_new = ((written > 0) & (written <= code.number))[:, None]
        was_newest = ((written == 0) & (code.number > 0))[:, None]
        before = code.sheet[(jnp.arange(height) + scrolled) % height]
        mark = jnp.where(is_new, (written == code.number)[:, None], jnp.where(was_newest, 0.0, before[..., 1]))
        return jnp.stack([jnp.where(is_new, cells, before[..., 0]), mark], -1)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        height = self.size[0]
        cell, newest = lattice.state[:1], lattice.state[1:]
        last, above_last, below_first = (np.ones((height, self.size[1], 1)) for _ in range(3))
        last[:-1], above_last[-1], below_first[0] = 0, 0, 0
        goes_on = (newest * lattice.constant(above_last)).convolve(np.ones((1, 1, 2 * height - 1, 1))) > 0.5
        full = goes_on * -1.0 + 1.0
        above = _kernel((-1, -1), (-1, 0), (-1, 1), weights=(4, 2, 1))
        beside = _kernel((0, -1), (0, 0), (0, 1), weights=(4, 2, 1))
        next_newest = newest.convolve(_kernel((-1, 0))) * lattice.constant(below_first)
        written = cell.convolve(above).lookup(self.table)
        filled = lattice.where(next_newest > 0.5, written, cell)
        final = cell.convolve(beside).lookup(self.table)
        scrolled = lattice.where(lattice.constant(last), final, cell.convolve(_kernel((1, 0))))
        return lattice.concatenate(
            [
                lattice.where(full, scrolled, filled),
                lattice.where(full, lattice.constant(last), next_newest),
            ]
        )

    def render(self, state: Float[Array, "*batch H W 2"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Ink on paper."""
        return COLOURS[(np.asarray(state)[..., 0] > 0.5).astype(int)]


def _newest_row(sheet: Float[Array, "H W 2"]) -> Int[Array, ""]:
    """Its number: that of the lowest row with a mark in the first column that has one; the last row if none has."""
    height, width = sheet.shape[:2]

    def marked(column: Int[Array, ""]) -> Array:
        return jax.lax.dynamic_index_in_dim(sheet, column, 1, keepdims=False)[:, 1] > 0.5

    def is_empty(column: Int[Array, ""]) -> Array:
        return (column < width - 1) & ~jnp.any(marked(column))

    column = jax.lax.while_loop(is_empty, lambda column: column + 1, jnp.asarray(0))
    return height - 1 - jnp.argmax(marked(column)[::-1])


def _kernel(*places: tuple[int, int], weights: tuple[int, ...] = (1,)) -> np.ndarray:
    """Weights of some neighbours, each by its row and column from the cell."""
    kernel = np.zeros((1, 1, 3, 3))
    for (row, column), weight in zip(places, weights, strict=True):
        kernel[0, 0, 1 + row, 1 + column] = weight
    return kernel


def first_row(size: tuple[int, int], cells: Float[Array, " W"]) -> Float[Array, "H W 2"]:
    """An empty sheet with its first row."""
    return jnp.zeros((*size, 2)).at[0].set(jnp.stack([cells, jnp.ones_like(cells)], -1))


def first_cells(width: int, density: float | None, pattern: str | None, *, key: PRNGKeyArray) -> Float[Array, " W"]:
    """The first row: random cells of a density, or a pattern of 0 and 1 in the middle.

    Raises:
        InputError: If the row does not hold the pattern.
    """
    if density is not None:
        return draws.bernoulli(key, density, (width,)).astype(jnp.float32)
    cells = np.array([int(bit) for bit in pattern or "1"], np.float32)
    if len(cells) > width:
        raise InputError(f"start.cells has {len(cells)} cells; allowed: at most the width of the grid, {width}")
    first = width // 2 - len(cells) // 2
    return jnp.zeros(width).at[first : first + len(cells)].set(cells)


def rows_after(automaton: Elementary, cells: Int[np.ndarray, " W"], num_rows: int) -> Int[np.ndarray, "row W"]:
    """A first row and those after it, without compiling anything."""
    rows = [cells]
    for _ in range(num_rows - 1):
        around = np.pad(rows[-1], 1, mode=PADDING[automaton.boundary])
        rows.append(np.array(automaton.table)[4 * around[:-2] + 2 * around[1:-1] + around[2:]])
    return np.array(rows)


@jax.jit
def population(automaton: Elementary, state: Float[Array, "H W 2"]) -> Float[Array, ""]:
    """Cells of the newest row that are 1."""
    return jnp.sum(jax.lax.dynamic_index_in_dim(state[..., 0], _newest_row(state)) > 0.5, dtype=jnp.float32)


def written_on(
    automaton: Elementary, state: Float[Array, "H W 2"], background: Background
) -> UInt8[np.ndarray, "H W channel"]:
    """Cells that are 1 on a background: light ones on a dark ground, where dark ones would not be seen."""
    cells = np.asarray(state)[..., 0] > 0.5
    dark = background != TRANSPARENT and is_dark(background)
    return laid_on(np.broadcast_to(COLOURS[0 if dark else 1], (*cells.shape, 3)), cells, background)
