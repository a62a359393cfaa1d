import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import BATCH

from ffnca.ff.images.generator import GeneratorNetwork
from ffnca.ff.images.labels import embed_label
from ffnca.ff.images.negatives import (
    hybrid_images,
    large_masks,
    likely_wrong_labels,
    noisy,
    other_samples,
    wrong_labels,
)
from ffnca.ff.images.schedules import Batch, Simultaneous
from ffnca.ff.images.unlabelled import UnlabelledNetwork

KEY = jax.random.key(0)


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 10]))
def test_a_wrong_label_is_never_the_true_one(seed: int, num_labels: int) -> None:
    keys = jax.random.split(jax.random.key(seed), 3)
    labels = jax.random.randint(keys[0], (64,), 0, num_labels)
    goodness = 100 * jax.random.normal(keys[1], (64, num_labels))
    for wrong in (
        wrong_labels(labels, num_labels, key=keys[2]),
        likely_wrong_labels(goodness, labels, key=keys[2]),
    ):
        assert bool((wrong != labels).all())
        assert 0 <= int(wrong.min()) <= int(wrong.max()) < num_labels


def test_every_wrong_label_is_equally_likely() -> None:
    wrong = wrong_labels(jnp.full(9000, 3), 10, key=KEY)
    counts = np.bincount(wrong, minlength=10)
    assert counts[3] == 0
    assert (abs(np.delete(counts, 3) - 1000) < 150).all()


def test_likely_wrong_labels_follow_goodness() -> None:
    goodness = jnp.tile(jnp.log(jnp.array([4.0, 1.0, 2.0, 9.0])), (8000, 1))
    counts = np.bincount(likely_wrong_labels(goodness, jnp.full(8000, 3), temperature=1.0, key=KEY), minlength=4)
    np.testing.assert_allclose(counts / 8000, [4 / 7, 1 / 7, 2 / 7, 0], atol=0.02)
    cold = likely_wrong_labels(goodness, jnp.full(8000, 3), temperature=0.01, key=KEY)
    assert bool((cold == 0).all())


def test_masks_have_large_regions_of_both_kinds() -> None:
    masks = np.asarray(large_masks(200, 28, 28, key=KEY))
    assert 0.45 < masks.mean() < 0.55
    neighbours_agree = (masks == np.roll(masks, 1, 2)).mean()
    assert neighbours_agree > 0.8


def test_a_hybrid_is_made_of_two_images() -> None:
    images = jnp.arange(1.0, 9.0)[:, None, None] * jnp.ones((8, 12, 12))
    for number, hybrid in enumerate(np.asarray(hybrid_images(images, key=KEY)), start=1):
        kinds = set(np.unique(hybrid))
        assert number in kinds
        assert len(kinds) == 2


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 9]))
def test_no_sample_stands_beside_itself(seed: int, batch: int) -> None:
    samples = jnp.arange(float(batch))
    others = other_samples(samples, key=jax.random.key(seed))
    assert sorted(others.tolist()) == samples.tolist()
    assert bool((others != samples).all())


def test_noise_has_the_deviation_asked_for() -> None:
    assert float(jnp.std(noisy(jnp.zeros(10_000), deviation=0.3, key=KEY))) == pytest.approx(0.3, rel=0.05)


def test_equal_keys_equal_negatives() -> None:
    first, second = (hybrid_images(BATCH.images, key=KEY) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, hybrid_images(BATCH.images, key=jax.random.key(1)))


def test_a_generator_learns_to_fill_in() -> None:
    """On images of one dark and one light half it learns the half that it does not see."""
    side = jax.random.bernoulli(KEY, 0.5, (256, 1, 1))
    images = jnp.where(jnp.arange(6) < 3, side, ~side).astype(jnp.float32) * jnp.ones((256, 6, 6))
    optimiser, schedule = optax.adam(0.01), Simultaneous()
    batch = Batch(images, jnp.zeros(256, jnp.int32))
    learner = schedule.start(GeneratorNetwork.create(6, 6, 64, key=KEY), optimiser, batch, key=KEY)
    step = jax.jit(lambda learner, key: schedule.step(learner, optimiser, batch, key=key))
    first = step(learner, KEY)[1]
    for number in range(150):
        learner, losses = step(learner, jax.random.fold_in(KEY, number))
    assert float(losses[0]) < 0.2 * float(first[0])
    fresh = jax.random.key(99)
    made, seen = learner.network.negatives(images, key=fresh), learner.network.signal(images, key=fresh).mask
    np.testing.assert_array_equal(made[seen], images[seen])
    guessed = ~seen & seen.any((1, 2), keepdims=True)
    assert float(jnp.mean((made > 0.5)[guessed] == (images > 0.5)[guessed])) > 0.9


def test_labels_are_written_over_the_first_inputs() -> None:
    inputs = jnp.ones((3, 6))
    found = embed_label(inputs, jnp.array([0, 2, 1]), 4, strength=5.0)
    np.testing.assert_array_equal(found[:, :4], 5 * np.eye(4)[[0, 2, 1]])
    np.testing.assert_array_equal(found[:, 4:], 1)


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(ValueError, match="input width, 6"):
        embed_label(jnp.ones((3, 6)), jnp.array([0, 2, 1]), 7, strength=1.0)
    with pytest.raises(ValueError, match="num_labels 1"):
        wrong_labels(jnp.zeros(3, int), 1, key=KEY)
    with pytest.raises(ValueError, match="temperature 0"):
        likely_wrong_labels(jnp.zeros((3, 4)), jnp.zeros(3, int), temperature=0.0, key=KEY)
    with pytest.raises(ValueError, match="at least 2"):
        other_samples(jnp.zeros((1, 4)), key=KEY)
    with pytest.raises(ValueError, match="deviation -1"):
        noisy(jnp.zeros(3), deviation=-1.0, key=KEY)
    with pytest.raises(ValueError, match="hybrid, noise, generated"):
        UnlabelledNetwork.create(20, (4,), key=KEY, negatives="blur")
    with pytest.raises(ValueError, match="generator False"):
        UnlabelledNetwork.create(20, (4,), key=KEY, negatives="generated")
