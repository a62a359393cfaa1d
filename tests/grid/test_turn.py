import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.grid.perceive import perceive
from ffnca.grid.turn import Turn, turned_picture
from ffnca.perceptions import PERCEPTIONS

KERNELS = tuple(name for name, one in PERCEPTIONS.items() if not one.of_code)

QUARTERS = (90, 180, 270)


@pytest.mark.parametrize("angle", QUARTERS)
def test_a_grid_turned_by_right_angles_is_seen_as_the_grid_itself(angle: int) -> None:
    random = np.random.default_rng(0)
    state = (random.normal(size=(7, 9, 5)) * (random.random((7, 9, 1)) < 0.6)).astype(np.float32)
    turned = np.ascontiguousarray(np.rot90(state, -angle // 90))
    seen = perceive(jnp.asarray(state), KERNELS, "wrap", alive_threshold=0.1)
    found = perceive(jnp.asarray(turned), KERNELS, "wrap", alive_threshold=0.1, turn=Turn.by(float(angle)))
    np.testing.assert_allclose(found, np.rot90(seen, -angle // 90), atol=1e-5)
    straight = perceive(jnp.asarray(turned), KERNELS, "wrap", alive_threshold=0.1)
    assert np.abs(straight - found).max() > 0.1


@given(st.floats(-360, 360), st.floats(0, 2 * np.pi), st.floats(0.1, 1.3))
def test_a_wave_turned_by_any_angle_is_seen_much_as_the_wave_itself(angle: float, way: float, number: float) -> None:
    rows, columns = np.mgrid[0:5, 0:5] - 2.0
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    x, y = cosine * columns + sine * rows, cosine * rows - sine * columns  # the place in the body of every cell

    def seen(x, y, turn=None) -> np.ndarray:
        wave = np.sin(number * (np.cos(way) * x + np.sin(way) * y))
        state = jnp.asarray(wave[..., None], jnp.float32)
        return np.asarray(perceive(state, ("sobel",), "zero", alive_threshold=0.1, turn=turn)[2, 2])

    straight = seen(columns, rows)
    found = seen(x, y, Turn.by(angle))
    assert np.abs(found - straight).max() < 0.05 * number


@pytest.mark.parametrize("angle", [-360, 0, *QUARTERS, 360])
def test_pictures_turn_exactly_by_right_angles(angle: int) -> None:
    picture = np.random.default_rng(0).random((5, 8, 4)).astype(np.float32)
    np.testing.assert_array_equal(turned_picture(picture, float(angle)), np.rot90(picture, -angle // 90))


def test_pictures_turn_clockwise_and_keep_what_is_in_them() -> None:
    picture = np.zeros((21, 21, 4), np.float32)
    picture[2:5, 9:12] = [0.2, 0.4, 0.6, 1.0]  # above the middle
    turned = turned_picture(picture, 45.0)
    rows, columns = np.nonzero(turned[..., 3] > 0.5)
    middle = (np.array(turned.shape[:2]) - 1) / 2
    assert rows.mean() < middle[0] - 3
    assert columns.mean() > middle[1] + 3  # above and to the right
    np.testing.assert_allclose(turned.sum((0, 1)), picture.sum((0, 1)), rtol=0.05)
    assert turned.min() >= 0
    assert turned.max() <= 1
