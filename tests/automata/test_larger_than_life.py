"""Larger than Life against plain NumPy, sums over wide neighbourhoods, and rules as people write them."""

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.larger_than_life import LargerThanLife
from ffnca.automata.life import Life
from ffnca.automata.range_rule import range_rule
from ffnca.errors import InputError
from ffnca.grid.windows import neighbourhood_sum, window_sum
from ffnca.opening import make
from ffnca.world_file import parse_world


def _inside(radius: int, shape: str, down: int, across: int) -> bool:
    if shape == "N":
        return abs(down) + abs(across) <= radius
    return shape == "M" or down**2 + across**2 <= radius**2 + radius


def _counts(alive: np.ndarray, radius: int, shape: str, boundary: str) -> np.ndarray:
    """Neighbours with the middle, cell by cell."""
    around = np.pad(alive, radius, mode={"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary])
    reach = range(-radius, radius + 1)
    places = [(down, across) for down in reach for across in reach if _inside(radius, shape, down, across)]
    tall, wide = alive.shape
    return sum(
        around[radius + down : radius + down + tall, radius + across : radius + across + wide]
        for down, across in places
    )


def _plain(cells: np.ndarray, automaton: LargerThanLife) -> np.ndarray:
    rule = automaton.rule
    counts = _counts((cells == 1).astype(int), rule.radius, rule.shape, automaton.boundary)
    after = np.zeros_like(cells)
    for place, state in np.ndenumerate(cells):
        count = counts[place] - (state == 1) * (not rule.counts_middle)
        least, most = rule.born if state == 0 else rule.survive
        if state < 2 and least <= count <= most:
            after[place] = 1
        elif state:
            after[place] = (state + 1) % rule.num_states
    return after


@pytest.mark.parametrize(
    ("size", "notation", "boundary"),
    [
        ((17, 24), "R5,C0,M1,S34..58,B34..45,NM", "wrap"),
        ((16, 16), "R3,C6,M0,S5..14,B6..9,NN", "zero"),
        ((19, 13), "R4,C4,M1,S12..30,B14..22,NC", "reflect"),
        ((9, 12), "R6,C0,M1,S60..110,B60..80,NM", "wrap"),  # wider than the grid
    ],
)
def test_steps_are_those_of_numpy(size: tuple[int, int], notation: str, boundary) -> None:
    automaton = LargerThanLife.from_notation(notation, boundary=boundary)
    cells = np.random.default_rng(0).integers(0, min(automaton.rule.num_states, 3), size)
    program, step = step_program(automaton, 1), jax.jit(automaton.step)
    for _ in range(5):
        state, wanted = cells[..., None].astype(np.float32), _plain(cells, automaton)
        np.testing.assert_array_equal(step(state, jax.random.key(0))[..., 0], wanted)
        np.testing.assert_array_equal(program.run(state)[..., 0], wanted)
        cells = wanted


@pytest.mark.parametrize("length", [1, 2, 5, 7, 11])
def test_window_sums(length: int) -> None:
    line = np.arange(1, 19, dtype=np.float32) ** 2
    wanted = np.convolve(line, np.ones(length), "valid")
    np.testing.assert_array_equal(window_sum(jax.numpy.asarray(line), length, 0), wanted)


@pytest.mark.parametrize(("shape", "letter"), [("moore", "M"), ("von_neumann", "N"), ("circular", "C")])
def test_neighbourhood_sums(shape: str, letter: str) -> None:
    cells = np.random.default_rng(2).integers(0, 9, (13, 18))
    summed = neighbourhood_sum(jax.numpy.asarray(cells, jax.numpy.float32)[..., None], 4, shape, "zero")
    np.testing.assert_array_equal(summed[..., 0], _counts(cells, 4, letter, "zero"))


def test_life_is_one_of_them(key) -> None:
    state = (np.random.default_rng(1).random((20, 31, 1)) < 0.4).astype(np.float32)
    ends = [
        rollout(automaton, jax.numpy.asarray(state), 12, key=key)
        for automaton in (LargerThanLife.from_notation("life"), Life.from_notation("life"))
    ]
    np.testing.assert_array_equal(*ends)


@pytest.mark.computes
def test_bosco_comes_back_after_166_steps(key) -> None:
    bosco = make("bosco")
    states = np.asarray(rollout(bosco.automaton, bosco.start, 166, key=key, every=1))
    same = np.flatnonzero((states == np.asarray(bosco.start)).all((1, 2, 3)))
    assert same.tolist() == [165]


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("Bosco", "R5,C0,M1,S34..58,B34..45,NM"),
        ("5,34,45,34,58", "R5,C0,M1,S34..58,B34..45,NM"),
        ("r5, c2, s33-57, b34-45, nm", "R5,C0,M0,S33..57,B34..45,NM"),
        ("R2,C5,M0,S3,B4..5", "R2,C5,M0,S3..3,B4..5,NM"),
        ("bugs_movie", "R10,C0,M1,S123..212,B123..170,NM"),
    ],
)
def test_rules_have_one_spelling(text: str, spelt: str) -> None:
    assert str(range_rule(text)) == spelt
    assert str(range_rule(spelt)) == spelt


WORLD = 'kind = "larger_than_life"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[rule]\nnotation = "R51,C0,M1,S1..2,B1..2,NM"\n', "out of range; allowed: radius 1 to 50"),
        ('[rule]\nnotation = "R5,C0,M1,S9..2,B1..2,NM"\n', "fewest above most"),
        ('[rule]\nnotation = "R5,C0,M1,S1..99999999999,B1..2,NM"\n', "is no rule of Larger than Life; allowed"),
        ('[rule]\nnotation = "B3/S23"\n', '"B3/S23" is no rule of Larger than Life'),
        (
            "[start]\nrle = '3A$2B!'\n",
            'start.rle, line 1, column 5: "B" is state 2; allowed with R5,C0,M1,S34..58,B34..45,NM: 2 states, 0 to 1',
        ),
        ("[start]\nrle = 'A!'\ndensity = 0.5\n", "not both"),
        (
            '[rule]\nnotation = "R1,C64,M1,S1..2,B1..2,NM"\n[start]\nrle = "Z!"\n',
            '"Z" is no state',
        ),
        (
            '[rule]\nnotation = "Globe"\n[start]\nrle = """x = 1, y = 1, rule = Waffle\no!"""\n',
            "start.rle is of rule R7,C0,M1,S100..200,B75..170,NM; allowed: that of rule.notation, R8,C0,M0",
        ),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)


def test_a_mirror_is_narrower_than_the_grid() -> None:
    with pytest.raises(InputError, match="radius 20 with reflect"):
        parse_world(
            'kind = "larger_than_life"\ntitle = "t"\n[grid]\nsize = [20, 30]\nboundary = "reflect"\n'
            '[rule]\nnotation = "R20,C0,M1,S1..2,B1..2,NM"\n',
            "w",
        )
