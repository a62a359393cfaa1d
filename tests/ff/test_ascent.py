import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.ff.ascent import AscentLayer
from ffnca.ff.goodness import temper, tempered
from ffnca.ff.standardise import Standardiser

KEYS = jax.random.split(jax.random.key(3), 4)
CONTEXT, POSITIVE = 0.5 * jax.random.normal(KEYS[0], (40, 9)), 0.5 * jax.random.normal(KEYS[1], (40, 5))
NEGATIVE = 0.5 * jax.random.normal(KEYS[2], (40, 5))


@pytest.fixture
def layer() -> AscentLayer:
    layer = AscentLayer(9, 5, 16, key=KEYS[3])
    layer.linear[...] = 0.3 * jax.random.normal(KEYS[0], (9, 5))
    return layer.bounded(0.6)


def test_goodness_against_numpy(layer: AscentLayer) -> None:
    weights = [np.asarray(leaf[...]) for leaf in (layer.context_weight, layer.state_weight, layer.bias, layer.linear)]
    z, t = np.asarray(CONTEXT), np.asarray(POSITIVE)
    hidden = np.maximum(z @ weights[0] + t @ weights[1] + weights[2], 0)
    expected = 0.5 * (hidden**2).sum(-1) + (t * (z @ weights[3])).sum(-1) - 0.5 * (t**2).sum(-1)
    np.testing.assert_allclose(layer.goodness(CONTEXT, POSITIVE), expected, rtol=1e-4, atol=1e-5)


def test_change_is_the_gradient_of_goodness(layer: AscentLayer) -> None:
    slope = jax.grad(lambda state: layer.goodness(CONTEXT, state).sum())(POSITIVE)
    np.testing.assert_allclose(layer.change(CONTEXT, POSITIVE), slope, rtol=1e-4, atol=1e-5)


def test_hebbian_terms_equal_the_gradient_of_the_layers_own_loss(layer: AscentLayer) -> None:
    def loss(weights: AscentLayer) -> jax.Array:
        return jnp.mean(weights.goodness(CONTEXT, NEGATIVE) - weights.goodness(CONTEXT, POSITIVE))

    expected, found = jax.grad(loss)(layer), layer.hebbian(CONTEXT, POSITIVE, NEGATIVE)
    assert jax.tree.structure(expected) == jax.tree.structure(found)
    for want, have in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [0.02, 1.0])
def test_tempered_hebbian_terms_are_the_gradient_of_the_tempered_gap(layer: AscentLayer, scale: float) -> None:
    negative = layer.settle(CONTEXT, NEGATIVE, num_steps=60, rate=0.8)

    def gap(weights: AscentLayer) -> jax.Array:
        return weights.goodness(CONTEXT, negative) - weights.goodness(CONTEXT, POSITIVE)

    expected = jax.grad(lambda weights: jnp.mean(tempered(gap(weights), scale)))(layer)
    found = layer.hebbian(CONTEXT, POSITIVE, negative, temper(gap(layer), scale))
    for want, have in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5)


def test_settling_climbs_to_one_end_from_anywhere(layer: AscentLayer) -> None:
    ends = [layer.settle(CONTEXT, start, num_steps=60, rate=0.8) for start in (POSITIVE, NEGATIVE)]
    np.testing.assert_allclose(*ends, atol=1e-4)
    assert bool((layer.goodness(CONTEXT, ends[0]) >= layer.goodness(CONTEXT, POSITIVE) - 1e-4).all())
    np.testing.assert_allclose(layer.change(CONTEXT, ends[0]), jnp.zeros_like(POSITIVE), atol=1e-4)


def test_deficit_is_zero_where_nothing_can_be_climbed(layer: AscentLayer) -> None:
    end = layer.settle(CONTEXT, POSITIVE, num_steps=80, rate=0.8)
    assert float(layer.deficit(CONTEXT, end).max()) < 1e-4
    assert float(layer.deficit(CONTEXT, end + 0.5).min()) > 0.05


@pytest.mark.parametrize("largest", [0.05, 0.3, 0.95])
def test_bound_holds_and_leaves_small_weights_alone(layer: AscentLayer, largest: float) -> None:
    singular = np.linalg.svd(np.asarray(layer.bounded(largest).state_weight[...]), compute_uv=False)
    assert singular.max() <= largest * (1 + 1e-4)
    np.testing.assert_allclose(layer.bounded(10.0).state_weight[...], layer.state_weight[...], atol=1e-5)


def test_standardiser_is_absorbed(layer: AscentLayer) -> None:
    standardiser = Standardiser(jnp.linspace(-1, 1, 9), jnp.linspace(0.2, 3, 9))
    raw = layer.reading_raw(standardiser)
    expected = layer.change(standardiser(CONTEXT), POSITIVE)
    np.testing.assert_allclose(raw.change(CONTEXT, POSITIVE), expected, rtol=1e-3, atol=1e-4)


def test_standardiser_weighs_samples() -> None:
    weight = jnp.asarray([1.0] * 20 + [0.0] * 20)
    found = Standardiser.measured(CONTEXT, weight)
    np.testing.assert_allclose(found.mean, np.mean(CONTEXT[:20], 0), atol=1e-5)
    np.testing.assert_allclose(found.scale, np.std(CONTEXT[:20], 0) + 0.05, atol=1e-5)
