import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.grid.boundary import BOUNDARIES, pad
from ffnca.grid.kernels import alive_mask
from ffnca.grid.perceive import perceive
from ffnca.grid.seeds import single_cell, soup
from ffnca.perceptions import PERCEPTIONS, perception_size

KERNELS = tuple(name for name, one in PERCEPTIONS.items() if not one.of_code)

RING = np.array([[0.5, 1, 0.5], [1, 0, 1], [0.5, 1, 0.5]])
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
MODES = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}


def _grid(seed: int, height: int = 7, width: int = 9, channels: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    state = random.normal(size=(height, width, channels)).astype(np.float32)
    return state * (random.random((height, width, 1)) < 0.6)


def _correlated(plane: np.ndarray, kernel: np.ndarray, boundary: str) -> np.ndarray:
    padded = np.pad(plane, 1, mode=MODES[boundary])
    out = np.zeros_like(plane)
    for row in range(plane.shape[0]):
        for column in range(plane.shape[1]):
            out[row, column] = (padded[row : row + 3, column : column + 3] * kernel).sum()
    return out


def _oracle(state: np.ndarray, boundary: str) -> np.ndarray:
    channels = [state[..., channel] for channel in range(state.shape[-1])]
    flags = (state[..., 3] > 0.1).astype(np.float32)
    weight = _correlated(flags, RING, boundary)
    parts = channels + [_correlated(plane, SOBEL, boundary) for plane in channels]
    parts += [_correlated(plane, SOBEL.T, boundary) for plane in channels]
    parts += [_correlated(plane, RING, boundary) / 6 - plane for plane in channels]
    parts += [_correlated(plane * flags, RING, boundary) / np.maximum(weight, 0.5) for plane in channels]
    for slope in (RING * [-1, 0, 1], RING * [[-1], [0], [1]]):
        parts += [_correlated(plane * flags, slope, boundary) / np.maximum(weight, 0.5) for plane in channels]
    across = np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0]])
    parts += [flags, weight / 6, _correlated(flags, across, boundary), _correlated(flags, across.T, boundary)]
    padded = np.pad(state, ((1, 1), (1, 1), (0, 0)), mode=MODES[boundary])
    height, width = state.shape[:2]
    cells = [padded[row : row + height, column : column + width] for row in range(3) for column in range(3)]
    return np.concatenate([np.stack(parts, -1), *cells], -1)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_kernel_against_numpy(boundary: str) -> None:
    state = _grid(0)
    found = perceive(jnp.asarray(state), KERNELS, boundary, alive_threshold=0.1)
    np.testing.assert_allclose(found, _oracle(state, boundary), atol=1e-5)
    assert found.shape[-1] == perception_size(KERNELS, 5)


@given(st.integers(0, 1000), st.integers(-9, 9), st.integers(-9, 9))
def test_wrap_commutes_with_rolling(seed: int, rows: int, columns: int) -> None:
    state = jnp.asarray(_grid(seed))
    seen = perceive(state, KERNELS, "wrap", alive_threshold=0.1)
    rolled = perceive(jnp.roll(state, (rows, columns), (0, 1)), KERNELS, "wrap", alive_threshold=0.1)
    np.testing.assert_array_equal(jnp.roll(seen, (rows, columns), (0, 1)), rolled)


def test_batch_equals_single() -> None:
    batch = jnp.stack([jnp.asarray(_grid(seed)) for seed in range(3)])
    seen = perceive(batch, KERNELS, "reflect", alive_threshold=0.1)
    for index in range(3):
        single = perceive(batch[index], KERNELS, "reflect", alive_threshold=0.1)
        np.testing.assert_array_equal(seen[index], single)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_alive_mask_respects_the_boundary(boundary: str) -> None:
    state = single_cell((6, 7), jnp.ones(4), (0, 0))
    found = np.asarray(alive_mask(pad(state, boundary), 0.1))
    expected = np.zeros((6, 7), bool)
    expected[:2, :2] = True
    if boundary == "wrap":
        expected[-1, :2] = expected[:2, -1] = expected[-1, -1] = True
    np.testing.assert_array_equal(found, expected)


def test_what_living_neighbours_say_of_a_linear_field_is_right_in_every_pattern_of_them() -> None:
    rows, columns = np.mgrid[0:40, 0:40].astype(np.float32) - 20
    field, alive = 2 + 0.03 * columns - 0.05 * rows, np.random.default_rng(3).random((40, 40)) < 0.4
    state = jnp.asarray(np.stack([field, 0.03 + 0 * field, -0.05 + 0 * field, 1 + 0 * field], -1) * alive[..., None])
    mean, slope = (
        perceive(state, (name,), "zero", alive_threshold=0.1) for name in ("neighbour_mean", "neighbour_slope")
    )
    said = mean[..., 0] - slope[..., 1] - slope[..., 4 + 2]  # the state less what its slope makes of the way there
    has_neighbours = np.asarray(mean[..., 3] > 0)
    np.testing.assert_allclose(said[has_neighbours], field[has_neighbours], atol=1e-5)
    assert np.abs(np.asarray(mean[..., 0]) - field)[has_neighbours].max() > 0.05


def test_reflect_mirrors_across_the_edge_cell() -> None:
    state = jnp.arange(12.0).reshape(3, 4, 1)
    expected = np.pad(np.arange(12.0).reshape(3, 4), 1, mode="reflect")
    np.testing.assert_array_equal(pad(state, "reflect")[..., 0], expected)


def test_unknown_names_are_refused() -> None:
    state = jnp.zeros((4, 4, 4))
    with pytest.raises(ValueError, match="allowed: identity"):
        perceive(state, ("roberts",), "wrap", alive_threshold=0.1)


def test_soup_has_its_density_and_repeats() -> None:
    first, second = (soup((64, 64), 0.3, key=jax.random.key(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert 0.27 < float(first.mean()) < 0.33
    assert set(np.unique(first)) == {0.0, 1.0}
