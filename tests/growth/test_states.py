import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.grid.boundary import pad
from ffnca.grid.kernels import alive_mask
from ffnca.grid.transport import Code
from ffnca.systems.auroc import auroc
from ffnca.systems.growth import pool as pools
from ffnca.systems.growth.body import Bodies, build_body
from ffnca.systems.growth.bptt import erase_discs
from ffnca.systems.growth.corruption import add_noise, corrupted, displaced, smooth_field, wounded
from ffnca.systems.growth.evaluate import corrupted_cells
from ffnca.systems.growth.position_code import wave_numbers
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.stress import STRESSES

USUAL = Recipe()
CALM = Recipe(displaced_share=0.0)
CODE = Code.along_axes(wave_numbers(12, 6.0), 0.7)


@pytest.fixture
def body(ring_picture):
    return build_body(ring_picture, (20, 20), 16, alive_threshold=0.1, code_amplitude=0.7)


def test_stages_are_parts_of_the_target_that_hold_the_front(body, key) -> None:
    states = np.asarray(corrupted(body, 64, CALM, key=key))
    grown, there = states[..., 3] > 0, (states != 0).any(-1)
    np.testing.assert_array_equal(states, np.where(there[..., None], body.target, 0))
    assert (there & ~grown).any()  # cells that touch the body have a code
    assert not (there & ~np.asarray(alive_mask(pad(jnp.asarray(body.target), "wrap"), 0.1))).any()
    sizes = grown.sum((1, 2)) / body.alive.sum()
    assert sizes.min() < 0.3
    assert sizes.max() == 1.0


def test_discs_erase_whole_cells_and_nothing_else(body, key) -> None:
    full = jnp.repeat(jnp.asarray(body.target)[None], 32, 0)
    wounded = np.asarray(erase_discs(full, body, key=key, radius=(0.1, 0.75), offset=0.7))
    kept = (wounded != 0).any(-1)
    np.testing.assert_array_equal(wounded, np.where(kept[..., None], body.target, 0))
    assert (kept.sum((1, 2)) < (body.target != 0).any(-1).sum()).mean() > 0.5


def test_wounds_erase_whole_cells_and_nothing_else_small_ones_and_large(body, key) -> None:
    full = jnp.repeat(jnp.asarray(body.target)[None], 64, 0)
    states = np.asarray(wounded(full, body, key=key))
    kept = (states != 0).any(-1)
    np.testing.assert_array_equal(states, np.where(kept[..., None], body.target, 0))
    shares = kept.sum((1, 2)) / (body.target != 0).any(-1).sum()
    assert shares.min() < 0.3
    assert np.quantile(shares, 0.9) > 0.85


