"""Sandpiles against plain NumPy, and what is known of them: the order of grains does not matter; the identity."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import rollout, step_program
from ffnca.automata.sandpile import Sandpile, identity_start, stabilised
from ffnca.brushes import Touch
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.world_file import parse_world


def _topple(pile: np.ndarray, wraps: bool) -> np.ndarray:
    """One step, cell by cell."""
    after, (tall, wide) = pile.copy(), pile.shape
    for row, column in np.argwhere(pile >= 4):
        after[row, column] -= 4
        for there, across in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if wraps or (0 <= there < tall and 0 <= across < wide):
                after[there % tall, across % wide] += 1
    return after


@pytest.mark.parametrize(("size", "boundary"), [((9, 12), "zero"), ((8, 8), "wrap"), ((11, 5), "zero")])
def test_steps_are_those_of_numpy(size: tuple[int, int], boundary) -> None:
    pile = np.random.default_rng(0).integers(0, 9, size).astype(np.float32)
    automaton, key = Sandpile(boundary), jax.random.key(0)
    program, step = step_program(automaton, 1), jax.jit(automaton.step)
    for _ in range(12):
        wanted = _topple(pile, boundary == "wrap")
        np.testing.assert_array_equal(step(pile[..., None], key)[..., 0], wanted)
        np.testing.assert_array_equal(program.run(pile[..., None])[..., 0], wanted)
        assert boundary == "zero" or wanted.sum() == pile.sum()
        pile = wanted


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_grains_does_not_matter(places: list, chance) -> None:
    """Grains dropped one by one in another order, each toppled to rest, or all at once: the same pile."""
    before = np.asarray(stabilised(jax.numpy.full((7, 9), 5.0)))
    one_by_one, at_once = before, before.copy()
    for place in chance.sample(places, len(places)):
        grain = np.zeros_like(before)
        grain[place] = 1
        one_by_one = np.asarray(stabilised(jax.numpy.asarray(one_by_one + grain)))
        at_once += grain
    np.testing.assert_array_equal(one_by_one, stabilised(jax.numpy.asarray(at_once)))


def test_the_identity_changes_no_recurrent_pile(key) -> None:
    """By toppling in plain NumPy; the identity of 3x3 cells is known."""

    def rest(pile: np.ndarray) -> np.ndarray:
        while (pile >= 4).any():
            pile = _topple(pile, wraps=False)
        return pile

    np.testing.assert_array_equal(rest(identity_start((3, 3))), [[2, 1, 2], [1, 0, 1], [2, 1, 2]])
    identity = rest(identity_start((7, 10)))
    full = np.full((7, 10), 3, np.float32)
    np.testing.assert_array_equal(rest(identity + identity), identity)
    np.testing.assert_array_equal(rest(full + identity), full)


@pytest.mark.computes
def test_shipped_piles_come_to_rest(key) -> None:
    for name, steps, grains in (("sandpile", 9000, 10_000), ("sandpile-identity", 3000, None)):
        world = make(name)
        end = rollout(world.automaton, world.start, steps, key=key)
        assert world.measured(end)["toppling"] == 0
        assert grains is None or world.measured(end)["grains"] == grains
        square = np.asarray(end)[..., 0]
        np.testing.assert_array_equal(square, square.T)
        assert set(np.unique(square)) == {0, 1, 2, 3}


def test_brushes_add_grains() -> None:
    world = make("sandpile")
    cells = np.zeros((96, 96), bool)
    cells[3:5, 4:9] = True
    for name, least, most in (("paint", 10, 10), ("noise", 1, 30), ("seed", 2560, 2560)):
        state = np.zeros((96, 96, 1), np.float32)
        world.brushes[name].change(state, Touch(cells, (1.0, 1.0, 1.0), np.random.default_rng(0)))
        assert least <= state.sum() <= most
        assert not state[~cells].any()


WORLD = 'kind = "sandpile"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[start]\npile = 1000000000000\n", "start.pile = 1000000000000; allowed: a whole number from 0 to 1000000"),
        ("[start]\npile = 5\nmost = 2\n", "one of pile, each, most and identity is allowed"),
        ("[start]\nidentity = false\n", "identity = false; allowed: true"),
        ('boundary = "reflect"\n', 'grid.boundary = "reflect"; allowed for a sandpile: "zero", "wrap"'),
        ('boundary = "wrap"\n[start]\nidentity = true\n', 'allowed: "zero"'),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)


def test_grains_fall_off_unless_told_otherwise() -> None:
    assert parse_world(WORLD, "w").grid.boundary == "zero"
    with pytest.raises(InputError, match="allowed for a sandpile"):
        Sandpile("reflect")
