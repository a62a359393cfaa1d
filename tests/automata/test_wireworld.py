"""Wireworld against plain NumPy, its gates and diodes, and circuits as text."""

import itertools
from itertools import groupby

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.automata.base import rollout, step_program
from ffnca.automata.state_pattern import Rows, drawn_states, rle_states
from ffnca.automata.wireworld import Wireworld
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.systems.wireworld import DRAWN, wireworld_rule
from ffnca.world_file import parse_world

XOR = """
######........
......#.......
.....####.....
.....#..######
.....####.....
......#.......
######........
"""
PASSING, BLOCKING = ".....##......\n######.######\n.....##......", ".....##......\n#####.#######\n.....##......"


def _plain(cells: np.ndarray, boundary: str = "zero") -> np.ndarray:
    around = np.pad(cells, 1, mode={"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary])
    after = cells.copy()
    for row, column in np.ndindex(cells.shape):
        if cells[row, column] == 1:
            after[row, column] = 2
        elif cells[row, column] == 2:
            after[row, column] = 3
        elif cells[row, column] == 3:
            heads = (around[row : row + 3, column : column + 3] == 1).sum()
            after[row, column] = 1 if heads in (1, 2) else 3
    return after


@pytest.mark.parametrize(("size", "boundary"), [((9, 12), "wrap"), ((8, 11), "zero"), ((10, 10), "reflect")])
def test_steps_are_those_of_numpy(size: tuple[int, int], boundary) -> None:
    cells = np.random.default_rng(0).choice(4, size, p=(0.3, 0.1, 0.1, 0.5))
    automaton = Wireworld(boundary)
    program, step = step_program(automaton, 1), jax.jit(automaton.step)
    for _ in range(8):
        state, wanted = cells[..., None].astype(np.float32), _plain(cells, boundary)
        np.testing.assert_array_equal(step(state, jax.random.key(0))[..., 0], wanted)
        np.testing.assert_array_equal(program.run(state)[..., 0], wanted)
        assert (wanted == 1).any()
        cells = wanted


def _arrived(circuit: str, inputs: list[tuple[int, int]], out: tuple[int, int], key: jax.Array) -> int:
    """Electrons that come by a cell within 20 steps, if one starts in each of these rows and columns."""
    cells = np.array(drawn_states(circuit, DRAWN), np.float32)
    for row, column in inputs:
        cells[row, column - 1 : column + 1] = 2, 1
    states = rollout(Wireworld(), jax.numpy.asarray(cells)[..., None], 20, key=key, every=1)
    return int((np.asarray(states)[:, out[0], out[1], 0] == 1).sum())


def test_an_xor_gate_has_its_truth_table(key) -> None:
    for first, second in itertools.product((0, 1), repeat=2):
        inputs = first * [(0, 1)] + second * [(6, 1)]
        assert _arrived(XOR, inputs, (3, 13), key) == first ^ second


def test_a_diode_passes_one_way(key) -> None:
    assert _arrived(PASSING, [(1, 1)], (1, 12), key) == 1
    assert _arrived(BLOCKING, [(1, 1)], (1, 12), key) == 0


def test_the_shipped_clocks_tick(key) -> None:
    """A clock of 10 steps and one of 12: their exclusive or repeats every 60."""
    world = make("wireworld")
    first = rollout(world.automaton, world.start, 120, key=key)
    second = rollout(world.automaton, first, 60, key=key)
    np.testing.assert_array_equal(first, second)
    third = rollout(world.automaton, first, 30, key=key)
    assert (np.asarray(third) != np.asarray(first)).any()
    assert world.measured(first)["electrons"] > 4


def _rle(rows: Rows) -> str:
    """The body of a pattern in RLE."""
    lines = []
    for row in rows:
        runs = [(len(list(run)), "." if state == 0 else chr(ord("A") + state - 1)) for state, run in groupby(row)]
        lines.append("".join(f"{count if count > 1 else ''}{tag}" for count, tag in runs))
    return "$".join(lines) + "!"


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=6))
def test_rle_comes_back(rows: list[list[int]]) -> None:
    width = max(map(len, rows))
    squared = tuple(tuple(row + (width - len(row)) * [0]) for row in rows)
    text = f"x = {width}, y = {len(rows)}, rule = WireWorld\n# by hand\n{_rle(squared)}\nand more"
    assert rle_states(text, 4, wireworld_rule) == squared
    drawing = "\n".join("".join(".@~#"[state] for state in row) for row in squared)
    assert drawn_states(drawing, DRAWN) == squared


WORLD = 'kind = "wireworld"\ntitle = "t"\n[grid]\nsize = [20, 20]\n[start]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "one of circuit and rle is needed"),
        ('circuit = "##x"', 'circuit, line 1, column 3: "x" is no state; allowed: "." " " "@" "~" "#"'),
        ('circuit = "#\\n\\n#?"', "line 3, column 2"),
        ('circuit = "  "', "the pattern is empty"),
        ('rle = "2C$D!"', 'rle, line 1, column 4: "D" is state 4; allowed with this rule: 4 states, 0 to 3'),
        ('rle = "2C\\n  3?"', 'line 2, column 3: "3?" where a run should be'),
        ('rle = "999999999999C!"', "larger than 2048x2048 cells"),
        ('rle = "C99999$C!"', "larger than 2048x2048 cells"),
        ('rle = "x = 1, y = 1, rule = B3/S23\\nC!"', 'rule = "B3/S23"; allowed: WireWorld'),
        ('rle = "C!"\ncircuit = "#"', "not both"),
    ],
)
def test_bad_circuits_say_where(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
