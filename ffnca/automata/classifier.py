"""Cells that say which digit, or other figure, they are part of.

A state holds the brightness of a cell; the activity of each layer, which reads that of the layer below one step before;
and what the cell has heard of the goodness of each label, now and one step before. Only cells that are bright live.

What the layers find is learned. How it spreads is built in: with g_i the goodness of the labels by cell i alone and v_i
what it has heard, the step

    v_i(t+1) = v_i + MOMENTUM (v_i - v_i(t-1)) + SPREAD (PULL (g_i - v_i) + mean over 3x3 of (v_j - v_i))

ends, from wherever it starts, where (PULL + Laplacian) v = PULL g: nearly the mean of g over a connected figure. The
memory of one step makes votes spread as fronts do, in a time of the order of the length of a figure and not of its
square.

References:
    Randazzo et al. (2020), Self-classifying MNIST digits, Distill (the task; trained there by backpropagation through
    time); Polyak (1964) (momentum).
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.ff.voting import VotingLayer
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.kernels import patch
from ffnca.lattice import Lattice, Value

ALIVE = 0.1
"""Brightness above which a cell lives."""
PULL, MOMENTUM, SPREAD = 1e-4, 0.973, 1.8
"""A smaller pull makes cells agree more, and forget an older figure more slowly. Steps stay bounded while SPREAD times
the largest eigenvalue of the Laplacian, below 16 / 9, is less than 2 + 2 MOMENTUM; with MOMENTUM near
(1 - sqrt(PULL SPREAD))^2 all that is wrong shrinks by its root a step."""
FIRST_INPUTS = 18
"""The first layer sees the brightness of nine living cells, and which of them live."""
UNDECIDED, NONE = -1, -2
"""What cells say that know no label yet, and where no cell lives."""
GROUND, UNDECIDED_COLOUR = (24, 26, 31), (150, 152, 158)
COLOURS = np.array(
    [
        (230, 75, 66),
        (245, 150, 50),
        (240, 208, 70),
        (150, 200, 70),
        (60, 170, 110),
        (70, 200, 205),
        (75, 140, 230),
        (125, 105, 220),
        (205, 110, 215),
        (245, 165, 185),
    ],
    np.uint8,
)
"""Of the labels 0 to 9."""
_NINE = np.ones((1, 3, 3))


def layer_inputs(
    seen: Float[Array, "*batch feature"] | None, bright: Float[Array, "*batch 9"], live: Float[Array, "*batch 9"]
) -> Float[Array, "*batch input"]:
    """What a layer reads of nine cells: the activity below, if there is one, and their brightness."""
    return jnp.concatenate([bright, live] if seen is None else [seen, bright], -1)


class Looking(NamedTuple):
    """A state while it runs.

    Attributes:
        bright: Of the cells; it does not change by itself.
        found: Activity of the layers; one step a layer after the start it stays the same.
        alone: Goodness of the labels by each cell alone, one step before.
        heard: See `Classifier.heard`.
        before: The same one step before.
        steps: Since the start.
    """

    bright: Float[Array, "*batch H W 1"]
    found: Float[Array, "*batch H W unit"]
    alone: Float[Array, "*batch H W label"]
    heard: Float[Array, "*batch H W label"]
    before: Float[Array, "*batch H W label"]
    steps: Int[Array, ""]


class Classifier(nnx.Module):
    """Layers that vote, on a lattice. States are float32 (..., H, W, 1 + units of all layers + 2 labels)."""

    halo: ClassVar[int] = 1

    def __init__(self, layers: Sequence[VotingLayer], *, boundary: Boundary = "zero") -> None:
        """Put layers on a lattice; see `blank_layers`."""
        self.layers = nnx.List(layers)
        self.boundary: Boundary = boundary

    @property
    def num_labels(self) -> int:
        """How many labels."""
        return self.layers[0].offset.shape[0]

    @property
    def num_channels(self) -> int:
        """Of its states."""
        return 1 + sum(self._units) + 2 * self.num_labels

    @property
    def _units(self) -> list[int]:
        return [layer.layer.bias.shape[0] for layer in self.layers]

    def started(self, bright: Float[Any, "*batch H W"]) -> Float[Array, "*batch H W C"]:
        """A state of this brightness, in which nothing has been seen or heard."""
        bright = jnp.asarray(bright, jnp.float32)[..., None]
        return jnp.concatenate([bright, jnp.zeros((*bright.shape[:-1], self.num_channels - 1))], -1)

    def heard(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W label"]:
        """What each cell has heard of the goodness of each label; 0 where none lives."""
        return state[..., -2 * self.num_labels : -self.num_labels]

    def label(self, state: Float[Array, "*batch H W C"]) -> Array:
        """What each cell says: a label, `UNDECIDED` before it has heard of any, `NONE` where no cell lives."""
        heard = self.heard(state)
        said = jnp.where(jnp.any(heard != 0, -1), jnp.argmax(heard, -1), UNDECIDED)
        return jnp.where(state[..., 0] > ALIVE, said, NONE)

    def alone(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W label"]:
        """Goodness of each label by each cell alone, less the mean over the labels."""
        return self._alone(state[..., 1 : -2 * self.num_labels])

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """The next state; deterministic, `key` is not used."""
        return self.decode(self.step_encoded(self.encode(state), key))

    def encode(self, state: Float[Array, "*batch H W C"]) -> Looking:
        """Cells that have yet to look at each other."""
        until = 1 + sum(self._units)
        heard, before = jnp.split(state[..., until:], 2, -1)
        return Looking(state[..., :1], state[..., 1:until], jnp.zeros_like(heard), heard, before, jnp.int32(0))

    def step_encoded(self, code: Looking, key: PRNGKeyArray) -> Looking:
        """The next state; what the layers find is not computed again once it stays the same."""
        bright, heard = code.bright, code.heard
        lives = (bright > ALIVE).astype(heard.dtype)
        found, alone = jax.lax.cond(
            code.steps <= len(self._units),
            lambda: (self._found(code, lives), self._alone(code.found)),
            lambda: (code.found, code.alone),
        )
        near, living = (_sum_of_nine(pad(one, self.boundary)) for one in (heard * lives, lives))
        change = MOMENTUM * (heard - code.before) + SPREAD * (PULL * (alone - heard) + (near - heard * living) / 9)
        return Looking(bright, found, alone, lives * (heard + change), lives * heard, code.steps + 1)

    def decode(self, code: Looking) -> Float[Array, "*batch H W C"]:
        """The state again."""
        return jnp.concatenate([code.bright, code.found, code.heard, code.before], -1)

    def _found(self, code: Looking, lives: Float[Array, "*batch H W 1"]) -> Float[Array, "*batch H W unit"]:
        """The activity of all layers, each of what the layer below was."""
        near, living = (patch(pad(one, self.boundary)) for one in (code.bright * lives, lives))
        parts, seen, start = [], None, 0
        for layer, units in zip(self.layers, self._units, strict=True):
            parts.append(lives * layer.forward(layer_inputs(seen, near, living)))
            seen = patch(pad(code.found[..., start : start + units], self.boundary))
            start += units
        return jnp.concatenate(parts, -1)

    def _alone(self, found: Float[Array, "*batch H W unit"]) -> Float[Array, "*batch H W label"]:
        judged = self.layers[-1].judged(found[..., -self._units[-1] :])
        return judged - jnp.mean(judged, -1, keepdims=True)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        state, count = lattice.state, self.num_labels
        bright, nine = state[:1], np.eye(9).reshape(9, 3, 3)
        lives = bright > ALIVE
        near, living = (bright * lives).each_convolved(nine), lives.each_convolved(nine)
        parts, seen, start = [bright], None, 1
        for layer, units in zip(self.layers, self._units, strict=True):
            read = [near, living] if seen is None else [seen, near]
            parts.append(layer.layer.described(lattice.concatenate(read)) * lives)
            seen = state[start : start + units].each_convolved(nine)
            start += units
        heard, before = state[start : start + count], state[start + count :]
        spread = ((heard * lives).each_convolved(_NINE) - heard * lives.each_convolved(_NINE)) * (1 / 9)
        pulled = (self.described_alone(lattice) - heard) * PULL
        after = heard + (heard - before) * MOMENTUM + (pulled + spread) * SPREAD
        return lattice.concatenate([*parts, after * lives, heard * lives])

    def described_alone(self, lattice: Lattice) -> Value:
        """`alone` as data."""
        end = lattice.state.channels - 2 * self.num_labels
        judged = self.layers[-1].described_judged(lattice.state[end - self._units[-1] : end])
        return judged - judged.sum() * (1 / self.num_labels)

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """The colour of what each cell says."""
        return painted(np.asarray(self.label(state)))


def _sum_of_nine(padded: Float[Array, "*batch tall wide C"]) -> Float[Array, "*batch H W C"]:
    """Over 3x3 cells: over rows, then over columns."""
    rows = padded[..., :-2, :, :] + padded[..., 1:-1, :, :] + padded[..., 2:, :, :]
    return rows[..., :-2, :] + rows[..., 1:-1, :] + rows[..., 2:, :]


def painted(labels: np.ndarray) -> UInt8[np.ndarray, "*batch H W 3"]:
    """Labels in their colours, grey for cells that know none, dark where none lives."""
    return np.concatenate([COLOURS, np.array([GROUND, UNDECIDED_COLOUR], np.uint8)])[labels]


def blank_layers(hidden: Sequence[int], num_labels: int, *, key: PRNGKeyArray) -> list[VotingLayer]:
    """Layers that have learned nothing, of so many units."""
    inputs = [FIRST_INPUTS, *(9 * units + 9 for units in hidden)]
    return [
        VotingLayer(size, units, num_labels, key=jax.random.fold_in(key, number))
        for number, (size, units) in enumerate(zip(inputs, hidden, strict=False))
    ]
