"""Life-like automata: a cell is born or survives by the number of its living neighbours."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.automata.life_bits import Bits, packed, stepped, unpacked
from ffnca.automata.life_pattern import parse_pattern
from ffnca.automata.life_rule import parse_rule
from ffnca.automata.life_states import to_rle as to_rle
from ffnca.automata.life_states import values_of
from ffnca.errors import InputError
from ffnca.grid.boundary import BOUNDARIES, Boundary, pad
from ffnca.grid.seeds import centred, soup
from ffnca.lattice import Lattice, Value
from ffnca.render import TRANSPARENT, Background, is_dark, laid_on
from ffnca.spec import shown

COLOURS = (250, 250, 248), (24, 28, 36)
"""Of the dead and the living."""


@jax.tree_util.register_static
@dataclass(frozen=True)
class Life:
    """A Life-like rule on a lattice. States are float32 (..., H, W, 1), 1 where a cell lives and 0 elsewhere.

    Attributes:
        born: For 0 to 8 living neighbours, whether a dead cell comes to life.
        survive: The same for whether a living cell stays alive.
        boundary: What lies beyond the edge.
    """

    halo: ClassVar[int] = 1

    born: tuple[bool, ...]
    survive: tuple[bool, ...]
    boundary: Boundary = "wrap"

    def __post_init__(self) -> None:
        """Refuse what would index beyond its counts or has no edge.

        Raises:
            InputError: If there are not nine counts each, or there is no such boundary.
        """
        if len(self.born) != 9 or len(self.survive) != 9 or self.boundary not in BOUNDARIES:
            raise InputError(
                f"Life with {len(self.born)} and {len(self.survive)} counts and boundary {shown(self.boundary)}; "
                f"allowed: 9 each, and {', '.join(BOUNDARIES)}"
            )

    @classmethod
    def from_notation(cls, notation: str, *, boundary: Boundary = "wrap") -> "Life":
        """A rule by its counts or its name, e.g. "B3/S23", "b3s23", "23/3", "Life".

        Raises:
            InputError: If the notation is no Life-like rule, or one that `IsotropicLife` is for.
        """
        try:
            rule = parse_rule(notation)
        except InputError as error:
            raise InputError(f"notation {error}") from error
        if not rule.counts_only:
            raise InputError(f"notation {shown(notation)} is more than counts; allowed: IsotropicLife.from_notation")
        return cls(tuple(map(bool, rule.born)), tuple(map(bool, rule.survive)), boundary)

    @compiled
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

    def encode(self, state: Float[Array, "*batch H W 1"]) -> Bits:
        """32 cells a word."""
        return packed(state[..., 0] > 0.5)

    def step_encoded(self, code: Bits, key: PRNGKeyArray) -> Bits:
        """The next generation of cells so encoded."""
        return stepped(code, self.born, self.survive, self.boundary)

    def decode(self, code: Bits) -> Float[Array, "*batch H W 1"]:
        """Such cells as a state."""
        return unpacked(code)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        neighbours = np.ones((1, 1, 3, 3))
        neighbours[..., 1, 1] = 9
        return lattice.state.convolve(neighbours).lookup([*self.born, *self.survive])

    @property
    def colours(self) -> UInt8[np.ndarray, "2 3"]:
        """Of the dead and the living."""
        return np.array(COLOURS, np.uint8)

    def render(self, state: Float[Array, "*batch H W 1"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Dark living cells on a light ground."""
        return np.where(np.asarray(state) > 0.5, np.array(COLOURS[1], np.uint8), np.array(COLOURS[0], np.uint8))


@jax.jit
def population(automaton: Life, state: Float[Array, "H W 1"]) -> Float[Array, ""]:
    """Living cells."""
    return jnp.sum(state > 0.5, dtype=jnp.float32)


def living_on(
    automaton: Life, state: Float[Array, "H W 1"], background: Background
) -> UInt8[np.ndarray, "H W channel"]:
    """Living cells on a background: light ones on a dark ground, where dark ones would not be seen."""
    dark = background != TRANSPARENT and is_dark(background)
    picture = automaton.render(1 - state if dark else state)
    return laid_on(picture, np.asarray(state)[..., 0] > 0.5, background)


def parse_rle(text: str) -> Bool[np.ndarray, "h w"]:
    """The pattern of a text in Golly's RLE, Life 1.05, Life 1.06 or plain text.

    The header gives the size if that holds the cells; its rule and topology are the world's matter.

    Returns:
        True where a cell lives.

    Raises:
        InputError: If the text is no pattern, has no cell, has more states than two, or is larger than
            `MAX_PATTERN_SIDE` a side.
    """
    pattern = parse_pattern(text)
    pattern.check_states("a rule of counts", 2)
    return pattern.cells > 0


def initial_state(
    pattern: str | None,
    density: float | None,
    size: tuple[int, int],
    title: str,
    num_states: int = 2,
    *,
    key: PRNGKeyArray,
) -> Float[Array, "H W 1"]:
    """How a world starts: its pattern in the middle of the grid, or random cells of its density.

    Args:
        pattern: Text of a pattern, or None.
        density: Share of living cells without one.
        size: Height and width of the grid.
        title: What to call the world in errors.
        num_states: Of its rule.
        key: Source of random cells.

    Raises:
        InputError: If the pattern is none, has a state that the rule has not, or the grid does not hold it.
    """
    height, width = size
    if pattern is None:
        return soup(size, density or 0.0, key=key)
    parsed = parse_pattern(pattern)
    parsed.check_states("its rule", num_states)
    cells = parsed.cells
    if cells.shape[0] > height or cells.shape[1] > width:
        cells = _living_part(cells)
    return centred(values_of(cells, num_states)[..., None], size, title)


def _living_part(pattern: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "down across"]:
    """The pattern without the empty rows and columns around it; as it is if nothing lives."""
    if not pattern.any():
        return pattern
    (rows, columns) = (np.flatnonzero(pattern.any(axis)) for axis in (1, 0))
    return pattern[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
