"""A learned texture: every cell climbs the goodness of what it is among what it sees at several distances.

A state holds three colours and hidden channels, all near 0 and of deviation near 1. What a cell sees of each group of
channels are nine cells of a square: itself, and others so many cells away; what describes wider surroundings is seen
from farther away.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.ff.ascent import AscentLayer
from ffnca.grid.boundary import Boundary, pad
from ffnca.lattice import Lattice, Value

NUM_COLOURS = 3
STEP = 0.7
"""Share of the gradient by which a cell that fires climbs."""


class Sight(NamedTuple):
    """What a cell sees: groups of channels, each at nine places of a square.

    Attributes:
        sizes: Channels of each group; the colours are the first.
        distances: Of each group, from the cell in the middle to the others, in cells.
    """

    sizes: tuple[int, ...]
    distances: tuple[int, ...]

    @property
    def reach(self) -> int:
        """The largest of the distances."""
        return max(self.distances)

    @property
    def num_features(self) -> int:
        """Numbers that a cell sees."""
        return 9 * sum(self.sizes)

    def groups(self) -> list[tuple[int, int, int]]:
        """First channel, the one after the last, and the distance of each group."""
        ends = np.cumsum(self.sizes).tolist()
        return list(zip([0, *ends[:-1]], ends, self.distances, strict=True))

    def within(self, state: Float[Array, "*batch tall wide C"]) -> Float[Array, "*batch H W feature"]:
        """What the cells see whose sight lies within a grid: all but `reach` rows and columns at each edge."""
        reach, (tall, wide) = self.reach, state.shape[-3:-1]
        seen = []
        for first, end, distance in self.groups():
            for row in (reach - distance, reach, reach + distance):
                for column in (reach - distance, reach, reach + distance):
                    rows, columns = slice(row, row + tall - 2 * reach), slice(column, column + wide - 2 * reach)
                    seen.append(state[..., rows, columns, first:end])
        return jnp.concatenate(seen, -1)

    def own(self, seen: Float[Array, "*batch feature"]) -> Float[Array, "*batch C"]:
        """What each cell is, of what it sees."""
        parts = []
        for first, end, _ in self.groups():
            middle = 9 * first + 4 * (end - first)
            parts.append(seen[..., middle : middle + end - first])
        return jnp.concatenate(parts, -1)

    def described(self, state: Value) -> Value:
        """What every cell sees, as data."""
        seen = []
        for first, end, distance in self.groups():
            shifts = np.zeros((3, 2 * distance + 1), np.float32)
            shifts[np.arange(3), [0, distance, 2 * distance]] = 1
            columns = state[first:end].each_convolved(shifts[:, None, :])
            seen.append(columns.each_convolved(shifts[:, :, None]))
        return state.lattice.concatenate(seen)


class Colours(NamedTuple):
    """What the first channels mean, and which states there are; float32, so that rules share compiled code.

    Attributes:
        mean: RGB in 0..1 of a state of 0.
        scale: By which a unit of state differs from it.
        lowest: Of each channel, that of the exemplar.
        highest: The same.
    """

    mean: Float[np.ndarray, " 3"]
    scale: Float[np.ndarray, ""]
    lowest: Float[np.ndarray, " C"]
    highest: Float[np.ndarray, " C"]

    @classmethod
    def of(cls, mean: Any, scale: Any, lowest: Any, highest: Any) -> "Colours":
        """Of numbers."""
        return cls(*(np.asarray(part, np.float32) for part in (mean, scale, lowest, highest)))

    def numbers(self) -> dict[str, Any]:
        """As lists of numbers, by their names."""
        return {name: np.asarray(part).tolist() for name, part in self._asdict().items()}


class Texture(nnx.Module):
    """A goodness layer on a lattice. States are float32 (..., H, W, C)."""

    def __init__(
        self, layer: AscentLayer, sight: Sight, colours: Colours, *, boundary: Boundary = "wrap", fire_rate: float = 0.5
    ) -> None:
        """Put a layer on a lattice.

        Args:
            layer: Its context is what a cell sees.
            sight: What that is.
            colours: What the first channels mean, and which states there are.
            boundary: What lies beyond the edge.
            fire_rate: Probability that a cell updates in a step.
        """
        self.layer = layer
        self.sight = sight
        self.colours: Colours = nnx.data(colours)
        self.boundary: Boundary = boundary
        self.fire_rate = fire_rate

    def see(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W feature"]:
        """What every cell sees."""
        return self.sight.within(pad(state, self.boundary, self.sight.reach))

    @property
    def halo(self) -> int:
        """How far a cell sees, in cells."""
        return self.sight.reach

    def noise(self, shape: tuple[int, ...], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """States at random: what a texture grows from."""
        return self.bounded(jax.random.normal(key, shape))

    def bounded(self, state: Float[Array, "*batch C"]) -> Float[Array, "*batch C"]:
        """Within the states that there are."""
        return jnp.clip(state, self.colours.lowest, self.colours.highest)

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """Some cells, drawn at random, climb their goodness."""
        seen = self.see(state)
        change = self.layer.change(seen.reshape(-1, seen.shape[-1]), state.reshape(-1, state.shape[-1]))
        fired = draws.bernoulli_of_cells(key, self.fire_rate, state.shape[:-1])
        return self.bounded(state + STEP * fired[..., None] * change.reshape(state.shape))

    @compiled
    def deficit(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W"]:
        """Goodness of the state that each cell would climb to, minus its goodness now; at least 0."""
        seen = self.see(state)
        cells = self.layer.deficit(seen.reshape(-1, seen.shape[-1]), state.reshape(-1, state.shape[-1]))
        return cells.reshape(state.shape[:-1])

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        state = lattice.state
        chosen = lattice.constant(self.fire_rate) > lattice.random
        with lattice.only(chosen):
            changed = state + self.layer.described(self.sight.described(state), state) * STEP
            lowest, highest = (lattice.constant(np.asarray(end)) for end in (self.colours.lowest, self.colours.highest))
            changed = changed.maximum(lowest).minimum(highest)
        return lattice.where(chosen, changed, state)

    def described_deficit(self, lattice: Lattice) -> Value:
        """`deficit` as data."""
        return self.layer.described_deficit(self.sight.described(lattice.state), lattice.state)

    def rgb(self, state: Float[Any, "*batch H W C"]) -> Float[np.ndarray, "*batch H W 3"]:
        """Colours in 0..1."""
        colours = np.asarray(self.colours.mean) + np.asarray(self.colours.scale) * np.asarray(state)[..., :NUM_COLOURS]
        return np.clip(colours, 0, 1).astype(np.float32)

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The colours."""
        return np.rint(255 * self.rgb(state)).astype(np.uint8)
