"""Whatever users give is read alike: arrays, lists, bytes, floats, tables, images; and scaled by what was learned."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small import NETWORKS, NUM_LABELS, WIDTHS

from ffnca.errors import InputError
from ffnca.ff.images.augment import jitter, warp
from ffnca.ff.images.backprop import Backpropagation, BackpropNetwork
from ffnca.ff.images.distance import DistanceNetwork
from ffnca.ff.images.fitting import FitConfig, accuracy, checked_batch, fit
from ffnca.ff.images.generator import GeneratorNetwork
from ffnca.ff.images.inputs import Inputs
from ffnca.ff.images.integer_network import IntegerNetwork
from ffnca.ff.images.negatives import hybrid_images
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.readout import ReadoutNetwork
from ffnca.ff.images.recurrent import RecurrentNetwork, RecurrentSchedule
from ffnca.ff.images.schedules import Batch, Greedy
from ffnca.ff.images.unlabelled import SelfContrastiveNetwork, UnlabelledNetwork

KEY = jax.random.key(0)
BYTES = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
LABELS = np.arange(6) % NUM_LABELS
ALIKE: dict[str, Callable[[], Any]] = {
    "jax bytes": lambda: jnp.asarray(BYTES),
    "floats": lambda: BYTES.astype(np.float32) / 255,
    "jax floats": lambda: jnp.asarray(BYTES, jnp.float32) / 255,
    "wide floats": lambda: BYTES / 255,
    "lists": lambda: (BYTES / 255).tolist(),
    "not in a row": lambda: np.asarray(np.asfortranarray(BYTES)),
}


def _recurrent() -> RecurrentNetwork:
    return RecurrentNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY)


GIVE: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "symba": (lambda: NETWORKS["symba"](KEY), ("predict", "goodness", "layer_predictions", "activities", "signal")),
    "distance": (lambda: NETWORKS["distance"](KEY), ("predict", "goodness", "layer_predictions", "signal")),
    "recurrent": (_recurrent, ("predict", "goodness", "layer_predictions", "activities", "begin")),
    "backprop": (lambda: BackpropNetwork.create(20, WIDTHS, 4, key=KEY), ("predict", "log_odds", "activities")),
    "scff": (lambda: NETWORKS["scff"](KEY), ("features", "signal")),
    "hybrid": (lambda: NETWORKS["hybrid"](KEY), ("features", "signal")),
    "generated": (lambda: NETWORKS["generated"](KEY), ("features", "signal")),
    "readout": (lambda: ReadoutNetwork.create(NETWORKS["hybrid"](KEY), 4), ("predict", "layer_predictions", "signal")),
    "generator": (lambda: GeneratorNetwork.create(5, 4, 9, key=KEY), ("negatives", "signal")),
}  # fmt: skip


def _given(network: Any, method: str, samples: Any) -> list[np.ndarray]:
    own, key = getattr(network, method), {"key": KEY} if method in ("signal", "negatives") else {}
    labels = (LABELS,) if method in ("signal", "activities") else ()
    return [np.asarray(leaf) for leaf in jax.tree.leaves(own(samples, *labels, **key))]


@pytest.mark.parametrize("name", GIVE)
def test_networks_read_arrays_lists_bytes_and_floats_alike(name: str) -> None:
    create, methods = GIVE[name]
    network = create()
    for method in methods:
        wanted = _given(network, method, BYTES)
        for kind, made in ALIKE.items():
            for one, other in zip(_given(network, method, made()), wanted, strict=True):
                if np.issubdtype(other.dtype, np.integer):  # labels, of which rounding decides a tie
                    assert one.shape == other.shape
                    assert (one == other).mean() > 0.8, f"{method} of {kind}"
                else:
                    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=f"{method} of {kind}")


def test_narrow_floats_are_read_as_what_they_are() -> None:
    network = NETWORKS["symba"](KEY)
    for dtype in (jnp.bfloat16, jnp.float16):
        narrow = jnp.asarray(BYTES / 255, dtype)
        found, wanted = network.goodness(narrow), network.goodness(np.asarray(narrow, np.float32))
        np.testing.assert_array_equal(found, wanted)
        assert checked_batch(np.asarray(narrow), LABELS).images.dtype == jnp.float32


def test_integers_read_bytes_of_any_array_and_lists() -> None:
    network = IntegerNetwork.create(20, (6,), NUM_LABELS, key=KEY)
    for given in (jnp.asarray(BYTES), BYTES.tolist(), BYTES.reshape(6, 20)):
        np.testing.assert_array_equal(network.goodness(given), network.goodness(BYTES))
    np.testing.assert_array_equal(network.layer_predictions(BYTES), network.goodness(BYTES).argmax(-1))
    for wrong in (BYTES.astype(np.int32), (BYTES.astype(int) + 200).tolist(), BYTES / 255):
        with pytest.raises(InputError, match=r"images of type .*: allowed is uint8"):
            network.predict(wrong)


def test_whole_numbers_mean_what_the_network_learned_from() -> None:
    whole, numbers = BYTES.astype(np.int64), BYTES.astype(np.float32)
    learned = NETWORKS["symba"](KEY).measured(BYTES)
    np.testing.assert_array_equal(learned.goodness(whole.tolist()), learned.goodness(BYTES))
    table = NETWORKS["symba"](KEY).measured(numbers.reshape(6, 20))
    np.testing.assert_array_equal(table.goodness(whole.reshape(6, 20)), table.goodness(numbers.reshape(6, 20)))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (BYTES[0, 0], "one sample alone is a batch of one"),
        (BYTES[:, :4], r"samples of 16 features, \(4, 4\): allowed are 20"),
        (BYTES[0], r"samples of 4 features, \(4,\): allowed are 20"),
        (np.full((2, 5, 4), np.nan), "40 values are not finite"),
        (np.full((2, 5, 4), 1e300), "40 values are not finite in float32"),
        ([[1.0, 2.0], [3.0]], "all need the same shape"),
        (np.full((2, 20), "a"), "samples of type <U1"),
        (np.full((2, 20), 1j), "samples of type complex128"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(samples: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught, np.errstate(over="ignore"):
        NETWORKS["symba"](KEY).predict(samples)
    assert "\n" not in str(caught.value)


def test_the_first_layer_says_how_wide_samples_are() -> None:
    """Layers put together by hand: as wide as samples and labels, or as samples alone, and nothing else."""
    network = FFNetwork(NETWORKS["symba"](KEY).layers, NUM_LABELS)
    assert network.predict(BYTES).shape == network.predict(BYTES.reshape(6, 20)).shape == (6,)
    assert FFNetwork(network.layers, NUM_LABELS).predict(np.ones((2, 24))).shape == (2,)
    with pytest.raises(InputError, match="samples of 21 features: allowed are 20, or 24 with the labels written over"):
        network.predict(np.ones((2, 21)))


def test_labels_have_places_of_their_own() -> None:
    """No feature is lost: each of them, the first too, changes what a network says."""
    for network in (NETWORKS["symba"](KEY), IntegerNetwork.create(20, (30,), NUM_LABELS, key=KEY)):
        samples = np.full((21, 20), 100, np.uint8)
        samples[np.arange(20), np.arange(20)] = 255
        goodness = np.asarray(jax.jit(network.goodness)(jnp.asarray(samples)))
        assert (goodness[:, :20] != goodness[:, 20:]).any((0, 2)).all()
    published = FFNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY, overwrite=True)
    assert published.layers[0].kernel.shape[0] == 20
    changed = BYTES.reshape(6, 20).copy()
    changed[:, :NUM_LABELS] = 7
    np.testing.assert_array_equal(published.goodness(changed), published.goodness(BYTES))
    assert IntegerNetwork.create(20, (6,), 4, key=KEY, overwrite=True).predict(BYTES).shape == (6,)


def test_more_labels_than_features() -> None:
    network = FFNetwork.create(2, (8,), 5, key=KEY)
    assert network.predict(np.random.default_rng(0).random((3, 2))).shape == (3,)


def _table(seed: int = 0, count: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """Three classes told apart by small features beside a large one that says nothing, and one that is constant."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    told = np.eye(3)[labels] * 1e-3 + 2e-4 * generator.standard_normal((count, 3))
    noise = 1e4 + 900 * generator.standard_normal((count, 1))
    return np.concatenate([noise, told, np.full((count, 1), 0.1)], 1), labels


