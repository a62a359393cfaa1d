import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from ffnca.grid.boundary import pad
from ffnca.grid.kernels import alive_mask
from ffnca.systems.growth import pool as pools
from ffnca.systems.growth.body import Bodies, build_body
from ffnca.systems.growth.corrupt import add_noise, erase_discs, erase_sides, wound
from ffnca.systems.growth.deformation import deformed
from ffnca.systems.growth.evaluate import auroc, corrupted_cells
from ffnca.systems.growth.moved import moved
from ffnca.systems.growth.partial_growth import partially_grown
from ffnca.systems.growth.patches import patched
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.stress import STRESSES

USUAL = Recipe()
DISTANCE = USUAL.fragment_distance
CALM = Recipe(patched_share=0.0, fragments_share=0.0, deformed_share=0.0)


def confused(states, body, *, patches: float, fragments: float, key):
    recipe = Recipe(patched_share=patches, fragments_share=fragments)
    return patched(states, body, recipe, alive_threshold=0.1, key=key)


def _deformed(states, body, share: float, key):
    return deformed(states, body, Recipe(deformed_share=share), key=key)


@pytest.fixture
def body(ring_picture):
    return build_body(ring_picture, (20, 20), 16, alive_threshold=0.1, code_amplitude=0.7)


def test_stages_are_parts_of_the_target_that_hold_the_front(body, key) -> None:
    states = np.asarray(partially_grown(body, 64, CALM, alive_threshold=0.1, key=key))
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


def test_large_wounds_erase_a_side_and_nothing_else(body, key) -> None:
    full = jnp.repeat(jnp.asarray(body.target)[None], 64, 0)
    wounded = np.asarray(erase_sides(full, body, key=key, offset=0.4, one_side_share=0.5))
    kept = (wounded != 0).any(-1)
    np.testing.assert_array_equal(wounded, np.where(kept[..., None], body.target, 0))
    shares = kept.sum((1, 2)) / (body.target != 0).any(-1).sum()
    assert 0.25 < shares.mean() < 0.6
    assert shares.min() < 0.2
    large, small = (np.asarray(wound(full, body, Recipe(large_wounds=share), key=key)) for share in (1.0, 0.0))
    assert (large != 0).any(-1).sum() < 0.8 * (small != 0).any(-1).sum()


def test_noise_touches_only_the_chosen_cells(body, key) -> None:
    full = jnp.asarray(body.target)[None]
    noisy = np.asarray(add_noise(full, jnp.asarray(body.alive)[None], 0.3, key=key))[0]
    np.testing.assert_array_equal(noisy[~body.alive], body.target[~body.alive])
    assert np.std((noisy - body.target)[body.alive]) == pytest.approx(0.3, rel=0.1)


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


def test_wrong_tissue_is_debris_around_the_body_and_confusion_inside(body, key) -> None:
    before = _crowd(body)
    after = np.asarray(confused(before, body, patches=0.5, fragments=0.5, key=key))
    changed = (after != before).any(-1)
    assert 0.55 < changed.any((1, 2)).mean() < 0.95  # patches in half of them, strays in half
    assert (after[:, ~body.alive, 3] > 0.1).any()
    assert changed[:, body.alive].any()
    assert np.isfinite(after).all()
    assert np.abs(after).max() < 3
    untouched = confused(before, body, patches=0.0, fragments=0.0, key=key)
    np.testing.assert_array_equal(untouched, before)


def test_debris_lies_in_small_pieces(ring_picture, key) -> None:
    body = build_body(ring_picture, (60, 60), 16, alive_threshold=0.1, code_amplitude=0.7)
    after = np.asarray(confused(_crowd(body, 16), body, patches=1.0, fragments=1.0, key=key))
    for state in after:
        pieces, count = ndimage.label((state[..., 3] > 0) & ~body.alive, structure=np.ones((3, 3)))
        boxes = ndimage.find_objects(pieces)
        sides = [side.stop - side.start for box in boxes for side in box if box[0].start and box[1].start]
        assert max(sides, default=0) <= 2 * (2 * USUAL.largest_debris + 1)  # two may touch
        assert count < 200


