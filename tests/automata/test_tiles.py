"""Tiles that live are all that is computed of a large grid, and the states are those of the whole step, bit for bit."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca import draws
from ffnca.automata import tiles
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA
from ffnca.perceptions import perception_size

CHANNELS, STEPS = 6, 12
NAMES = ("identity", "sobel", "alive")
SIZES = {"wrap": (37, 50), "zero": (48, 33), "reflect": (35, 64)}
"""None of them a whole number of tiles both ways."""


def _automaton(boundary: str, **more) -> NCA:
    """One whose bodies grow, move and die."""
    rule = LayeredRule.drawn(perception_size(NAMES, CHANNELS), (16,), CHANNELS, key=jax.random.key(3), proposes="delta")
    draw = np.random.default_rng(4)
    rule.update_layer.kernel[...] = 0.06 * draw.standard_normal(rule.update_layer.kernel.shape, np.float32)
    rule.update_layer.bias[...] = 0.15 * (np.arange(CHANNELS) == 3)
    return NCA(rule, perception=NAMES, boundary=boundary, **more)  # pyright: ignore[reportArgumentType]


def _bodies(seed: int, size: tuple[int, ...]) -> jax.Array:
    """A few round bodies, at edges too, one of them with a wound; and something that does not live."""
    draw = np.random.default_rng(seed)
    rows, columns = np.indices(size[-2:])
    state = np.zeros((*size, CHANNELS), np.float32)
    for _ in range(draw.integers(1, 4)):
        middle, radius = draw.integers(0, size[-2:]), draw.uniform(0.5, 4)
        near = np.hypot(rows - middle[0], columns - middle[1]) < radius
        state[..., near, :] = draw.uniform(-0.5, 1, (*size[:-2], near.sum(), CHANNELS))
    wound = np.hypot(rows - middle[0], columns - middle[1] - radius) < 2
    state[..., wound, :] = 0
    state[..., 9, 11, :] = (0.3, -0.2, 0.1, 0.05, -1, 0)
    return jnp.asarray(state)


def _bits(state: jax.Array) -> np.ndarray:
    return np.asarray(state).view(np.int32)


@pytest.fixture
def small_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "LEAST_CELLS", 0)


def _runs(automaton: NCA):
    """Some steps of tiles, and of the whole grid; also how many tiles the last step left active."""

    def in_tiles(state: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        def step(code, number):
            code = automaton.step_encoded(code, jax.random.fold_in(key, number))
            return code, automaton.decode(code)

        code, states = jax.lax.scan(step, automaton.encode(state), jnp.arange(STEPS))
        return states, code.active

    def whole(state: jax.Array, key: jax.Array) -> jax.Array:
        def step(state, number):
            state = automaton.step(state, jax.random.fold_in(key, number))
            return state, state

        return jax.lax.scan(step, state, jnp.arange(STEPS))[1]

    return jax.jit(in_tiles), jax.jit(whole)


@pytest.mark.usefixtures("small_grids")
@pytest.mark.parametrize("boundary", SIZES)
def test_every_state_is_that_of_the_whole_step(boundary: str) -> None:
    in_tiles, whole = _runs(_automaton(boundary))
    alive = []

    @settings(max_examples=15)
    @given(st.integers(0, 2**16))
    def check(seed: int) -> None:
        state, key = _bodies(seed, SIZES[boundary]), jax.random.key(seed)
        (found, active), wanted = in_tiles(state, key), whole(state, key)
        np.testing.assert_array_equal(_bits(found), _bits(wanted))
        alive.append((float(jnp.mean(wanted[-1, ..., 3] > 0.1)), float(jnp.mean(active))))

    check()
    assert in_tiles._cache_size() == 1
    share = np.array(alive)
    assert share[:, 0].max() > 0.1  # something grows
    assert share[:, 1].min() < 1  # and not all tiles are computed


@pytest.mark.usefixtures("small_grids")
def test_a_batch_is_its_states(key: jax.Array) -> None:
    automaton = _automaton("wrap", fire_rate=1.0)
    batch = _bodies(1, (2, *SIZES["wrap"]))
    found, _ = _runs(automaton)[0](batch, key)
    np.testing.assert_array_equal(_bits(found), _bits(_runs(automaton)[1](batch, key)))


@pytest.mark.parametrize("precision", [jnp.bfloat16, jnp.float16])
def test_numbers_of_16_bits_are_those_of_the_whole_step_and_are_not_widened(precision, key: jax.Array) -> None:
    automaton = _automaton("wrap")
    state = _bodies(2, (384, 384)).astype(precision)
    code = automaton.encode(state)
    assert isinstance(code, tiles.Tiles)

    def stepped(cells: jax.Array, moved: jax.Array) -> jax.Array:
        return automaton.decode(automaton.step_encoded(replace(code, cells=cells, moved=moved), key))

    step = jax.jit(stepped).lower(code.cells, code.moved).compile()
    assert step.memory_analysis().temp_size_in_bytes < 3 * state.nbytes  # a copy of what it was given; widened, 4 more
    found = step(code.cells, code.moved)
    assert found.dtype == precision
    np.testing.assert_array_equal(found, jax.jit(lambda state: automaton.step(state, key))(state))


@pytest.mark.usefixtures("small_grids")
def test_what_has_died_is_left_alone_and_what_is_no_number_stays(key: jax.Array) -> None:
    automaton = _automaton("zero", fire_rate=0.0)
    state = jnp.zeros((64, 64, CHANNELS)).at[1, 1].set(0.05).at[40, 40].set(jnp.nan).at[50:53, 16].set(0.5)
    states, active = _runs(automaton)[0](state, key)
    np.testing.assert_array_equal(states, _runs(automaton)[1](state, key))
    assert not np.asarray(states)[-1, 1, 1].any()
    # the tile of what is no number, that of the living column, and the one to the left of it; none of what has died
    np.testing.assert_array_equal(np.argwhere(np.asarray(active)[0]), [[2, 2], [3, 0], [3, 1]])


def test_what_needs_the_whole_grid_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    state = jnp.zeros((128, 128, CHANNELS))
    assert isinstance(_automaton("wrap").encode(state), tiles.Tiles)
    assert _automaton("wrap").encode(state[:127]) is not None
    assert not isinstance(_automaton("wrap").encode(state[:127]), tiles.Tiles)
    assert not isinstance(_automaton("wrap", alive_threshold=-0.1).encode(state), tiles.Tiles)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert not isinstance(_automaton("wrap").encode(state), tiles.Tiles)


@pytest.mark.parametrize("kind", ["threefry2x32", "rbg"])
def test_masks_drawn_by_place_are_those_drawn_whole(kind: str) -> None:
    key, places = jax.random.key(5, impl=kind), jnp.asarray([[0, 7, 1023], [512, 3, 3]], jnp.uint32)
    for probability in (0.0, 0.3, 1.0):
        whole = draws.bernoulli(key, probability, (1024,))
        found = draws.bernoulli_by_place(key, probability, 1024)(places)
        np.testing.assert_array_equal(found, whole[places])
