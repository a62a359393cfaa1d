"""The patterns that ship do what they are known for."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.automata.life import Life
from ffnca.automata.life_isotropic import life_automaton
from ffnca.automata.life_pattern import parse_pattern
from ffnca.automata.life_rule import parse_rule
from ffnca.automata.life_states import values_of
from ffnca.world import find_world, shipped_patterns, shipped_worlds
from ffnca.world_file import load_world

SIDE = 128
MOVES = {
    "glider": (4, (1, 1)),
    "lwss": (4, (0, -2)),
    "mwss": (4, (0, -2)),
    "hwss": (4, (0, -2)),
    "copperhead": (10, (-1, 0)),
    "loafer": (7, (0, -1)),
    "weekender": (7, (-2, 0)),
    "bomber": (48, (8, 8)),
    "fireball": (40, (20, 0)),
    "brain-ship": (1, (0, -1)),
    "star-wars-ship": (1, (0, -1)),
    "seeds-ship": (1, (1, 0)),
    "just-friends": (6, (-1, -1)),
    "tlife": (5, (1, 0)),
    "pulsar": (3, (0, 0)),
    "pentadecathlon": (15, (0, 0)),
    "queen-bee-shuttle": (30, (0, 0)),
    "galaxy": (8, (0, 0)),
    "figure-eight": (8, (0, 0)),
    "tumbler": (14, (0, 0)),
    "two-cell-p195": (195, (0, 0)),
}
"""Generations after which a pattern is the same again, and how far it has moved, down and across."""
POPULATIONS = {
    "diehard": {129: 2, 130: 0},
    "gosper-gun": {0: 36, 30: 41, 60: 46},
    "simkin-gun": {0: 36, 120: 41, 240: 46},
    "replicator": {0: 3, 8: 24},
    "puffer-train": {0: 22, 120: 179},
    "seeds": {0: 2, 1: 4, 2: 6, 3: 8},
    "maze": {0: 8, 30: 212},
    "transers": {0: 24, 30: 456},
}
"""Cells that are not dead after so many generations."""
ON_A_PLANE = {"r-pentomino": {1102: 118, 1103: 116, 1104: 116}, "block-layer": {1152: 173, 1440: 205}}
"""The same on a plane of `PLANE` cells a side, which all that flies away stays on."""
PLANE = 640
SLOW = {"acorn": {5205: 635, 5206: 633}}


@cache
def _pattern(name: str) -> tuple[str, np.ndarray]:
    pattern = parse_pattern(shipped_patterns()[name].read_text(encoding="utf-8"))
    assert pattern.rule is not None
    return pattern.rule, values_of(pattern.cells, parse_rule(pattern.rule).num_states)


def _placed(name: str, side: int) -> jax.Array:
    cells = _pattern(name)[1]
    top, left = (side - cells.shape[0]) // 2, (side - cells.shape[1]) // 2
    state = np.zeros((side, side, 1), np.float32)
    state[top : top + cells.shape[0], left : left + cells.shape[1], 0] = cells
    return jnp.asarray(state)


def test_every_pattern_is_a_world_with_its_source() -> None:
    assert len(shipped_patterns()) >= 20
    assert {*MOVES, *POPULATIONS, *ON_A_PLANE, *SLOW} == set(shipped_patterns())
    assert not shipped_patterns().keys() & shipped_worlds().keys()
    for name, path in shipped_patterns().items():
        text = path.read_text(encoding="utf-8")
        assert (text.startswith("#N "), ".com/" in text, len(text) < 1000) == (True, True, True), name
        world = load_world(path)
        assert (world.kind, world.rule.notation) == ("life", _pattern(name)[0])
        assert find_world(name) == path


@pytest.mark.parametrize("name", MOVES)
def test_it_comes_back(name: str, key) -> None:
    generations, shift = MOVES[name]
    start = _placed(name, SIDE)
    after = rollout(life_automaton(_pattern(name)[0]), start, generations, key=key)
    np.testing.assert_array_equal(after, np.roll(start, shift, (0, 1)))


@pytest.mark.parametrize("name", POPULATIONS)
def test_it_grows_or_dies(name: str, key) -> None:
    life, start = life_automaton(_pattern(name)[0]), _placed(name, SIDE)
    counts = {steps: int((rollout(life, start, steps, key=key) > 0).sum()) for steps in POPULATIONS[name]}
    assert counts == POPULATIONS[name]


def _on_a_plane(name: str, side: int, known: dict[int, int], key: jax.Array) -> None:
    life, state, done = Life.from_notation("B3/S23", boundary="zero"), _placed(name, side), 0
    for generation, population in known.items():
        state, done = rollout(life, state, generation - done, key=key), generation
        assert int(state.sum()) == population


@pytest.mark.computes
@pytest.mark.parametrize("name", ON_A_PLANE)
def test_it_settles_or_goes_on(name: str, key) -> None:
    _on_a_plane(name, PLANE, ON_A_PLANE[name], key)


@pytest.mark.slow
@pytest.mark.computes
def test_the_acorn_settles(key) -> None:
    _on_a_plane("acorn", 2800, SLOW["acorn"], key)
