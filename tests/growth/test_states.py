import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.grid.boundary import pad
from ffnca.grid.kernels import alive_mask
from ffnca.growth import pool as pools
from ffnca.growth.body import build_body
from ffnca.growth.corrupt import add_noise, erase_discs, erase_sides, wound
from ffnca.growth.evaluate import auroc, corrupted_cells
from ffnca.growth.stages import draw_stages
from ffnca.growth.stress import STRESSES


@pytest.fixture
def body(ring_picture):
    return build_body(ring_picture, (20, 20), 16, alive_threshold=0.1, code_amplitude=0.7)


def test_stages_are_parts_of_the_target_that_hold_the_front(body, key) -> None:
    states = np.asarray(draw_stages(body, 64, key=key))
    grown, there = states[..., 3] > 0, (states != 0).any(-1)
    np.testing.assert_array_equal(states, np.where(there[..., None], body.target, 0))
    assert (there & ~grown).any()  # cells that touch the body have a code
    assert not (there & ~np.asarray(alive_mask(pad(jnp.asarray(body.target), "wrap"), 0.1))).any()
    sizes = grown.sum((1, 2)) / body.alive.sum()
    assert sizes.min() < 0.3
    assert sizes.max() == 1.0


def test_discs_erase_whole_cells_and_nothing_else(body, key) -> None:
    full = jnp.repeat(jnp.asarray(body.target)[None], 32, 0)
    wounded = np.asarray(erase_discs(full, body, key=key))
    kept = (wounded != 0).any(-1)
    np.testing.assert_array_equal(wounded, np.where(kept[..., None], body.target, 0))
    assert (kept.sum((1, 2)) < (body.target != 0).any(-1).sum()).mean() > 0.5


def test_large_wounds_erase_a_side_and_nothing_else(body, key) -> None:
    full = jnp.repeat(jnp.asarray(body.target)[None], 64, 0)
    wounded = np.asarray(erase_sides(full, body, key=key))
    kept = (wounded != 0).any(-1)
    np.testing.assert_array_equal(wounded, np.where(kept[..., None], body.target, 0))
    shares = kept.sum((1, 2)) / (body.target != 0).any(-1).sum()
    assert 0.25 < shares.mean() < 0.6
    assert shares.min() < 0.2
    large, small = (np.asarray(wound(full, body, key=key, large_share=share)) for share in (1.0, 0.0))
    assert (large != 0).any(-1).sum() < 0.8 * (small != 0).any(-1).sum()


def test_noise_touches_only_the_chosen_cells(body, key) -> None:
    full = jnp.asarray(body.target)[None]
    noisy = np.asarray(add_noise(full, jnp.asarray(body.alive)[None], 0.3, key=key))[0]
    np.testing.assert_array_equal(noisy[~body.alive], body.target[~body.alive])
    assert np.std((noisy - body.target)[body.alive]) == pytest.approx(0.3, rel=0.1)


def test_pool_draws_without_replacement_and_writes_back(body, key) -> None:
    pool = pools.fresh_pool(body, 16)
    places, states = pools.draw(pool, body, 16, reseeded_share=0.06, key=key)
    assert sorted(np.asarray(places).tolist()) == list(range(16))
    marked = jnp.arange(16.0)[:, None, None, None] * jnp.ones_like(states)
    back = pools.put_back(pool, places, marked)
    np.testing.assert_array_equal(back[np.asarray(places), 0, 0, 0], np.arange(16.0))


def test_pool_never_keeps_what_is_not_finite(body, key) -> None:
    pool = pools.fresh_pool(body, 4)
    places, states = pools.draw(pool, body, 2, reseeded_share=0.06, key=key)
    back = pools.put_back(pool, places, states.at[0].set(jnp.nan).at[1].set(jnp.inf))
    assert bool(jnp.isfinite(back).all())


def test_hopeless_states_start_again_and_good_ones_stay(body, key) -> None:
    good = jnp.repeat(jnp.asarray(body.target)[None], 200, 0)
    grown_over = jnp.ones_like(good) * 2
    for pool, low, high in ((good, 0.0, 0.12), (grown_over, 0.5, 0.7)):
        _, states = pools.draw(pool, body, 200, reseeded_share=0.06, key=key)
        restarted = float(jnp.mean(jnp.abs(states - body.start).max((1, 2, 3)) == 0))
        assert low <= restarted <= high


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
