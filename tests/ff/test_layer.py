import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ffnca.ff.calibration import CENTRED, CLASSIC, DIRECTION, MAGNITUDE, PAIRED_VIEWS, SYMBA, Calibration
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair, local_step

POSITIVE = jax.random.normal(jax.random.key(1), (32, 20)) + jnp.linspace(-2, 2, 20)
NEGATIVE = jax.random.normal(jax.random.key(2), (32, 20)) - jnp.linspace(-2, 2, 20)


def _stack(seed: int = 0) -> list[FFLayer]:
    keys = jax.random.split(jax.random.key(seed), 3)
    return [FFLayer(size, 24, key=key) for size, key in zip((20, 24, 24), keys, strict=True)]


def _train(layers: list[FFLayer]) -> list[FFLayer]:
    optimiser, signal, changed = optax.adam(0.01), Pair(POSITIVE, NEGATIVE), []
    for layer in layers:
        step = local_step(layer, optimiser, optimiser.init(layer), signal)
        signal = step.signal
        changed.append(step.layer)
    return changed


def _same(left: FFLayer, right: FFLayer) -> bool:
    return all(bool((a == b).all()) for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True))


PRESETS = {
    "direction": DIRECTION,
    "classic": CLASSIC,
    "symba": SYMBA,
    "paired views": PAIRED_VIEWS,
    "centred": CENTRED,
    "magnitude": MAGNITUDE,
    "length": dataclasses.replace(DIRECTION, normaliser="length"),
    "gap": dataclasses.replace(DIRECTION, threshold_gap=1.0),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in ("length", "gap") else ()) for name in PRESETS],
)
def test_training_raises_positive_above_negative(name: str) -> None:
    layer, optimiser = FFLayer(20, 64, key=jax.random.key(0), calibration=PRESETS[name]), optax.adam(0.01)
    state = optimiser.init(layer)
    before = float(jnp.mean(layer.goodness(POSITIVE) > layer.goodness(NEGATIVE)))
    first, pair = None, Pair(POSITIVE, NEGATIVE)
    compiled = jax.jit(lambda layer, state: local_step(layer, optimiser, state, pair))
    for _ in range(60):
        step = compiled(layer, state)
        layer, state = step.layer, step.optimiser_state
        first = float(step.loss) if first is None else first
    assert float(jnp.mean(layer.goodness(POSITIVE) > layer.goodness(NEGATIVE))) > max(before, 0.97)
    assert float(step.loss) < 0.5 * first


def test_probability_is_sigmoid_of_goodness_above_threshold() -> None:
    layer = FFLayer(20, 24, key=jax.random.key(0))
    expected = 1 / (1 + np.exp(-(np.asarray(layer.goodness(POSITIVE)) - 2.0)))
    np.testing.assert_allclose(layer.probability(POSITIVE), expected, rtol=1e-5)


def test_later_layers_do_not_touch_earlier_updates() -> None:
    layers = _stack()
    baseline = _train(layers)
    for perturbed in (1, 2):
        changed = list(layers)
        changed[perturbed] = jax.tree.map(lambda weight: weight * 1.5 + 0.1, layers[perturbed])
        after = _train(changed)
        assert all(_same(after[k], baseline[k]) for k in range(perturbed))
        assert not _same(after[perturbed], baseline[perturbed])


def test_nothing_flows_back_into_the_inputs() -> None:
    first, second = _stack()[:2]
    gradient = jax.grad(lambda layer: second.loss(Pair(layer(POSITIVE), layer(NEGATIVE))))(first)
    assert all(not leaf.any() for leaf in jax.tree.leaves(gradient))


@pytest.mark.parametrize("normaliser", ["rms", "length", "standard"])
def test_scaling_a_layer_cannot_change_the_next_input(normaliser: str) -> None:
    calibration = dataclasses.replace(DIRECTION, normaliser=normaliser)
    layer = FFLayer(20, 24, key=jax.random.key(0), calibration=calibration)
    np.testing.assert_allclose(layer(POSITIVE), layer(37.0 * POSITIVE), rtol=1e-4, atol=1e-5)
    assert bool(jnp.isfinite(layer(jnp.zeros((1, 20)))).all())


@pytest.mark.parametrize("normaliser", ["rms", "length"])
def test_initial_goodness_is_near_one(normaliser: str) -> None:
    calibration = dataclasses.replace(DIRECTION, normaliser=normaliser)
    layer = FFLayer(784, 500, key=jax.random.key(0), calibration=calibration)
    inputs = jax.random.uniform(jax.random.key(1), (64, 784))
    assert 0.7 < float(layer.goodness(inputs).mean()) < 1.4


def test_presets_that_cannot_learn_are_refused() -> None:
    with pytest.raises(ValueError, match="allowed is"):
        Calibration(goodness_threshold=500.0)
    with pytest.raises(ValueError, match="rms, length, standard, none"):
        Calibration(normaliser="softmax")
    with pytest.raises(ValueError, match="threshold, symba"):
        Calibration(loss="hinge")
    with pytest.raises(ValueError, match="activity, centred"):
        Calibration(passes="drive")
    with pytest.raises(ValueError, match="sharpness 0"):
        Calibration(sharpness=0.0)
    with pytest.raises(ValueError, match="gap 8"):
        Calibration(threshold_gap=8.0)
    with pytest.raises(ValueError, match="at least 1"):
        FFLayer(0, 4, key=jax.random.key(0), calibration=MAGNITUDE)
    with pytest.raises(ValueError, match="paired, one to one"):
        FFLayer(20, 4, key=jax.random.key(0), calibration=SYMBA).loss(Pair(POSITIVE, NEGATIVE[:5]))


def test_sum_and_mean_presets_agree() -> None:
    summed = dataclasses.replace(DIRECTION, goodness="sum")
    mean_layer = FFLayer(20, 24, key=jax.random.key(0))
    sum_layer = FFLayer(20, 24, key=jax.random.key(0), calibration=summed)
    np.testing.assert_allclose(sum_layer.goodness(POSITIVE), 24 * mean_layer.goodness(POSITIVE), rtol=1e-5)
    assert summed.threshold_for(24) == 24 * DIRECTION.threshold_for(24)


def test_what_is_passed_on_is_cut_off_and_centred_where_the_preset_says() -> None:
    layer = FFLayer(20, 24, key=jax.random.key(0), calibration=CENTRED)
    drive = np.asarray(layer.drive(POSITIVE))
    expected = np.maximum(drive - drive.mean(-1, keepdims=True), 0)
    np.testing.assert_allclose(layer.passed_on(Pair(POSITIVE, NEGATIVE)).positive, expected, atol=1e-6)
    slope = jax.grad(lambda own: jnp.sum(own.passed_on(Pair(POSITIVE, NEGATIVE)).positive))(layer)
    assert all(not leaf.any() for leaf in jax.tree.leaves(slope))


def test_scaling_the_layer_below_changes_nothing_above_in_a_network() -> None:
    below, above = _stack()[:2]
    louder = jax.tree.map(lambda weight: 11.0 * weight, below)
    np.testing.assert_allclose(above(below(POSITIVE)), above(louder(POSITIVE)), rtol=1e-4, atol=1e-5)
