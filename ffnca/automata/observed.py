"""A rule learned by watching: the next state of a cell is the one of highest goodness in its neighbourhood.

A state holds two frames, the present one and then the one before it, so that the goodness of what a cell became can be
seen. Before the first step there was no frame: its cells are then `UNKNOWN`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.automata.lenia import mapped
from ffnca.automata.life import COLOURS
from ffnca.ff.calibration import Calibration
from ffnca.ff.goodness import distance_goodness
from ffnca.ff.layer import FFLayer
from ffnca.ff.predicting import PredictingLayer
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.described import Described, described
from ffnca.grid.perceive import perceive
from ffnca.lattice import Lattice, Value

UNKNOWN = -1.0
FIRST = Calibration(normaliser="none", loss="symba")
LATER = Calibration(loss="symba")
"""Layers after the first read the direction of the activity alone, so that none can take over another's goodness."""


@runtime_checkable
class ObservedRule(Protocol):
    """What chooses the next state of cells: a tree of parameters."""

    well: float
    ill: float
    layers: Any

    def of(self, layers: Sequence[Any]) -> "ObservedRule":
        """The same with other layers."""
        ...

    def best(self, seen: Float[Array, "*batch feature"], state: Float[Array, "*batch C"]) -> Float[Array, "*batch C"]:
        """The next state of highest goodness, of cells in a state that see so much."""
        ...

    def gap(
        self,
        seen: Float[Array, "*batch feature"],
        state: Float[Array, "*batch C"],
        became: Float[Array, "*batch C"],
    ) -> Float[Array, "*batch"]:
        """The goodness of that next state minus that of what the cell became, at least 0."""
        ...

    def described_best(self, seen: Value, state: Value) -> Value:
        """`best` as data."""
        ...

    def described_gap(self, seen: Value, state: Value, became: Value) -> Value:
        """`gap` as data."""
        ...