@pytest.fixture(scope="module")
def learned() -> Any:
    features, labels = _table()
    network: Any = FFNetwork.create(5, (32,), 3, key=KEY)
    for epoch in fit(network, (features.tolist(), labels.tolist()), FitConfig(15), key=KEY):
        network = epoch.network
    return network


def test_a_raw_table_is_learned_and_predicted_as_it_is(learned: Any) -> None:
    features, labels = _table(seed=1)
    assert np.mean(np.asarray(learned.predict(features)) == labels) > 0.95
    assert float(accuracy(learned.predict, (features, labels))) > 0.95
    one = np.asarray(learned.predict(features[:1]))
    assert one.tolist() == np.asarray(learned.predict(features))[:1].tolist()  # by what was learned, not by the batch


def test_a_network_measures_once_and_carries_it(learned: Any) -> None:
    features, labels = _table()
    np.testing.assert_allclose(learned.inputs.mean, features.mean(0), rtol=1e-5)
    np.testing.assert_allclose(learned.inputs.scale[:4], features.std(0)[:4], rtol=1e-4)
    assert float(learned.inputs.scale[4]) == 1.0  # a constant feature is not blown up
    again = next(fit(learned, (1000 * features, labels), FitConfig(1), key=KEY)).network
    np.testing.assert_array_equal(again.inputs.mean, learned.inputs.mean)
    assert again.inputs.num_features == 5


