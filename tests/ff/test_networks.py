"""Every network learns real digits; what it says of an image does not depend on the batch."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small import BATCH, NETWORKS, NUM_LABELS, WIDTHS, same_bits

from ffnca.ff.calibration import CLASSIC, DIRECTION, SYMBA
from ffnca.ff.images.backprop import Backpropagation, BackpropNetwork
from ffnca.ff.images.distance import DistanceLayer, DistanceNetwork
from ffnca.ff.images.fitting import Batch, FitConfig, accuracy, checked_batch, fit
from ffnca.ff.images.local import hebbian_gradient
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.readout import LinearReadout, ReadoutNetwork
from ffnca.ff.images.recurrent import RecurrentNetwork, RecurrentSchedule
from ffnca.ff.images.schedules import Greedy, Pipelined
from ffnca.ff.images.unlabelled import SelfContrastiveNetwork, UnlabelledNetwork
from ffnca.ff.layer import FFLayer

KEY = jax.random.key(0)
SIZES = 100, (80, 80)


@cache
def digits() -> tuple[Batch, Batch]:
    """Real digits of 8x8 pixels inside a border, 1,000 to learn from and 500 others."""
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    images = np.pad(found.images, ((0, 0), (1, 1), (1, 1)))[order] / 16
    parts = slice(0, 1000), slice(1000, 1500)
    return tuple(checked_batch(images[part], found.target[order][part], 10) for part in parts)  # pyright: ignore


def trained(network: Any, num_epochs: int = 20, **settings: Any) -> Any:
    """The network after a short training."""
    return [*fit(network, digits()[0], FitConfig(num_epochs, 25), key=KEY, **settings)][-1].network


@pytest.mark.parametrize(
    ("create", "settings", "least"),
    [
        (lambda: FFNetwork.create(*SIZES, 10, key=KEY, calibration=CLASSIC, temperature=0.0), {}, 0.93),
        (lambda: FFNetwork.create(*SIZES, 10, key=KEY), {}, 0.95),
        (lambda: FFNetwork.create(*SIZES, 10, key=KEY), {"schedule": Pipelined(hebbian_gradient)}, 0.95),
        (lambda: DistanceNetwork.create(*SIZES, 10, key=KEY), {}, 0.95),
        (lambda: RecurrentNetwork.create(*SIZES, 10, key=KEY), {"schedule": RecurrentSchedule(), "num_epochs": 9}, 0.7),
        (lambda: BackpropNetwork.create(*SIZES, 10, key=KEY), {"schedule": Backpropagation()}, 0.95),
    ],
)
def test_networks_learn_digits(create: Callable[[], Any], settings: dict[str, Any], least: float) -> None:
    network = trained(create(), **settings)
    assert float(accuracy(network.predict, digits()[1])) > least


@pytest.mark.parametrize("network", [SelfContrastiveNetwork, UnlabelledNetwork])
def test_labels_are_read_from_what_was_learned_without_them(network: Any) -> None:
    """In both layers, and with labels for a tenth of the images better than from fresh weights."""
    fresh = network.create(*SIZES, key=KEY)
    few = Batch(digits()[0].images[:100], digits()[0].labels[:100])
    found = []
    for body in (trained(fresh), fresh):
        read = [*fit(ReadoutNetwork.create(body, 10), few, FitConfig(40, 20), key=KEY)][-1].network
        found.append((float(accuracy(read.predict, digits()[1])), accuracy(read.layer_predictions, digits()[1])))
    assert found[0][0] > max(0.8, found[1][0] + 0.02), found
    assert (found[0][1] > 0.7).all()


def test_greedy_layers_learn_one_after_another() -> None:
    network = FFNetwork.create(*SIZES, 10, key=KEY)
    first = trained(network, schedule=Greedy(0))
    assert same_bits(first.layers[1], network.layers[1])
    second = trained(first, schedule=Greedy(1))
    assert same_bits(second.layers[0], first.layers[0])
    before, after = (accuracy(net.layer_predictions, digits()[1]) for net in (first, second))
    assert after[1] > max(0.93, before[1])
    with pytest.raises(ValueError, match="index 2: allowed are 0 to 1"):
        trained(network, 1, schedule=Greedy(2))


def test_equal_keys_equal_networks() -> None:
    """By the key of the training too, not that of the first weights alone."""
    keys = [KEY, KEY, jax.random.key(1)]
    first, second, other = (next(fit(NETWORKS["symba"](KEY), BATCH, FitConfig(1, 2), key=key)).network for key in keys)
    assert same_bits(first, second)
    assert not same_bits(first, other)


def test_hard_negatives_are_drawn_by_the_goodness_of_the_first_layer() -> None:
    """Its one matrix product for all labels gives what a pass for each label gives."""
    network = NETWORKS["symba"](KEY)
    inputs = BATCH.images.reshape(len(BATCH.images), -1)
    np.testing.assert_allclose(network._first_goodness(inputs), network.goodness(BATCH.images)[0], rtol=1e-4)


def _judges() -> dict[str, Any]:
    return {
        "labels in the input": NETWORKS["symba"](KEY),
        "distance": NETWORKS["distance"](KEY),
        "recurrent": RecurrentNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY),
    }


@pytest.mark.parametrize("name", _judges())
def test_goodness_of_one_image_is_that_in_a_batch(name: str) -> None:
    network = _judges()[name]
    batched = network.goodness(BATCH.images)
    assert batched.shape == (len(WIDTHS), len(BATCH.images), NUM_LABELS)
    goodness = jax.jit(network.goodness)
    alone = jnp.concatenate([goodness(image[None]) for image in BATCH.images], 1)
    np.testing.assert_allclose(alone, batched, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(network.predict(BATCH.images), jnp.argmax(batched.sum(0), -1))
    np.testing.assert_array_equal(network.layer_predictions(BATCH.images), jnp.argmax(batched, -1))


def test_two_views_of_one_sample_against_views_of_two() -> None:
    network = SelfContrastiveNetwork.create(20, WIDTHS, key=KEY)
    pair, flat = network.signal(BATCH.images, key=KEY), BATCH.images.reshape(6, 20)
    standard = (flat - flat.mean(-1, keepdims=True)) / flat.std(-1, keepdims=True)
    np.testing.assert_allclose(pair.positive, 2 * standard, rtol=1e-4, atol=1e-5)
    partners = pair.negative - standard
    assert all(float(abs(standard - partner).max(-1).min()) < 1e-4 for partner in partners)
    assert float(abs(partners - standard).max(-1).min()) > 0.1


def test_distances_are_distances() -> None:
    layer = DistanceLayer(20, 8, NUM_LABELS, key=KEY, sharpness=3.0)
    inputs = BATCH.images.reshape(6, 20)
    far = np.asarray(layer(inputs))[:, None] - np.asarray(layer.centres[...])
    np.testing.assert_allclose(layer.goodness(inputs), -3.0 * np.mean(far**2, -1), rtol=1e-3, atol=1e-4)


def test_activities_are_those_of_the_layers() -> None:
    network = NETWORKS["symba"](KEY)
    found = network.activities(BATCH.images, BATCH.labels)
    assert [layer.shape for layer in found] == [(6, width) for width in WIDTHS]
    good = jnp.stack([jnp.mean(jnp.square(layer), -1) for layer in found])
    wanted = jnp.take_along_axis(network.goodness(BATCH.images), BATCH.labels[None, :, None], -1)[..., 0]
    np.testing.assert_allclose(good, wanted, rtol=1e-4)


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="num_labels 21: allowed are 2 to the input width, 20"):
        FFNetwork.create(20, WIDTHS, 21, key=KEY, overwrite=True)
    with pytest.raises(ValueError, match="num_labels 1, first_counted 0: at least 2"):
        FFNetwork.create(20, WIDTHS, 1, key=KEY)
    with pytest.raises(ValueError, match="at least one layer"):
        FFNetwork.create(20, (), 4, key=KEY)
    with pytest.raises(ValueError, match="at least one layer"):
        DistanceNetwork.create(20, (), 4, key=KEY)
    with pytest.raises(ValueError, match="sharpness 0"):
        DistanceNetwork.create(20, WIDTHS, 4, key=KEY, sharpness=0.0)
    with pytest.raises(ValueError, match="at least one layer and 2 labels"):
        RecurrentNetwork.create(20, WIDTHS, 1, key=KEY)
    with pytest.raises(ValueError, match="normaliser 'rms' of the first layer: allowed is none"):
        SelfContrastiveNetwork.create(20, WIDTHS, key=KEY, first=DIRECTION)
    with pytest.raises(ValueError, match="num_labels 1: at least 2"):
        LinearReadout(4, 1)
    with pytest.raises(ValueError, match="paired, one to one"):
        FFLayer(3, 2, key=KEY, calibration=SYMBA).calibration.pair_loss(jnp.ones(3), jnp.ones(2), 2)
