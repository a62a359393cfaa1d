"""Rules by the shape of the neighbourhood, and cells that die by degrees, against plain NumPy and by their symmetry."""

import itertools
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import Encoded, rollout, step_program
from ffnca.automata.life import Life
from ffnca.automata.life_isotropic import IsotropicLife, dying, glowing_on, life_automaton, living
from ffnca.automata.life_neighbourhoods import LETTERS, classes, code_of
from ffnca.automata.life_rule import canonical_rule, parse_rule
from ffnca.automata.life_states import numbers_of, values_of
from ffnca.errors import InputError
from ffnca.grid.boundary import BOUNDARIES

BLOCKS = {
    "1c": 1,
    "1e": 2,
    **{f"2{letter}": block for letter, block in zip("ceaikn", (5, 10, 3, 40, 33, 68), strict=True)},
    **{f"3{one}": block for one, block in zip("ceaiknjqry", (69, 42, 11, 7, 98, 13, 14, 70, 41, 97), strict=True)},
    **{
        f"4{one}": block
        for one, block in zip("ceaiknjqrytwz", (325, 170, 15, 45, 99, 71, 106, 102, 43, 101, 105, 78, 108), strict=True)
    },
}
"""One neighbourhood of each class as Golly numbers them: bits 256, 128, 64 are the upper row, 1 the lower right."""
MODES = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}
SIZES = {"B2/S345/C4": (9, 14), "B2/S/C3": (12, 12), "B24/S345/C25": (11, 7), "B2-a/S12": (10, 13)}


def _block(number: int) -> np.ndarray:
    return np.array([number >> bit & 1 for bit in range(8, -1, -1)], bool).reshape(3, 3)


def _turned(block: np.ndarray) -> list[np.ndarray]:
    return [np.rot90(one, turns) for one in (block, np.fliplr(block)) for turns in range(4)]


def test_there_are_51_classes() -> None:
    assert [len(letters) or 1 for letters in LETTERS] == [1, 2, 6, 10, 13, 10, 6, 2, 1]
    assert len(set(classes())) == 51
    sizes = Counter(count for count, _ in classes())
    assert [sizes[count] for count in range(9)] == [1, 8, 28, 56, 70, 56, 28, 8, 1]
    for bits in itertools.product((False, True), repeat=8):
        block = np.insert(np.array(bits), 4, False).reshape(3, 3)
        assert len({classes()[code_of(one)] for one in _turned(block)}) == 1


@pytest.mark.parametrize("name", BLOCKS)
def test_each_letter_is_its_neighbourhood_and_no_other(name: str) -> None:
    fates = parse_rule(f"B{name}/S{name}").fates()
    mine = {code_of(block) for block in _turned(_block(BLOCKS[name]))}
    assert {code for code in range(256) if fates[code]} == mine
    assert fates[:256] == fates[256:]
    if name[0] < "4":  # the letters of more neighbours are those of what is missing
        many = parse_rule(f"B{8 - int(name[0])}{name[1]}/S").fates()
        assert {255 - code for code in range(256) if many[code]} == mine


@pytest.mark.parametrize(
    ("spelt", "notation"),
    [
        *(
            (spelt, "B2/S345/C4")
            for spelt in ("345/2/4", "b2s345g4", "B2/S345/4", "g4b2s345", "S345/B2/C4", "Star Wars")
        ),
        *((spelt, "B2/S/C3") for spelt in ("/2/3", "Brian's Brain", "C3/B2/S")),
        *((spelt, "B3/S23") for spelt in ("23/3/2", "B3aceijknqry/S23", "B3_S23")),
        *((spelt, "B2-a/S12") for spelt in ("B2cekin/S12", "12/2-a", "Just Friends")),
        *((spelt, "B3/S2-i34q") for spelt in ("tlife", "B3/S2aceknk34q", "s2-i34qb3", "2-i34q/3/2")),
    ],
)
def test_rules_as_people_spell_them(spelt: str, notation: str) -> None:
    assert canonical_rule(spelt) == notation


shapes = st.tuples(*(st.sets(st.sampled_from(letters or [""])) for letters in LETTERS))


@given(shapes, shapes, st.sampled_from([2, 3, 256]))
def test_every_rule_comes_back_from_its_spelling(born: tuple, survive: tuple, num_states: int) -> None:
    parts = ("".join(f"{n}{letter}" for n, some in enumerate(part) for letter in some) for part in (born, survive))
    rule = parse_rule("B{}/S{}/C{}".format(*parts, num_states))
    assert parse_rule(str(rule)) == rule
    assert (rule.born, rule.survive) == (tuple(map(frozenset, born)), tuple(map(frozenset, survive)))


