import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits

from ffnca.errors import InputError
from ffnca.ff.images.fitting import Batch, checked_batch
from ffnca.ff.images.integer import (
    LIMIT,
    MAX_BATCH,
    MAX_LAYERS,
    MAX_WIDTH,
    UNIT,
    Dither,
    IntegerLayer,
    draw_dither,
    integer_root,
    learn,
    normalise,
    random_words,
    scaled_change,
    sum_of_squares,
    surprise_of,
)
from ffnca.ff.images.integer_network import IntegerFitConfig, IntegerNetwork, fit_integer

LABELS = jnp.arange(12, dtype=jnp.int32) % 10
IMAGES = jax.random.randint(jax.random.key(7), (12, 6, 5), 0, 256, jnp.int32).astype(jnp.uint8)


def _layer(num_inputs: int = 30, num_units: int = 17, seed: int = 0) -> IntegerLayer:
    return IntegerLayer.create(num_inputs, num_units, key=jax.random.key(seed))


def _inputs(num_rows: int, num_inputs: int, seed: int) -> jax.Array:
    return jax.random.randint(jax.random.key(seed), (num_rows, num_inputs), 0, LIMIT + 1, jnp.int8)


LEARN = jax.jit(
    lambda layer, positive, negative, dither, bits: learn(layer, positive, negative, dither, step_bits=bits)
)
READ = jax.jit(lambda layer, inputs: (layer.drive(inputs), layer.goodness(inputs), layer.forward(inputs)))
TRAIN = jax.jit(lambda network, bits, key: network.learn(IMAGES, LABELS, step_bits=bits, key=key)[0])


def _same(left: Any, right: Any) -> bool:
    pairs = [map(np.asarray, pair) for pair in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)]
    return all(a.dtype == b.dtype and bool((a == b).all()) for a, b in pairs)


# The oracle: the same layer in Python's and NumPy's own integers of 64 bits, none of which comes near its end.


def _ceil_log2(number: int) -> int:
    return math.ceil(math.log2(number))


