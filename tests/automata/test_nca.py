import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.automata import nca as nca_module
from ffnca.automata.base import _rolled, rollout
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.ff.standardise import Standardiser
from ffnca.grid.boundary import BOUNDARIES
from ffnca.grid.seeds import single_cell
from ffnca.perceptions import perception_size

CHANNELS = 8
advance = jax.jit(lambda automaton, state, fire: automaton.advance(state, fire))
FULL = ("identity", "sobel", "neighbour_slope", "neighbour_mean", "alive")


def _noise(tree, scale: float = 0.1):
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(jax.random.key(7), len(leaves))
    changed = [leaf + scale * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(structure, changed)


def _automaton(kind: str, boundary: str = "wrap", fire_rate: float = 0.5) -> NCA:
    key = jax.random.key(0)
    if kind == "ascent":
        rule, names = AscentLayer(perception_size(FULL, CHANNELS), CHANNELS, 24, key=key), FULL
    elif kind == "state":
        rule, names = LayeredRule.drawn(perception_size(FULL, CHANNELS), (24,), CHANNELS, key=key), FULL
    else:
        names = ("identity", "sobel")
        rule = LayeredRule.drawn(perception_size(names, CHANNELS), (24, 12), CHANNELS, key=key, proposes="delta")
    return NCA(_noise(rule), perception=names, boundary=boundary, fire_rate=fire_rate)  # pyright: ignore


def _state(seed: int, shape: tuple[int, ...] = (9, 11)) -> jax.Array:
    random = np.random.default_rng(seed)
    state = random.uniform(-0.3, 1, (*shape, CHANNELS)) * (random.random((*shape, 1)) < 0.4)
    return jnp.asarray(state, jnp.float32)


def _dense(automaton: NCA, state: jax.Array, fire: jax.Array) -> np.ndarray:
    """The step as the paper has it, on every cell of the grid."""
    seen, alive = automaton.perceive(state), np.asarray(automaton.alive(state))
    flat = automaton.rule.change(seen.reshape(-1, seen.shape[-1]), state.reshape(-1, CHANNELS))
    after = np.clip(np.asarray(state) + np.asarray(flat).reshape(state.shape) * np.asarray(fire)[..., None], -2, 2)
    after = after * alive[..., None]
    return after * (alive & np.asarray(automaton.alive(jnp.asarray(after))))[..., None]


@pytest.mark.parametrize("kind", ["ascent", "state", "delta"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_step_equals_the_dense_step(kind: str, boundary: str) -> None:
    automaton, state = _automaton(kind, boundary), _state(1)
    fire = jax.random.bernoulli(jax.random.key(2), 0.5, state.shape[:-1])
    np.testing.assert_allclose(advance(automaton, state, fire), _dense(automaton, state, fire), atol=2e-5)


@pytest.mark.parametrize(("chunk", "height"), [(1, 24), (7, 25), (512, 26)])  # each is compiled for a grid of its own
def test_chunks_do_not_matter(chunk: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    automaton, state = _automaton("ascent"), _state(2, (height, 24)).at[8:].set(0.0).at[:, 9:].set(0.0)
    fire = jnp.ones(state.shape[:-1], bool)
    assert 0 < int(automaton.alive(state).sum()) < nca_module.DENSE_SHARE * height * 24
    monkeypatch.setattr(nca_module, "CHUNK", chunk)
    np.testing.assert_allclose(advance(automaton, state, fire), _dense(automaton, state, fire), atol=2e-5)


@given(st.integers(0, 100), st.integers(-9, 9), st.integers(-9, 9))
def test_wrap_commutes_with_rolling(seed: int, rows: int, columns: int) -> None:
    automaton, state = _automaton("ascent"), _state(seed)
    fire = jax.random.bernoulli(jax.random.key(seed), 0.5, state.shape[:-1])
    roll = [jnp.roll(grid, (rows, columns), (0, 1)) for grid in (advance(automaton, state, fire), state, fire)]
    np.testing.assert_allclose(roll[0], advance(automaton, roll[1], roll[2]), atol=2e-5)


def test_fire_rate_zero_changes_nothing_alive_and_one_fires_all() -> None:
    state = jnp.ones((6, 6, CHANNELS))
    frozen = _automaton("ascent", fire_rate=0.0)
    np.testing.assert_array_equal(frozen.step(state, jax.random.key(1)), state)
    assert bool(_automaton("ascent", fire_rate=1.0).fire((6, 6), jax.random.key(1)).all())


def test_fired_cells_get_the_unscaled_change() -> None:
    automaton, state = _automaton("state", fire_rate=0.3), jnp.full((8, 8, CHANNELS), 0.6)
    fire = automaton.fire((8, 8), jax.random.key(3))
    seen = automaton.perceive(state)
    change = automaton.rule.change(seen.reshape(64, -1), state.reshape(64, -1)).reshape(state.shape)
    after = advance(automaton, state, fire)
    assert 0 < int(fire.sum()) < 64
    np.testing.assert_allclose(np.asarray(after - state)[fire], np.asarray(change)[fire], atol=1e-5)
    np.testing.assert_array_equal(np.asarray(after)[~fire], np.asarray(state)[~fire])


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_light_cone_is_two_cells(boundary: str) -> None:
    automaton, state = _automaton("ascent", boundary, fire_rate=1.0), _state(3, (15, 15))
    changed = state.at[7, 7].add(0.8)
    moved = np.abs(np.asarray(automaton.step(state, jax.random.key(0)) - automaton.step(changed, jax.random.key(0))))
    rows, columns = np.nonzero(moved.max(-1))
    assert len(rows)
    assert np.abs(rows - 7).max() <= 2
    assert np.abs(columns - 7).max() <= 2


def test_dead_cells_stay_dead() -> None:
    state = single_cell((12, 12), jnp.ones(CHANNELS), (6, 6))
    after = np.asarray(_automaton("delta", fire_rate=1.0).step(state, jax.random.key(0)))
    assert not after[:4].any()
    assert not after[9:].any()


def test_rollout_in_pieces_and_by_hand_agree() -> None:
    automaton, state, key = _automaton("ascent"), _state(4), jax.random.key(5)
    whole = rollout(automaton, state, 7, key=key)
    half = rollout(automaton, rollout(automaton, state, 3, key=key), 4, key=key, first_step=3)
    by_hand = state
    for step in range(7):
        by_hand = automaton.step(by_hand, jax.random.fold_in(key, step))
    np.testing.assert_array_equal(whole, half)
    np.testing.assert_allclose(whole, by_hand, atol=1e-5)


def test_rollout_compiles_once_for_any_number_of_steps() -> None:
    automaton, state, key = _automaton("ascent"), _state(4, (10, 13)), jax.random.key(5)
    rollout(automaton, state, 1, key=key)
    compiled = _rolled._cache_size()
    for steps in (2, 9, 30):
        rollout(_noise(automaton, 0.01), state, steps, key=key, first_step=steps)
    assert _rolled._cache_size() == compiled


@pytest.mark.parametrize("kind", ["ascent", "delta"])
def test_gradients_go_through_a_step_and_a_rollout(kind: str) -> None:
    """In state and weights, backwards as forwards, where few cells live and the step itself computes only those."""
    automaton, state, key = _automaton(kind), _state(6, (14, 14)).at[5:].set(0.0).at[:, 6:].set(0.0), jax.random.key(1)
    assert 0 < int(automaton.alive(state).sum()) < nca_module.DENSE_SHARE * state[..., 0].size

    def dense(automaton: NCA, state: jax.Array) -> jax.Array:
        for step in range(3):
            alive, seen = automaton.alive(state), automaton.perceive(state)
            fire = automaton.fire(state.shape[:-1], jax.random.fold_in(key, step + 4))
            change = automaton.rule.change(seen.reshape(-1, seen.shape[-1]), state.reshape(-1, CHANNELS))
            after = jnp.clip(state + change.reshape(state.shape), -2, 2)
            state = jnp.where((alive & fire)[..., None], after, state)
            state = state * (alive & automaton.alive(state))[..., None]
        return state

    def rolled(automaton: NCA, state: jax.Array) -> jax.Array:
        return rollout(automaton, state, 3, key=key, first_step=4)

    way = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape), state)
    slopes = []
    for run in (dense, rolled):
        loss = jax.jit(jax.value_and_grad(lambda *parts, run=run: jnp.sum(way * run(*parts)), argnums=(0, 1)))
        slopes.append(loss(automaton, state))
        forwards = jax.jit(lambda state, run=run: jax.jvp(lambda own: run(automaton, own), (state,), (way,))[1])(state)
        np.testing.assert_allclose(jnp.sum(way * forwards), jnp.sum(slopes[-1][1][1] * way), rtol=1e-3)
    for wanted, found in zip(*map(jax.tree.leaves, slopes), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert all(float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(slopes[1][1][1]))


@pytest.mark.parametrize(("kind", "precision"), [("ascent", jnp.bfloat16), ("delta", jnp.float16)])
def test_states_of_half_precision_keep_it(kind: str, precision: type) -> None:
    automaton, state, key = _automaton(kind), _state(4), jax.random.key(5)
    half = rollout(automaton, state.astype(precision), 4, key=key)
    assert half.dtype == precision
    np.testing.assert_allclose(half.astype(jnp.float32), rollout(automaton, state, 4, key=key), atol=0.03)
    assert automaton.deficit(half).dtype == jnp.float32


def test_states_whose_steps_would_be_cut_off_are_refused() -> None:
    with pytest.raises(InputError, match="4 channels at least"):
        _automaton("ascent").step(_state(4)[..., :3], jax.random.key(5))
    for wrong in (-1, 2**31):
        with pytest.raises(InputError, match=f"num_steps: {wrong} is not a whole number from 0"):
            rollout(_automaton("ascent"), _state(4), wrong, key=jax.random.key(0))


def test_batch_equals_single() -> None:
    automaton = _automaton("ascent", fire_rate=1.0)
    batch = jnp.stack([_state(seed) for seed in range(3)])
    together = automaton.step(batch, jax.random.key(0))
    for index in range(3):
        np.testing.assert_allclose(together[index], automaton.step(batch[index], jax.random.key(1)), atol=2e-5)


@pytest.mark.parametrize("kind", ["ascent", "state"])
def test_deficit_is_a_map_of_the_living(kind: str) -> None:
    automaton, state = _automaton(kind), _state(5)
    deficit = np.asarray(automaton.deficit(state))
    assert deficit.shape == state.shape[:-1]
    assert (deficit >= 0).all()
    assert not deficit[~np.asarray(automaton.alive(state))].any()
    assert deficit.max() > 0


def test_layered_rule_absorbs_its_standardiser() -> None:
    rule = _noise(LayeredRule.drawn(6, (5, 4), 3, key=jax.random.key(0)))
    standardiser = Standardiser(jnp.linspace(-1, 1, 6), jnp.linspace(0.2, 2, 6))
    seen, state = jax.random.normal(jax.random.key(1), (10, 6)), jax.random.normal(jax.random.key(2), (10, 3))
    expected = rule.change(standardiser(seen), state)
    np.testing.assert_allclose(rule.reading_raw(standardiser).change(seen, state), expected, rtol=1e-3, atol=1e-4)


def test_the_published_shape_is_one_configuration() -> None:
    names = ("identity", "sobel")
    rule = LayeredRule.drawn(perception_size(names, 16), (128,), 16, key=jax.random.key(0), proposes="delta")
    assert sum(leaf.size for leaf in jax.tree.leaves(rule)) == 48 * 128 + 128 + 128 * 16 + 16
    automaton, state = NCA(rule, perception=names), single_cell((10, 10), jnp.ones(16))
    np.testing.assert_array_equal(automaton.step(state, jax.random.key(0)), state)  # the last layer starts at zero


def test_render_is_premultiplied_over_white() -> None:
    state = jnp.zeros((1, 2, CHANNELS)).at[0, 0, :4].set(jnp.asarray([0.25, 0.0, 0.5, 0.5]))
    np.testing.assert_array_equal(_automaton("ascent").render(state)[0], [[191, 128, 255], [255, 255, 255]])
