"""Life against a plain oracle, its known creatures, and patterns in RLE."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ffnca.automata.base import Automaton, rollout
from ffnca.automata.life import Life, parse_rle, to_rle
from ffnca.automata.life_rule import canonical_rule
from ffnca.errors import InputError
from ffnca.systems.life import LifeWorld, start_state
from ffnca.systems.world_settings import build_world
from ffnca.world import dump_world, shipped_worlds
from ffnca.world_file import load_world, world_from_json

BOUNDARIES = ("wrap", "zero", "reflect")
NOTATIONS = ("B3/S23", "B36/S23", "B2/S", "B0123478/S01234678")


def _oracle(cells: np.ndarray, born: set[int], survive: set[int], boundary: str) -> np.ndarray:
    """Cell by cell, by the definition of each boundary."""
    height, width = cells.shape

    def at(row: int, column: int) -> int:
        if boundary == "zero":
            return int(cells[row, column]) if 0 <= row < height and 0 <= column < width else 0
        if boundary == "wrap":
            return int(cells[row % height, column % width])
        mirrored = [
            -place if place < 0 else 2 * (side - 1) - place if place >= side else place
            for place, side in ((row, height), (column, width))
        ]
        return int(cells[mirrored[0], mirrored[1]])

    after = np.zeros_like(cells)
    for row in range(height):
        for column in range(width):
            count = sum(at(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
            after[row, column] = count in (survive if cells[row, column] else born)
    return after


def _state(cells: np.ndarray) -> jax.Array:
    return jnp.asarray(cells[..., None], jnp.float32)


def _placed(pattern: str, side: int = 12) -> np.ndarray:
    cells, rows = np.zeros((side, side), bool), parse_rle(pattern)
    cells[4 : 4 + rows.shape[0], 4 : 4 + rows.shape[1]] = rows
    return cells


def _after(cells: np.ndarray, num_steps: int, life: Life) -> np.ndarray:
    return np.asarray(rollout(life, _state(cells), num_steps, key=jax.random.key(0)))[..., 0] > 0


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_equals_the_oracle(boundary, notation: str, key) -> None:
    born, survive = ({int(digit) for digit in part[1:]} for part in notation.split("/"))
    life = Life.from_notation(notation, boundary=boundary)
    for seed, shape in enumerate([(9, 8), (8, 13)]):
        cells = np.random.default_rng(seed).random(shape) < 0.4
        state = _state(cells)
        for _ in range(3):
            cells, state = _oracle(cells, born, survive, boundary), life.step(state, key)
            np.testing.assert_array_equal(np.asarray(state)[..., 0], cells)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_all_512_neighbourhoods(notation: str, key) -> None:
    born, survive = (part[1:] for part in notation.split("/"))
    blocks = (np.arange(512)[:, None] >> np.arange(9) & 1).reshape(512, 3, 3)
    after = Life.from_notation(notation, boundary="zero").step(_state(blocks), key)
    assert after.dtype == jnp.float32
    for block, cell in zip(blocks, np.asarray(after)[:, 1, 1, 0], strict=True):
        alive, count = block[1, 1], block.sum() - block[1, 1]
        assert cell == float(str(count) in (survive if alive else born))


def test_blinker_and_glider() -> None:
    life = Life.from_notation("B3/S23")
    blinker = _placed("3o!")
    np.testing.assert_array_equal(_after(blinker, 1, life), _oracle(blinker, {3}, {2, 3}, "wrap"))
    assert not (_after(blinker, 1, life) == blinker).all()
    np.testing.assert_array_equal(_after(blinker, 2, life), blinker)
    glider = _placed("bob$2bo$3o!")
    np.testing.assert_array_equal(_after(glider, 4, life), np.roll(glider, (1, 1), (0, 1)))
    np.testing.assert_array_equal(_after(glider, 48, life), glider)  # once around the torus


@given(arrays(bool, (8, 9)), st.integers(-9, 9), st.integers(-9, 9))
def test_stepping_commutes_with_rolling_under_wrap(cells: np.ndarray, down: int, right: int) -> None:
    life, key = Life.from_notation("B3/S23"), jax.random.key(0)
    rolled = life.step(_state(np.roll(cells, (down, right), (0, 1))), key)
    np.testing.assert_array_equal(rolled, np.roll(np.asarray(life.step(_state(cells), key)), (down, right), (0, 1)))


def test_batch_equals_singles_and_rollouts_compose(key) -> None:
    life = Life.from_notation("B36/S23", boundary="reflect")
    states = _state(np.random.default_rng(1).random((2, 3, 10, 11)) < 0.4)
    batch = life.step(states, key)
    for index in np.ndindex(2, 3):
        np.testing.assert_array_equal(batch[index], life.step(states[index], key))
    parts = rollout(life, rollout(life, states, 3, key=key), 4, key=key, first_step=3)
    np.testing.assert_array_equal(parts, rollout(life, states, 7, key=key))


def test_contract_and_rendering() -> None:
    life = Life.from_notation("B3/S23")
    assert isinstance(life, Automaton)
    assert life == Life.from_notation("B3/S32")
    assert hash(life) == hash(Life.from_notation("B33/S23"))
    assert not jax.tree.leaves(life)
    cells = _placed("3o!")
    picture = life.render(_state(cells))
    assert (picture.dtype, picture.shape) == (np.uint8, (12, 12, 3))
    assert (picture[cells] < 60).all()
    assert (picture[~cells] > 200).all()
    assert life.render(_state(np.stack([cells, cells]))).shape == (2, 12, 12, 3)


@pytest.mark.parametrize(
    ("spelt", "notation"),
    [
        *((spelt, "B3/S23") for spelt in ("b3s23", "B3S23", "b3/s23", "23/3", "s23b3", "S32/B33", " B3 / S23\n")),
        *((spelt, "B3/S23") for spelt in ("Life", "LIFE", "Conway's Life")),
        *(("HighLife", "B36/S23"), ("Seeds", "B2/S"), ("/2", "B2/S"), ("Day & Night", "B3678/S34678")),
        *(("B/S8", "B/S8"), ("2x2", "B36/S125"), ("b0123478s01234678", "B0123478/S01234678")),
    ],
)
def test_rules_as_people_spell_them(spelt: str, notation: str) -> None:
    assert canonical_rule(spelt) == notation
    assert Life.from_notation(spelt) == Life.from_notation(notation)


@pytest.mark.parametrize(
    "notation",
    [
        "",
        "/",
        "B3",
        "B9/S2",
        "B\u0663/S2",
        "23/3/1",
        "23/3/257",
        "B2-a/S12",
        "23/3/4",
        "B2-/S",
        "B8c/S",
        "B2j/S",
        "Lifes",
        "3" * 5000,
        "B3/S23:T8",
    ],
)
def test_bad_notation(notation: str) -> None:
    with pytest.raises(InputError, match="notation") as caught:
        Life.from_notation(notation)
    assert len(str(caught.value)) < 300


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=90)))
def test_rle_round_trip(pattern: np.ndarray) -> None:
    text = to_rle(pattern, "B36/S23")
    assert max(map(len, text.splitlines())) <= 70
    np.testing.assert_array_equal(parse_rle(text), pattern)


def test_rle_as_golly_writes_it() -> None:
    glider = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]], bool)
    for text in (
        "bob$2bo$3o!",
        "#N Glider\n#C a comment!\n\nx = 3, y = 3, rule = B3/S23\nbo$2bo$3o! after the end",
        "x=3,y=3\r\nbo$2\r\nbo$3o\r\n!",
        ".A.$..A$3A$!",
    ):
        np.testing.assert_array_equal(parse_rle(text)[:3], glider)
    assert parse_rle("x = 5, y = 4\no!").shape == (4, 5)
    np.testing.assert_array_equal(parse_rle("o3$o!")[:, 0], [True, False, False, True])
    assert to_rle(glider) == "x = 3, y = 3, rule = B3/S23\nbo$2bo$3o!\n"


GLIDER = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]], bool)


@pytest.mark.parametrize(
    "text",
    [
        "x = 3, y = 3, rule = B3/S23\nbob$2bo$3o",  # the final ! is optional
        "X=3 Y=3 RULE=life\r\n#C within\r\nbob$\r\n2bo$3o!\r\n",
        *(f"x = {width}, y = {height}\nbob$2bo$3o!" for width, height in ((1, 1), (0, 0), (9999, 3), (-1, 10**12))),
        "bob$2bo$3o9999$!",
        "#Life 1.06\n0 -1\n1 0\n-1 1\n0 1\n1 1\n",
        "#Life 1.05\n#D A glider\n#N\n#P -1 -1\n.*\n..*\n***\n",
        "#Life 1.05\n#P 4 4\n.*\n..*\n#P 4 6\n***\n",
        "!Name: Glider\n!\n.O\n..O\nOOO\n",
        ".O.\r\n..O\r\nOOO",
        ".o.\n..o\nooo\n",  # plain text in lower case, not RLE without ends of lines
        "  !Name\n.O.\n..O\nOOO\n",
        "x = 0003, y = 3\nb00001o$2bo$0000000003o!",
        "#Life 1.05\n#P4 4\n.*\n..*\n#P\t4 6\n***\n",
        "#Lifeforms of all kinds\nx = 3, y = 3\nbo$2bo$3o!",
    ],
)
def test_no_stricter_than_the_formats(text: str) -> None:
    np.testing.assert_array_equal(parse_rle(text), GLIDER)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        ("!", "empty"),
        ("3o$2", '"2"'),
        ("3z!", '"3z"'),
        (".A$2A.B!", 'line 1, column 7: "B" is state 2'),
        ("x = 0, y = 3\n!", "empty"),
        ("2049o!", "larger"),
        ("99999999999999999999o!", "larger"),
        ("9999$9999$9999$o!", "larger"),
        ("\u0663o!", "allowed"),
        ("x = 3, y = 3, rule = LifeHistory\n3F!", 'line 2, column 2: "3F" is no state'),
        ("x = 3, y = 3, rule = B3/S23:K8*,8\n3o!", ":T (torus) and :P (plane)"),
        ("x = 3, y = 3, rule = B3/S23:T8+1,8\n3o!", "not supported"),
        ("x = 3, y = 3, rule = B3/S23:T8,0\n3o!", "infinite one way"),
        ("#Life 1.06\n0 0\n99999 1\n", "larger"),
        ("#Life 1.06\n0 zero\n", "Life 1.06"),
        ("#Life 1.06\n", "empty"),
        ("#Life 1.05\n#P one\n", "Life 1.05"),
        ("#Life 1.05\n#R 23/3/1\n***\n", "line 2, column 1: the rule"),
        ("#Life 1.05\nbob\n", "Life 1.05"),
        ("#r 23/36\nx = 3, y = 1, rule = B3/S23\n3o!", "two rules or grids: B36/S23, B3/S23"),
        ("#r 23/3:T9\nx = 3, y = 1, rule = B3/S23:P9\n3o!", "two rules or grids"),
        ("#Life 1.05\n#N\n#R 23/36\n*\n", "two rules or grids"),
        ("x = 3, y = 3, rule = a" + ", " * 40_000 + "z", "is no state"),  # took a minute
    ],
)
def test_bad_patterns(text: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_rle(text)
    assert part in str(caught.value)


@given(
    st.sampled_from(["", "#Life 1.05\n", "#Life 1.06\n", "!\n", "x = 3, y = 1\n", "x = 1, y = 1, rule = 23/3:P9\n"]),
    st.text(alphabet="bo$!.AO*P0123456789 -xy=,#\r\n\t\u0663\0z", max_size=60),
)
@example("x = 3, y = 1\n", "$3o!")  # a run beyond a pattern of one row
def test_any_pattern(start: str, text: str) -> None:
    try:
        pattern = parse_rle(start + text)
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            pytest.fail(str(error))
    else:
        np.testing.assert_array_equal(parse_rle(to_rle(pattern)), pattern)


def _world(**start: object) -> LifeWorld:
    settings = {"kind": "life", "title": "t", "grid": {"size": [20, 31]}, "rule": {"notation": "B3/S23"}}
    world = build_world(settings | {"start": start}, "w")
    assert isinstance(world, LifeWorld)
    return world


def test_initial_states() -> None:
    state = start_state(_world(rle="3o!"), 0)
    assert (state.shape, state.dtype, float(state.sum())) == ((20, 31, 1), jnp.float32, 3.0)
    assert np.asarray(state)[9, 14:17].all()
    for density in (0, 0.0, 1, 0.5):
        state = start_state(_world(density=density), 0)
        assert state.shape == (20, 31, 1)
        assert set(np.unique(state).tolist()) <= {0.0, 1.0}
        assert float(state.mean()) == pytest.approx(density, abs=0.08)
    np.testing.assert_array_equal(start_state(_world(), 0), start_state(_world(density=0.3), 0))
    with pytest.raises(InputError, match="too small"):
        start_state(_world(rle="32o!"), 0)
    with pytest.raises(InputError, match="rle"):
        start_state(_world(rle="nonsense"), 0)


def _shipped(name: str) -> tuple[Life, np.ndarray]:
    world = load_world(shipped_worlds()[name])
    assert isinstance(world, LifeWorld)
    life = Life.from_notation(world.rule.notation, boundary=world.grid.boundary)
    return life, np.asarray(start_state(world, 0))[..., 0] > 0


def test_the_gun_shoots_a_glider_every_30_steps() -> None:
    life, gun = _shipped("life")
    counts = [int(_after(gun, steps, life).sum()) for steps in (0, 30, 60, 90)]
    assert counts == [36, 41, 46, 51]
    late, later = (_after(gun, steps, life)[43:52, 30:66] for steps in (3000, 3030))
    np.testing.assert_array_equal(late, later)  # the gun itself outlives what its gliders do at the edge


def test_the_replicator_makes_two_of_itself() -> None:
    life, cells = _shipped("highlife")
    after = _after(cells, 12, life)
    assert after.sum() == 2 * cells.sum()
    assert (_after(cells, 24, life).sum(), _after(cells, 36, life).sum()) == (2 * cells.sum(), 4 * cells.sum())


def _by_header(header: str, **tables: object) -> LifeWorld:
    settings = {"kind": "life", "title": "t", "start": {"rle": f"x = 3, y = 3, rule = {header}\nbob$2bo$3o!"}, **tables}
    world = build_world(settings, "w.toml")
    assert isinstance(world, LifeWorld)
    return world


ANY_GRID = {"size": [32, 40]}


@pytest.mark.parametrize("rule", ["B3/S23:T8,8", "life:t8", "23/3 : T 8 , 8"])
@pytest.mark.parametrize("grid", [ANY_GRID, {"size": [32, 32], "boundary": "wrap"}, {}])
def test_a_torus_of_the_header_is_the_grid(rule: str, grid: dict) -> None:
    world = _by_header(rule, rule={"notation": "B3/S23"}, grid=grid)
    assert (world.grid.size, world.grid.boundary) == ((8, 8), "wrap")
    assert world_from_json(dump_world(world), "w") == world


def test_on_the_torus_of_its_header_a_glider_comes_back() -> None:
    world = _by_header("B3/S23:T8,8", grid=ANY_GRID)
    start = np.asarray(start_state(world, 0))[..., 0] > 0
    life = Life.from_notation(world.rule.notation, boundary=world.grid.boundary)
    np.testing.assert_array_equal(_after(start, 32, life), start)
    assert not np.array_equal(_after(start, 16, life), start)


def test_what_a_header_says_of_its_grid() -> None:
    plane = _by_header("B3/S23:P12,9", grid={})
    assert (plane.grid.size, plane.grid.boundary) == ((9, 12), "zero")
    for endless in ("B3/S23", "B3/S23:T0,0", "B3/S23:P0"):
        assert _by_header(endless, grid=ANY_GRID).grid.size == (32, 40)
    assert _by_header("HighLife", grid=ANY_GRID).rule.notation == "B36/S23"
    assert _by_header("", grid=ANY_GRID, rule={"notation": "b36s23"}).rule.notation == "B36/S23"


@pytest.mark.parametrize(
    ("rule", "tables", "parts"),
    [
        ("B36/S23", {"rule": {"notation": "B3/S23"}}, ('"B3/S23"', "B36/S23", "start.rle")),
        ("B3/S23:T8,8", {"grid": {"size": [8, 8], "boundary": "zero"}}, ('"zero"', '"wrap"', "start.rle")),
        ("B3/S23:P8,8", {"grid": {"size": [8, 8], "boundary": "wrap"}}, ('"wrap"', '"zero"', "start.rle")),
        ("B3/S23:T5,8", {}, ("5 wide", "8 to 1024")),
        ("B3/S23:T2000,8", {}, ("2000 wide", "8 to 1024")),
        ("B3/S23:S8", {}, (":T (torus)", "S8")),
        ("Wireworld", {}, ("Wireworld", "Life-like")),
        ("", {}, ("rule is missing",)),
    ],
)
def test_contradictions_are_refused_by_both_names(rule: str, tables: dict, parts: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        _by_header(rule, **{"grid": ANY_GRID} | tables)
    for part in ("w.toml: ", *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize("said", ["#r 23/36", "  #r 23/36", "#R B36/S23", "#r 23/36\n#R -5 7"])
def test_a_comment_says_the_rule_where_the_header_does_not(said: str) -> None:
    settings = {"kind": "life", "title": "t", "grid": ANY_GRID, "start": {"rle": f"{said}\nx = 3, y = 1\n3o!"}}
    world = build_world(settings, "w")
    assert isinstance(world, LifeWorld)
    assert world.rule.notation == "B36/S23"


def test_a_rule_has_nine_counts_and_an_edge() -> None:
    with pytest.raises(InputError, match="allowed: 9 each, and wrap"):
        Life((True,) * 9, (True,))


def test_wrong_sizes_of_a_header_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    world = _world(rle="x = 2, y = 9999\nbob$2bo$3o!")
    told = "ffnca: start.rle: its header says 9999x2 (height x width), its rows 3x3; the rows count\n"
    assert capsys.readouterr().err == told
    assert float(start_state(world, 0).sum()) == 5.0


def test_a_roomy_header_does_not_make_the_grid_too_small() -> None:
    state = start_state(_world(rle="x = 100, y = 100\n3b3o!"), 0)
    assert float(state.sum()) == 3.0
