"""A layer's own goodness, activity and loss count everywhere: in predictions, in negatives, and in closed forms."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small import BATCH, NETWORKS, NUM_LABELS, WIDTHS

from ffnca.ff.calibration import CLASSIC, DIRECTION, SYMBA, Calibration
from ffnca.ff.images.distance import DistanceLayer, DistanceNetwork
from ffnca.ff.images.fitting import FitConfig, fit
from ffnca.ff.images.integer import IntegerLayer, draw_dither, learn, sum_of_squares
from ffnca.ff.images.integer_network import IntegerNetwork
from ffnca.ff.images.local import hebbian_gradient
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Labelled, Pair, own_gradient

KEY = jax.random.key(2)
SIZES = tuple(zip((20 + NUM_LABELS, *WIDTHS), WIDTHS, strict=False))


class Quiet(FFLayer):
    """True labels keep it quiet."""

    def goodness(self, inputs: Any) -> Any:
        return -jnp.mean(jnp.square(self(inputs)), -1)


class Soft(FFLayer):
    def __call__(self, inputs: Any) -> Any:
        return jnp.tanh(self.drive(inputs))


class Driven(FFLayer):
    def drive(self, inputs: Any) -> Any:
        return jnp.sin(super().drive(inputs)) + 0.5


class Lossy(FFLayer):
    def loss(self, signal: Any) -> Any:
        return jnp.mean(self.goodness(signal.negative)) - jnp.mean(self.goodness(signal.positive))


class Cut(FFLayer):
    def passed_on(self, signal: Any) -> Any:
        return jax.lax.stop_gradient(Pair(*(jnp.sqrt(self.forward(inputs)) for inputs in signal)))


@dataclass(frozen=True)
class Fourth(Calibration):
    """Goodness of the fourth power."""

    def measure(self) -> Any:
        return lambda activity: jnp.mean(activity**4, -1)


@dataclass(frozen=True)
class Halved(Calibration):
    def pair_loss(self, positive: Any, negative: Any, num_units: int) -> Any:
        return super().pair_loss(0.5 * positive, 0.5 * negative, num_units)


class Gained(FFLayer):
    """It has one parameter more, which no loss reads."""

    def __init__(self, *sizes: int, key: Any, **settings: Any) -> None:
        super().__init__(*sizes, key=key, **settings)
        self.gain = jax.tree.map(lambda leaf: leaf + 3.0, self.bias)


def _network(kind: type, calibration: Calibration) -> FFNetwork:
    keys = jax.random.split(KEY, len(SIZES))
    layers = [kind(*size, key=key, calibration=calibration) for size, key in zip(SIZES, keys, strict=True)]
    return FFNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY).with_layers(tuple(layers))


def _by_hand(network: FFNetwork) -> np.ndarray:
    """Goodness of every label, layer by layer, by nothing but the layers themselves."""
    found = []
    for label in range(NUM_LABELS):
        flat = BATCH.images.reshape(len(BATCH.images), -1)
        inputs = jnp.concatenate([3.0 * jax.nn.one_hot(jnp.full(len(flat), label), NUM_LABELS), flat], -1)
        judged = []
        for layer in network.layers:
            judged.append(layer.goodness(inputs))
            inputs = layer.passed_on(Pair(inputs, inputs)).positive
        found.append(jnp.stack(judged))
    return np.asarray(jnp.stack(found, -1))


CASES = [
    *((kind, SYMBA) for kind in (FFLayer, Quiet, Soft, Driven, Cut)),
    (FFLayer, replace(CLASSIC, loss="symba")),
    (FFLayer, replace(SYMBA, normaliser="standard")),
    (FFLayer, Fourth()),
]


@pytest.mark.parametrize(("kind", "calibration"), CASES)
def test_labels_are_judged_by_the_layers_own_goodness(kind: type, calibration: Calibration) -> None:
    network = _network(kind, calibration)
    found, wanted = network.goodness(BATCH.images), _by_hand(network)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(network.predict(BATCH.images), wanted.sum(0).argmax(-1))
    np.testing.assert_array_equal(network.layer_predictions(BATCH.images), wanted.argmax(-1))
    first = network._first_goodness(BATCH.images.reshape(len(BATCH.images), -1))
    np.testing.assert_allclose(first, wanted[0], rtol=1e-3, atol=1e-5)


def test_what_a_quiet_layer_learns_it_predicts() -> None:
    """Bars at one of four places; with the goodness of another layer, predictions would be worse than chance."""
    labels = np.arange(160) % 4
    images = 0.2 * np.random.default_rng(0).random((160, 4, 5), np.float32)
    images[np.arange(160), labels] += 0.8
    network = _network(Quiet, SYMBA)
    for epoch in fit(network, (images[:120], labels[:120]), FitConfig(40, 20), key=KEY):
        network = epoch.network
    assert np.mean(np.asarray(network.predict(images[120:])) == labels[120:]) > 0.9


def test_negatives_are_as_hard_for_a_sum_as_for_a_mean() -> None:
    labels = BATCH.labels
    pairs = [
        _network(FFLayer, replace(SYMBA, goodness=goodness)).signal(BATCH.images, labels, key=KEY)
        for goodness in ("mean", "sum")
    ]
    np.testing.assert_array_equal(pairs[0].negative, pairs[1].negative)


class FarLayer(DistanceLayer):
    def __call__(self, inputs: Any) -> Any:
        return 2.0 * super().__call__(inputs)


class FlatLayer(DistanceLayer):
    def goodness(self, inputs: Any) -> Any:
        return -super().goodness(inputs)


class PushLayer(DistanceLayer):
    def loss(self, signal: Any) -> Any:
        return -super().loss(signal)


@pytest.mark.parametrize("kind", [DistanceLayer, FarLayer, FlatLayer])
def test_a_distance_network_reads_what_its_layers_learned_on(kind: type) -> None:
    sizes = zip((20, *WIDTHS), WIDTHS, strict=False)
    network = DistanceNetwork(tuple(kind(*size, NUM_LABELS, key=KEY) for size in sizes))
    signal, wanted = network.signal(BATCH.images, BATCH.labels, key=KEY), []
    for layer in network.layers:
        wanted.append(jax.nn.log_softmax(layer.goodness(signal.inputs)))
        signal = layer.passed_on(signal)
    np.testing.assert_allclose(network.goodness(BATCH.images), jnp.stack(wanted), rtol=1e-5, atol=1e-5)
    far = np.asarray(network.layers[0](BATCH.images.reshape(6, 20)))[:, None] - np.asarray(network.layers[0].centres)
    sign = -1 if kind is FlatLayer else 1
    goodness = network.layers[0].goodness(BATCH.images.reshape(6, 20))
    np.testing.assert_allclose(goodness, -sign * 30 * np.mean(far**2, -1), rtol=1e-3)


PAIR = Pair(*(jax.random.normal(jax.random.key(1), (2, 16, 20)) + 0.3))


@pytest.mark.parametrize(
    ("kind", "calibration", "named"),
    [
        (Quiet, DIRECTION, "goodness"),
        (Soft, DIRECTION, "__call__"),
        (Driven, DIRECTION, "drive"),
        (Lossy, DIRECTION, "loss"),
        (FFLayer, Fourth(), "measure"),
        (FFLayer, Halved(), "pair_loss"),
    ],
)
def test_the_closed_form_refuses_what_it_is_not_the_gradient_of(kind: type, calibration: Any, named: str) -> None:
    layer = kind(20, 8, key=KEY, calibration=calibration)
    with pytest.raises(TypeError, match=rf"{kind.__name__} has its own {named}.*own_gradient"):
        hebbian_gradient(layer, PAIR)


@pytest.mark.parametrize(("kind", "named"), [(FarLayer, "__call__"), (FlatLayer, "goodness"), (PushLayer, "loss")])
def test_the_closed_form_refuses_other_distance_layers(kind: type, named: str) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__} has its own {named}"):
        hebbian_gradient(kind(20, 8, NUM_LABELS, key=KEY), Labelled(PAIR.positive, jnp.arange(16) % NUM_LABELS))
    plain = DistanceLayer(20, 8, NUM_LABELS, key=KEY)
    plain.layer = Soft(20, 8, key=KEY)
    with pytest.raises(TypeError, match="its own __call__"):
        hebbian_gradient(plain, Labelled(PAIR.positive, jnp.arange(16) % NUM_LABELS))


@pytest.mark.parametrize("kind", [Cut, Gained])
def test_the_closed_form_holds_where_only_other_parts_are_own(kind: type) -> None:
    layer = kind(20, 8, key=KEY)
    found, wanted = hebbian_gradient(layer, PAIR)[1], own_gradient(layer, PAIR)[1]
    for own, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(own, theirs, atol=1e-5)


class QuietBytes(IntegerLayer):
    def goodness(self, inputs: Any) -> Any:
        return -sum_of_squares(self.activity(self.drive(inputs)))


def test_an_integer_layers_own_goodness_counts_or_is_refused() -> None:
    plain = IntegerNetwork.create(20, (6,), NUM_LABELS, key=KEY)
    own = plain.with_layers((QuietBytes(plain.layers[0].weight),))
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
    np.testing.assert_array_equal(own.goodness(images), -plain.goodness(images))
    pixels = own.embed(own.pixels(images), jnp.zeros(6, jnp.int32))
    with pytest.raises(TypeError, match="QuietBytes has its own goodness"):
        learn(own.layers[0], pixels, pixels, draw_dither(own.layers[0], 6, key=KEY), step_bits=3)
    with pytest.raises(TypeError, match="QuietBytes has its own goodness"):
        own.first_goodness(own.pixels(images))


def test_the_quick_path_is_kept_for_plain_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One product of all samples, however many labels: the layer itself is not asked."""
    network = NETWORKS["symba"](KEY)
    monkeypatch.setattr(FFNetwork, "_plain_first_goodness", lambda *_: jnp.zeros((6, NUM_LABELS)))
    assert not network._first_goodness(BATCH.images.reshape(6, 20)).any()
    assert _network(Quiet, SYMBA)._first_goodness(BATCH.images.reshape(6, 20)).any()