class ContrastRule(nnx.Module):
    """For cells that are 0 or 1: FF layers that score a next state together with what the cell saw.

    Attributes:
        well: Goodness gap at the light end of the map.
        ill: At its hot end.
    """

    well, ill = 1e-2, 10.0

    def __init__(self, num_inputs: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> None:
        """Draw the layers.

        Args:
            num_inputs: Numbers that a cell sees.
            hidden: Units of each layer.
            num_channels: Of a next state, 1.
            key: Source of the initial weights.

        Raises:
            ValueError: If there are more channels.
        """
        if num_channels != 1:
            raise ValueError(f"{num_channels} channels; contrast compares the states 0 and 1 of a single one")
        widths = (num_inputs + 1, *hidden)
        self.layers = nnx.List(
            FFLayer(num, units, key=jax.random.fold_in(key, index), calibration=LATER if index else FIRST)
            for index, (num, units) in enumerate(zip(widths, hidden, strict=False))
        )

    def of(self, layers: Sequence[Any]) -> "ContrastRule":
        """The same with other layers."""
        rule = nnx.clone(self)
        rule.layers = nnx.List(layers)
        return rule

    @staticmethod
    def inputs(
        seen: Float[Array, "*batch feature"], state: Float[Array, "*batch 1"] | float
    ) -> Float[Array, "*batch input"]:
        """What the first layer reads: what the cell saw and what comes next, -1 and 1 for 0 and 1."""
        state = jnp.broadcast_to(jnp.asarray(state, seen.dtype), (*seen.shape[:-1], 1))
        return 2 * jnp.concatenate([seen, state], -1) - 1

    def goodness(
        self, seen: Float[Array, "*batch feature"], state: Float[Array, "*batch 1"] | float
    ) -> Float[Array, "*batch"]:
        """Goodness of a next state, summed over the layers."""
        inputs, total = self.inputs(seen, state), jnp.zeros(seen.shape[:-1])
        for layer in self.layers:
            total, inputs = total + layer.goodness(inputs), layer.forward(inputs)
        return total

    def advantage(self, seen: Float[Array, "*batch feature"]) -> Float[Array, "*batch"]:
        """How much more goodness 1 has than 0."""
        return self.goodness(seen, 1.0) - self.goodness(seen, 0.0)

    def best(self, seen: Float[Array, "*batch feature"], state: Float[Array, "*batch 1"]) -> Float[Array, "*batch 1"]:
        """1 where that has more goodness than 0."""
        return (self.advantage(seen) > 0).astype(state.dtype)[..., None]

    def gap(
        self, seen: Float[Array, "*batch feature"], state: Float[Array, "*batch 1"], became: Float[Array, "*batch 1"]
    ) -> Float[Array, "*batch"]:
        """What the goodness of the other state is more than that of what the cell became, or 0."""
        return jnp.maximum(0.0, self.advantage(seen) * (1 - 2 * became[..., 0]))

    def _described_goodness(self, seen: Value, state: float) -> Value:
        lattice = seen.lattice
        inputs = lattice.concatenate([seen * 2.0 - 1.0, (seen[:1] * 0.0) + (2 * state - 1)])
        total = None
        for layer in self.layers:
            inputs = layer.described(inputs)
            goodness = (inputs * inputs).sum() / inputs.channels
            total = goodness if total is None else total + goodness
        assert total is not None
        return total

    def _described_advantage(self, seen: Value) -> Value:
        return self._described_goodness(seen, 1.0) - self._described_goodness(seen, 0.0)

    def described_best(self, seen: Value, state: Value) -> Value:
        """`best` as data."""
        return self._described_advantage(seen) > 0.0

    def described_gap(self, seen: Value, state: Value, became: Value) -> Value:
        """`gap` as data."""
        return (self._described_advantage(seen) * (became * -2.0 + 1.0)).maximum(0.0)


class DistanceRule(nnx.Module):
    """For cells that are any numbers from 0 to 1: layers that say how a cell changes; goodness is nearness to it.

    Attributes:
        well: Goodness gap at the light end of the map.
        ill: At its hot end.
    """

    well, ill = 1e-6, 1e-1

    def __init__(self, num_inputs: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> None:
        """Draw the layers; see `ContrastRule`."""
        widths = (num_inputs, *hidden)
        self.layers = nnx.List(
            PredictingLayer(num, units, num_channels, key=jax.random.fold_in(key, index))
            for index, (num, units) in enumerate(zip(widths, hidden, strict=False))
        )

    def of(self, layers: Sequence[Any]) -> "DistanceRule":
        """The same with other layers."""
        rule = nnx.clone(self)
        rule.layers = nnx.List(layers)
        return rule

    def best(self, seen: Float[Array, "*batch feature"], state: Float[Array, "*batch C"]) -> Float[Array, "*batch C"]:
        """What the last layer says that comes next, within 0 and 1."""
        for layer in self.layers[:-1]:
            seen = layer.forward(seen)
        return jnp.clip(state + self.layers[-1](seen), 0.0, 1.0)

    def gap(
        self,
        seen: Float[Array, "*batch feature"],
        state: Float[Array, "*batch C"],
        became: Float[Array, "*batch C"],
    ) -> Float[Array, "*batch"]:
        """Half the squared distance from there to what the cell became."""
        return -distance_goodness(became, self.best(seen, state))

    def described_best(self, seen: Value, state: Value) -> Value:
        """`best` as data."""
        for layer in self.layers[:-1]:
            seen = layer.projected.layer.described(seen)
        return (state + self.layers[-1].described(seen)).maximum(0.0).minimum(1.0)

    def described_gap(self, seen: Value, state: Value, became: Value) -> Value:
        """`gap` as data."""
        off = became - self.described_best(seen, state)
        return (off * off).sum() * 0.5


RULES: dict[str, Callable[..., ObservedRule]] = {"contrast": ContrastRule, "distance": DistanceRule}
"""By objective: made of how many numbers a cell sees, the units of each layer, channels, and a key."""


def rings(radius: int) -> Float[np.ndarray, "ring side side"]:
    """Means of the cells at each whole distance, nearest, from 0 to the radius."""
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    distance = np.rint(np.hypot(rows, columns)).astype(int)
    each = (distance == np.arange(radius + 1)[:, None, None]).astype(np.float32)
    return each / each.sum((1, 2), keepdims=True)


class Observed(nnx.Module):
    """A learned rule on a lattice. States are float32 (..., H, W, 2C): the present frame, then the one before it."""

    def __init__(self, rule: ObservedRule, *, boundary: Boundary = "wrap", radius: int | None = None) -> None:
        """Put a rule on a lattice.

        Args:
            rule: What chooses next states.
            boundary: What lies beyond the edge.
            radius: Cells see the means of rings up to this distance; None for the patch of nine cells as they are.
        """
        self.rule = rule
        self.boundary: Boundary = boundary
        self.radius = radius

    def see(self, cells: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W feature"]:
        """What every cell sees of a frame."""
        if self.radius is None:
            return perceive(cells, ("patch",), self.boundary, alive_threshold=0.0)
        kernels = jnp.asarray(rings(self.radius))
        around = pad(cells, self.boundary, self.radius)
        planes = jnp.moveaxis(around, -1, -3).reshape(-1, 1, *around.shape[-3:-1])
        summed = jax.lax.conv(planes, kernels[:, None], (1, 1), "VALID")
        each = summed.reshape(*cells.shape[:-3], cells.shape[-1], len(kernels), *cells.shape[-3:-1])
        return jnp.moveaxis(each, (-3, -4), (-2, -1)).reshape(*cells.shape[:-1], -1)

    @property
    def halo(self) -> int:
        """How far a cell sees, in cells."""
        return self.radius or 1

    @compiled
    def step(self, state: Float[Array, "*batch H W twice"], key: PRNGKeyArray) -> Float[Array, "*batch H W twice"]:
        """The next frame, and the present one; deterministic, `key` is not used."""
        present, _ = jnp.split(state, 2, -1)
        return jnp.concatenate([self.rule.best(self.see(present), present), present], -1)

    @compiled
    def deficit(self, state: Float[Array, "*batch H W twice"]) -> Float[Array, "*batch H W"]:
        """Goodness that each cell lacks: that of the best that it could have become, minus that of what it became.

        0 where the frame before is not known.
        """
        present, before = jnp.split(state, 2, -1)
        gap = self.rule.gap(self.see(before), before, present)
        return jnp.where(before[..., 0] < 0, 0.0, gap)

    def _described_sight(self, lattice: Lattice, cells: Value) -> Value:
        if self.radius is None:
            return described(("patch",), Described(cells, 0.0, None, None))
        return cells.each_convolved(rings(self.radius))

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        present = lattice.state[: lattice.state.channels // 2]
        return lattice.concatenate(
            [self.rule.described_best(self._described_sight(lattice, present), present), present]
        )

    def described_deficit(self, lattice: Lattice) -> Value:
        """`deficit` as data."""
        half = lattice.state.channels // 2
        present, before = lattice.state[:half], lattice.state[half:]
        gap = self.rule.described_gap(self._described_sight(lattice, before), before, present)
        return lattice.where(before[:1] > UNKNOWN / 2, gap, 0.0)

    def render(self, state: Float[Array, "*batch H W twice"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """Dark living cells on a light ground; numbers in the colours of Lenia, the last channel of several."""
        last = np.asarray(state)[..., state.shape[-1] // 2 - 1]
        if isinstance(self.rule, ContrastRule):
            return np.where(last[..., None] > 0.5, np.array(COLOURS[1], np.uint8), np.array(COLOURS[0], np.uint8))
        return mapped(last)


def started(cells: Float[Any, "*batch H W C"]) -> Float[Array, "*batch H W twice"]:
    """A state whose present frame this is, and before which nothing is known."""
    cells = jnp.asarray(cells, jnp.float32)
    return jnp.concatenate([cells, jnp.full_like(cells, UNKNOWN)], -1)


@jax.jit
def mass(automaton: Observed, state: Float[Array, "H W twice"]) -> Float[Array, ""]:
    """Sum over the present frame: of cells that are 0 or 1, how many live."""
    return jnp.sum(state[..., : state.shape[-1] // 2])
