"""Life on 32 cells a word is exactly Life: against a plain NumPy loop at any size, edge and rule."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import Encoded, rollout
from ffnca.automata.life import Life
from ffnca.automata.life_bits import packed, stepped, unpacked
from ffnca.automata.walled import Walled
from ffnca.grid.boundary import BOUNDARIES

MODES = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}
SIZES = ((33, 21), (64, 64), (20, 97))
RULES = ("B3/S23", "B3678/S34678", "B36/S125")


def plain_step(cells: np.ndarray, born: tuple[bool, ...], survive: tuple[bool, ...], boundary: str) -> np.ndarray:
    """The next generation by a sum of eight shifted arrays."""
    height, width = cells.shape
    around = np.pad(cells.astype(int), 1, mode=MODES[boundary])
    count = sum(around[i : i + height, j : j + width] for i in range(3) for j in range(3) if (i, j) != (1, 1))
    return np.where(cells, np.array(survive)[count], np.array(born)[count])


@pytest.mark.parametrize(("place", "boundary"), [*enumerate(BOUNDARIES)])
@pytest.mark.parametrize(("number", "size"), [*enumerate(SIZES)])
def test_a_thousand_generations(number: int, size: tuple[int, int], place: int, boundary, key) -> None:
    life = Life.from_notation(RULES[(number + place) % 3], boundary=boundary)
    assert isinstance(life, Encoded)
    cells = np.random.default_rng(number).random(size) < 0.4
    found = rollout(life, jnp.asarray(cells[..., None], jnp.float32), 1000, key=key)
    for _ in range(1000):
        cells = plain_step(cells, life.born, life.survive, boundary)
    assert (found.dtype, 0 < cells.sum() < cells.size) == (jnp.float32, True)
    np.testing.assert_array_equal(found[..., 0], cells)


@settings(max_examples=10)
@given(st.tuples(*[st.booleans()] * 9), st.tuples(*[st.booleans()] * 9), st.sampled_from(BOUNDARIES), st.integers(0, 9))
def test_any_rule(born: tuple[bool, ...], survive: tuple[bool, ...], boundary, seed: int) -> None:
    cells = np.random.default_rng(seed).random((37, 11)) < 0.5
    bits = packed(jnp.asarray(cells))
    for _ in range(2):
        cells, bits = plain_step(cells, born, survive, boundary), stepped(bits, born, survive, boundary)
        np.testing.assert_array_equal(unpacked(bits)[..., 0], cells)


@pytest.mark.parametrize("height", [1, 2, 31, 32, 65])
def test_cells_come_back_from_their_words(height: int) -> None:
    cells = np.random.default_rng(height).random((2, height, 3)) < 0.5
    np.testing.assert_array_equal(unpacked(packed(jnp.asarray(cells)))[..., 0], cells)


def test_a_batch_a_trajectory_and_walls_are_as_step_says(key) -> None:
    life = Life.from_notation("B3/S23", boundary="reflect")
    states = jnp.asarray(np.random.default_rng(5).random((3, 35, 18, 1)) < 0.4, jnp.float32)
    path = rollout(life, states, 6, key=key, every=2)
    stepwise = states
    for number in range(6):
        stepwise = life.step(stepwise, key)
        if number % 2:
            np.testing.assert_array_equal(path[number // 2], stepwise)
    np.testing.assert_array_equal(jax.vmap(lambda state: rollout(life, state, 6, key=key))(states), stepwise)
    wall = jnp.zeros((35, 18), bool).at[:, 9].set(True)
    walled = states[0]
    for _ in range(4):
        walled = jnp.where(wall[..., None], 0.0, life.step(walled, key))
    np.testing.assert_array_equal(rollout(Walled(life, wall), states[0], 4, key=key), walled)