def _plain_step(levels: np.ndarray, notation: str, boundary: str) -> np.ndarray:
    """The next levels, cell by cell; the fate of a neighbourhood from the examples above."""
    rule = parse_rule(notation)
    (height, width), most = levels.shape, rule.num_states - 1
    around = np.pad(levels == most, 1, mode=MODES[boundary])
    after = np.maximum(levels - 1, 0)
    for row, column in np.ndindex(height, width):
        count, letter = classes()[code_of(around[row : row + 3, column : column + 3])]
        wanted = {0: rule.born, most: rule.survive}.get(int(levels[row, column]))
        if wanted is not None and letter in wanted[count]:
            after[row, column] = most
    return after


@pytest.mark.parametrize(("notation", "size"), SIZES.items())
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_equals_a_plain_loop_and_its_description(notation: str, size: tuple[int, int], boundary, key) -> None:
    automaton = IsotropicLife.from_notation(notation, boundary=boundary)
    most = automaton.num_states - 1
    levels = np.random.default_rng(7).integers(0, most + 1, size)
    program = step_program(automaton, 1)
    state = start = jnp.asarray(levels[..., None] / most, jnp.float32)
    for _ in range(12):
        levels = _plain_step(levels, notation, boundary)
        described = program.run(np.asarray(state))
        state = automaton.step(state, key)
        np.testing.assert_array_equal(state[..., 0], (levels / most).astype(np.float32))
        np.testing.assert_array_equal(described, state)
    assert isinstance(automaton, Encoded)
    np.testing.assert_array_equal(rollout(automaton, start, 12, key=key), state)


@pytest.mark.parametrize("notation", ["B3/S23", "B36/S125", "B3578/S24678"])
def test_rules_of_counts_are_life(notation: str, key) -> None:
    state = jnp.asarray(np.random.default_rng(2).random((19, 24, 1)) < 0.4, jnp.float32)
    life = life_automaton(notation)
    assert isinstance(life, Life)
    np.testing.assert_array_equal(IsotropicLife.from_notation(notation).step(state, key), life.step(state, key))


@pytest.mark.parametrize("notation", ["B3/S2-i34q", "B2ak3-cy4tz5jr6n7e/S1c2kn3aq4wy5i6-k", "B2/S345/C4"])
def test_a_step_commutes_with_turning_and_mirroring(notation: str, key) -> None:
    automaton = life_automaton(notation)
    assert isinstance(automaton, IsotropicLife)
    most = automaton.num_states - 1
    cells = np.random.default_rng(3).integers(0, most + 1, (16, 16)) / most
    turned = np.stack(_turned(cells)).astype(np.float32)
    after = np.asarray(automaton.step(jnp.asarray(turned[..., None]), key))[..., 0]
    np.testing.assert_array_equal(after, np.stack(_turned(after[0])))


@settings(max_examples=20)
@given(st.integers(2, 256))
def test_states_by_number_and_by_value(num_states: int) -> None:
    numbers = np.arange(num_states, dtype=np.uint8)[None]
    values = values_of(numbers, num_states)
    assert (values[0, 0], values[0, 1], values.max()) == (0, 1, 1)
    np.testing.assert_array_equal(numbers_of(values, num_states), numbers)


@settings(max_examples=8)
@given(st.integers(0, 2**512 - 1), st.sampled_from([2, 3, 6]), st.sampled_from(BOUNDARIES), st.integers(0, 9))
def test_any_rule_on_words_is_as_its_step_says(fates: int, num_states: int, boundary, seed: int) -> None:
    """Of no symmetry, so that each of the neighbours is seen to be where it is."""
    automaton = IsotropicLife(tuple(bool(fates >> place & 1) for place in range(512)), num_states, boundary)
    levels = np.random.default_rng(seed).integers(0, num_states, (2, 35, 9, 1))
    state = jnp.asarray(levels / (num_states - 1), jnp.float32)
    code, key = automaton.encode(state), jax.random.key(0)
    np.testing.assert_array_equal(automaton.decode(code), state)
    np.testing.assert_array_equal(automaton.decode(automaton.step_encoded(code, key)), automaton.step(state, key))


def test_measures_and_pictures() -> None:
    automaton = IsotropicLife.from_notation("B2/S345/C4")
    state = jnp.asarray(values_of(np.array([[0, 1, 2, 3, 1]], np.uint8), 4)[..., None])
    assert (float(living(automaton, state)), float(dying(automaton, state))) == (2, 2)
    light = automaton.render(state)[0]
    assert light[0].min() > 240 > 60 > light[1].max()
    assert len({tuple(colour) for colour in light.tolist()}) == 4
    dark = glowing_on(automaton, state, (0, 0, 0))[0]
    assert (dark[0] == 0).all()
    assert dark[1].min() > 200 > dark[2].max() - 60


@pytest.mark.parametrize(("changes", "said"), [({"fates": (True,)}, "512"), ({"num_states": 1}, "2 to 256")])
def test_what_is_no_rule_is_refused(changes: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        IsotropicLife(**{"fates": (False,) * 512} | changes)