def _direction(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)


def test_around_the_body_lie_pieces_of_it_that_have_strayed(ring_picture, key) -> None:
    body = build_body(ring_picture, (60, 60), 16, alive_threshold=0.1, code_amplitude=0.7)
    states = np.asarray(confused(_crowd(body, 24), body, patches=1.0, fragments=1.0, key=key))
    near = range(-DISTANCE, DISTANCE + 1)
    pieces = np.stack([np.roll(body.goal, (down, across), (0, 1)) for down in near for across in near])
    found, palest = [], 1.0
    for state in states:
        debris = (state[..., 3] > 0) & ~body.alive
        same = [
            np.abs(_direction(pieces[:, debris, part]) - _direction(state[debris, part])).max(-1) < 1e-4
            for part in (slice(4), slice(4, None))  # colours and codes fade by themselves
        ]
        strayed = (same[0] & same[1]).any(0)
        found.append(strayed.any())
        palest = min(palest, state[debris, 3].min(initial=1.0, where=strayed))
    assert np.mean(found) > 0.8
    assert palest < 0.2  # the ring's own alpha is 1, foreign tissue is never below 0.3 of it


@pytest.fixture
def arm():
    picture = np.random.default_rng(0).uniform(0.5, 1, (3, 24, 4)).astype(np.float32)
    return build_body(picture, (11, 32), 16, alive_threshold=0.1, code_amplitude=0.7)


def test_strain_shifts_codes_little_by_little_and_colours_by_whole_cells(arm, key) -> None:
    states = np.asarray(_deformed(_crowd(arm, 100), arm, 1.0, key))
    near = range(-12 // USUAL.cells_per_shift, 12 // USUAL.cells_per_shift + 1)
    shifts = [(down, across) for down in near for across in near]
    stretched = 0
    for state in states:
        living = state[..., 3] > 0
        assert any(_lies_between(state, arm, shift, living) for shift in shifts)  # one shift for the whole state
        own = (state == arm.target)[..., :4].all(-1) & living
        stretched += bool((np.abs(state - arm.goal)[own] > 0.02).any())
    assert stretched > 40


def test_strain_leaves_the_first_cell_in_place_or_most_of_the_body(arm, key) -> None:
    states = np.asarray(_deformed(_crowd(arm, 200), arm, 1.0, key))
    off = (states[..., :4] != arm.target[..., :4]).any(-1)
    first_is_off = off[(slice(None), *arm.seed_at)]
    share_off = off[:, arm.alive].mean(-1)
    assert 0.1 < first_is_off.mean() < 0.6
    assert share_off[first_is_off].max() <= 0.55  # half, and what a row of cells more or less makes
    assert share_off[~first_is_off].max() <= 0.7  # outer parts begin beyond the core


def _lies_between(state, body, shift: tuple[int, int], living) -> bool:
    ends = np.stack([body.target, np.roll(body.target, shift, (0, 1))])[..., :4]
    codes = np.stack([body.goal, np.roll(body.goal, shift, (0, 1))])[..., 4:]
    code = state[..., 4:]
    stretched = (code <= codes.max(0) + 1e-5) & (code >= codes.min(0) - 1e-5)
    return bool((state[..., :4] == ends).all(-1).any(0).all() and stretched[living].all())


def test_a_state_without_strain_stays_as_it_is(body, key) -> None:
    np.testing.assert_array_equal(_deformed(_crowd(body), body, 0.0, key), _crowd(body))
    strained = np.asarray(_deformed(_crowd(body), body, 0.5, key))
    changed = (strained != _crowd(body)).any((1, 2, 3))
    assert 0.2 < changed.mean() < 0.6


def test_moved_fields_are_rolled(body) -> None:
    shift = jnp.array([[0, 0], [3, 0], [-2, 5]])
    for fields in (body.goal, np.stack([body.goal] * 3)):
        for state, (down, across) in zip(moved(fields, shift), np.asarray(shift), strict=True):
            np.testing.assert_array_equal(state, np.roll(body.goal, (down, across), (0, 1)))


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
