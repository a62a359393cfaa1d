"""Compiled products followed by a reduction, at sizes where jax 0.10.2 goes wrong on a CPU (jax issue 39103)."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.ff.ascent import AscentLayer
from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.images.distance import DistanceLayer
from ffnca.ff.images.integer import IntegerLayer
from ffnca.ff.layer import FFLayer

pytestmark = pytest.mark.computes
SIZES = [(32_769, 3, 3), (16_385, 5, 2), (40_001, 2, 7)]
KEY = jax.random.key(0)


def _inputs(num_rows: int, num_features: int) -> np.ndarray:
    """Rows that grow, so that one read in place of another is far off."""
    rows = np.linspace(0.1, 30, num_rows, dtype=np.float32)[:, None]
    return rows * np.linspace(1, -0.5, num_features, dtype=np.float32)


def _squares(layer: FFLayer, inputs: np.ndarray) -> np.ndarray:
    drive = inputs.astype(float) @ np.asarray(layer.kernel[...], float) + np.asarray(layer.bias[...], float)
    return np.mean(np.maximum(drive, 0) ** 2, -1)


@pytest.mark.parametrize(("num_rows", "num_features", "num_units"), SIZES)
def test_goodness_compiled_is_that_of_numpy(num_rows: int, num_features: int, num_units: int) -> None:
    layer, inputs = FFLayer(num_features, num_units, key=KEY, calibration=MAGNITUDE), _inputs(num_rows, num_features)
    layer.bias[...] = jnp.linspace(0.1, 0.5, num_units)
    wanted = _squares(layer, inputs)
    ways: dict[str, Callable] = {"batch": layer.goodness, "sum": lambda rows: jnp.sum(layer.goodness(rows))}
    np.testing.assert_allclose(jax.jit(ways["batch"])(inputs), wanted, rtol=1e-4)
    np.testing.assert_allclose(jax.jit(ways["sum"])(inputs), wanted.sum(), rtol=1e-3)


@pytest.mark.parametrize(("num_rows", "num_features", "num_units"), SIZES[:2])
def test_ascent_and_distance_compiled_are_those_of_numpy(num_rows: int, num_features: int, num_units: int) -> None:
    inputs = _inputs(num_rows, num_features)
    layer = DistanceLayer(num_features, num_units, 3, key=KEY, calibration=MAGNITUDE)
    activity = np.maximum(inputs.astype(float) @ np.asarray(layer.layer.kernel[...], float), 0)
    far = np.mean((activity[:, None] - np.asarray(layer.centres[...], float)) ** 2, -1)
    np.testing.assert_allclose(jax.jit(layer.goodness)(inputs), -30 * far, rtol=1e-3, atol=1e-2)

    ascent, state = AscentLayer(num_features, num_units, 4, key=KEY), _inputs(num_rows, num_units) / 30
    weights = [np.asarray(leaf[...], float) for leaf in (ascent.context_weight, ascent.state_weight, ascent.bias)]
    hidden = np.maximum(inputs @ weights[0] + state @ weights[1] + weights[2], 0)
    expected = 0.5 * (hidden**2).sum(-1) - 0.5 * (state.astype(float) ** 2).sum(-1)
    np.testing.assert_allclose(jax.jit(ascent.goodness)(inputs, state), expected, rtol=1e-3, atol=1e-2)


def test_integers_compiled_are_those_of_numpy() -> None:
    layer = IntegerLayer.create(5, 3, key=KEY)
    inputs = np.arange(32_769 * 5).reshape(-1, 5) % 128
    drive = inputs @ np.asarray(layer.weight, np.int64)
    shift = (3 + 1) // 2 + 3  # half of the bits of five inputs, and those of fresh weights
    activity = np.clip((drive + (1 << (shift - 1))) >> shift, 0, 127)
    np.testing.assert_array_equal(jax.jit(layer.goodness)(inputs.astype(np.int8)), (activity**2).sum(-1))
