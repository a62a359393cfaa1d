"""A system in fifteen lines, as a user would write it: every cell takes the mean of its row."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from ffnca import Simulation, System, World, soup


class MeanWorld(World):
    kind: Literal["mean"]


@jax.tree_util.register_static
class Mean:
    def step(self, state, key):
        return jnp.broadcast_to(state.mean(-2, keepdims=True), state.shape)

    def render(self, state):
        return np.repeat(np.uint8(255 * np.asarray(state)), 3, -1)


class MeanSystem(System):
    kind, spec = "mean", MeanWorld

    def open(self, world, request, path):
        start = soup(request.size or world.grid.size, 0.5, key=jax.random.key(request.seed))
        return Simulation(path.stem, world, Mean(), start)


MEAN = MeanSystem()
