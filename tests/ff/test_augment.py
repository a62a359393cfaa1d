"""Jitter and warps: what they move, how far, and what they leave alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.ff.images.augment import jitter, warp

STILL = {"degrees": 0.0, "stretch": 0.0, "shear": 0.0, "reach": 0.0}


def test_jitter_moves_by_a_pixel_at_most_and_loses_nothing_but_the_border() -> None:
    images = jnp.zeros((200, 5, 5)).at[:, 2, 2].set(1.0)
    moved = np.asarray(jitter(images, key=jax.random.key(0)))
    rows, columns = np.nonzero(moved)[1:]
    assert len(rows) == 200
    assert {(row, column) for row, column in zip(rows, columns, strict=True)} == {
        (row, column) for row in (1, 2, 3) for column in (1, 2, 3)
    }


def test_a_warp_of_nothing_leaves_every_pixel() -> None:
    images = jax.random.uniform(jax.random.key(1), (3, 7, 6))
    np.testing.assert_allclose(warp(images, key=jax.random.key(0), **STILL), images, atol=1e-5)


@pytest.mark.parametrize("setting", ["degrees", "stretch", "shear", "reach"])
def test_each_setting_warps_alone_and_each_image_in_its_own_way(setting: str) -> None:
    image = jax.random.uniform(jax.random.key(1), (1, 9, 9))
    settings = {**STILL, setting: {"degrees": 20.0, "reach": 1.0}.get(setting, 0.3)}
    first, second, *_ = warped = np.asarray(warp(jnp.repeat(image, 400, 0), key=jax.random.key(2), **settings))
    assert np.abs(warped - np.asarray(image[0])).max() > 0.1
    assert np.abs(warped - first).max() > 0.1
    if setting != "reach":  # the middle stays
        np.testing.assert_allclose([first[4, 4], second[4, 4]], image[0, 4, 4], atol=1e-5)


def test_a_turn_by_a_right_angle_is_that_of_numpy() -> None:
    image = np.random.default_rng(0).random((1, 9, 9)).astype(np.float32)
    many = warp(jnp.repeat(jnp.asarray(image), 400, 0), key=jax.random.key(0), **{**STILL, "degrees": 95.0})
    nearest = np.abs(np.asarray(many) - np.rot90(image[0])).max((1, 2)).min()
    assert nearest < 0.1


def test_zeros_come_in_at_the_border() -> None:
    moved = np.asarray(warp(jnp.ones((64, 6, 6)), key=jax.random.key(0), **{**STILL, "reach": 2.0}))
    assert moved.min() == 0
    assert moved[:, 2:4, 2:4].min() == 1
