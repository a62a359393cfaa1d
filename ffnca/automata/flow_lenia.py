"""Flow Lenia: Lenia in which states are matter that flows to where it would grow, so that none is made or lost.

References:
    Plantec, Hamon, Etcheverry, Oudeyer, Moulin-Frier, Chan (2022), "Flow-Lenia", arXiv:2212.07906, "Flow Lenia".
    Moroz (2020), "Reintegration tracking": the squares.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca.automata.compiled import compiled
from ffnca.automata.lenia import coloured
from ffnca.automata.lenia_growth import Growth
from ffnca.grid.boundary import Boundary, pad
from ffnca.lattice import Lattice, Value

PLACES = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))
SOBEL = np.array([[down * (2 - abs(across)), across * (2 - abs(down))] for down, across in PLACES], float)
"""Weight of each place in the slope downwards and across; it is 8 times that of a cell, as in the authors' program."""

_PARTS = 2.0**20
"""Shares are whole numbers of such parts, so that those of a cell are exactly 1 together in float32."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["growth", "time_step", "critical_mass", "power", "spread"],
    meta_fields=["reach"],
)
@dataclass(frozen=True, eq=False)
class FlowLenia:
    """Flow Lenia on a lattice. States are float32 (..., H, W, C), 0 or more.

    The matter of a cell becomes an even square around where the flow takes it, and each cell gets what of the squares
    lies on it. The shares of a cell are rounded so that they are exactly 1 together; so a step neither makes nor loses
    matter but for the rounding of products and sums, which goes either way. Beyond a wall is nothing: what would go
    there stays where it is.

    Attributes:
        growth: What matter flows towards; called the affinity.
        time_step: Of the flow.
        critical_mass: Sum of a cell's channels at which matter only spreads.
        power: How suddenly it comes to that.
        spread: Half the side of the square, in cells.
        reach: The furthest cell that gets something of a cell, in rows and in columns.
    """

    growth: Growth
    time_step: Float[Array, ""]
    critical_mass: Float[Array, ""]
    power: Float[Array, ""]
    spread: Float[Array, ""]
    reach: int = 2

    @property
    def boundary(self) -> Boundary:
        """What lies beyond the edge: the other side, or a wall."""
        return self.growth.boundary

    def flow(self, state: Float[Array, "*batch H W C"]) -> Float[Array, "*batch H W C 2"]:
        """How fast the matter of each cell and channel moves, down and across."""
        total = state.sum(-1, keepdims=True)
        spreading = jnp.clip((total / self.critical_mass) ** self.power, 0.0, 1.0)[..., None]
        affinity = self._slope(self.growth.wanted(state))
        return (1 - spreading) * affinity - spreading * self._slope(total)

    def _slope(self, plane: Float[Array, "*batch H W n"]) -> Float[Array, "*batch H W n 2"]:
        neighbours = jnp.stack([self._shifted(plane, place, outside=plane) for place in PLACES], -1)
        return jnp.matmul(neighbours, SOBEL.astype(np.float32), precision="highest")

    def _shifted(self, plane: Array, place: tuple[int, int], *, outside: Array | float) -> Array:
        """What each cell sees at a place from it; `outside` beyond a wall."""
        seen = jnp.roll(plane, (-place[0], -place[1]), (-3, -2))
        if self.boundary == "wrap":
            return seen
        return jnp.where(_inside(plane.shape[-3:-1], place), seen, outside)

    @compiled
    def step(self, state: Float[Array, "*batch H W C"], key: PRNGKeyArray) -> Float[Array, "*batch H W C"]:
        """Move all matter along the flow; deterministic, `key` is not used."""
        most = self.reach - self.spread
        moved = jnp.clip(self.time_step * self.flow(state), -most, most)
        reach, (height, width) = self.reach, state.shape[-3:-1]
        around = [
            [pad(shares[cell], "wrap", reach) for cell in range(2 * reach + 1)]  # beyond a wall nothing is given
            for shares in (state * self._shares(moved[..., 0], 0), self._shares(moved[..., 1], 1))
        ]
        result = jnp.zeros_like(state)
        for row, given in enumerate(around[0]):
            for column, share in enumerate(around[1]):
                top, left = 2 * reach - row, 2 * reach - column  # of those whose matter goes so far
                seen = np.s_[..., top : top + height, left : left + width, :]
                result += given[seen] * share[seen]
        return result

    def _shares(self, moved: Float[Array, "*batch H W C"], axis: int) -> Float[Array, "cells *batch H W C"]:
        """The share of each cell's matter that goes so many cells along an axis, from the furthest back."""
        cells = range(-self.reach, self.reach + 1)
        off = abs(moved - np.reshape(cells, (-1, *[1] * moved.ndim)))
        shares = jnp.clip(0.5 + self.spread - off, 0.0, jnp.minimum(1.0, 2 * self.spread)) / (2 * self.spread)
        shares = jnp.floor(shares * _PARTS) / _PARTS  # rounded up, they could be more than there is
        if self.boundary != "wrap":
            places = [(cell, 0) if axis == 0 else (0, cell) for cell in cells]
            inside = np.stack([_inside(moved.shape[-3:-1], place) for place in places])
            shares *= inside.reshape(-1, *[1] * (moved.ndim - 3), *inside.shape[1:])
        others = shares.at[self.reach].set(0.0)
        return others.at[self.reach].set(1 - others.sum(0))

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        state, reach, channels = lattice.state, self.reach, lattice.state.channels
        total = state.sum()
        spreading = ((total / float(self.critical_mass)).maximum(1e-12).log() * float(self.power)).exp().minimum(1.0)
        affinity = self._described_slope(lattice, self.growth.described_wanted(lattice))
        slope, most = self._described_slope(lattice, total), float(self.reach - self.spread)
        matter = state
        for axis in (0, 1):
            flow = affinity[axis] - spreading * (affinity[axis] + slope[axis])
            moved = (flow * float(self.time_step)).maximum(-most).minimum(most)
            shares = self._described_shares(lattice, moved, axis)
            count = matter.channels // channels
            matter = lattice.concatenate(
                [matter[channels * part : channels * (part + 1)] * share for part in range(count) for share in shares]
            )
        side = 2 * reach + 1
        landing = np.zeros((channels, side, side, channels, side, side))
        for row in range(side):
            for column in range(side):
                for channel in range(channels):
                    landing[channel, row, column, channel, -1 - row, -1 - column] = 1
        return matter.convolve(landing.reshape(channels, -1, side, side))

    def _described_slope(self, lattice: Lattice, plane: Value) -> tuple[Value, Value]:
        """`_slope` as data, down and across."""
        rows, columns = SOBEL.T.reshape(2, 3, 3)
        down, across = plane.each_convolved(rows[None]), plane.each_convolved(columns[None])
        if self.boundary == "wrap":
            return down, across
        inside = lattice.state[:1] * 0.0 + 1.0  # what lies outside is as the cell itself, and all weights sum to 0
        return (
            down - plane * inside.convolve(rows[None, None]),
            across - plane * inside.convolve(columns[None, None]),
        )

    def _described_shares(self, lattice: Lattice, moved: Value, axis: int) -> list[Value]:
        """`_shares` as data, from the furthest back to the furthest on."""
        spread, shares = float(self.spread), []
        inside = lattice.state[:1] * 0.0 + 1.0
        for cell in range(-self.reach, self.reach + 1):
            off = (moved - float(cell)).absolute()
            share = (off * -1.0 + (0.5 + spread)).maximum(0.0).minimum(min(1.0, 2 * spread)) / (2 * spread)
            if self.boundary != "wrap":
                side = 2 * self.reach + 1
                seen = np.zeros((side, side))
                seen[(self.reach + cell, self.reach) if axis == 0 else (self.reach, self.reach + cell)] = 1
                share = share * inside.convolve(seen[None, None])
            shares.append(share)
        others = shares[: self.reach] + shares[self.reach + 1 :]
        kept = lattice.constant(1.0) - others[0]
        for share in others[1:]:
            kept = kept - share
        return [*shares[: self.reach], kept, *shares[self.reach + 1 :]]

    def render(self, state: Float[Array, "*batch H W C"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """As Lenia, in which 1 is the brightest."""
        return coloured(np.asarray(state))


def _inside(size: tuple[int, ...], place: tuple[int, int]) -> np.ndarray:
    """1 where the cell at a place from each cell is one of the grid, (H, W, 1)."""
    each = [
        (np.arange(side) + shift >= 0) & (np.arange(side) + shift < side)
        for side, shift in zip(size, place, strict=True)
    ]
    return (each[0][:, None] & each[1][None])[..., None]