@pytest.mark.parametrize("create", [
    lambda: DistanceNetwork.create(5, (32,), 3, key=KEY),
    lambda: BackpropNetwork.create(5, (32,), 3, key=KEY),
])  # fmt: skip
def test_other_networks_learn_raw_tables_too(create: Callable[[], Any]) -> None:
    network, (features, labels) = create(), _table()
    schedule = Backpropagation() if isinstance(network, BackpropNetwork) else None
    for epoch in fit(network, (features, labels), FitConfig(15), key=KEY, schedule=schedule):
        network = epoch.network
    assert float(accuracy(network.predict, _table(seed=1))) > 0.95
    np.testing.assert_allclose(network.inputs.mean, features.mean(0), rtol=1e-5)  # measured, never trained


@pytest.mark.parametrize(
    ("images", "scale"),
    [
        (BYTES, None),
        (BYTES / 255, None),
        (0.5 - BYTES / 255, None),
        (BYTES // 16, 15 / 255),
        (16.0 * BYTES / 255, 15.56),
        ((BYTES > 99).astype(np.uint8), 1 / 255),
        (np.zeros((6, 5, 4)), None),
    ],
)
def test_images_are_scaled_as_a_whole_where_they_need_it(images: np.ndarray, scale: float | None) -> None:
    found = Inputs().measured(images)
    if scale is None:
        assert found.scale is None
        np.testing.assert_array_equal(found(images), Inputs()(images))
    else:
        assert float(found.scale) == pytest.approx(scale, rel=0.02)  # pyright: ignore[reportArgumentType]
        assert float(abs(found(images)).max()) == pytest.approx(1.0)


COLOURED = np.random.default_rng(1).integers(0, 256, (8, 4, 3, 3), dtype=np.uint8)
SHAPES = {"table": COLOURED.reshape(8, 36) / 7.0, "images": COLOURED.reshape(8, 6, 6), "colours": COLOURED}
METHODS: dict[str, Callable[[], Any]] = {
    "ff": lambda: FFNetwork.create(36, (6,), 2, key=KEY),
    "distance": lambda: DistanceNetwork.create(36, (6,), 2, key=KEY),
    "recurrent": lambda: RecurrentNetwork.create(36, (6,), 2, key=KEY),
    "scff": lambda: SelfContrastiveNetwork.create(36, (6,), key=KEY),
    "noise": lambda: UnlabelledNetwork.create(36, (6,), key=KEY, negatives="noise"),
}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param(name, shape, marks=[] if name == "ff" or shape == "colours" else pytest.mark.slow)
        for name in METHODS
        for shape in SHAPES
    ],
)
def test_every_method_learns_samples_of_every_shape(name: str, shape: str) -> None:
    network, samples, labels = METHODS[name](), SHAPES[shape], np.arange(8) % 2
    schedule = RecurrentSchedule() if name == "recurrent" else None
    epoch = next(fit(network, Batch(samples, labels), FitConfig(1, 4), key=KEY, schedule=schedule))
    assert np.isfinite(np.asarray(epoch.losses)).all()
    reads = getattr(epoch.network, "predict", None) or epoch.network.features
    assert reads(samples).shape[0] == 8


def test_augmentation_moves_colours_together_and_refuses_tables() -> None:
    colours = jnp.asarray(COLOURED, jnp.float32)
    for move in (jitter, warp):
        moved, alone = move(colours, key=KEY), move(colours[..., 1], key=KEY)
        np.testing.assert_allclose(moved[..., 1], alone, atol=1e-4)
        with pytest.raises(InputError, match="only images can be moved"):
            move(jnp.ones((4, 9)), key=KEY)
    hybrid = np.asarray(hybrid_images(colours, key=KEY))
    partners = [np.all(hybrid == np.roll(colours, shift, 0), -1) for shift in range(8)]
    assert np.any(partners, 0).all()  # all colours of a pixel come from one image


