"""Elementary automata: all 256 rules against plain Python, what is known of some, and the sheet that scrolls."""

import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import rollout, step_program
from ffnca.automata.elementary import Elementary, first_cells, first_row
from ffnca.brushes import Touch
from ffnca.errors import InputError
from ffnca.opening import make, opened
from ffnca.systems.base import Request
from ffnca.systems.elementary import ELEMENTARY
from ffnca.world_file import parse_world

RULE_30 = "1101110011000101100100111010111001110101"
"""Its centre column from the first row on: OEIS A051023."""


def _plain(rule: int, cells: list[int], boundary: str, steps: int) -> np.ndarray:
    """Rows one under another, by the definition."""
    rows = [cells]
    for _ in range(steps):
        old, new = rows[-1], []
        for place in range(len(old)):
            around = []
            for other in (place - 1, place, place + 1):
                if boundary == "wrap":
                    around.append(old[other % len(old)])
                elif boundary == "zero":
                    around.append(old[other] if 0 <= other < len(old) else 0)
                else:
                    around.append(old[-other if other < 0 else min(other, 2 * (len(old) - 1) - other)])
            new.append(int(bin(256 + rule)[-1 - int("".join(map(str, around)), 2)]))
        rows.append(new)
    return np.array(rows)


def _sheet(rule: int, cells: np.ndarray, height: int, steps: int, boundary="wrap") -> np.ndarray:
    size = (height, len(cells))
    start = first_row(size, jnp.asarray(cells, jnp.float32))
    return np.asarray(rollout(Elementary(rule, size, boundary), start, steps, key=jax.random.key(0)))


@pytest.mark.parametrize(("width", "boundary"), [(13, "wrap"), (16, "zero"), (11, "reflect")])
def test_every_rule_is_that_of_its_number(width: int, boundary) -> None:
    """Without compiling 256 rules: rows one by one, each rule on a row of its own."""
    rows = np.random.default_rng(width).integers(0, 2, (256, width))
    for rule, row in list(enumerate(rows))[:: 1 if boundary == "wrap" else 15]:
        after = np.asarray(Elementary(rule, (8, width), boundary).next_row(jnp.asarray(row, jnp.float32)))
        np.testing.assert_array_equal(after, _plain(rule, row.tolist(), boundary, 1)[1])


@pytest.mark.parametrize("boundary", ["wrap", "zero", "reflect"])
def test_a_full_sheet_scrolls(boundary) -> None:
    cells = np.random.default_rng(1).integers(0, 2, 19)
    rows = _plain(110, cells.tolist(), boundary, 20)
    for steps in (3, 8, 9, 20):
        sheet = _sheet(110, cells, 9, steps, boundary)
        newest = min(steps, 8)
        np.testing.assert_array_equal(sheet[: newest + 1, :, 0], rows[max(0, steps - 8) : steps + 1])
        assert not sheet[newest + 1 :].any()
        np.testing.assert_array_equal(sheet[..., 1], np.arange(9)[:, None] == newest + np.zeros((1, 19)))


@pytest.mark.parametrize("newest", [0, 6, None])
def test_a_run_is_its_steps_whatever_is_on_the_sheet(newest: int | None, key: jax.Array) -> None:
    """Rows of 32 cells a word, where the sheet is scribbled on and a row is marked in a few places, or none is."""
    draw, automaton = np.random.default_rng(3), Elementary(110, (7, 45))
    start = draw.random((7, 45, 2)).astype(np.float32)
    start[..., 1] = 0
    if newest is not None:
        start[newest, 2::3, 1], start[0, 9, 1] = 1, 1
    state, states = jnp.asarray(start), rollout(automaton, jnp.asarray(start), 12, key=key, every=1)
    step = jax.jit(lambda state: automaton.step(state, key))
    for found in np.asarray(states):
        state = step(state)
        np.testing.assert_array_equal(found, state)


def test_rule_30_has_its_column() -> None:
    sheet = _sheet(30, np.eye(1, 101, 50)[0], 64, len(RULE_30) - 1)
    assert "".join(str(int(bit)) for bit in sheet[: len(RULE_30), 50, 0]) == RULE_30


def test_rule_90_is_the_triangle_of_pascal() -> None:
    sheet = _sheet(90, np.eye(1, 65, 32)[0], 32, 31)[..., 0]
    for row in range(32):
        for place in range(row + 1):
            assert sheet[row, 32 - row + 2 * place] == math.comb(row, place) % 2
    assert sheet.sum() == 3**5


