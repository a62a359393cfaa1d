"""Rules by the shape of the neighbourhood, and cells that die by degrees, on 32 cells at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import and_, or_

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

from ffnca.automata.life_bits import Bits, chosen, packed, padded, unpacked, where_wanted
from ffnca.automata.life_neighbourhoods import PLACES
from ffnca.grid.boundary import Boundary


@partial(jax.tree_util.register_dataclass, data_fields=["digits"], meta_fields=["height"])
@dataclass(frozen=True)
class Planes:
    """Whole numbers from 0 on, one for each cell, a word for 32 of them in each binary digit.

    Attributes:
        digits: The words of each, as in `Bits`, the lowest first.
        height: Of the grid.
    """

    digits: tuple[UInt32[Array, "*batch rows W"], ...]
    height: int


def encoded(levels: Int[Array, "*batch H W 1"], most: int) -> Planes:
    """Levels from 0 to `most`."""
    digits = [packed(levels[..., 0] >> digit & 1 == 1) for digit in range(most.bit_length())]
    return Planes(tuple(digit.words for digit in digits), levels.shape[-3])


def decoded(planes: Planes) -> Float[Array, "*batch H W 1"]:
    """The levels again, as numbers that are not yet divided by the highest."""
    digits = (unpacked(Bits(words, planes.height)) for words in planes.digits)
    return sum((2.0**place * digit for place, digit in enumerate(digits)), jnp.zeros(()))


def stepped(planes: Planes, most: int, fates: Sequence[bool], boundary: Boundary) -> Planes:
    """The next generation.

    Args:
        planes: Levels: 0 dead, `most` alive, those between on their way down.
        most: The highest.
        fates: Whether a dead cell is born with each of the 256 neighbourhoods; then whether a living one survives.
        boundary: What lies beyond the edge.
    """
    digits = planes.digits
    living = reduce(and_, (digit if most >> place & 1 else ~digit for place, digit in enumerate(digits)))
    occupied = reduce(or_, digits)
    around, (rows, width) = padded(Bits(living, planes.height), boundary), living.shape[-2:]
    neighbours = [around[..., 1 + down :, 1 + across :][..., :rows, :width] for down, across in PLACES]
    born, survives = where_wanted(neighbours, fates[:256]), where_wanted(neighbours, fates[256:])
    full = chosen(living, survives, chosen(occupied, False, born))
    borrowed, after = occupied, []
    for place, digit in enumerate(digits):
        fallen, borrowed = digit ^ borrowed, borrowed & ~digit
        after.append(fallen | full if most >> place & 1 else fallen & ~full)
    return Planes(tuple(after), planes.height)
