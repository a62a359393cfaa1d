"""A large grid cut into tiles, of which only those are stepped in which anything lives, or may come to life.

A tile is small enough that all that a cell sees and computes stays in the cache of a core. So this is also the quicker
way to step a grid that is full of life, at the same cost a cell however large the grid is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt16, UInt32

from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.kernels import near_living

SIDE = 16
"""Cells a side of a tile."""
LEAST_CELLS = 128 * 128
"""Of a grid that is cut; a smaller one fits the cache as it is."""

TOGETHER = (16, 4)
"""Tiles that are computed in one go: as many as two cores share well while there are so many, then fewer."""

Ringed = Float[Array, "tile tall wide C"]
Advance = Callable[[Ringed, UInt32[Array, "tile side side"]], Float[Array, "tile side side C"]]
"""The new cells of tiles, not yet masked by what lives among them: from the tiles with one ring of cells around each,
and the place of each cell in the flat array of all states."""

Kept = Float[Array, "state H W C"] | UInt16[Array, "state H W C"]
"""Numbers of 32 bits, or the bits of those of 16."""

Turn = Int[Array, " tile"]
"""Numbers of tiles, among those that are active, that are computed in one go."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["cells", "moved", "active"],
    meta_fields=["batch", "boundary", "dtype"],
)
@dataclass(frozen=True)
class Tiles:
    """States in which it is known where nothing is.

    Numbers of 16 bits are kept as whole numbers with the same bits: on a CPU, XLA widens a whole grid of bfloat16
    whenever a part of it is written.

    Tiles lie side by side from the upper left; the last of a row or a column lies at the edge, over part of the one
    before it. A tile that is not active holds zeros, and no cell around it lives: a step would leave it as it is.

    Attributes:
        cells: The states.
        moved: Where a step puts new cells before it masks the dead; zeros in tiles that are not active.
        active: Tiles that the next step computes.
        batch: Shape of the batch.
        boundary: What lies beyond the edge.
        dtype: Type of the numbers.
    """

    cells: Kept
    moved: Kept
    active: Bool[Array, "state down across"]
    batch: tuple[int, ...]
    boundary: Boundary
    dtype: Any


def can_be_cut(state: Float[Array, "*batch H W C"]) -> bool:
    """Whether tiles are quicker for it than the whole grid: on a CPU, where the grid is large."""
    height, width = state.shape[-3:-1]
    large = height * width >= LEAST_CELLS and min(height, width) >= SIDE
    return large and state.size // state.shape[-1] < 2**32 and jax.default_backend() == "cpu"


