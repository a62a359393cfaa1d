"""Ants and turmites against walkers in plain Python, and what is known of Langton's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.turmite import FEW, Turmite, ants_at, num_ants, painted
from ffnca.automata.turmite_rule import spelt_rule, turmite_rule
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.world_file import parse_world

FIBONACCI = "{{{1,8,1},{1,8,1}},{{1,2,1},{0,1,0}}}"


def _walk(table: list, size: tuple[int, int], walkers: list, steps: int, *, wraps: bool = True) -> np.ndarray:
    """Walkers (row, column, heading, state) one by one on a dictionary of cells: the definition.

    `table[state][colour]` is (writes, quarter turns to the right, becomes).
    """
    ground: dict[tuple[int, int], int] = {}
    num_colours = len(table[0])
    for _ in range(steps):
        added: dict[tuple[int, int], int] = {}
        moved = []
        for row, column, heading, state in walkers:
            old = ground.get((row, column), 0)
            writes, turns, becomes = table[state][old]
            added[row, column] = added.get((row, column), 0) + writes - old
            heading = (heading + turns) % 4
            row, column = row + (-1, 0, 1, 0)[heading], column + (0, 1, 0, -1)[heading]
            if wraps:
                row, column = row % size[0], column % size[1]
            if 0 <= row < size[0] and 0 <= column < size[1]:
                moved.append((row, column, heading, becomes))
        for place, more in added.items():
            ground[place] = (ground.get(place, 0) + more) % num_colours
        walkers = moved
    state = np.zeros((*size, 1 + 4 * len(table)), np.float32)
    for place, colour in ground.items():
        state[*place, 0] = colour
    for row, column, heading, inner in walkers:
        state[row, column, 1 + 4 * inner + heading] += 1
    return state


def _start(size: tuple[int, int], walkers: list, num_states: int) -> jax.Array:
    return jnp.asarray(_walk(num_states * [[(0, 0, 0)]], size, walkers, 0))


LANGTON = [[(1, 1, 0), (0, 3, 0)]]
LLRR = [[(1, 3, 0), (2, 3, 0), (3, 1, 0), (0, 1, 0)]]
SPIRAL = [[(1, 3, 1), (1, 3, 1)], [(1, 1, 1), (0, 0, 0)]]


@pytest.mark.parametrize(
    ("size", "notation", "table", "boundary"),
    [
        ((9, 12), "RL", LANGTON, "wrap"),
        ((8, 8), "LLRR", LLRR, "zero"),
        ((10, 7), FIBONACCI, SPIRAL, "wrap"),
    ],
)
def test_walkers_are_those_of_plain_python(size: tuple[int, int], notation: str, table: list, boundary) -> None:
    """Some of them meet; sparse, dense and as data."""
    generator = np.random.default_rng(1)
    walkers = [
        (int(generator.integers(size[0])), int(generator.integers(size[1])), int(generator.integers(4)), 0)
        for _ in range(5)
    ]
    walkers += [walkers[0], (*walkers[0][:2], (walkers[0][2] + 2) % 4, 0)]
    automaton, state = Turmite.from_notation(notation, boundary=boundary), _start(size, walkers, len(table))
    start = state
    program, few = step_program(automaton, automaton.num_channels), automaton.where_ants_are
    all_cells = jax.jit(automaton.everywhere)
    for step in range(1, 41):
        before, state = state, few(state)
        np.testing.assert_array_equal(all_cells(before), state)
        if step % 10 == 1:
            np.testing.assert_array_equal(program.run(np.asarray(before)), state)
            wanted = _walk(table, size, walkers, step, wraps=boundary == "wrap")
            np.testing.assert_array_equal(state, wanted)
    assert float(painted(automaton, state)) > 5
    assert boundary == "zero" or float(num_ants(automaton, state)) == len(walkers)
    np.testing.assert_array_equal(rollout(automaton, start, 40, key=jax.random.key(0)), state)


@pytest.mark.parametrize("number", [1, FEW, FEW + 1])
def test_turmites_one_by_one_are_those_of_the_lattice(number: int, key: jax.Array) -> None:
    """Up to as many as are held, and more; through one compiled program."""
    automaton = Turmite.from_notation("RL", boundary="zero")
    start = state = ants_at((14, 11), 5, number, key=key)
    step = jax.jit(automaton.everywhere)
    for _ in range(30):
        state = step(state)
    np.testing.assert_array_equal(rollout(automaton, start, 30, key=key), state)
    assert num_ants(automaton, state) > 0


def test_more_ants_than_a_few_walk_too(key) -> None:
    automaton, start = Turmite.from_notation("RL"), ants_at((16, 20), 5, 3 * FEW, key=key)
    walkers = [
        (int(row), int(column), int(heading), 0)
        for row, column, heading in np.argwhere(np.asarray(start)[..., 1:] > 0)
        for _ in range(int(start[row, column, 1 + heading]))
    ]
    assert len(walkers) == 3 * FEW
    end = rollout(automaton, start, 25, key=key)
    np.testing.assert_array_equal(end, _walk(LANGTON, (16, 20), walkers, 25))


@pytest.mark.computes
def test_langtons_ant_builds_its_highway(key) -> None:
    """From about 10,000 steps on it moves by two cells diagonally, and leaves 12 black ones, every 104 steps."""
    automaton, size = Turmite.from_notation("RL"), (128, 128)
    states = {}
    state, at = ants_at(size, 5, 1, key=key), 0
    steps = 10_400 + 10**18 % 104
    for target in (100, steps, steps + 104, steps + 208):
        state, at = rollout(automaton, state, target - at, key=key, first_step=at), target
        states[target] = np.asarray(state)
    np.testing.assert_array_equal(states[100], _walk(LANGTON, size, [(64, 64, 0, 0)], 100))
    black = [int(states[one][..., 0].sum()) for one in (steps, steps + 104, steps + 208)]
    assert np.diff(black).tolist() == [12, 12]
    # Project Euler 349: black cells after 10^18 steps.
    assert black[0] + 12 * ((10**18 - steps) // 104) == 115384615384614952
    places = [np.argwhere(states[one][..., 1:] > 0)[0] for one in (steps, steps + 104, steps + 208)]
    moved = np.diff(places, axis=0)
    assert np.abs(moved).tolist() == [[2, 2, 0], [2, 2, 0]]
    np.testing.assert_array_equal(moved[0], moved[1])


def test_symmetric_ants_are_symmetric_when_they_come_home() -> None:
    """Gale and others: rules of paired turns make pictures with a mirror, again and again."""
    world = make("ant-symmetric")
    states = np.asarray(rollout(world.automaton, world.start, 400, key=jax.random.key(0), every=1))[..., 0]
    found = 0
    for picture in states[40:]:
        rows, columns = np.nonzero(picture)
        crop = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        found += (crop == crop[::-1]).all() or (crop == crop[:, ::-1]).all()
    assert found > 3


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("rl", "RL"),
        ("L L R R", "LLRR"),
        ("{{{1, 2, 0}, {0, 8, 0}}}", "RL"),
        ("{{{1, 8, 1}, {1, 8, 1}}, {{1, 2, 1}, {0, 1, 0}}}", FIBONACCI),
        ("NRUL", "NRUL"),
    ],
)
def test_rules_have_one_spelling(text: str, spelt: str) -> None:
    assert spelt_rule(turmite_rule(text)) == spelt
    assert turmite_rule(spelt) == turmite_rule(text)


WORLD = 'kind = "ant"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[rule]\nnotation = "R"\n', '"R" is no rule of an ant; allowed: a turn for each of 2 to 16 colours'),
        ('[rule]\nnotation = "RLX"\n', '"RLX" is no rule of an ant'),
        ('[rule]\nnotation = "{{{1,2,0},{0,3,0}}}"\n', "is no rule of an ant"),
        (
            '[rule]\nnotation = "{{{2,2,0},{0,8,0}}}"\n',
            "colour 0: writes 2, becomes 0; allowed: colours below 2",
        ),
        ('[rule]\nnotation = "{{{1,2,1},{0,8,0}},{{0,1,0},{0,1,0},{0,1,0}}}"\n', "state 1 has 3 colours, state 0 2"),
        (f'[rule]\nnotation = "{"{" * 5000}"\n', "is no rule of an ant"),
        ("[start]\nants = 1000000000000\n", "start.ants = 1000000000000; allowed: a whole number from 1 to 1000"),
        ('boundary = "reflect"\n', 'allowed for ants: "wrap", "zero"'),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)
