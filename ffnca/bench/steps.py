"""Steps of the 48 -> 128 -> 16 rule: beside their matrix products alone, and a small body on a large grid."""

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ffnca.automata.base import rollout
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA
from ffnca.bench.row import Measured, Pair, Row, timed

CHANNELS, HIDDEN, CREATURE = 16, 128, 28
PERCEPTION = 3 * CHANNELS
BYTES_PER_CELL = 4 * 2 * (PERCEPTION + HIDDEN + 2 * CHANNELS)
"""About as much as a step of all cells needs: each array as it is read and as it is written."""
FREE_SHARE = 0.5
"""Share of the free memory that a row may need; other programs want some too."""


class Grid(NamedTuple):
    """What is stepped.

    Attributes:
        batch: How many states at once.
        side: Cells a side of each.
        steps: In a call.
        repeats: Of the call.
    """

    batch: int
    side: int
    steps: int
    repeats: int


GRIDS = (
    *(Grid(1, 72, 20, 41), Grid(8, 72, 10, 15), Grid(1, 256, 10, 11)),
    *(Grid(8, 256, 1, 9), Grid(1, 1024, 1, 7), Grid(8, 1024, 1, 3)),
)
QUICK_GRIDS = (Grid(1, 32, 2, 3),)
SPARSE = Grid(1, 1024, 100, 9), Grid(1, 72, 100, 9)


def step_rows(quick: bool) -> tuple[list[Row], list[str]]:
    """Rows of steps, and a line for each that is left out for want of memory."""
    rows, notes = [], []
    free = free_bytes()
    for grid in QUICK_GRIDS if quick else GRIDS:
        name = f"NCA step, {grid.side}x{grid.side}{f', batch {grid.batch}' if grid.batch > 1 else ''}"
        needed = grid.batch * grid.side**2 * BYTES_PER_CELL
        if free is not None and needed > FREE_SHARE * free:
            notes.append(f"{name}: left out, needs about {needed / 2**30:.0f} GiB, {free / 2**30:.0f} are free")
        else:
            rows.append(Row(name, "its two matrix products alone", partial(dense, grid), grid.repeats))
    if not quick:  # two more grids to compile for
        large, small = SPARSE
        name = f"NCA step, a creature of {CREATURE} cells on {large.side}x{large.side}"
        rows.append(Row(name, f"the same on {small.side}x{small.side}", partial(sparse, large, small), large.repeats))
    return rows, notes


def free_bytes() -> int | None:
    """Memory that the first device of jax has left, as far as that can be known."""
    device = jax.local_devices()[0]
    if stats := device.memory_stats():
        return stats["bytes_limit"] - stats["bytes_in_use"] if "bytes_limit" in stats else None
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # another system
        return None


def _rule() -> LayeredRule:
    """One that changes little, so that what lives goes on living."""
    rule = LayeredRule.drawn(PERCEPTION, (HIDDEN,), CHANNELS, key=jax.random.key(0), proposes="delta")
    update = rule.update_layer
    update.kernel[...] = 0.01 * np.random.default_rng(1).standard_normal(update.kernel.shape, np.float32)
    return rule


def published() -> NCA:
    """The automaton of the 48 -> 128 -> 16 rule, which changes little."""
    return _automaton(_rule())


def _automaton(rule: LayeredRule) -> NCA:
    return NCA(rule, perception=("identity", "sobel"))


def living(side: int, *batch: int) -> Float[Array, "*batch H W C"]:
    """States in which every cell lives."""
    draw = np.random.default_rng(2)  # random numbers of jax would take longer to compile than a step
    return jnp.asarray(0.2 + 0.8 * draw.random((*batch, side, side, CHANNELS), np.float32))


def creature(side: int) -> Float[Array, "H W C"]:
    """A round body of `CREATURE` cells in the middle of a grid."""
    rows, columns = np.mgrid[0:side, 0:side] - side / 2
    return living(side) * (np.hypot(rows, columns) < CREATURE / 2)[..., None]


def dense(grid: Grid) -> Pair:
    """Steps of living cells everywhere, beside their matrix products."""
    rule, key = _rule(), jax.random.key(4)
    state = living(grid.side, *[grid.batch] * (grid.batch > 1))
    automaton = _automaton(rule)
    draw = np.random.default_rng(3)
    seen = jnp.asarray(draw.standard_normal((grid.batch * grid.side**2, PERCEPTION), np.float32))
    first, second = rule.perceive_layers[0].kernel[...], rule.update_layer.kernel[...]
    return Pair(
        timed(lambda: rollout(automaton, state, grid.steps, key=key), grid.steps),
        timed(lambda: products(seen, first, second, grid.steps), grid.steps),
    )


@jax.jit
def products(
    seen: Float[Array, "cell perception"],
    first: Float[Array, "perception unit"],
    second: Float[Array, "unit channel"],
    times: int,
) -> Float[Array, "cell perception"]:
    """The two matrix products of a step, so many times over; each reads what the last gave, so that none is spared."""

    def again(_: int, moving: Array) -> Array:
        return moving.at[0, : second.shape[1]].set(((moving @ first) @ second)[0])

    return jax.lax.fori_loop(0, times, again, seen)


def sparse(large: Grid, small: Grid) -> Pair:
    """Steps of one creature on two grids."""
    automaton, key = published(), jax.random.key(4)

    def on(grid: Grid) -> Measured:
        state = creature(grid.side)
        return timed(lambda: rollout(automaton, state, grid.steps, key=key), grid.steps)

    return Pair(on(large), on(small))
