"""The neighbourhoods of a cell up to turning and mirroring, each by its count and its letter in Hensel's notation."""

from functools import cache

import numpy as np
from jaxtyping import Bool, Int

EXAMPLES = {
    (0, ""): "... ... ...",
    (1, "c"): "o.. ... ...",
    (1, "e"): ".o. ... ...",
    (2, "c"): "o.o ... ...",
    (2, "e"): ".o. o.. ...",
    (2, "a"): "oo. ... ...",
    (2, "i"): ".o. ... .o.",
    (2, "k"): "o.. ..o ...",
    (2, "n"): "o.. ... ..o",
    (3, "c"): "o.o ... o..",
    (3, "e"): ".o. o.o ...",
    (3, "a"): "oo. o.. ...",
    (3, "i"): "ooo ... ...",
    (3, "k"): ".o. o.. ..o",
    (3, "n"): "o.o o.. ...",
    (3, "j"): "oo. ..o ...",
    (3, "q"): "oo. ... ..o",
    (3, "r"): "o.. o.o ...",
    (3, "y"): "o.o ... .o.",
    (4, "c"): "o.o ... o.o",
    (4, "e"): ".o. o.o .o.",
    (4, "a"): "ooo o.. ...",
    (4, "i"): "o.o o.o ...",
    (4, "k"): ".oo o.. ..o",
    (4, "n"): "ooo ... o..",
    (4, "j"): ".o. o.o ..o",
    (4, "q"): "oo. o.. ..o",
    (4, "r"): ".oo o.o ...",
    (4, "y"): "o.o o.. ..o",
    (4, "t"): "ooo ... .o.",
    (4, "w"): "oo. ..o ..o",
    (4, "z"): "o.. o.o ..o",
}
"""One neighbourhood of each class of up to four living neighbours; those of more are the complements of these."""
LETTERS = tuple("".join(letter for count, letter in EXAMPLES if count == min(n, 8 - n)) for n in range(9))
"""The letters of each number of living neighbours; none where there is one class."""
PLACES = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1) if (down, across) != (0, 0))
"""Where the neighbour of each bit of a code lies, down and across from the cell."""


def _symmetric(block: Bool[np.ndarray, "3 3"]) -> list[Bool[np.ndarray, "3 3"]]:
    """The block turned and mirrored in all ways."""
    return [np.rot90(one, turns) for one in (block, block.T) for turns in range(4)]


def code_of(block: Bool[np.ndarray, "3 3"]) -> int:
    """The code of a neighbourhood: bit k is the neighbour at `PLACES[k]`."""
    return sum(int(block[1 + down, 1 + across]) << bit for bit, (down, across) in enumerate(PLACES))


@cache
def classes() -> tuple[tuple[int, str], ...]:
    """Count and letter of each of the 256 codes."""
    found: dict[int, tuple[int, str]] = {}
    for (count, letter), rows in EXAMPLES.items():
        block = np.array([[cell == "o" for cell in row] for row in rows.split()])
        for code in map(code_of, _symmetric(block)):
            found[code] = (count, letter)
            if count < 4:
                found[255 - code] = (8 - count, letter)
    return tuple(found[code] for code in range(256))


def powers() -> Int[np.ndarray, "3 3"]:
    """The weight of each cell of a neighbourhood in its code; 0 for the cell itself."""
    weights = np.zeros((3, 3), int)
    for bit, (down, across) in enumerate(PLACES):
        weights[1 + down, 1 + across] = 1 << bit
    return weights