def test_negatives_of_images_are_refused_for_tables() -> None:
    with pytest.raises(InputError, match="hybrid negatives need images"):
        UnlabelledNetwork.create(20, (6,), key=KEY).signal(BYTES.reshape(6, 20), key=KEY)
    with pytest.raises(InputError, match="generator is sample x height x width"):
        GeneratorNetwork.create(5, 4, 9, key=KEY).signal(BYTES.reshape(6, 20), key=KEY)


def test_labels_beyond_those_of_the_network_are_refused() -> None:
    for create in (METHODS["ff"], METHODS["distance"], METHODS["recurrent"]):
        with pytest.raises(InputError, match="labels from 0 to 2: allowed are 0 to 1"):
            next(fit(create(), (COLOURED, np.arange(8) % 3), FitConfig(1, 4), key=KEY))


def test_a_batch_is_a_sixteenth_of_few_samples() -> None:
    assert [FitConfig(1).size_of(count) for count in (6, 142, 1000, 60_000)] == [2, 8, 62, 200]
    assert FitConfig(1, 50).size_of(142) == 50


@pytest.fixture
def wide() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize(
    "name", ["ff", "scff", *(pytest.param(name, marks=pytest.mark.slow) for name in ("distance", "recurrent", "noise"))]
)
def test_with_x64_all_is_float32_as_without(name: str) -> None:
    samples, schedule = (COLOURED / 255.0, np.arange(8) % 2), RecurrentSchedule() if name == "recurrent" else None
    network = next(fit(METHODS[name](), samples, FitConfig(1, 4), key=jax.random.key(0), schedule=schedule)).network
    assert {leaf.dtype for leaf in jax.tree.leaves(network)} == {jnp.dtype(jnp.float32)}
    reads = getattr(network, "goodness", None) or network.features
    assert reads(samples[0]).dtype == jnp.float32


@pytest.mark.usefixtures("wide")
def test_with_x64_integers_stay_as_narrow_as_they_are() -> None:
    network = IntegerNetwork.create(20, (6, 5), NUM_LABELS, key=jax.random.key(0))
    labels, key = jnp.asarray(LABELS, jnp.int32), jax.random.key(0)
    learned, surprises = jax.jit(lambda: network.learn(BYTES, labels, step_bits=3, key=key))()
    assert learned.layers[0].weight.dtype == jnp.int8
    read = jax.jit(lambda: (learned.goodness(BYTES), learned.predict(BYTES), learned.layer_predictions(BYTES)))()
    assert {given.dtype for given in (surprises, *read)} == {jnp.dtype(jnp.int32)}


def test_networks_go_through_jit_vmap_and_grad(learned: Any) -> None:
    features = np.asarray(_table(seed=1)[0][:12], np.float32)
    wanted = np.asarray(learned.goodness(features))
    compiled = jax.jit(lambda network, samples: network.goodness(samples))(learned, features)
    np.testing.assert_allclose(compiled, wanted, rtol=1e-4, atol=1e-6)
    parts = jax.jit(jax.vmap(learned.goodness))(jnp.asarray(features).reshape(3, 4, 5))
    np.testing.assert_allclose(jnp.concatenate(list(parts), 1), wanted, rtol=1e-4, atol=1e-6)
    several = jax.jit(jax.vmap(lambda key: FFNetwork.create(5, (4,), 3, key=key)))(jax.random.split(KEY, 2))
    assert jax.jit(jax.vmap(lambda network: network.predict(features)))(several).shape == (2, 12)
    slope = jax.jit(jax.grad(lambda samples: learned.goodness(samples)[0, :, 0].sum()))(jnp.asarray(features))
    assert float(abs(slope).max()) > 0


def test_the_first_of_greedy_layers_measures_for_the_second() -> None:
    features, labels = _table()
    first = next(fit(FFNetwork.create(5, (6, 6), 3, key=KEY), (features, labels), FitConfig(1), key=KEY,
                     schedule=Greedy(0))).network  # fmt: skip
    second = next(fit(first, (features[80:], labels[80:]), FitConfig(1), key=KEY, schedule=Greedy(1))).network
    np.testing.assert_array_equal(first.inputs.mean, second.inputs.mean)


def test_backpropagation_trains_weights_alone() -> None:
    network = BackpropNetwork.create(5, (6,), 3, key=KEY).measured(_table()[0])
    optimiser, batch = optax.adamw(0.1, weight_decay=0.5), checked_batch(*_table())
    learner = Backpropagation().start(network, optimiser, batch, key=KEY)
    learner, _ = jax.jit(lambda own: Backpropagation().step(own, optimiser, batch, key=KEY))(learner)
    np.testing.assert_array_equal(learner.network.inputs.scale, network.inputs.scale)
    assert not np.array_equal(learner.network.layers[0].kernel, network.layers[0].kernel)
