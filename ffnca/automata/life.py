"""Life-like automata: a cell is born or survives by the number of its living neighbours; patterns in Golly's RLE."""

import re
from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8

from ffnca.errors import InputError
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.seeds import soup
from ffnca.world import NOTATION, LifeWorld

MAX_PATTERN_SIDE = 2048
_RLE_LINE = 70
_HEADER = re.compile(r"\s*x\s*=\s*([0-9]{1,9})\s*,\s*y\s*=\s*([0-9]{1,9})\s*(,.*)?")
_RUN = re.compile(r"([0-9]*)([bo.A$!])")
_ALIVE, _DEAD = (24, 28, 36), (250, 250, 248)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Life:
    """A Life-like rule on a lattice. States are float32 (..., H, W, 1), 1 where a cell lives and 0 elsewhere.

    Attributes:
        born: For 0 to 8 living neighbours, whether a dead cell comes to life.
        survive: The same for whether a living cell stays alive.
        boundary: What lies beyond the edge.
    """

    born: tuple[bool, ...]
    survive: tuple[bool, ...]
    boundary: Boundary = "wrap"

    @classmethod
    def from_notation(cls, notation: str, *, boundary: Boundary = "wrap") -> "Life":
        """A rule by its counts, e.g. "B3/S23".

        Raises:
            InputError: If the notation is not of this form.
        """
        if not re.fullmatch(NOTATION.strip("^$"), notation):
            raise InputError(f'notation {notation[:40]!r}: allowed are born and survive counts as in "B3/S23"')
        born, survive = notation[1:].split("/S")
        return cls(
            tuple(str(count) in born for count in range(9)),
            tuple(str(count) in survive for count in range(9)),
            boundary,
        )

    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """The next generation; deterministic, `key` is not used."""
        height, width = state.shape[-3:-1]
        padded = pad(state, self.boundary)
        block = sum(
            padded[..., row : row + height, column : column + width, :] for row in range(3) for column in range(3)
        )
        count = jnp.asarray(block - state, jnp.int32)
        return jnp.where(state > 0.5, jnp.asarray(self.survive)[count], jnp.asarray(self.born)[count]).astype(
            state.dtype
        )

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Dark living cells on a light ground."""
        return np.where(np.asarray(state) > 0.5, np.array(_ALIVE, np.uint8), np.array(_DEAD, np.uint8))


def parse_rle(text: str) -> Bool[np.ndarray, "h w"]:
    """The pattern of a text in Golly's RLE.

    Lines that begin with # are comments. The header gives the size if it is there; its rule is not used. What
    follows the final ! is ignored.

    Returns:
        True where a cell lives.

    Raises:
        InputError: If the text is not RLE, does not end in !, or is larger than it says or than
            `MAX_PATTERN_SIDE` a side.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    header = _HEADER.fullmatch(lines[0]) if lines else None
    limits, body = (MAX_PATTERN_SIDE, MAX_PATTERN_SIDE), "".join("".join(lines[1 if header else 0 :]).split())
    if header:
        limits = (int(header[2]), int(header[1]))
        if not all(1 <= side <= MAX_PATTERN_SIDE for side in limits):
            raise InputError(f"rle: a pattern of {limits[0]}x{limits[1]}; allowed: sides of 1 to {MAX_PATTERN_SIDE}")
    runs, height, width = _runs(body, limits)
    pattern = np.zeros(limits if header else (height, width), bool)
    for row, start, stop in runs:
        pattern[row, start:stop] = True
    if not pattern.size:
        raise InputError("rle: the pattern is empty; allowed: at least one cell")
    return pattern


def _runs(body: str, limits: tuple[int, int]) -> tuple[list[tuple[int, int, int]], int, int]:
    """Living runs as (row, start, stop), and the height and width that the runs cover."""
    runs, place, row, column, width = [], 0, 0, 0, 0
    while True:
        run = _RUN.match(body, place)
        if run is None:
            found = f"{body[place : place + 10]!r}" if place < len(body) else "the end"
            raise InputError(f"rle: {found} where a run or the final ! should be; allowed: b, o, $, ! and counts")
        count, tag, place = run[1], run[2], run.end()
        if tag == "!":
            return runs, row + (column > 0), width
        length = int(count or 1) if len(count) <= 4 else MAX_PATTERN_SIDE + 1
        if tag == "$":
            row, column = row + length, 0
        else:
            if tag in "oA" and length:
                runs.append((row, column, column + length))
            column += length
            width = max(width, column)
        used = row + (column > 0)
        if column > limits[1] or used > limits[0]:
            raise InputError(f"rle: the pattern is larger than {limits[0]}x{limits[1]}, its header or the limit")


def to_rle(pattern: Bool[np.ndarray, "h w"], notation: str = "B3/S23") -> str:
    """A pattern in Golly's RLE, with a header."""
    rows = []
    for row in pattern:
        edges = np.flatnonzero(np.diff(row)) + 1
        starts = [0, *edges.tolist(), len(row)]
        runs = [(stop - start, "o" if row[start] else "b") for start, stop in pairwise(starts)]
        if runs and runs[-1][1] == "b":
            runs.pop()
        rows.append("".join(f"{length if length > 1 else ''}{tag}" for length, tag in runs))
    tokens = re.findall(r"[0-9]*[bo$!]", re.sub(r"\${2,}", lambda ends: f"{len(ends[0])}$", "$".join(rows)) + "!")
    lines = [""]
    for token in tokens:
        if len(lines[-1]) + len(token) > _RLE_LINE:
            lines.append("")
        lines[-1] += token
    return "\n".join([f"x = {pattern.shape[1]}, y = {pattern.shape[0]}, rule = {notation}", *lines, ""])


def initial_state(world: LifeWorld, *, key: PRNGKeyArray) -> Float[Array, "H W 1"]:
    """How a world starts: its pattern in the middle of the grid, or random cells of its density.

    Raises:
        InputError: If the pattern is not RLE or the grid does not hold it.
    """
    height, width = world.grid.size
    if world.start.rle is None:
        return soup(world.grid.size, world.start.density or 0.0, key=key)
    pattern = parse_rle(world.start.rle)
    if pattern.shape[0] > height or pattern.shape[1] > width:
        raise InputError(
            f"{world.title}: a grid of {height}x{width} is too small for its pattern; "
            f"allowed: at least {pattern.shape[0]}x{pattern.shape[1]}"
        )
    top, left = (height - pattern.shape[0]) // 2, (width - pattern.shape[1]) // 2
    state = np.zeros((height, width, 1), np.float32)
    state[top : top + pattern.shape[0], left : left + pattern.shape[1], 0] = pattern
    return jnp.asarray(state)
