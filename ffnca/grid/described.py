"""Perception as data (`ffnca.lattice`): the same sums as `ffnca.grid.perceive`, written down instead of computed."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ffnca.errors import InputError
from ffnca.grid.kernels import CORNER, RING_WEIGHT
from ffnca.grid.transport import SHORTEST, Code
from ffnca.grid.turn import Turn, turned_patch
from ffnca.lattice import Value
from ffnca.packages import found
from ffnca.perceptions import FIRST_HIDDEN, perception_of
from ffnca.spec import shown

_RING = np.array([[CORNER, 1, CORNER], [1, 0, 1], [CORNER, 1, CORNER]])
_SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_ACROSS_X = np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0]])
_OPPOSITE = ((1, 2), (2, 1), (2, 2), (2, 0))
"""Rows and columns of the neighbours right, below, lower right and lower left, as `Turn.sobel` weighs them."""


class Described(NamedTuple):
    """What descriptions of perceptions are made from; see `ffnca.grid.perceive.Surroundings`."""

    state: Value
    alive_threshold: float
    turn: Turn | None
    code: Code | None

    @property
    def living(self) -> Value:
        """1 where alpha is above the threshold."""
        return self.state[3:4] > self.alive_threshold

    def sobel_kernels(self) -> Float[np.ndarray, "2 3 3"]:
        """Along the body's x and y."""
        if self.turn is None:
            return np.stack([_SOBEL_X, _SOBEL_X.T]) / 8
        kernels = np.zeros((2, 3, 3))
        for weights, kernel in zip(np.asarray(self.turn.sobel), kernels, strict=True):
            for weight, (row, column) in zip(weights, _OPPOSITE, strict=True):
                kernel[row, column] += weight
                kernel[2 - row, 2 - column] -= weight
        return kernels


def described(names: tuple[str, ...], around: Described) -> Value:
    """What the named perceptions give, in order.

    Raises:
        InputError: If one has no description.
    """
    parts = []
    for name in names:
        describe = perception_of(name).describe
        if describe is None:
            raise InputError(f"perception {shown(name)} has no description as data, so its rules cannot be exported so")
        parts.append(found(describe)(around))
    return around.state.lattice.concatenate(parts)


def identity(around: Described) -> Value:
    """The cell's own state."""
    return around.state


def patch(around: Described) -> Value:
    """The nine cells as they are, row by row."""
    mixed = np.eye(9) if around.turn is None else turned_patch(np.asarray(around.turn.direction), np)
    return around.state.each_convolved(np.asarray(mixed).reshape(9, 3, 3))


def sobel(around: Described) -> Value:
    """Gradient along x, then along y."""
    return around.state.each_convolved(around.sobel_kernels())


def laplacian(around: Described) -> Value:
    """Weighted neighbour mean minus the cell itself."""
    kernel = _RING / RING_WEIGHT
    kernel[1, 1] = -1
    return around.state.each_convolved(kernel[None])


def neighbour_mean(around: Described) -> Value:
    """Weighted mean over the living neighbours."""
    ring = _RING[None]
    return (around.state * around.living).each_convolved(ring) / around.living.each_convolved(ring).maximum(CORNER)


def neighbour_slope(around: Described) -> Value:
    """Weighted mean over the living neighbours of their state times where they are."""
    slopes = (around.state * around.living).each_convolved(8 * CORNER * around.sobel_kernels())
    return slopes / around.living.each_convolved(_RING[None]).maximum(CORNER)


def alive(around: Described) -> Value:
    """Whether it lives, the living share of the neighbours, and their difference across x and y."""
    cosine, sine = (1.0, 0.0) if around.turn is None else map(float, around.turn.direction)
    across = np.stack([cosine * _ACROSS_X + sine * _ACROSS_X.T, cosine * _ACROSS_X.T - sine * _ACROSS_X])
    kernels = np.concatenate([np.eye(9)[4].reshape(1, 3, 3), _RING[None] / RING_WEIGHT, across])
    return around.living.each_convolved(kernels)


def _vote(around: Described) -> tuple[Value, Value, Value]:
    """Mean of what the living neighbours say: pairs, other channels; and the lengths of the pairs."""
    assert around.code is not None
    code = around.state[FIRST_HIDDEN:]
    waves = np.asarray(around.code.waves, np.float64)
    weights = np.zeros((code.channels, code.channels, 3, 3))
    for row, column in np.ndindex(3, 3):
        angle = waves @ (1 - column, 1 - row)
        for pair, turn in enumerate(angle):
            cosine, sine = np.cos(turn), np.sin(turn)
            first = 2 * pair
            weights[first : first + 2, first : first + 2, row, column] = [[cosine, sine], [-sine, cosine]]
        for single in range(2 * len(waves), code.channels):
            weights[single, single, row, column] = 1
    living = around.living
    number = living.each_convolved(_RING[None]).maximum(CORNER)
    said = (code * living).convolve(weights * _RING) / number
    pairs, singles = said[: 2 * len(waves)], said[2 * len(waves) :]
    of_pairs = np.kron(np.eye(len(waves)), np.ones((2, 1)))
    lengths = (pairs * pairs).dense(of_pairs).sqrt()
    return pairs, singles, lengths


def transported(around: Described) -> Value:
    """The code that the living neighbours say a cell has, at full length; its own where none lives."""
    assert around.code is not None
    lattice, amplitude = around.state.lattice, float(around.code.amplitude)
    pairs, singles, lengths = _vote(around)
    each = lengths[[pair for pair in range(lengths.channels) for _ in range(2)]]
    said = pairs * amplitude / each.maximum(SHORTEST)
    if singles.channels:
        said = lattice.concatenate([said, singles * amplitude / singles.absolute().maximum(SHORTEST)])
    something = said.absolute().sum() > 0.0
    return lattice.where(something, said, around.state[FIRST_HIDDEN:])


def agreement(around: Described) -> Value:
    """How far the living neighbours agree about the code of a cell, in the wave in which they do least."""
    assert around.code is not None
    return _vote(around)[2].least() / float(around.code.amplitude)
