"""Perception: what one cell sees of itself and its neighbours, as one vector."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from ffnca.grid import kernels
from ffnca.grid.boundary import Boundary, pad
from ffnca.grid.transport import Code, Vote
from ffnca.grid.turn import Turn, turned_patch, turned_pattern
from ffnca.perceptions import FIRST_HIDDEN, seeing


class Surroundings(NamedTuple):
    """What perceptions are computed from.

    Attributes:
        state: Grid, channels last, alpha in channel 3.
        padded: The same with one ring of what lies beyond its edge.
        boundary: What lies there; for wider neighbourhoods, see `ffnca.grid.boundary.pad`.
        alive_threshold: Alpha above which a cell counts as living.
        turn: Angle by which what has a direction is turned; None is not.
        code: Waves of the position code, turned likewise; None where nothing asks for them.
    """

    state: Float[Array, "*batch H W C"]
    padded: Float[Array, "*batch tall wide C"]
    boundary: Boundary
    alive_threshold: float
    turn: Turn | None
    code: Code | None = None

    @property
    def weights(self) -> Float[Array, "2 4"] | None:
        """Of turned Sobel sums."""
        return None if self.turn is None else self.turn.sobel


def perceive(
    state: Float[Array, "*batch H W C"],
    names: tuple[str, ...],
    boundary: Boundary,
    *,
    alive_threshold: float,
    turn: Turn | None = None,
    code: Code | None = None,
) -> Float[Array, "*batch H W P"]:
    """Concatenate what the named perceptions give, in order.

    Args:
        state: Grid, channels last, alpha in channel 3.
        names: From `ffnca.perceptions`.
        boundary: What lies beyond the edge.
        alive_threshold: Alpha above which a cell counts as living.
        turn: Angle by which what has a direction is turned; None is not.
        code: Waves of the position code, turned likewise; for perceptions that are `of_code`.

    Returns:
        Perception, `perception_size(names, C)` numbers a cell.

    Raises:
        InputError: If a name is unknown.
    """
    return seen(Surroundings(state, pad(state, boundary), boundary, alive_threshold, turn, code), names)


def seen(around: Surroundings, names: tuple[str, ...]) -> Float[Array, "*batch H W P"]:
    """The same of surroundings."""
    return jnp.concatenate([seeing(name)(around) for name in names], axis=-1)


def identity(around: Surroundings) -> Float[Array, "*batch H W C"]:
    """The cell's own state."""
    return around.state


def patch(around: Surroundings) -> Float[Array, "*batch H W patch"]:
    """The nine cells as they are, row by row."""
    seen = kernels.patch(around.padded)
    if around.turn is None:
        return seen
    cells = seen.reshape(*seen.shape[:-1], 9, -1)
    mixed = jnp.einsum("bg,...gc->...bc", turned_patch(around.turn.direction), cells)
    return mixed.reshape(seen.shape)


def sobel(around: Surroundings) -> Float[Array, "*batch H W gradient"]:
    """Gradient along x, then along y."""
    return kernels.sobel(around.padded, around.weights)


def laplacian(around: Surroundings) -> Float[Array, "*batch H W C"]:
    """Weighted neighbour mean minus the cell itself."""
    return kernels.laplacian(around.padded)


def neighbour_mean(around: Surroundings) -> Float[Array, "*batch H W C"]:
    """Weighted mean over the living neighbours."""
    return kernels.neighbour_mean(around.padded, around.alive_threshold)


def neighbour_slope(around: Surroundings) -> Float[Array, "*batch H W slope"]:
    """Weighted mean over the living neighbours of their state times where they are."""
    return kernels.neighbour_slope(around.padded, around.alive_threshold, around.weights)


def alive(around: Surroundings) -> Float[Array, "*batch H W 4"]:
    """Whether it lives itself, the living share of the neighbours, and their difference across x and across y."""
    pattern = kernels.alive_pattern(around.padded, around.alive_threshold)
    pattern = pattern if around.turn is None else turned_pattern(pattern, around.turn)
    return jnp.concatenate([kernels.living(around.state, around.alive_threshold), pattern], axis=-1)


def _vote(around: Surroundings) -> Vote:
    if around.code is None:
        raise ValueError("what its neighbours say of a cell's code is seen only where the waves of the code are known")
    return around.code.vote(around.padded, around.alive_threshold)


def transported(around: Surroundings) -> Float[Array, "*batch H W code"]:
    """The code that the living neighbours say a cell has, at full length; its own where none lives."""
    said = _vote(around).at_full_length()
    return jnp.where(jnp.any(said != 0, -1, keepdims=True), said, around.state[..., FIRST_HIDDEN:])


def agreement(around: Surroundings) -> Float[Array, "*batch H W 1"]:
    """How far the living neighbours agree about the code of a cell, in the wave in which they do least: 0 to 1."""
    return _vote(around).agreement()
