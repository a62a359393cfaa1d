"""Which part of larger grids a device holds, while the step of a split grid is traced.

What sees neighbours (`ffnca.grid.boundary.pad`) and what draws a number for each cell (`ffnca.draws`) ask here, so that
an automaton steps its part of a grid by the code that steps all of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

from ffnca.errors import InputError

STATES, DOWN, ACROSS = AXES = ("states", "down", "across")
"""Axes of a mesh of devices: over states of a batch, rows of a grid, columns of a grid."""


class Part(NamedTuple):
    """How many parts there are along each axis of the mesh; which of them is this one is known to the device alone.

    Attributes:
        states: Of a batch.
        down: Of the rows.
        across: Of the columns.
    """

    states: int = 1
    down: int = 1
    across: int = 1

    @classmethod
    def parsed(cls, text: str) -> "Part":
        """Rows and columns from ROWSxCOLUMNS, or rows alone from ROWS.

        Raises:
            InputError: If the text is neither.
        """
        sides = text.lower().split("x")
        if len(sides) > 2 or not all(side.isascii() and side.isdigit() and 0 < int(side[:6]) < 1e5 for side in sides):
            raise InputError(f"--split {text[:40]!r}: allowed is ROWSxCOLUMNS, how many parts, such as 4x2")
        return cls(down=int(sides[0]), across=int(sides[1]) if len(sides) == 2 else 1)

    def whole(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape (*batch, height, width) of the whole, from that of a part; the first axis of a batch is split."""
        *batch, height, width = shape
        first = [side * self.states for side in batch[:1]]
        return (*first, *batch[1:], height * self.down, width * self.across)

    def places(self, shape: tuple[int, ...]) -> UInt32[Array, "*batch H W"]:
        """Where the cells of this part lie in the flat array of the whole."""
        names = [*axes_of(len(shape) - 2), DOWN, ACROSS]
        flat = jnp.zeros(shape, jnp.uint32)
        for axis, (name, side, length) in enumerate(zip(names, shape, self.whole(shape), strict=True)):
            first = 0 if name is None else jax.lax.axis_index(name) * side
            along = jnp.arange(side, dtype=jnp.uint32) + jnp.uint32(first)
            flat = flat * jnp.uint32(length) + jnp.expand_dims(along, [one for one in range(len(shape)) if one != axis])
        return flat


def axes_of(num_batch: int) -> list[str | None]:
    """The axis of the mesh along which each axis of a batch is split: the first is, others are not."""
    return [STATES, *[None] * (num_batch - 1)] if num_batch else []


_PART: ContextVar[Part | None] = ContextVar("part", default=None)


def current_part() -> Part | None:
    """The part that is traced now; None where nothing is split."""
    return _PART.get()


@contextmanager
def within(part: Part) -> Iterator[None]:
    """While this lasts, grids are parts; inside `jax.shard_map` over a mesh with the axes `AXES`."""
    token = _PART.set(part)
    try:
        yield
    finally:
        _PART.reset(token)
