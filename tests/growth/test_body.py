import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from ffnca.errors import InputError
from ffnca.grid.boundary import pad
from ffnca.grid.kernels import alive_mask
from ffnca.systems.growth.body import BRIDGE_ALPHA, OUTSIDE, Bodies, build_body, geodesic, joined
from ffnca.systems.growth.position_code import (
    CELLS_PER_CYCLE,
    LARGEST_RATIO,
    LOWEST_FREQUENCY,
    code_channels,
    position_code,
)


def _body(picture, shape=(20, 22)):
    return build_body(picture, shape, 16, alive_threshold=0.1, code_amplitude=0.7)


def test_the_picture_lies_in_the_middle_and_nothing_lives_away_from_it(ring_picture) -> None:
    body = _body(ring_picture)
    near = np.asarray(alive_mask(pad(jnp.asarray(body.target), "wrap"), 0.1))
    np.testing.assert_array_equal(body.picture[4:16, 5:17], ring_picture)
    assert body.alive.sum() == (ring_picture[..., 3] > 0.1).sum()
    np.testing.assert_array_equal(body.target[..., :4], body.picture)
    np.testing.assert_array_equal(body.target, np.where(near[..., None], body.goal, 0))


def test_the_code_goes_on_beyond_the_body_and_tells_outside_from_inside(ring_picture) -> None:
    body = _body(ring_picture)
    outside = body.goal[~body.alive]
    assert not outside[:, :4].any()
    assert outside[:, 4:].any(-1).all()
    gaps = np.linalg.norm(outside[:, None, 4:] - body.goal[body.alive][None, :, 4:], axis=-1)
    assert gaps.min() > 0.1


def test_far_cells_should_become_less_than_dead_and_all_others_the_goal(ring_picture) -> None:
    body = _body(ring_picture)
    near = (body.target != 0).any(-1)
    reached = np.asarray(binary_dilation(near, np.ones((3, 3))), bool)
    next_ring, far = reached & ~near, ~reached
    assert next_ring.any()
    assert far.any()
    wanted = np.asarray(body.wanted(-0.25))
    np.testing.assert_array_equal(wanted[near], body.goal[near])
    np.testing.assert_array_equal(wanted[..., 4:], body.goal[..., 4:])
    np.testing.assert_allclose(wanted[next_ring][:, :4], [[0, 0, 0, -0.125]] * next_ring.sum())
    np.testing.assert_allclose(wanted[far][:, :4], [[0, 0, 0, -0.25]] * far.sum())
    np.testing.assert_array_equal(Bodies.of_all([body, body]).each.wanted(-0.25), [wanted, wanted])


def test_cells_that_touch_the_body_are_reached_a_step_later(ring_picture) -> None:
    body = _body(ring_picture)
    touching = (body.distance < OUTSIDE) & ~body.alive
    np.testing.assert_array_equal(touching, (body.target != 0).any(-1) & ~body.alive)
    inside = np.where(body.alive, body.distance, OUTSIDE)
    for row, column in np.argwhere(touching):
        assert body.distance[row, column] == 1 + inside[row - 1 : row + 2, column - 1 : column + 2].min()


def test_the_code_is_the_same_on_every_grid_and_differs_between_cells(ring_picture) -> None:
    small, large = _body(ring_picture), _body(ring_picture, (40, 51))
    np.testing.assert_allclose(small.target[4:16, 5:17], large.target[14:26, 19:31], atol=1e-6)
    codes = small.target[small.alive][:, 4:]
    gaps = np.linalg.norm(codes[:, None] - codes[None], axis=-1) + 9 * np.eye(len(codes))
    assert gaps.min() > 0.1
    assert np.abs(codes).max() <= 0.7 + 1e-6


@pytest.mark.computes
def test_relative_mse_is_one_when_empty_and_zero_when_right(ring_picture) -> None:
    body = _body(ring_picture)
    states = jnp.stack([jnp.zeros_like(jnp.asarray(body.target)), jnp.asarray(body.target)])
    np.testing.assert_allclose(body.relative_mse(states), [1.0, 0.0], atol=1e-6)


def test_start_is_one_cell_of_the_body(ring_picture) -> None:
    body = _body(ring_picture)
    start = np.asarray(body.start)
    assert (start != 0).any(-1).sum() == 1
    np.testing.assert_array_equal(start[body.seed_at], body.target[body.seed_at])
    assert body.alive[body.seed_at]


def test_geodesic_goes_round_a_hole_not_through_it(ring_picture) -> None:
    alive = ring_picture[..., 3] > 0.1
    alive[:, 4:8] &= np.arange(12)[:, None] < 6  # a horseshoe
    distance = geodesic(alive, (10, 3))
    assert distance[10, 3] == 0
    assert distance[10, 8] > 11
    assert (distance[~alive] == OUTSIDE).all()


def test_separate_parts_are_joined_by_faint_tissue() -> None:
    picture = np.zeros((12, 20, 4), np.float32)
    picture[2:6, 1:5], picture[2:6, 10:14], picture[9:11, 17:19] = 1.0, 1.0, 1.0
    body = _body(picture, (16, 24))
    assert (body.distance[body.alive] < OUTSIDE).all()
    np.testing.assert_array_equal(body.picture[2:14, 2:22], picture)
    bridges = body.alive & (body.picture[..., 3] == 0)
    assert bridges.sum() > 0
    np.testing.assert_allclose(body.target[bridges][:, :4], [[0, 0, 0, BRIDGE_ALPHA]] * bridges.sum(), atol=1e-6)
    np.testing.assert_array_equal(joined(joined(picture, 0.1), 0.1), joined(picture, 0.1))


@pytest.mark.parametrize("alive_threshold", [0.15, 0.2, 0.5, 0.95])
def test_separate_parts_are_joined_whatever_it_takes_to_live(alive_threshold: float) -> None:
    picture = np.zeros((12, 20, 4), np.float32)
    picture[2:6, 1:5], picture[2:6, 10:14] = 1.0, 1.0
    alive = joined(picture, alive_threshold)[..., 3] > alive_threshold
    assert (geodesic(alive, (3, 2))[alive] < OUTSIDE).all()


def test_what_does_not_fit_is_refused(ring_picture) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        _body(ring_picture, (10, 30))
    with pytest.raises(InputError, match="above alive_threshold"):
        _body(np.zeros((4, 4, 4), np.float32))


def test_channels_beyond_the_waves_stay_zero() -> None:
    x = np.linspace(-1, 1, 9)[None].repeat(9, 0)
    code = position_code(x, x.T, 14, 4.5, 0.7)
    assert not code[..., 12:].any()
    assert code[..., :12].any((0, 1)).all()


@pytest.mark.parametrize("cells", [8, 24, 42, 43, 96, 177, 178, 512])
def test_a_wave_says_which_period_of_the_next_one_a_cell_is_in(cells: int) -> None:
    finest, num_waves = cells / CELLS_PER_CYCLE, code_channels(cells / 2) // 4
    ratio = (max(finest, LOWEST_FREQUENCY) / LOWEST_FREQUENCY) ** (1 / (num_waves - 1))
    assert ratio <= LARGEST_RATIO
    fewer = (finest / LOWEST_FREQUENCY) ** (1 / (num_waves - 2))
    assert num_waves == 3 or fewer > LARGEST_RATIO  # none is spent in vain