@settings(max_examples=12)
@given(st.integers(0, 255), st.lists(st.integers(0, 1), min_size=3, max_size=24))
def test_mirror_and_complement(rule: int, cells: list[int]) -> None:
    """The rule seen in a mirror steps the mirrored row; the complementary rule steps the complement."""
    row, bits = jnp.asarray(cells, jnp.float32), f"{rule:08b}"[::-1]
    mirrored = sum(int(bits[int(f"{n:03b}"[::-1], 2)]) << n for n in range(8))
    complement = sum((1 - int(bits[7 - n])) << n for n in range(8))
    after, turned, other = (Elementary(number, (8, len(cells))).next_row for number in (rule, mirrored, complement))
    np.testing.assert_array_equal(turned(row[::-1])[::-1], after(row))
    np.testing.assert_array_equal(1 - other(1 - row), after(row))


@pytest.mark.parametrize("boundary", ["wrap", "zero", "reflect"])
def test_its_description_is_its_step(boundary) -> None:
    cells = np.random.default_rng(3).integers(0, 2, 14)
    automaton = Elementary(45, (9, 14), boundary)
    program, state = step_program(automaton, 2), _sheet(45, cells, 9, 0)
    step = jax.jit(automaton.step)
    for _ in range(14):
        wanted = np.asarray(step(state, jax.random.key(0)))
        state = program.run(state)
        np.testing.assert_array_equal(state, wanted)
    np.testing.assert_array_equal(program.run(0 * state), step(0 * state, jax.random.key(0)))


def test_an_erased_mark_is_found_in_other_columns() -> None:
    sheet = np.array(_sheet(30, np.eye(1, 21, 10)[0], 16, 5))
    sheet[:, :7] = 0
    step = jax.jit(Elementary(30, (16, 21)).step)
    after = step(jnp.asarray(sheet), jax.random.key(0))
    assert np.asarray(after)[6, :, 1].all()
    batch = step(jnp.stack([jnp.asarray(sheet), after]), jax.random.key(0))
    np.testing.assert_array_equal(batch[0], after)


def test_worlds_start_as_they_say() -> None:
    assert np.asarray(make("rule90").start)[0, :, 0].sum() == 1
    random = opened(Request("rule110", seed=3))
    assert 60 < float(random.start[0, :, 0].sum()) < 130
    assert random.reseeded is not None
    assert (random.reseeded(random, 4).start != random.start).any()
    world = parse_world(WORLD + '[rule]\nnumber = 30\n[start]\ncells = "1011"\n', "w")
    start = ELEMENTARY.open(world, Request("w"), Path("w.toml")).start
    assert np.flatnonzero(np.asarray(start)[0, :, 0]).tolist() == [8, 10, 11]
    picture = ELEMENTARY.thumbnail(world, Path("w.toml"))
    assert (picture[20] != picture[20, 0]).any()


@pytest.mark.parametrize("name", ["erase", "paint", "seed"])
def test_a_brush_leaves_the_newest_row_the_newest(name: str) -> None:
    """In a page too, where every column looks for it by itself."""
    rule90 = make("rule90")
    state = np.array(rollout(rule90.automaton, rule90.start, 9, key=jax.random.key(0)))
    cells = np.zeros(state.shape[:2], bool)
    cells[3:15, 60:70] = True
    brush = rule90.brushes[name]
    brush.change(state, Touch(cells, (1.0, 0.0, 0.0), np.random.default_rng(0)))
    assert (state[cells, 0] == (name != "erase")).all()
    wanted = np.asarray(rule90.automaton.step(jnp.asarray(state), jax.random.key(0)))
    np.testing.assert_array_equal(step_program(rule90.automaton, 2).run(state), wanted)
    assert brush.data is not None


WORLD = 'kind = "elementary"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[rule]\nnumber = 256\n", "rule.number = 256; allowed: a whole number from 0 to 255"),
        ("", "rule is missing"),
        (f"[rule]\nnumber = 1\n[start]\ncells = '{21 * '1'}'\n", "start.cells has 21 cells; allowed: 20, a row"),
        ("[rule]\nnumber = 1\n[start]\ncells = '012'\n", "allowed: 0 and 1, up to"),
        ("[rule]\nnumber = 1\n[start]\ncells = '1'\ndensity = 0.5\n", "not both"),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)


def test_rows_that_do_not_fit_and_rules_that_are_none() -> None:
    with pytest.raises(InputError, match="21 cells; allowed: at most the width of the grid, 20"):
        first_cells(20, None, 21 * "1", key=jax.random.key(0))
    with pytest.raises(InputError, match="rule"):
        Elementary(256, (8, 8))
