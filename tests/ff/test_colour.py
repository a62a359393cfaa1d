import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.ff.colour import LUMA, NUM_UNITS, ColourPreference, sample_colours

EMBERS = np.array([(74, 13, 13), (179, 38, 30), (255, 122, 26), (255, 209, 102)], np.uint8)
SEA = np.array([(11, 37, 69), (19, 105, 140), (46, 196, 182), (203, 243, 240)], np.uint8)
ORANGE = np.array([(255, 136, 0)], np.uint8)
GREENS = np.array([(63, 154, 42), (160, 208, 64)], np.uint8)
GREY = np.array([(128, 128, 128)], np.uint8)
CORNERS = np.array([(255 * r, 255 * g, 255 * b) for r in (0, 1) for g in (0, 1) for b in (0, 1)], np.uint8)
NOTHING = np.zeros((0, 3), np.uint8)
HELD_OUT = 10**6
ANY = sample_colours(2000, seed=HELD_OUT)


@pytest.fixture(scope="module")
def embers() -> ColourPreference:
    return ColourPreference.learned(EMBERS)


def _right(preference: ColourPreference, liked: np.ndarray, disliked: np.ndarray) -> float:
    """Share of held-out samples on their side of probability 1/2, both kinds counting alike."""
    sides = sample_colours(2000, seed=HELD_OUT, around=liked), sample_colours(2000, seed=HELD_OUT + 1, around=disliked)
    high, low = (np.asarray(preference.probability(side)) for side in sides)
    return float(np.mean(high > 0.5) + np.mean(low < 0.5)) / 2


def test_samples_are_the_same_everywhere() -> None:
    # The first outputs of SplitMix64 for seed 0 are e220a8397b1dcdaf, 6e789e6aa1b965f4 and 06c45d188009454f.
    assert sample_colours(3, seed=0).tolist() == [[0xCD, 0x7B, 0xA8], [0x65, 0xA1, 0x9E], [0x45, 0x80, 0x5D]]
    around = sample_colours(4, seed=7, around=EMBERS[2:])
    assert around.dtype == np.uint8
    assert around.tolist() == [[233, 115, 45], [250, 231, 89], [239, 133, 14], [238, 204, 123]]
    np.testing.assert_array_equal(sample_colours(3, seed=0), sample_colours(9, seed=0)[:3])
    assert not np.array_equal(sample_colours(9, seed=0), sample_colours(9, seed=1))


