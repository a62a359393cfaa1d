"""The closed form gives what autodiff inside the layer gives."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import BATCH, NETWORKS

from ffnca.ff.calibration import CENTRED, CLASSIC, DIRECTION, MAGNITUDE, PAIRED_VIEWS, SYMBA, Calibration
from ffnca.ff.images.distance import DistanceLayer
from ffnca.ff.images.local import hebbian_gradient
from ffnca.ff.images.readout import LinearReadout
from ffnca.ff.images.schedules import Simultaneous
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Labelled, Pair, own_gradient

PRESETS = [
    *(DIRECTION, CLASSIC, SYMBA, PAIRED_VIEWS, CENTRED, MAGNITUDE),
    replace(DIRECTION, threshold_gap=1.0),
    replace(CLASSIC, loss="symba"),
    replace(DIRECTION, normaliser="length"),
]

VARIANTS = ("two thresholds", "length")
"""Of "ff": the terms themselves are compared for every preset."""


def _both(layer: Any, signal: Any) -> tuple[Any, Any]:
    return own_gradient(layer, signal), hebbian_gradient(layer, signal)


def _assert_equal(layer: Any, signal: Any, gradients: Callable[..., tuple[Any, Any]] = _both) -> None:
    (value, wanted), (found_value, found) = gradients(layer, signal)
    np.testing.assert_allclose(found_value, value, rtol=1e-6)
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for own, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert float(abs(theirs).max()) > 0
        np.testing.assert_allclose(own, theirs, rtol=1e-5, atol=1e-5 * float(abs(theirs).max()))


@pytest.mark.parametrize("calibration", PRESETS)
def test_the_hebbian_terms_are_the_gradient(calibration: Calibration) -> None:
    layer = FFLayer(20, 24, key=jax.random.key(0), calibration=calibration)
    positive, negative = jax.random.normal(jax.random.key(1), (2, 16, 20)) + 0.3
    _assert_equal(layer, Pair(positive, negative))


def test_passes_over_grids_have_the_same_terms() -> None:
    layer = FFLayer(6, 5, key=jax.random.key(0))
    positive, negative = jax.random.normal(jax.random.key(1), (2, 3, 4, 4, 6))
    _assert_equal(layer, Pair(positive, negative))


_compiled = jax.jit(_both)


@partial(jax.jit, static_argnums=(1, 2))
def _distance_case(key: jax.Array, margin: float, sharpness: float) -> tuple[DistanceLayer, Labelled]:
    layer_key, input_key, label_key = jax.random.split(key, 3)
    layer = DistanceLayer(9, 7, 4, key=layer_key, margin=margin, sharpness=sharpness)
    return layer, Labelled(jax.random.normal(input_key, (5, 9)), jax.random.randint(label_key, (5,), 0, 4))


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(0.0, 30.0), (0.7, 10.0), (3.0, 1.0)]))
def test_the_distance_terms_are_the_gradient(seed: int, margin_and_sharpness: tuple[float, float]) -> None:
    _assert_equal(*_distance_case(jax.random.key(seed), *margin_and_sharpness), gradients=_compiled)


@pytest.mark.parametrize(
    "name",
    [*("ff", "symba", "scff", "distance"), *(pytest.param(name, marks=pytest.mark.slow) for name in VARIANTS)],
)
def test_training_by_the_closed_form_is_training_by_autodiff(name: str) -> None:
    """By gradient descent proper: Adam divides by slopes near 0 and so makes much of the last bit."""
    optimiser, key = optax.sgd(0.05), jax.random.key(0)
    results = []
    for schedule in (Simultaneous(), Simultaneous(hebbian_gradient)):
        learner = schedule.start(NETWORKS[name](key), optimiser, BATCH, key=key)
        step = jax.jit(lambda own, key, schedule=schedule: schedule.step(own, optimiser, BATCH, key=key)[0])
        for number in range(5):
            learner = step(learner, jax.random.fold_in(key, number))
        results.append(jax.tree.leaves(learner.network.layers))
    for own, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-4, atol=1e-5)


def test_other_layers_are_refused() -> None:
    with pytest.raises(TypeError, match="FFLayer, DistanceLayer"):
        hebbian_gradient(LinearReadout(3, 2), Labelled(BATCH.images[:, 0, :3], BATCH.labels))
