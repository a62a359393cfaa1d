"""Life-like rules on 32 cells at once: each bit of a word is a cell, and living neighbours are counted bit by bit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt32

from ffnca.grid.boundary import Boundary

LANES = 32
Words = UInt32[Array, "..."]
Plane = Words | bool
"""A number of one bit for every cell; a truth value if it is the same everywhere."""


@partial(jax.tree_util.register_dataclass, data_fields=["words"], meta_fields=["height"])
@dataclass(frozen=True)
class Bits:
    """Cells that are alive or dead, 32 in a word.

    The grid is cut into 32 strips of equally many rows, one below the other; bit k of a word is a cell of strip k. So a
    cell's neighbours are the same bit of other words, but at the upper and lower end of a strip.

    Attributes:
        words: As many rows as a strip has. What lies below the last row of the grid means nothing.
        height: Of the grid.
    """

    words: UInt32[Array, "*batch rows W"]
    height: int


def packed(living: Bool[Array, "*batch H W"]) -> Bits:
    """Cells as bits."""
    *batch, height, width = living.shape
    rows = -(-height // LANES)
    below = [(0, 0)] * len(batch) + [(0, LANES * rows - height), (0, 0)]
    strips = jnp.pad(living, below).reshape(*batch, LANES, rows, width)
    bits = strips.astype(jnp.uint32) << jnp.arange(LANES, dtype=jnp.uint32)[:, None, None]
    return Bits(bits.sum(-3, dtype=jnp.uint32), height)


def unpacked(bits: Bits) -> Float[Array, "*batch H W 1"]:
    """Bits as states."""
    *batch, rows, width = bits.words.shape
    strips = bits.words[..., None, :, :] >> jnp.arange(LANES, dtype=jnp.uint32)[:, None, None] & 1
    return strips.reshape(*batch, LANES * rows, width)[..., : bits.height, :, None].astype(jnp.float32)


def stepped(bits: Bits, born: Sequence[bool], survive: Sequence[bool], boundary: Boundary) -> Bits:
    """The next generation.

    Args:
        bits: The cells.
        born: For 0 to 8 living neighbours, whether a dead cell comes to life.
        survive: The same for whether a living cell stays alive.
        boundary: What lies beyond the edge.
    """
    around = padded(bits, boundary)
    left, middle, right = around[..., :-2], around[..., 1:-1], around[..., 2:]
    ones, twos = left ^ middle ^ right, left & middle | (left | middle) & right  # of three cells in a row
    cells = middle[..., 1:-1, :]
    beside = (left ^ right)[..., 1:-1, :], (left & right)[..., 1:-1, :]
    above, below = (ones[..., :-2, :], twos[..., :-2, :]), (ones[..., 2:, :], twos[..., 2:, :])
    count_1, carried = _sum_of_three(above[0], beside[0], below[0])
    some, carried_4 = _sum_of_three(above[1], beside[1], below[1])
    count_2, more_4 = some ^ carried, some & carried
    planes = (count_1, count_2, carried_4 ^ more_4, carried_4 & more_4)
    return Bits(chosen(cells, where_wanted(planes, survive), where_wanted(planes, born)), bits.height)


def _sum_of_three(first: Words, second: Words, third: Words) -> tuple[Words, Words]:
    """Of three bits: the ones, and the twos."""
    either = first ^ second
    return either ^ third, first & second | either & third


def where_wanted(digits: Sequence[Words], wanted: Sequence[bool]) -> Plane:
    """Where the number of these binary digits, the last the highest, is wanted; numbers beyond all do not occur."""
    known: dict[tuple[bool, ...], Plane] = {}

    def found(some: tuple[bool, ...], num_digits: int) -> Plane:
        if not any(some) or all(some):
            return any(some)
        half = 1 << num_digits - 1
        small, large = some[:half], some[half:]
        if large == small[: len(large)]:
            return found(small, num_digits - 1)
        if some not in known:
            yes, no = found(large, num_digits - 1), found(small, num_digits - 1)
            known[some] = chosen(digits[num_digits - 1], yes, no)
        return known[some]

    return found(tuple(wanted), len(digits))


def chosen(condition: Words, yes: Plane, no: Plane) -> Words:
    """`yes` where the bit is set, else `no`."""
    if isinstance(yes, bool) and isinstance(no, bool):
        return (condition if yes else ~condition) if yes != no else jnp.full_like(condition, 0xFFFFFFFF if yes else 0)
    if isinstance(yes, bool):
        return condition | no if yes else no & ~condition
    if isinstance(no, bool):
        return ~condition | yes if no else condition & yes
    return no ^ condition & (no ^ yes)


def padded(bits: Bits, boundary: Boundary) -> Words:
    """The words with those around them, which hold what each strip's cells have as neighbours beyond its ends."""
    words, rows, last = bits.words, bits.words.shape[-2], bits.height - 1

    def row(number: int) -> Words:
        """A row of the grid in the lowest bit."""
        return words[..., number % rows, :] >> (number // rows) & 1

    beyond = {"wrap": (last, 0), "reflect": (min(1, last), max(0, last - 1)), "zero": None}[boundary]
    over, under = (jnp.zeros_like(words[..., 0, :]),) * 2 if beyond is None else map(row, beyond)
    above = words[..., -1, :] << 1 | over
    below = words[..., 0, :] >> 1
    tall = jnp.concatenate([above[..., None, :], words, below[..., None, :]], -2)
    place, lane = (last % rows) + 2, last // rows  # of what lies under the last row of the grid
    edge = tall[..., place, :] & ~jnp.uint32(1 << lane) | under << lane
    tall = tall.at[..., place, :].set(edge)
    if boundary == "zero":
        return jnp.pad(tall, [(0, 0)] * (tall.ndim - 1) + [(1, 1)])
    left, right = (-1, 0) if boundary == "wrap" else (min(1, words.shape[-1] - 1), max(-2, -words.shape[-1]))
    return jnp.concatenate([tall[..., left, None], tall, tall[..., right, None]], -1)
