"""A rule is not bound to a place or a grid: two first cells grow two creatures, and each heals by itself."""

import jax.numpy as jnp
import numpy as np

from ffnca.automata.base import rollout
from ffnca.opening import make


def test_two_first_cells_on_one_grid_grow_two_creatures_that_heal(key) -> None:
    butterfly = make("butterfly")
    side = butterfly.start.shape[0]
    both = jnp.concatenate(
        [butterfly.start, butterfly.start], axis=1
    )  # a grid twice as wide, a first cell in each half
    grown = rollout(butterfly.automaton, both, 200, key=key)
    errors = [butterfly.relative_mse(half) for half in jnp.split(grown, 2, axis=1)]
    assert max(errors) < 0.01
    rows, columns = np.mgrid[0:side, 0 : 2 * side]
    wound = np.hypot(rows - side / 2, columns - side / 2 - 5) < 4
    wounded = grown * ~wound[..., None]
    left, right = (butterfly.relative_mse(half) for half in jnp.split(wounded, 2, axis=1))
    assert left > 0.05 > 0.01 > right
    healed = rollout(butterfly.automaton, wounded, 200, key=key, first_step=200)
    assert max(butterfly.relative_mse(half) for half in jnp.split(healed, 2, axis=1)) < 0.01
