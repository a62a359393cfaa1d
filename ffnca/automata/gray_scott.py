"""Gray and Scott's reaction and diffusion: a chemical V that makes more of itself from U, which is fed.

Reference:
    Pearson (1993), "Complex Patterns in a Simple System", Science 261, 189-192, arXiv:patt-sol/9304003.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from ffnca import draws
from ffnca.automata.compiled import compiled
from ffnca.grid.boundary import Boundary, pad
from ffnca.lattice import Lattice, Value
from ffnca.render import in_colours, ramp

LAPLACIANS = {
    "5-point": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "9-point": np.array([[1, 4, 1], [4, -20, 4], [1, 4, 1]]) / 6,
}
"""Weights of the neighbours by which a chemical spreads; nine points spread it more evenly in all directions."""
BRIGHTEST = 0.4
"""Concentration of V, seldom exceeded, that has the last colour."""
COLOURS = ramp([(9, 12, 34), (22, 52, 96), (24, 112, 128), (92, 176, 132), (214, 214, 132), (255, 248, 226)])
"""Deep blue through green to cream."""
DROP = (0.5, 0.25)
"""U and V in a drop, as Pearson's runs start."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["feed", "kill", "diffusion", "time_step"],
    meta_fields=["laplacian", "boundary"],
)
@dataclass(frozen=True, eq=False)
class GrayScott:
    """Gray-Scott on a lattice. States are float32 (..., H, W, 2): concentrations of U and V from 0 to 1.

    Attributes:
        feed: Rate F at which U is brought back to 1, and both are washed out, in a unit of time.
        kill: Rate k at which V decays besides.
        diffusion: Of U and of V, in cells squared in a unit of time.
        time_step: Units of time in a step.
        laplacian: A key of `LAPLACIANS`.
        boundary: What lies beyond the edge.
    """

    halo: ClassVar[int] = 1

    feed: Float[Array, ""]
    kill: Float[Array, ""]
    diffusion: Float[Array, "2"]
    time_step: Float[Array, ""]
    laplacian: str = "5-point"
    boundary: Boundary = "wrap"

    @classmethod
    def of(
        cls,
        feed: float,
        kill: float,
        *,
        diffusion: tuple[float, float] = (0.2097, 0.1049),
        time_step: float = 1.0,
        laplacian: str = "5-point",
        boundary: Boundary = "wrap",
    ) -> "GrayScott":
        """Gray-Scott of these numbers; Pearson's diffusion, 2e-5 and 1e-5 on a lattice of 2.5 / 256, if not given."""
        return cls(
            jnp.float32(feed),
            jnp.float32(kill),
            jnp.asarray(diffusion, jnp.float32),
            jnp.float32(time_step),
            laplacian,
            boundary,
        )

    def spread(self, state: Float[Array, "*batch H W 2"]) -> Float[Array, "*batch H W 2"]:
        """The Laplacian of each chemical."""
        height, width = state.shape[-3:-1]
        around = pad(state, self.boundary)
        return sum(
            (
                jnp.float32(weight) * around[..., row : row + height, column : column + width, :]
                for (row, column), weight in np.ndenumerate(LAPLACIANS[self.laplacian])
                if weight
            ),
            start=jnp.zeros_like(state),
        )

    @compiled
    def step(self, state: Float[Array, "*batch H W 2"], key: PRNGKeyArray) -> Float[Array, "*batch H W 2"]:
        """Diffuse, react and feed, within 0 and 1; deterministic, `key` is not used."""
        u, v = state[..., :1], state[..., 1:]
        made = u * v * v
        reacted = jnp.concatenate([self.feed * (1 - u) - made, made - (self.feed + self.kill) * v], -1)
        return jnp.clip(state + self.time_step * (self.diffusion * self.spread(state) + reacted), 0.0, 1.0)

    def described(self, lattice: Lattice) -> Value:
        """`step` as data."""
        u, v = lattice.state[:1], lattice.state[1:]
        feed, time_step = float(self.feed), float(self.time_step)
        made = u * v * v
        fed = (u * -1.0 + 1.0) * feed - made
        reacted = lattice.concatenate([fed, made - v * (feed + float(self.kill))]) * time_step
        every = np.eye(2)[:, :, None, None] * LAPLACIANS[self.laplacian]
        spread = lattice.state.convolve(every) * (time_step * np.asarray(self.diffusion))
        return (lattice.state + spread + reacted).maximum(0.0).minimum(1.0)

    def render(self, state: Float[Array, "*batch H W 2"]) -> UInt8[np.ndarray, "*batch H W 3"]:
        """V, from deep blue to cream."""
        return in_colours(np.asarray(state)[..., 1] / BRIGHTEST, COLOURS)


def drops(
    size: tuple[int, int], num_drops: int, side: int, noise: float, *, key: PRNGKeyArray
) -> Float[Array, "H W 2"]:
    """U everywhere, with square drops of V, the first in the middle and the others anywhere across the edges.

    Args:
        size: Height and width of the grid.
        num_drops: How many.
        side: Of a drop, in cells.
        noise: Share by which each number is less, at most, at random.
        key: Source of the places and the noise.

    Reference:
        Pearson (1993): a square of 20 cells on 256, and noise of 1%.
    """
    places = np.array(draws.randint(key, (num_drops, 2), 0, jnp.asarray(size)))
    places[0] = size[0] // 2, size[1] // 2
    start = np.zeros((*size, 2), np.float32)
    start[..., 0] = 1
    for row, column in places - side // 2:
        start[np.ix_((row + np.arange(side)) % size[0], (column + np.arange(side)) % size[1])] = DROP
    less = draws.uniform(jax.random.fold_in(key, 1), start.shape, maxval=noise)
    return jnp.asarray(start * (1 - np.asarray(less)), jnp.float32)


@jax.jit
def mean_u(automaton: GrayScott, state: Float[Array, "H W 2"]) -> Float[Array, ""]:
    """Mean concentration of U."""
    return jnp.mean(state[..., 0])


@jax.jit
def mean_v(automaton: GrayScott, state: Float[Array, "H W 2"]) -> Float[Array, ""]:
    """Mean concentration of V."""
    return jnp.mean(state[..., 1])