def test_samples_are_spread_evenly_and_reach_no_further() -> None:
    counts = np.bincount(sample_colours(60_000, seed=3).ravel() >> 4, minlength=16)
    assert abs(counts / counts.mean() - 1).max() < 0.05
    offsets = sample_colours(20_000, seed=3, around=GREY, reach=5).astype(int) - 128
    assert sorted(set(offsets.ravel().tolist())) == list(range(-5, 6))
    assert abs(offsets.mean()) < 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"seed": -1}, "seed"), ({"seed": 2**64}, "seed"), ({"reach": 256}, "reach"), ({"around": NOTHING}, "around")],
)
def test_samples_that_cannot_be_drawn(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_colours(4, **({"seed": 0} | options))


def test_the_layer_is_a_forward_forward_layer_of_three_to_sixteen(embers: ColourPreference) -> None:
    assert embers.layer.kernel.shape == (3, NUM_UNITS) == (3, 16)
    activity = np.asarray(embers.layer(jnp.asarray(2 * ANY.astype(np.float32) / 255 - 1)))
    np.testing.assert_allclose(embers.goodness(ANY), -np.square(activity).sum(-1), rtol=1e-4)
    expected = 1 / (1 + np.exp(np.square(activity).sum(-1) - 16))
    np.testing.assert_allclose(embers.probability(ANY), expected, rtol=1e-3, atol=1e-7)
    np.testing.assert_array_equal(embers.goodness(ANY), embers.goodness(ANY.astype(np.float32) / 255))


def test_equal_seeds_give_equal_layers(embers: ColourPreference) -> None:
    kernels = [np.asarray(ColourPreference.learned(EMBERS, seed=seed).layer.kernel[...]) for seed in (0, 1)]
    np.testing.assert_array_equal(kernels[0], embers.layer.kernel[...])
    assert not np.array_equal(*kernels)
    none = ColourPreference.learned(EMBERS, NOTHING)
    np.testing.assert_array_equal(none.layer.kernel[...], embers.layer.kernel[...])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize(
    ("liked", "disliked"),
    [(EMBERS, GREENS), (SEA, ORANGE), (ORANGE, EMBERS[:2]), (GREY, CORNERS)],
    ids=["embers", "sea", "orange", "one among many"],
)
def test_unseen_samples_are_told_apart(liked: np.ndarray, disliked: np.ndarray, seed: int) -> None:
    preference = ColourPreference.learned(liked, disliked, seed=seed)
    assert _right(preference, liked, disliked) >= 0.95


@pytest.mark.parametrize("liked", [EMBERS, SEA, ORANGE], ids=["embers", "sea", "orange"])
def test_liked_colours_are_told_from_any(liked: np.ndarray) -> None:
    preference = ColourPreference.learned(liked)
    good = np.asarray(preference.goodness(sample_colours(2000, seed=HELD_OUT, around=liked)))
    assert np.mean(good > -16) >= 0.95
    assert np.mean(good[:, None] > np.asarray(preference.goodness(ANY))) >= 0.93


def test_what_one_layer_cannot_learn() -> None:
    """Between two liked colours nothing is disliked: goodness is concave, whatever was trained."""
    preference = ColourPreference.learned(CORNERS, GREY)
    assert _right(preference, CORNERS, GREY) < 0.6
    ends = np.stack([ANY[:1000], ANY[1000:]]).astype(np.float32) / 255
    low = np.asarray(preference.goodness(ends)).min(0)
    assert (np.asarray(preference.goodness(ends.mean(0))) >= low - 1e-3).all()


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_recolouring_makes_no_colour_worse_and_keeps_its_lightness(embers: ColourPreference, strength: float) -> None:
    moved = embers.recolour(ANY, strength=strength)
    before, after = np.asarray(embers.goodness(ANY)), np.asarray(embers.goodness(moved))
    assert (after >= before - 1e-3).all()
    np.testing.assert_allclose(moved @ np.array(LUMA), ANY / 255 @ np.array(LUMA), atol=1e-5)
    if strength:
        assert np.mean(after) > np.mean(before) + 5
    else:
        np.testing.assert_array_equal(moved, ANY.astype(np.float32) / 255)


def test_recolouring_finds_the_best_colour_of_a_lightness(embers: ColourPreference) -> None:
    luma, colours = np.array(LUMA), sample_colours(400_000, seed=5)
    for colour in GREENS:
        alike = colours[abs((colours - colour.astype(float)) @ luma) < 1]
        best = float(np.asarray(embers.goodness(alike)).max())
        assert len(alike) > 500
        assert float(np.asarray(embers.goodness(embers.recolour(colour)))) >= best - 0.1


def test_black_and_white_stay_and_green_turns_to_embers(embers: ColourPreference) -> None:
    ends = np.array([(0, 0, 0), (255, 255, 255)], np.uint8)
    np.testing.assert_allclose(embers.recolour(ends), ends / 255, atol=1e-6)
    red, green, blue = embers.recolour(np.array((177, 204, 51), np.uint8))  # the lizard's own
    assert red > 0.95
    assert green < 0.75
    assert blue < 0.4


def test_what_is_no_colour(embers: ColourPreference) -> None:
    for wrong in (np.full((2, 3), 1.5), np.full(3, -0.1), np.array([0.5, np.nan, 0.5])):
        with pytest.raises(ValueError, match="colours"):
            embers.goodness(wrong)
    with pytest.raises(ValueError, match="strength"):
        embers.recolour(ANY, strength=1.1)
    for options in ({"seed": -1}, {"seed": 2**31}, {"num_steps": 0}):
        with pytest.raises(ValueError, match="seed"):
            ColourPreference.learned(EMBERS, **options)
    with pytest.raises(ValueError, match="around"):
        ColourPreference.learned(NOTHING)


def test_training_goes_by_the_layers_own_loss() -> None:
    short, long = (ColourPreference.learned(EMBERS, GREENS, num_steps=steps) for steps in (1, 400))
    assert _right(long, EMBERS, GREENS) > _right(short, EMBERS, GREENS) + 0.1
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(long.layer))
