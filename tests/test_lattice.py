"""Steps as data give what steps compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import step_program
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.lenia import Lenia
from ffnca.automata.lenia_growth import ring_kernel
from ffnca.automata.life import Life
from ffnca.automata.nca import NCA
from ffnca.automata.walled import Walled
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.grid.transport import Code
from ffnca.lattice import Lattice
from ffnca.perceptions import PERCEPTIONS, Perception, perception_size
from ffnca.systems.growth.creature import Creature

CHANNELS = 9


def _cells(seed: int, size: tuple[int, int] = (11, 8), channels: int = CHANNELS) -> np.ndarray:
    state = np.random.default_rng(seed).normal(0, 0.6, (*size, channels)).astype(np.float32)
    state[: size[0] // 2, : size[1] // 2] = 0
    return state


def _jolted(rule, seed: int):
    """The rule with random numbers for all its parameters."""
    leaves, form = jax.tree.flatten(rule)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    drawn = [leaf + 0.3 * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(form, drawn)


def _agrees(automaton: NCA, state: np.ndarray, seed: int) -> None:
    random = np.random.default_rng(seed).random((*state.shape[:2], 1)).astype(np.float32)
    wanted = automaton.advance(jnp.asarray(state), jnp.asarray(random[..., 0] < automaton.fire_rate))
    np.testing.assert_allclose(step_program(automaton, state.shape[-1]).run(state, random), wanted, atol=2e-5)
    lattice = Lattice(state.shape[-1], automaton.boundary)
    missing = lattice.program(automaton.described_deficit(lattice)).run(state)
    np.testing.assert_allclose(missing[..., 0], jax.jit(automaton.deficit)(jnp.asarray(state)), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("boundary", ["wrap", "zero", "reflect"])
@pytest.mark.parametrize("angle", [0.0, 30.0])
@pytest.mark.parametrize("name", list(PERCEPTIONS))
def test_every_perception_is_described(name: str, angle: float, boundary) -> None:
    code = Code.along_axes((0.3,), 1.8)
    rule = _jolted(AscentLayer(perception_size((name,), CHANNELS), CHANNELS, 6, key=jax.random.key(0)), 1)
    automaton = NCA(rule, perception=(name,), boundary=boundary, code=code).turned(angle)
    _agrees(automaton, _cells(len(name)), 3)


@pytest.mark.parametrize("proposes", ["state", "delta"])
def test_layered_rules_of_several_layers(proposes: str) -> None:
    rule = LayeredRule.drawn(3 * CHANNELS, (7, 5), CHANNELS, key=jax.random.key(0), proposes=proposes)
    limit = np.inf if proposes == "delta" else 2.0
    automaton = NCA(_jolted(rule, 2), perception=("identity", "sobel"), state_limit=limit, boundary="zero")
    _agrees(automaton, _cells(1), 4)


def test_a_creature_of_exact_transport() -> None:
    creature = Creature.for_target("🐟", 12)
    automaton = creature.automaton
    _agrees(automaton, _cells(5, (14, 14), creature.world.rule.channels), 6)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.booleans(), min_size=18, max_size=18), st.integers(0, 99), st.sampled_from(["wrap", "zero", "reflect"])
)
def test_life(rule: list[bool], seed: int, boundary) -> None:
    state = (np.random.default_rng(seed).random((7, 9, 1)) < 0.4).astype(np.float32)
    life = Life(tuple(rule[:9]), tuple(rule[9:]), boundary)
    program = step_program(life, 1)
    assert not program.is_random
    np.testing.assert_array_equal(program.run(state), life.step(jnp.asarray(state), jax.random.key(0)))


@pytest.mark.parametrize("growth", ["polynomial", "exponential"])
@pytest.mark.parametrize("boundary", ["wrap", "zero", "reflect"])
def test_lenia(growth: str, boundary) -> None:
    kernel = ring_kernel(5, (1.0, 0.5), "exponential")
    lenia = Lenia.of(kernel, centre=0.2, width=0.05, time_step=0.1, growth=growth, boundary=boundary)
    state = np.random.default_rng(0).random((16, 13, 1)).astype(np.float32)
    wanted = lenia.step(jnp.asarray(state), jax.random.key(0))
    np.testing.assert_allclose(step_program(lenia, 1).run(state), wanted, atol=1e-5)


def test_walls() -> None:
    life, wall = Life.from_notation("B3/S23"), np.arange(63).reshape(7, 9) % 5 == 0
    walled = Walled(life, jnp.asarray(wall))
    state = (np.random.default_rng(1).random((7, 9, 1)) < 0.5).astype(np.float32)
    wanted = walled.step(jnp.asarray(state), jax.random.key(0))
    np.testing.assert_array_equal(step_program(walled, 1).run(state), wanted)


def test_what_is_needed_in_some_cells_alone_is_nowhere_else() -> None:
    lattice = Lattice(1, "zero")
    with lattice.only(lattice.state > 0.0):
        double = lattice.state * 2.0
    ones = np.ones((2, 2, 1), np.float32)
    ones[0, 0] = 0
    found = lattice.program(double).run(ones)
    assert np.isnan(found[0, 0, 0])
    assert found[1, 1, 0] == 2
    assert lattice.program(lattice.where(lattice.state > 0.0, double, 0.0)).run(ones)[0, 0, 0] == 0


def test_a_program_holds_only_what_its_result_needs() -> None:
    lattice = Lattice(3, "wrap")
    _unused = lattice.state.convolve(np.ones((1, 3, 3, 3)))
    program = lattice.program(lattice.state[:2].sum())
    assert [one.kind for one in program.operations] == ["state", "random", "pick", "dense"]


def test_what_is_written_twice_is_done_once() -> None:
    lattice = Lattice(1, "wrap")
    first, again = (lattice.state.convolve(np.ones((1, 1, 3, 3))) for _ in range(2))
    assert first.index == again.index
    assert first.index != lattice.state.convolve(np.zeros((1, 1, 3, 3))).index


def test_what_has_no_description_is_refused(monkeypatch) -> None:
    monkeypatch.setitem(PERCEPTIONS, "mine", Perception(lambda around: around.state))
    rule = AscentLayer(CHANNELS, CHANNELS, 4, key=jax.random.key(0))
    with pytest.raises(InputError, match=r"mine.* has no description"):
        step_program(NCA(rule, perception=("mine",)), CHANNELS)

    class Odd:
        def step(self, state, key):
            return state

        def render(self, state):
            return np.zeros((*state.shape[:2], 3), np.uint8)

    with pytest.raises(InputError, match="Odd has no description"):
        step_program(Odd(), 1)
