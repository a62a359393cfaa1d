import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.ff.goodness import distance_goodness, mean_goodness, sum_goodness, temper, tempered
from ffnca.ff.losses import symba_loss, threshold_loss

ACTIVITY = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)


def test_goodness_against_numpy() -> None:
    np.testing.assert_allclose(mean_goodness(jnp.asarray(ACTIVITY)), np.mean(ACTIVITY**2, -1), rtol=1e-6)
    np.testing.assert_allclose(sum_goodness(jnp.asarray(ACTIVITY)), np.sum(ACTIVITY**2, -1), rtol=1e-6)
    centre = ACTIVITY[::-1].copy()
    expected = -0.5 * np.sum((ACTIVITY - centre) ** 2, -1)
    np.testing.assert_allclose(distance_goodness(jnp.asarray(ACTIVITY), jnp.asarray(centre)), expected, rtol=1e-6)


def test_distance_goodness_climbs_towards_the_centre() -> None:
    centre = jnp.asarray(ACTIVITY[0])
    slope = jax.grad(lambda activity: distance_goodness(activity, centre))(jnp.asarray(ACTIVITY[1]))
    np.testing.assert_allclose(slope, centre - ACTIVITY[1], rtol=1e-6)


def test_a_tempered_gap_is_the_gap_where_small_and_its_root_where_large() -> None:
    gap = jnp.array([0.0, 1e-3, 1.0, 1e4])
    soft = tempered(gap, 1.0)
    np.testing.assert_allclose(soft, [0, 1e-3, 2 * (2**0.5 - 1), 2 * 1e4**0.5], rtol=2e-2)
    np.testing.assert_allclose(temper(gap, 1.0), jax.vmap(jax.grad(lambda one: tempered(one, 1.0)))(gap), rtol=1e-5)
    np.testing.assert_array_equal(tempered(gap, math.inf), gap)
    np.testing.assert_array_equal(temper(gap, math.inf), 1.0)


@pytest.mark.parametrize("measure", [mean_goodness, sum_goodness])
def test_integers_are_refused(measure) -> None:
    with pytest.raises(TypeError):
        measure(jnp.ones((2, 3), jnp.int32))


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(-5, 5))
def test_losses_against_numpy(good: float, bad: float, threshold: float) -> None:
    positive, negative = jnp.full((3,), good, jnp.float32), jnp.full((3,), bad, jnp.float32)
    expected = np.logaddexp(0, threshold - good) + np.logaddexp(0, bad - threshold)
    found = float(threshold_loss(positive, negative, goodness_threshold=threshold))
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    paired = np.logaddexp(0, -4.0 * (good - bad))
    assert float(symba_loss(positive, negative)) == pytest.approx(paired, rel=1e-4, abs=1e-5)


def test_losses_are_finite_at_extremes() -> None:
    zero, huge = jnp.zeros(2), jnp.full(2, 1e4)
    for loss in (threshold_loss(zero, huge, goodness_threshold=2.0), symba_loss(zero, huge), symba_loss(huge, zero)):
        assert bool(jnp.isfinite(loss))


def test_symba_needs_pairs() -> None:
    with pytest.raises(ValueError, match="paired"):
        symba_loss(jnp.zeros(3), jnp.zeros(4))
