"""Life-like automata: two states, eight neighbours, exact, in B/S notation; patterns in run-length encoding."""

import re
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8

from ffnca.errors import InputError
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.seeds import soup
from ffnca.world import LifeWorld

MAX_PATTERN_SIDE = 2048
DEFAULT_DENSITY = 0.3
_NOTATION = re.compile(r"[Bb]([0-8]*)/[Ss]([0-8]*)")
_TOKEN = re.compile(r"\s*(\d{0,6})([bo$!])", re.IGNORECASE)


@partial(jax.tree_util.register_dataclass, data_fields=["born", "survive"], meta_fields=["boundary"])
@dataclass(frozen=True)
class Life:
    """A Life-like rule; states are float32 (..., H, W, 1) of zeros and ones.

    Attributes:
        born: Whether a dead cell comes alive, by number of living neighbours, 0 to 8.
        survive: Whether a living cell stays alive, likewise.
        boundary: What lies beyond the edge.

    Reference:
        Gardner (1970), Scientific American 223(4), for B3/S23.
    """

    born: Bool[Array, "9"]
    survive: Bool[Array, "9"]
    boundary: Boundary = "wrap"

    @classmethod
    def from_notation(cls, notation: str, *, boundary: Boundary = "wrap") -> "Life":
        """A rule such as B3/S23.

        Raises:
            InputError: If the notation is not of this form.
        """
        found = _NOTATION.fullmatch(notation)
        if not found:
            raise InputError(f"rule {notation!r}: allowed is B.../S... with digits 0 to 8, such as B3/S23")
        born, survive = (jnp.array([str(count) in digits for count in range(9)]) for digits in found.groups())
        return cls(born, survive, boundary)

    def step(self, state: Float[Array, "*batch H W 1"], key: PRNGKeyArray) -> Float[Array, "*batch H W 1"]:
        """The next generation; the key is not used."""
        padded = pad(state, self.boundary)
        rows = padded[..., :-2, :, :] + padded[..., 1:-1, :, :] + padded[..., 2:, :, :]
        block = rows[..., :-2, :] + rows[..., 1:-1, :] + rows[..., 2:, :]
        neighbours = (block - state).astype(jnp.int32)
        alive = jnp.where(state > 0.5, self.survive[neighbours], self.born[neighbours])
        return alive.astype(jnp.float32)

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Living cells black on white."""
        shade = np.where(np.asarray(state) > 0.5, 0, 255).astype(np.uint8)
        return np.repeat(shade, 3, axis=-1)


def parse_rle(text: str) -> Bool[np.ndarray, "h w"]:
    """A pattern in Golly's run-length encoding; comments and header are optional.

    Raises:
        InputError: If it is not such a pattern, or larger than `MAX_PATTERN_SIDE`.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    if lines and re.match(r"\s*x\s*=", lines[0]):
        lines = lines[1:]
    body, position, rows, ended = "\n".join(lines), 0, [[]], False
    while not ended:
        found = _TOKEN.match(body, position)
        if not found:
            raise InputError(
                f"rle: {body[position : position + 20]!r} is not run-length code; allowed: digits, b, o, $, !"
            )
        position, count, sign = found.end(), int(found[1] or 1), found[2].lower()
        ended = sign == "!"
        if sign == "$":
            rows.extend([] for _ in range(min(count, MAX_PATTERN_SIDE + 1)))
        elif not ended:
            rows[-1].extend([sign == "o"] * min(count, MAX_PATTERN_SIDE + 1))
        if max(len(rows), len(rows[-1])) > MAX_PATTERN_SIDE:
            raise InputError(f"rle: the pattern is larger than {MAX_PATTERN_SIDE} cells a side")
    width = max(map(len, rows))
    return np.array([row + [False] * (width - len(row)) for row in rows], bool).reshape(len(rows), width)


def initial_state(world: LifeWorld, *, key: PRNGKeyArray) -> Float[Array, "H W 1"]:
    """The first generation of a world: its pattern in the middle, or a soup.

    Raises:
        InputError: If the pattern does not fit the grid.
    """
    if world.start.rle is None:
        density = DEFAULT_DENSITY if world.start.density is None else world.start.density
        return soup(world.grid.size, density, key=key)
    pattern = parse_rle(world.start.rle)
    height, width = world.grid.size
    if pattern.shape[0] > height or pattern.shape[1] > width:
        raise InputError(f"start.rle: a pattern of {pattern.shape} does not fit a grid of {height}x{width}")
    top, left = (height - pattern.shape[0]) // 2, (width - pattern.shape[1]) // 2
    grid = np.zeros((height, width, 1), np.float32)
    grid[top : top + pattern.shape[0], left : left + pattern.shape[1], 0] = pattern
    return jnp.asarray(grid)