def cut(state: Float[Array, "*batch H W C"], boundary: Boundary) -> Tiles:
    """States as tiles; those are active in which, or beside which, there is anything but zeros."""
    *batch, height, width, channels = state.shape
    cells = state.reshape(-1, height, width, channels)
    down, across = -(-height // SIDE), -(-width // SIDE)
    beyond = (0, 0), (0, down * SIDE - height), (0, across * SIDE - width)
    filled = jnp.pad(jnp.any(cells != 0, -1), beyond).reshape(-1, down, SIDE, across, SIDE).any((2, 4))
    active = near_living(pad(filled[..., None].astype(jnp.float32), _around(boundary)), 0.5)
    kept = _bits(cells)
    return Tiles(kept, jnp.zeros_like(kept), active, tuple(batch), boundary, cells.dtype)


def joined(tiles: Tiles) -> Float[Array, "*batch H W C"]:
    """The states again."""
    return _numbers(tiles.cells, tiles.dtype).reshape(*tiles.batch, *tiles.cells.shape[1:])


def stepped(tiles: Tiles, advance: Advance, alive_threshold: float) -> Tiles:
    """Advance all active tiles, then mask what does not live.

    Args:
        tiles: States.
        advance: The new cells of tiles.
        alive_threshold: Alpha above which a cell lives, at least 0.
    """
    num_states, height, width, _ = tiles.cells.shape
    _, down, across = tiles.active.shape
    total = tiles.active.size
    listed = jnp.sort(jnp.where(tiles.active.reshape(-1), jnp.arange(total), total))
    num_active = jnp.sum(tiles.active)

    def in_turns(do: Callable[[Turn, Any], Any], made: Any) -> Any:
        """Do something with all active tiles, so many at a time."""
        done = jnp.zeros((), num_active.dtype)
        for together in TOGETHER:
            left = num_active - done
            number = left // together if together > TOGETHER[-1] else (left + together - 1) // together
            made = jax.lax.fori_loop(0, number, partial(_turned, do, done, together), made)
            done += number * together
        return made

    def places(turn: Turn) -> tuple[Array, Array, Array]:
        """State, row and column among tiles of those of a turn; the last one again where there are no more."""
        index, row, column = jnp.unravel_index(listed[jnp.minimum(turn, num_active - 1)], (num_states, down, across))
        return index, row, column

    def corners(turn: Turn) -> tuple[Array, Array, Array]:
        """State, and the first row and column, of the tiles of a turn."""
        index, row, column = places(turn)
        return index, jnp.minimum(row * SIDE, height - SIDE), jnp.minimum(column * SIDE, width - SIDE)

    def seen(grids: Array, corners: tuple[Array, ...], ring: int) -> Array:
        """Tiles with a ring of so many cells around them."""
        index, *first = corners
        rows, columns = (
            _within(one[:, None] - ring + jnp.arange(SIDE + 2 * ring), side, tiles.boundary)
            for one, side in zip(first, (height, width), strict=True)
        )
        found = grids.at[index[:, None, None], rows[:, :, None], columns[:, None]].get(mode="fill", fill_value=0)
        return _numbers(found, tiles.dtype)

    def put(grids: Array, new: Array, corners: tuple[Array, ...]) -> Array:
        for cells, index, top, left in zip(_bits(new), *corners, strict=True):
            grids = jax.lax.dynamic_update_slice(grids, cells[None], (index, top, left, 0))
        return grids

    def move(turn: Turn, moved: Array) -> Array:
        index, top, left = corners(turn)
        rows, columns = (first[:, None] + jnp.arange(SIDE) for first in (top, left))
        numbers = (index[:, None, None] * height + rows[:, :, None]) * width + columns[:, None]
        new = advance(seen(tiles.cells, (index, top, left), 1), numbers.astype(jnp.uint32))
        return put(moved, new, (index, top, left))

    moved = in_turns(move, tiles.moved)

    def mask(turn: Turn, kept: tuple[Array, Array]) -> tuple[Array, Array]:
        cells, active = kept
        new, alpha = seen(moved, corners(turn), 0), seen(moved[..., 3:4], corners(turn), 1)
        lives = near_living(alpha, alive_threshold)
        for flags, *place in zip(_reached(new, alive_threshold), *places(turn), strict=True):
            before = jax.lax.dynamic_slice(active, place, (1, 3, 3))
            active = jax.lax.dynamic_update_slice(active, before | flags, place)
        return put(cells, new * lives[..., None], corners(turn)), active

    nowhere = jnp.zeros((num_states, down + 2, across + 2), bool)
    cells, active = in_turns(mask, (tiles.cells, nowhere))
    return replace(tiles, cells=cells, moved=moved, active=_folded(active, tiles.boundary))


def _bits(numbers: Array) -> Array:
    """Numbers of 16 bits as whole numbers; others as they are."""
    return jax.lax.bitcast_convert_type(numbers, jnp.uint16) if numbers.dtype.itemsize == 2 else numbers


def _numbers(kept: Array, dtype: Any) -> Array:
    """What `_bits` gave, as numbers of that type again."""
    return kept if kept.dtype == dtype else jax.lax.bitcast_convert_type(kept, dtype)


def _turned(do: Callable[[Turn, Any], Any], done: Array, together: int, number: Array, made: Any) -> Any:
    """One turn of a loop: which of the active tiles it is about, by their numbers."""
    return do(done + number * together + jnp.arange(together), made)


def _within(index: Int[Array, "tile cells"], side: int, boundary: Boundary) -> Int[Array, "tile cells"]:
    """Which cell along an axis is seen at an index up to one beyond its ends; `side` for none."""
    if boundary == "wrap":
        return index % side
    if boundary == "reflect":
        return jnp.where(index < 0, -index, jnp.where(index < side, index, 2 * side - 2 - index))
    return jnp.where(index < 0, side, index)


def _around(boundary: Boundary) -> Boundary:
    """What lies beyond the edge of all tiles: what is mirrored lies in the tile itself."""
    return "wrap" if boundary == "wrap" else "zero"


def _reached(new: Float[Array, "tile side side C"], alive_threshold: float) -> Bool[Array, "tile 3 3"]:
    """Which tiles around a tile have a cell beside one that lives in it; in the middle, whether it holds anything."""
    lives = new[..., 3] > alive_threshold
    rows = jnp.stack([lives[:, 0], jnp.any(lives, 1), lives[:, -1]], 1)
    sides = jnp.stack([rows[..., 0], jnp.any(rows, 2), rows[..., -1]], 2)
    return sides.at[:, 1, 1].set(jnp.any(new != 0, (1, 2, 3)))


def _folded(active: Bool[Array, "state tall wide"], boundary: Boundary) -> Bool[Array, "state down across"]:
    """Without the ring of tiles beyond the edge, which are those of the other side where the grid wraps."""
    if boundary == "wrap":
        active = active.at[:, -2].set(active[:, -2] | active[:, 0]).at[:, 1].set(active[:, 1] | active[:, -1])
        active = active.at[:, :, -2].set(active[:, :, -2] | active[:, :, 0])
        active = active.at[:, :, 1].set(active[:, :, 1] | active[:, :, -1])
    return active[:, 1:-1, 1:-1]