def test_random_fields_are_as_smooth_as_asked_for(key) -> None:
    for scale, near in ((0.7, 0.6), (4.0, 0.98)):
        field = np.asarray(smooth_field((40, 30), jnp.full(8, scale), key=key))
        np.testing.assert_allclose(field.mean((1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(field.std((1, 2)), 1, atol=1e-4)
        expected = np.exp(-1 / (4 * scale**2))  # of white noise through a Gaussian
        assert np.mean(field * np.roll(field, 1, 1)) == pytest.approx(expected, abs=0.1)
        assert np.mean(field * np.roll(field, 1, 2)) > near - 0.1


def test_noise_touches_only_the_chosen_cells(body, key) -> None:
    full = jnp.asarray(body.target)[None]
    noisy = np.asarray(add_noise(full, jnp.asarray(body.alive)[None], 0.3, key=key))[0]
    np.testing.assert_array_equal(noisy[~body.alive], body.target[~body.alive])
    assert np.std((noisy - body.target)[body.alive]) == pytest.approx(0.3, rel=0.1)


def test_shared_noise_is_alike_in_all_cells_of_a_state(body, key) -> None:
    full, living = _crowd(body, 50), jnp.repeat(jnp.asarray(body.alive)[None], 50, 0)
    plain, more = (np.asarray(add_noise(full, living, 0.2, shared=share, key=key)) for share in (0.0, 0.5))
    shift = (more - plain)[:, body.alive]
    assert np.ptp(shift, axis=1).max() < 1e-5
    assert np.std(shift[:, 0]) == pytest.approx(0.1, rel=0.1)
    assert not (more - plain)[:, ~body.alive].any()


def test_pool_draws_without_replacement_and_writes_back(body, key) -> None:
    pool = pools.fresh_pool(Bodies.of_all([body]), 16)
    places = pools.choose(pool, 16, key=key)
    assert sorted(np.asarray(places).tolist()) == list(range(16))
    marked = jnp.arange(16.0)[:, None, None, None] * jnp.ones_like(pool)
    back = pools.put_back(pool, places, marked)
    np.testing.assert_array_equal(back[np.asarray(places), 0, 0, 0], np.arange(16.0))


def test_pool_never_keeps_what_is_not_finite(body, key) -> None:
    pool = pools.fresh_pool(Bodies.of_all([body]), 4)
    places = pools.choose(pool, 2, key=key)
    states = pool[places]
    back = pools.put_back(pool, places, states.at[0].set(jnp.nan).at[1].set(jnp.inf))
    assert bool(jnp.isfinite(back).all())


def test_hopeless_states_are_renewed_and_good_ones_stay(body, key) -> None:
    good = _crowd(body, 200)
    stages, hopeless = good.at[:, :, :, 0].set(0.123), jnp.full_like(good, 2)
    for states, share, low, high in ((good, 0.08, 0.02, 0.16), (good, 0.3, 0.2, 0.4), (hopeless, 0.08, 0.5, 0.7)):
        after = pools.disturb(states, body, stages, USUAL, key=key, renewed_share=share)
        restarted, staged, kept = (
            float(jnp.mean(jnp.abs(after - those).max((1, 2, 3)) == 0)) for those in (body.start, stages, states)
        )
        assert low <= restarted + staged <= high
        assert restarted > 0
        assert staged > 0
        assert kept >= 1 - high - USUAL.damaged_share - 0.06


def _crowd(body, num=64):
    return jnp.repeat(jnp.asarray(body.target)[None], num, 0)


def _offset(right: float, down: float):
    return jnp.broadcast_to(jnp.array([right, down], jnp.float32), (1, 20, 20, 2))


def test_a_displaced_body_lies_elsewhere_as_a_whole(body) -> None:
    """Seen from a cell, the target at its place plus the offset: the body lies by as much the other way."""
    (state,) = np.asarray(displaced(body, _offset(3, -2), CODE))
    elsewhere = np.roll(body.target, (2, -3), (0, 1))
    np.testing.assert_array_equal(state[..., :4], elsewhere[..., :4])
    np.testing.assert_allclose(state[..., 4:], elsewhere[..., 4:], atol=1e-4)


def test_codes_are_displaced_by_parts_of_a_cell_and_colours_by_whole_ones(body) -> None:
    (state,) = np.asarray(displaced(body, _offset(0.4, 0), CODE))
    there = (body.target != 0).any(-1)
    np.testing.assert_array_equal(state[..., :4], body.target[..., :4])
    between = np.asarray(CODE.rotated(jnp.asarray(body.goal[..., 4:]), jnp.array([0.4, 0.0])))
    np.testing.assert_allclose(state[there][:, 4:], between[there], atol=1e-5)
    assert np.abs(state - body.target)[there][:, 4:].max() > 0.1


def test_where_codes_are_exact_only_colours_are_displaced(body) -> None:
    (state,) = np.asarray(displaced(body, _offset(5, 0)))
    there = (state != 0).any(-1)
    assert (there & ~body.alive).any()
    np.testing.assert_array_equal(state[there][:, 4:], body.goal[there][:, 4:])
    np.testing.assert_array_equal(state[..., :4], np.roll(body.target, -5, 1)[..., :4])


@pytest.mark.parametrize("code", [None, CODE], ids=["colours", "colours and codes"])
def test_some_states_have_a_part_displaced_beyond_the_body_and_inside(code, body, key) -> None:
    recipe = Recipe(displaced_share=0.5, wounded_share=0.0)
    states = np.asarray(corrupted(body, 200, recipe, code=code, key=key))
    there = (states != 0).any(-1)
    off = (there & (np.abs(states - body.target) > 1e-6).any(-1)).any((1, 2))
    assert 0.3 < off.mean() < 0.6
    assert (states[:, ~body.alive, 3] > 0.1).any()
    changed = np.abs(states - body.target).max(-1)[:, body.alive] > 1e-6
    assert (changed & there[:, body.alive]).any()
    assert np.isfinite(states).all()
    assert np.abs(states).max() < 1.5


@pytest.mark.parametrize("name", list(STRESSES))
def test_every_stress_wounds_every_trial(name: str, body, key) -> None:
    stress = STRESSES[name]
    full = jnp.repeat(jnp.asarray(body.target)[None], stress.num_trials, 0)
    wounded = stress.wound(full, body, key)
    changed = np.asarray((wounded != full).any(-1))
    there = (body.target != 0).any(-1)
    share = changed.sum((1, 2)) / there.sum()
    bounds = {"disc": (0, 0.6), "half": (0.3, 0.7), "quarter_left": (0.6, 0.9), "centre": (0.02, 0.6)}
    low, high = bounds.get(name, (0.05, 1.0))
    assert (share > 0).all()
    assert low <= share.mean() <= high
    assert not changed[:, ~there].any()


def test_auroc_against_counting() -> None:
    random = np.random.default_rng(0)
    scores, truth = random.integers(0, 5, 60).astype(float), random.random(60) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[truth] for b in scores[~truth]]
    assert auroc(scores, truth) == pytest.approx(np.mean(pairs))


def test_corrupted_cells_are_marked_exactly(body, key) -> None:
    full = jnp.repeat(jnp.asarray(body.target)[None], 8, 0)
    changed, struck = corrupted_cells(full, body, alive_threshold=0.1, key=key)
    differs = np.asarray((changed != full).any(-1))
    np.testing.assert_array_equal(differs, np.asarray(struck))
    assert (np.asarray(struck).sum((1, 2)) > 0).all()
