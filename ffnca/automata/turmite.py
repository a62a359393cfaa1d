"""Langton's ant and other turmites: walkers that read, write and turn, as a rule of the lattice.

References:
    Langton (1986), "Studying artificial life with cellular automata", Physica D 22, 120-149.
    Gale, Propp, Sutherland, Troubetzkoy (1995), "Further travels with my ant", Mathematical Intelligencer 17(3), 48-56.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.automata.turmite_rule import TurmiteRule, turmite_rule
from ffnca.automata.walkers import HEADINGS, Walkers, put_back, taken_off, walked
from ffnca.errors import InputError
from ffnca.grid.boundary import Boundary, pad
from ffnca.lattice import Lattice, Value
from ffnca.render import ramp
from ffnca.spec import shown

ANT_BOUNDARIES = ("wrap", "zero")
FEW = 16
"""Cells with ants up to which, on a CPU, these alone are computed, and not the whole grid."""
_MOST_IN_A_CELL = 32
_GROUND = [(250, 247, 238), (226, 190, 120), (84, 144, 140), (34, 48, 78)]
_ANT = (214, 48, 38)


@jax.tree_util.register_static
@dataclass(frozen=True)
class Turmite:
    """Turmites on a lattice. States are float32 (..., H, W, 1 + 4 S).

    Channel 0 is the colour of the cell; channel 1 + 4 s + h counts the turmites on it in inner state s that head up,
    right, down or left (h = 0 to 3). In a step all of them read the colour, write, turn and move on by a cell, at the
    same time. Several on one cell do not hinder one another: each turns by the colour that was there, and each adds
    what it writes less that colour, modulo the number of colours. Ants of two colours so flip the cell twice.

    Attributes:
        rule: A deed for each inner state and colour.
        boundary: `wrap`, or `zero`, where they walk off the edge and are gone.
    """

    rule: TurmiteRule
    boundary: Boundary = "wrap"

    def __post_init__(self) -> None:
        """Refuse a mirror, which would make turmites out of nothing.

        Raises:
            InputError: If the boundary is another.
        """
        if self.boundary not in ANT_BOUNDARIES:
            raise InputError(f"boundary {shown(self.boundary)}; allowed for ants: wrap, zero")

    @classmethod
    def from_notation(cls, notation: str, *, boundary: Boundary = "wrap") -> "Turmite":
        """A rule by its turns or its table, e.g. "RL", "LLRR", "{{{1,2,0},{0,8,0}}}".

        Raises:
            InputError: If the notation is none.
        """
        return cls(turmite_rule(notation), boundary)

    @property
    def num_colours(self) -> int:
        """Of the cells."""
        return len(self.rule[0])

    @property
    def num_channels(self) -> int:
        """Of its states."""
        return 1 + 4 * len(self.rule)

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """Read, write, turn, move; deterministic, `key` is not used."""
        if jax.default_backend() != "cpu":
            return self.everywhere(state)
        grids = state.reshape(-1, *state.shape[-3:])
        if len(grids) == 1:
            return self.where_ants_are(grids[0]).reshape(state.shape)
        return jax.vmap(self.where_ants_are)(grids).reshape(state.shape)

    def encode(self, state: Float[Array, "*batch H W C"]) -> Walkers | Float[Array, "*batch H W C"]:
        """Turmites one by one, where there are few in one grid and it is a CPU that walks them; else as it is."""
        if jax.default_backend() != "cpu" or state.ndim > 3:
            return state
        num_found, places = _places(state)
        return taken_off(state, places, num_found > FEW)

    def step_encoded(
        self, code: Walkers | Float[Array, "*batch H W C"], key: PRNGKeyArray
    ) -> Walkers | Float[Array, "*batch H W C"]:
        """The same step of each of them."""
        if not isinstance(code, Walkers):
            return self.step(code, key)
        code = walked(code, self.rule, self.boundary)
        # A loop of one turn at most: unlike `cond`, it does not copy the state where it is not taken.
        state, _ = jax.lax.while_loop(
            lambda turn: turn[1],
            lambda turn: (self.everywhere(turn[0]), jnp.zeros_like(turn[1])),
            (code.state, code.left),
        )
        return code._replace(state=state)

    def decode(self, code: Walkers | Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """Such a code as a state."""
        return put_back(code) if isinstance(code, Walkers) else code

    def leaving(self, cells: Float[Array, "*cells C"]) -> Float[Array, "*cells C"]:
        """Each cell's new colour, and how many leave it in each inner state and heading."""
        colour, here = cells[..., 0], [cells[..., index] for index in range(1, self.num_channels)]
        away, added = [jnp.zeros_like(colour) for _ in here], jnp.zeros_like(colour)
        for state, deeds in enumerate(self.rule):
            total = sum(here[4 * state : 4 * state + 4], start=jnp.zeros_like(colour))
            for old, deed in enumerate(deeds):
                is_old = (colour == old).astype(cells.dtype)
                added += is_old * total * ((deed.writes - old) % self.num_colours)
                for heading in range(4):
                    to = 4 * deed.becomes + (heading + deed.turns) % 4
                    away[to] += is_old * here[4 * state + heading]
        return jnp.stack([(colour + added) % self.num_colours, *away], -1)

    def everywhere(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C"]:
        """The step in every cell: each looks for neighbours that head to it."""
        height, width = state.shape[-3:-1]
        left = self.leaving(state)
        around = pad(left, self.boundary)
        arrived = [
            around[..., 1 - down : 1 - down + height, 1 - across : 1 - across + width, index]
            for index in range(1, self.num_channels)
            for down, across in [HEADINGS[(index - 1) % 4]]
        ]
        return jnp.stack([left[..., 0], *arrived], -1)

    @jax.jit
    def where_ants_are(self, state: Float[Array, "H W C"]) -> Float[Array, "H W C"]:
        """The same where there are few: what is added to a few cells, in one scatter, which is done in place."""
        height, width = state.shape[:2]
        num_found, places = _places(state)
        many = num_found > FEW
        cells = state.at[places[:, 0], places[:, 1]].get(mode="fill", fill_value=0.0)
        left = self.leaving(cells)
        change = jnp.concatenate([left[:, :1], jnp.zeros_like(left[:, 1:])], -1) - cells
        moved = places[:, None] + jnp.asarray(HEADINGS * len(self.rule))
        if self.boundary == "wrap":
            beyond = places[:, :1, None] >= height  # of what is no place, as it says itself
            moved = jnp.where(beyond, height, moved % jnp.asarray([height, width]))
        moved = jnp.where(jnp.any(moved < 0, -1, keepdims=True), height, moved)  # off the edge, and dropped
        rows, columns, channels = (
            jnp.concatenate([own.reshape(-1), other.reshape(-1)])
            for own, other in (
                (jnp.broadcast_to(places[:, :1], change.shape), moved[..., 0]),
                (jnp.broadcast_to(places[:, 1:], change.shape), moved[..., 1]),
                (
                    jnp.broadcast_to(jnp.arange(self.num_channels), change.shape),
                    jnp.broadcast_to(1 + jnp.arange(self.num_channels - 1), moved.shape[:2]),
                ),
            )
        )
        rows = jnp.where(many, height, rows)  # nothing
        values = jnp.concatenate([change.reshape(-1), left[:, 1:].reshape(-1)])
        state = state.at[rows, columns, channels].add(values, mode="drop")
        # A loop of one turn at most: unlike `cond`, it does not copy the state where it is not taken.
        return jax.lax.while_loop(
            lambda turn: turn[1], lambda turn: (self.everywhere(turn[0]), jnp.zeros_like(many)), (state, many)
        )[0]

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        colour, here, num_colours = lattice.state[:1], lattice.state[1:], self.num_colours
        num = self.num_channels - 1
        turned, added = np.zeros((num_colours, num, num)), np.zeros((num_colours, num, 1))
        for state, deeds in enumerate(self.rule):
            for old, deed in enumerate(deeds):
                for heading in range(4):
                    turned[old, 4 * state + heading, 4 * deed.becomes + (heading + deed.turns) % 4] = 1
                    added[old, 4 * state + heading] = (deed.writes - old) % num_colours
        read = lattice.concatenate([here * colour.lookup(row) for row in np.eye(num_colours)])
        moves = np.zeros((num, num, 3, 3))
        for index in range(num):
            down, across = HEADINGS[index % 4]
            moves[index, index, 1 - down, 1 - across] = 1
        arrived = read.dense(turned.reshape(-1, num)).convolve(moves)
        written = (colour + read.dense(added.reshape(-1, 1))).lookup(
            np.arange(num_colours * (1 + _MOST_IN_A_CELL)) % num_colours
        )
        return lattice.concatenate([written, arrived])

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The colours of the ground, and turmites in red."""
        cells = np.nan_to_num(np.asarray(state))
        ground = np.clip(np.rint(cells[..., 0]), 0, self.num_colours - 1).astype(int)
        return colours(self)[np.where((cells[..., 1:] > 0.5).any(-1), self.num_colours, ground)]


def _places(state: Float[Array, "H W C"]) -> tuple[Int[Array, ""], Int[Array, "few 2"]]:
    """How many cells have turmites, up to one more than `FEW`, and which; the others of the list are beyond the grid.

    One look at the grid finds the rows with any; then the search goes along these rows only.
    """
    height, width = state.shape[:2]
    counted = jnp.ones(state.shape[1:]).at[:, 0].set(0.0)
    in_row = state.reshape(height, -1) @ counted.reshape(-1) > 0.5  # a product is several times quicker than `any`

    def next_row(row: Array) -> Array:
        later = in_row & (jnp.arange(height) > row)
        return jnp.where(jnp.any(later), jnp.argmax(later), height)

    def goes_on(search: tuple[Array, ...]) -> Array:
        return (search[0] < height) & (search[2] <= FEW)

    def look(search: tuple[Array, ...]) -> tuple[Array, ...]:
        row, column, found, places = search
        line = jax.lax.dynamic_index_in_dim(state, row, keepdims=False)
        later = jnp.any(line[:, 1:] > 0.5, axis=1) & (jnp.arange(width) > column)
        any_later, here = jnp.any(later), jnp.argmax(later)
        slot = jnp.where(any_later, found, FEW + 1)  # beyond the list
        places = places.at[slot].set(jnp.stack([row, here]), mode="drop")
        row, column = jnp.where(any_later, row, next_row(row)), jnp.where(any_later, here, -1)
        return row, column, found + any_later, places

    none = jnp.full((FEW, 2), height)
    start = (next_row(jnp.asarray(-1)), jnp.asarray(-1), jnp.asarray(0), none)
    _, _, found, places = jax.lax.while_loop(goes_on, look, start)
    return found, places


def colours(automaton: Turmite) -> UInt8[np.ndarray, "colour 3"]:
    """One for each colour of the ground, from paper to ink, and red for turmites."""
    return np.concatenate([ramp(_GROUND, automaton.num_colours), ramp([_ANT], 1)])


def described_colour(automaton: Turmite, lattice: Lattice) -> Value:
    """Its picture as data: the colour from 0 to 1, where 1 is a cell with turmites."""
    num_colours = automaton.num_colours
    here = lattice.state[1:].sum() > 0.5
    return lattice.where(here, 1.0, lattice.state[:1] * (1 / num_colours))


def ants_at(size: tuple[int, int], num_channels: int, num_ants: int, *, key: PRNGKeyArray) -> Float[Array, "H W C"]:
    """An empty grid with ants in the first inner state: one in the middle that heads up, the others anywhere.

    Args:
        size: Height and width of the grid.
        num_channels: As the automaton says.
        num_ants: How many.
        key: Source of the places and headings of the others.
    """
    places = np.array(draws.randint(key, (num_ants, 3), 0, jnp.asarray([*size, 4])))
    places[0] = size[0] // 2, size[1] // 2, 0
    start = np.zeros((*size, num_channels), np.float32)
    np.add.at(start, (places[:, 0], places[:, 1], 1 + places[:, 2]), 1)
    return jnp.asarray(start)


@jax.jit
def num_ants(automaton: Turmite, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """All turmites."""
    return jnp.sum(state[..., 1:])


@jax.jit
def painted(automaton: Turmite, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Cells of another colour than the first."""
    return jnp.sum(state[..., 0] > 0.5, dtype=jnp.float32)
