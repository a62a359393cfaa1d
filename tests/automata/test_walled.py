import jax
import jax.numpy as jnp
import numpy as np

from ffnca.automata.base import Automaton, rollout
from ffnca.automata.life import Life
from ffnca.automata.walled import Walled
from ffnca.grid.seeds import soup
from ffnca.opening import make


def test_without_walls_nothing_changes(key) -> None:
    fish = make("fish")
    open_grid = Walled(fish.automaton, jnp.zeros(fish.start.shape[:2], bool))
    assert isinstance(open_grid, Automaton)
    wanted = rollout(fish.automaton, fish.start, 30, key=key)
    # two compiled programs, so the last digits may differ
    np.testing.assert_allclose(rollout(open_grid, fish.start, 30, key=key), wanted, atol=1e-4)


def test_nothing_lives_in_a_wall_and_life_goes_on_beside_it(key) -> None:
    life = Life.from_notation("B3/S23")
    wall = np.zeros((20, 20), bool)
    wall[:, 10] = True
    start = soup((20, 20), 0.5, key=key)
    state = rollout(Walled(life, jnp.asarray(wall)), start, 5, key=key)
    assert not np.asarray(state)[wall].any()
    assert np.asarray(state).any()
    # by hand: a step, then nothing in the wall
    by_hand = start
    for step in range(5):
        by_hand = life.step(by_hand, jax.random.fold_in(key, step)) * ~wall[..., None]
    np.testing.assert_array_equal(state, by_hand)
