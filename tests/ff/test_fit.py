from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small import BATCH, NETWORKS

from ffnca.errors import InputError
from ffnca.ff.images.fitting import FitConfig, accuracy, checked_batch, fit, unit_range

IMAGES, LABELS = np.zeros((4, 3, 2), np.uint8), np.array([0, 1, 2, 1])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES[0], LABELS, "images of shape (3, 2)"),
        (IMAGES[:0], LABELS[:0], "images of shape (0, 3, 2)"),
        (IMAGES.astype(np.int32), LABELS, "images of type int32"),
        (np.full((4, 3, 2), np.nan), LABELS, "images: 24 values are not finite"),
        (np.full((4, 3, 2), np.inf), LABELS, "images: 24 values are not finite"),
        (IMAGES, LABELS[:3], "labels (3,)"),
        (IMAGES, LABELS[:, None], "labels (4, 1)"),
        (IMAGES, LABELS * 1.0, "labels (4,) of type float64"),
        (IMAGES, LABELS + 1, "labels from 1 to 3: allowed are 0 to 2"),
        (IMAGES, LABELS - 1, "labels from -1 to 1: allowed are 0 to 2"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(images: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_batch(images, labels, 3)
    assert message in str(caught.value)
    assert "allowed" in str(caught.value) or "must be" in str(caught.value)


def test_bytes_become_numbers_from_0_to_1() -> None:
    batch = checked_batch(np.full((2, 1, 1), 255, np.uint8), np.array([0, 1]), 2)
    assert batch.images.dtype == jnp.uint8
    np.testing.assert_array_equal(unit_range(batch.images), np.ones((2, 1, 1)))
    floats = checked_batch(np.full((2, 1, 1), 0.25), np.array([0, 1]), 2)
    np.testing.assert_array_equal(unit_range(floats.images), np.full((2, 1, 1), 0.25))


def test_accuracy_counts_the_last_part_too() -> None:
    truth = checked_batch(np.arange(7, dtype=np.uint8)[:, None, None], np.arange(7), 7)
    wrong_once = np.asarray(accuracy(lambda images: (images[:, 0, 0] * 255 + 0.5).astype(int) % 6, truth, batch_size=3))
    assert wrong_once == pytest.approx(6 / 7)


def test_a_course_ends_with_a_rate_of_zero_and_reports_each_epoch() -> None:
    epochs = [*fit(NETWORKS["ff"](jax.random.key(0)), BATCH, FitConfig(3, 2), key=jax.random.key(0))]
    assert [epoch.number for epoch in epochs] == [1, 2, 3]
    assert all(epoch.losses.shape == (3,) and bool(jnp.isfinite(epoch.losses).all()) for epoch in epochs)
    kernels = [np.asarray(epoch.network.layers[0].kernel[...]) for epoch in epochs]
    steps = [float(abs(after - before).max()) for before, after in pairwise(kernels)]
    assert steps[1] < steps[0]


def test_courses_and_samples_that_do_not_fit_are_refused() -> None:
    for settings in ({"num_epochs": 0}, {"num_epochs": 1, "batch_size": 1}, {"num_epochs": 1, "learning_rate": 0.0}):
        with pytest.raises(ValueError, match="num_epochs at least 1"):
            FitConfig(**settings)
    with pytest.raises(InputError, match="6 images: at least one batch of 7"):
        next(fit(NETWORKS["ff"](jax.random.key(0)), BATCH, FitConfig(1, 7), key=jax.random.key(0)))
