import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from ffnca.automata.exact_transport import ExactTransport
from ffnca.automata.nca import NCA
from ffnca.ff.ascent import AscentLayer
from ffnca.grid.transport import Code
from ffnca.perceptions import FIRST_HIDDEN

CHANNELS, SEEN = 12, ("transported", "agreement", "alive")
WAVES = Code.along_axes((0.2, 0.9), 0.7)


@pytest.fixture
def automaton(key) -> NCA:
    return NCA(
        ExactTransport(AscentLayer(CHANNELS - FIRST_HIDDEN + 5, FIRST_HIDDEN, 16, key=key)), perception=SEEN, code=WAVES
    )


@pytest.fixture
def state(key):
    return jax.random.uniform(key, (10, 12, CHANNELS))


def test_a_cell_that_fires_takes_the_transported_code_and_learned_colours(automaton, state) -> None:
    seen = automaton.perceive(state)
    stepped = automaton.update(state, seen, jnp.ones(state.shape[:2], bool))
    np.testing.assert_allclose(stepped[..., FIRST_HIDDEN:], seen[..., : CHANNELS - FIRST_HIDDEN], atol=1e-6)
    flat, own = seen.reshape(-1, seen.shape[-1]), state.reshape(-1, CHANNELS)[:, :FIRST_HIDDEN]
    expected = own + automaton.rule.colour.change(flat, own)
    np.testing.assert_allclose(
        stepped[..., :FIRST_HIDDEN].reshape(-1, FIRST_HIDDEN), np.clip(expected, -2, 2), atol=1e-5
    )


def test_what_was_learned_has_no_say_in_the_code(automaton, state, key) -> None:
    other = nnx.clone(automaton)
    other.rule.colour.context_weight[...] = jax.random.normal(key, automaton.rule.colour.context_weight.shape)
    everywhere = jnp.ones(state.shape[:2], bool)
    one, another = (each.update(state, each.perceive(state), everywhere) for each in (automaton, other))
    np.testing.assert_array_equal(one[..., FIRST_HIDDEN:], another[..., FIRST_HIDDEN:])
    assert not np.allclose(one[..., :FIRST_HIDDEN], another[..., :FIRST_HIDDEN])


def test_a_code_that_is_off_is_ill_health(automaton, state) -> None:
    """By half its squared distance from what the neighbours say, more than the colours lack."""
    state = state.at[..., FIRST_HIDDEN:].set(automaton.perceive(state)[..., : CHANNELS - FIRST_HIDDEN])
    flat = automaton.perceive(state).reshape(-1, CHANNELS - FIRST_HIDDEN + 5)
    off = flat[:, : CHANNELS - FIRST_HIDDEN] - state.reshape(-1, CHANNELS)[:, FIRST_HIDDEN:]
    colours = automaton.rule.colour.deficit(flat, state.reshape(-1, CHANNELS)[:, :FIRST_HIDDEN])
    lacking = automaton.deficit(state).reshape(-1)
    np.testing.assert_allclose(lacking, colours + 0.5 * jnp.square(off).sum(-1), atol=1e-5)
    assert float(jnp.max(jnp.abs(off))) > 0.1


def test_only_the_waves_turn(automaton, state) -> None:
    """A right angle: stepping the turned automaton on the turned grid is turning what was stepped."""
    turned = automaton.turned(90.0)
    np.testing.assert_allclose(turned.code.waves, [[0, 0.2], [-0.2, 0], [0, 0.9], [-0.9, 0]], atol=1e-6)
    quarter = jnp.rot90(state, -1)
    one = automaton.advance(state, jnp.ones(state.shape[:2], bool))
    other = turned.advance(quarter, jnp.ones(quarter.shape[:2], bool))
    np.testing.assert_allclose(jnp.rot90(one, -1), other, atol=1e-5)


def test_a_derivative_goes_through_a_step_where_nothing_lives_too(automaton, state) -> None:
    lonely = state.at[:, :6].set(0)
    everywhere = jnp.ones(state.shape[:2], bool)
    slope = jax.jit(jax.grad(lambda moving: jnp.sum(jnp.square(automaton.advance(moving, everywhere)))))(lonely)
    assert np.isfinite(np.asarray(slope)).all()
    assert np.abs(np.asarray(slope)).max() > 0