def oracle_activity(drive: np.ndarray, num_inputs: int) -> np.ndarray:
    scale = 2 ** ((_ceil_log2(num_inputs) + 1) // 2 + 3)
    return np.clip((drive + scale // 2) // scale, 0, 127)


def oracle_normalise(activity: np.ndarray) -> np.ndarray:
    rows, size = activity.reshape(-1, activity.shape[-1]).astype(np.int64), activity.shape[-1]
    found, bits = np.zeros_like(rows), (31 - _ceil_log2(size)) // 2
    for row, out in zip(rows, found, strict=True):
        excess = int(row.max()).bit_length() - bits
        row = row // 2**excess if excess > 0 else row * 2**-excess
        root = max(math.isqrt(int((row**2).sum())), 1)
        reciprocal = math.isqrt(256 * size) * 2**19 // root
        out[:] = np.minimum((row * reciprocal + 2**18) // 2**19, 127)
    return found.reshape(activity.shape)


def oracle_surprise(lead: np.ndarray, num_units: int) -> np.ndarray:
    index = np.clip(lead // 2 ** _ceil_log2(num_units), -128, 127)
    return np.round(127 / (1 + np.exp((index + 0.5) / 16))).astype(np.int64)


def oracle_learn(weight: Any, passes: tuple[Any, Any], dither: Dither, step_bits: int) -> tuple[np.ndarray, ...]:
    """New weights, what is passed on by either pass, and surprise."""
    weight, positive, negative = (np.asarray(array).astype(np.int64) for array in (weight, *passes))
    drives = [positive @ weight, negative @ weight]
    activities = [oracle_activity(drive, len(weight)) for drive in drives]
    good, bad = ((activity**2).sum(-1) for activity in activities)
    surprise = oracle_surprise(good - bad, weight.shape[1])
    bits = np.asarray(dither.behind).astype(np.int64) // 2
    behind = [(surprise[:, None] * activity + bits) // 128 for activity in activities]
    change = positive.T @ behind[0] - negative.T @ behind[1]
    shift = int(np.abs(change).max()).bit_length() - step_bits
    if shift > 0:
        change = (change + np.asarray(dither.weight).astype(np.int64) * 2**shift // 2**16) // 2**shift
    else:
        change = change * 2**-shift
    above = [oracle_normalise(np.maximum(drive, 0)) for drive in drives]
    return np.clip(weight + change, -127, 127), *above, surprise


@pytest.mark.parametrize(("num_inputs", "num_units", "seed"), [(30, 17, 0), (1, 1, 1), (100, 64, 2), (257, 33, 3)])
@pytest.mark.parametrize("step_bits", [0, 1, 4, 7])
def test_forward_goodness_and_update_equal_the_oracle_bit_for_bit(
    num_inputs: int, num_units: int, seed: int, step_bits: int
) -> None:
    layer = _layer(num_inputs, num_units, seed)
    positive, negative = _inputs(9, num_inputs, seed + 10), _inputs(9, num_inputs, seed + 20)
    dither = draw_dither(layer, 9, key=jax.random.key(seed))
    weight, above, below, surprise = oracle_learn(layer.weight, (positive, negative), dither, step_bits)
    drive = np.asarray(positive).astype(np.int64) @ np.asarray(layer.weight).astype(np.int64)
    read = drive, (oracle_activity(drive, num_inputs) ** 2).sum(-1), above
    for own, wanted in zip(READ(layer, positive), read, strict=True):
        np.testing.assert_array_equal(own, wanted)
    found = LEARN(layer, positive, negative, dither, jnp.int32(step_bits))
    np.testing.assert_array_equal(found.layer.weight, weight)
    np.testing.assert_array_equal(found.positive, above)
    np.testing.assert_array_equal(found.negative, below)
    np.testing.assert_array_equal(found.surprise, surprise)
    assert num_units == 1 or not _same(found.layer, layer)


def _types(jaxpr: Any) -> Iterator[Any]:
    """The type of every value in a jaxpr and in those inside it."""
    for variable in (*jaxpr.invars, *jaxpr.constvars, *jaxpr.outvars):
        yield variable.aval.dtype
    for equation in jaxpr.eqns:
        for variable in (*equation.invars, *equation.outvars):
            yield variable.aval.dtype
        for parameter in jax.tree.leaves(equation.params, is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            inner = getattr(parameter, "jaxpr", parameter)
            if hasattr(inner, "eqns"):
                yield from _types(inner)


def _floats(function: Any, *arguments: Any) -> tuple[set[Any], int]:
    types = list(_types(jax.make_jaxpr(function)(*arguments).jaxpr))
    allowed = (jnp.integer, jnp.bool_, jax.dtypes.prng_key)
    return {kind for kind in types if not any(jnp.issubdtype(kind, one) for one in allowed)}, len(types)


def test_no_float_anywhere_in_training_or_prediction() -> None:
    network = IntegerNetwork.create(30, (16, 8), 10, key=jax.random.key(0))
    bits, key = jnp.int32(3), jax.random.key(1)

    def train(own: IntegerNetwork, bits: jax.Array, key: jax.Array) -> Any:
        return own.learn(IMAGES, LABELS, step_bits=bits, key=key)

    trained, count = _floats(train, network, bits, key)
    assert not trained
    assert count > 500
    predicted, count = _floats(IntegerNetwork.predict, network, IMAGES)
    assert not predicted
    assert count > 100
    assert _floats(lambda key: IntegerNetwork.create(30, (16,), 10, key=key), key)[0] == set()
    assert _floats(lambda image: jax.lax.map(lambda row: row / 2, image), IMAGES)[0], "the walk finds floats"
    assert {leaf.dtype for leaf in jax.tree.leaves(network)} == {jnp.dtype(jnp.int8)}


def test_drive_and_goodness_do_not_overflow_at_the_limit() -> None:
    wide = jnp.full((2, MAX_WIDTH), LIMIT, jnp.int8)
    for sign in (1, -1):
        layer = IntegerLayer(jnp.full((MAX_WIDTH, 3), sign * LIMIT, jnp.int8))
        drive = np.full((2, 3), sign * LIMIT * LIMIT * MAX_WIDTH, np.int64)
        np.testing.assert_array_equal(layer.drive(wide), drive)
        np.testing.assert_array_equal(layer.goodness(wide), (oracle_activity(drive, MAX_WIDTH) ** 2).sum(-1))
    broad = IntegerLayer(jnp.full((3, MAX_WIDTH), LIMIT, jnp.int8))
    np.testing.assert_array_equal(broad.goodness(wide[:, :3]), [MAX_WIDTH * LIMIT**2] * 2)
    summed = jnp.sum(jnp.tile(broad.goodness(wide[:, :3])[:, None], (1, MAX_LAYERS)), 1)
    np.testing.assert_array_equal(summed, [MAX_LAYERS * MAX_WIDTH * LIMIT**2] * 2)


@pytest.mark.parametrize("size", [1, 2, 100, 500, 784, 4097, MAX_WIDTH])
def test_normalise_equals_the_oracle_up_to_the_largest_drive(size: int) -> None:
    largest = LIMIT * LIMIT * MAX_WIDTH
    rows = np.random.default_rng(size).integers(0, largest + 1, (8, size))
    rows[0], rows[1], rows[2], rows[3] = largest, 0, 1, 2**31 - 1
    rows[4, 1:], rows[5] = 0, rows[5] >> 20
    found = np.asarray(jax.jit(normalise)(jnp.asarray(rows, jnp.int32)))
    np.testing.assert_array_equal(found, oracle_normalise(rows))
    assert found.min() >= 0
    assert np.all(np.abs(found[0].astype(int) - UNIT) <= 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("step_bits", [0, 7])
def test_update_does_not_overflow_at_the_limit(sign: int, step_bits: int) -> None:
    rows = jnp.full((2 * MAX_BATCH, 2), LIMIT, jnp.int8)
    change = jax.lax.dot_general(rows, sign * rows, (((0,), (0,)), ((), ())), preferred_element_type=jnp.int32)
    exact = sign * 2 * MAX_BATCH * LIMIT**2
    np.testing.assert_array_equal(change, np.full((2, 2), exact))
    shift = abs(exact).bit_length() - step_bits
    for bits in (0, 65535):
        found = scaled_change(change, jnp.full((2, 2), bits, jnp.uint16), step_bits)
        np.testing.assert_array_equal(found, np.full((2, 2), (exact + bits * 2**shift // 2**16) // 2**shift))
        assert int(jnp.abs(found).max()) <= 2**step_bits


def test_the_longest_batch_learns_as_the_oracle_does() -> None:
    layer = IntegerLayer(jnp.array([[LIMIT, -LIMIT], [LIMIT, LIMIT]], jnp.int8))
    positive = jnp.full((MAX_BATCH, 2), LIMIT, jnp.int8)
    negative = jnp.zeros_like(positive).at[:, 1].set(LIMIT)
    for passes in ((positive, negative), (negative, positive)):
        dither = Dither(jnp.full((MAX_BATCH, 2), 255, jnp.uint8), jnp.full((2, 2), 65535, jnp.uint16))
        found = LEARN(layer, *passes, dither, jnp.int32(0))
        weight, _, _, surprise = oracle_learn(layer.weight, passes, dither, 0)
        np.testing.assert_array_equal(found.layer.weight, weight)
        np.testing.assert_array_equal(found.surprise, surprise)


def test_integer_root_is_exact_around_every_square() -> None:
    roots, root = np.arange(46341, dtype=np.int64), jax.jit(integer_root)
    for offset in (-1, 0, 1):
        squares = np.clip(roots**2 + offset, 0, 2**31 - 1)
        expected = [math.isqrt(int(square)) for square in squares]
        np.testing.assert_array_equal(root(jnp.asarray(squares, jnp.int32)), expected)
    assert int(integer_root(jnp.int32(2**31 - 1))) == 46340


def test_surprise_falls_from_127_to_0_and_is_fair_at_a_draw() -> None:
    lead = jnp.arange(-(2**20), 2**20, 997, dtype=jnp.int32)
    surprise = np.asarray(surprise_of(lead, 500))
    np.testing.assert_array_equal(surprise, oracle_surprise(np.asarray(lead).astype(np.int64), 500))
    assert (surprise[0], surprise[-1]) == (127, 0)
    assert np.all(np.diff(surprise) <= 0)
    assert int(surprise_of(jnp.int32(0), 500)) == 63


def test_rounding_at_random_is_right_on_average() -> None:
    change = jnp.broadcast_to(jnp.array([-70, -33, -1, 0, 1, 33, 70, 127]), (1 << 14, 8)).astype(jnp.int32)
    words = random_words(jax.random.key(0), change.shape, jnp.uint16)
    mean = np.asarray(scaled_change(change, words, 2)).mean(0)
    np.testing.assert_allclose(mean, np.asarray(change[0]) / 32, atol=0.02)


def test_a_louder_layer_says_nothing_more_to_the_next() -> None:
    layer, inputs = _layer(60, 200), _inputs(32, 60, 3)
    _, goodness, heard = READ(layer, inputs)
    louder = {factor: READ(IntegerLayer(factor * layer.weight), inputs) for factor in (2, 3, 4, 5)}
    for factor in (2, 4):
        assert _same(louder[factor][2], heard)
    for factor in (3, 5):
        assert np.abs(np.asarray(louder[factor][2], int) - np.asarray(heard, int)).max() <= 1
    assert bool((goodness != louder[2][1]).all())
    length = np.sqrt(np.asarray(sum_of_squares(heard)) / heard.shape[1])
    np.testing.assert_allclose(length, UNIT, rtol=0.03)


@pytest.mark.parametrize("perturbed", [0, 1, 2])
def test_no_layer_has_a_say_in_one_below(perturbed: int) -> None:
    layers, bits, key = _network(30, (16, 12, 8)).layers, jnp.int32(3), jax.random.key(1)
    flipped = (*layers[:perturbed], IntegerLayer(layers[perturbed].weight[::-1]), *layers[perturbed + 1 :])
    before = TRAIN(IntegerNetwork(layers, 10), bits, key).layers
    after = TRAIN(IntegerNetwork(flipped, 10), bits, key).layers
    alone = TRAIN(IntegerNetwork(layers[: perturbed + 1], 10), bits, key).layers
    assert _same(before[:perturbed], after[:perturbed])
    assert not _same(before[perturbed], after[perturbed])
    assert _same(before[: perturbed + 1], alone)


def test_given_the_same_input_from_below_a_layer_learns_the_same() -> None:
    first, second = _layer(30, 16, 0), _layer(16, 12, 1)
    passes = _inputs(9, 30, 4), _inputs(9, 30, 5)
    dithers = [draw_dither(layer, 9, key=jax.random.key(2)) for layer in (first, second)]
    below = [LEARN(layer, *passes, dithers[0], jnp.int32(3)) for layer in (first, IntegerLayer(4 * first.weight))]
    assert not _same(below[0].layer, below[1].layer)
    assert _same(*(LEARN(second, heard.positive, heard.negative, dithers[1], jnp.int32(3)).layer for heard in below))


def test_every_label_in_one_product_is_what_each_label_gives() -> None:
    network = IntegerNetwork.create(30, (16, 8), 10, key=jax.random.key(0))
    goodness, pixels = jax.jit(lambda images: (network.goodness(images), network.pixels(images)))(IMAGES)
    assert _same(jax.jit(network.first_goodness)(pixels), goodness[0])
    keys = jax.random.split(jax.random.key(1), 40)
    drawn = jax.jit(jax.vmap(lambda key: network.likely_wrong_labels(pixels, LABELS, key=key)))(keys)
    assert not bool((drawn == LABELS[None, :]).any())
    assert len(np.unique(drawn)) > 4
    np.testing.assert_array_equal(jax.jit(network.predict)(IMAGES), np.asarray(goodness).sum(0).argmax(-1))


def _digits() -> tuple[Batch, Batch]:
    digits: Any = load_digits()
    images = np.pad((digits.images * 15).astype(np.uint8), ((0, 0), (1, 1), (1, 1)))
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], digits.target[order]
    return checked_batch(images[:1400], labels[:1400], 10), checked_batch(images[1400:], labels[1400:], 10)


def test_digits_are_learned_and_the_same_seed_gives_the_same_bits() -> None:
    train, test = _digits()
    network = IntegerNetwork.create(100, (100,), 10, key=jax.random.key(0))
    runs = [fit_integer(network, train, IntegerFitConfig(12), key=jax.random.key(seed)) for seed in (0, 0, 1)]
    epochs, again, other = list(runs[0]), [next(runs[1]), next(runs[1])], next(runs[2])
    assert _same(epochs[:2], again)
    assert not _same(epochs[0].network, other.network)
    assert float(jnp.mean(jax.jit(epochs[-1].network.predict)(test.images) == test.labels)) > 0.93
    assert epochs[-1].surprises < epochs[0].surprises


def test_the_step_is_halved_at_equal_intervals() -> None:
    config = IntegerFitConfig(8, first_bits=4, last_bits=1)
    assert [config.step_bits(number) for number in range(1, 9)] == [4, 4, 3, 3, 2, 2, 1, 1]
    assert IntegerFitConfig(1).step_bits(1) == 4


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, r"num_inputs 8193: allowed are 1 to 8192", lambda: _layer(MAX_WIDTH + 1, 2)),
        (ValueError, r"num_units 0: allowed are 1 to 8192", lambda: _layer(2, 0)),
        (ValueError, r"widths \(\): allowed are 1 to 16 layers", lambda: _network(30, ())),
        (ValueError, r"widths \(9000,\): .* 1 to 8192 units", lambda: _network(30, (9000,))),
        (ValueError, r"widths .*: allowed are 1 to 16 layers", lambda: _network(30, (4,) * 17)),
        (ValueError, r"num_labels 10: allowed are 2 to the input width, 9", lambda: _network(9, (4,), overwrite=True)),
        (TypeError, r"inputs of type float32: allowed is int8", lambda: _layer().drive(jnp.zeros((1, 30)))),
        (TypeError, r"inputs of type uint8: allowed is int8", lambda: _step(jnp.zeros((2, 30), jnp.uint8))),
        (ValueError, r"positive \(2, 30\) and negative \(3, 30\).*one to one", lambda: _step(_inputs(3, 30, 0))),
        (ValueError, r"step_bits 8: allowed are 0 to 7", lambda: _step(_inputs(2, 30, 0), step_bits=8)),
        (InputError, r"images of type float32: allowed is uint8", lambda: _network().predict(IMAGES / 255)),
        (InputError, r"images of 25 pixels: allowed are 30", lambda: _network().predict(IMAGES[:, :5])),
        (InputError, r"12 images: at least one batch of 20", lambda: _fit(LABELS)),
        (InputError, r"labels from 0 to 10: allowed are 0 to 9", lambda: _fit(LABELS.at[0].set(10), 4)),
        (InputError, r"labels \(12,\) of type float32: allowed is one integer", lambda: _fit(LABELS / 1, 4)),
        (ValueError, r"num_epochs at least 1", lambda: IntegerFitConfig(0)),
        (ValueError, r"batch_size 1 to 32768", lambda: IntegerFitConfig(1, MAX_BATCH + 1)),
        (ValueError, r"first_bits at most 7", lambda: IntegerFitConfig(1, first_bits=8)),
        (ValueError, r"last_bits from 0 to first_bits", lambda: IntegerFitConfig(1, first_bits=2, last_bits=3)),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()


def _network(num_inputs: int = 30, widths: tuple[int, ...] = (4,), **settings: Any) -> IntegerNetwork:
    return IntegerNetwork.create(num_inputs, widths, 10, key=jax.random.key(0), **settings)


def _step(negative: jax.Array, step_bits: int = 3) -> None:
    layer, positive = _layer(), jnp.zeros((2, 30), negative.dtype)
    learn(layer, positive, negative, draw_dither(layer, 2, key=jax.random.key(0)), step_bits=step_bits)


def _fit(labels: jax.Array, batch_size: int = 20) -> None:
    next(fit_integer(_network(), Batch(IMAGES, labels), IntegerFitConfig(1, batch_size), key=jax.random.key(0)))
