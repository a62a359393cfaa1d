"""The Forward-Forward network in integers: labels in the input, trained in compiled epochs."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int8, Int32, PRNGKeyArray

from ffnca.errors import InputError
from ffnca.ff.images.base import GoodnessClassifier
from ffnca.ff.images.inputs import Inputs, Samples, as_array
from ffnca.ff.images.integer import (
    LIMIT,
    MAX_BATCH,
    MAX_LAYERS,
    MAX_STEP_BITS,
    MAX_WIDTH,
    IntegerLayer,
    draw_dither,
    learn,
    normalise,
    require_plain,
    sum_of_squares,
)
from ffnca.ff.images.schedules import Batch


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class IntegerNetwork(GoodnessClassifier):
    """A stack of integer layers that each raise goodness on the true label and lower it on a wrong one.

    The label comes before the pixels, in inputs of its own, or over the first ones where the first layer is just as
    wide as the images, as in `FFNetwork`.

    Attributes:
        layers: From the input up.
        num_labels: How many labels; their inputs come first, 127 for the label that is set.
        inputs: How many pixels there are; bytes are never scaled by what was measured.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3.
    """

    layers: tuple[IntegerLayer, ...]
    num_labels: int = field(metadata={"static": True}, default=10)
    inputs: Inputs = field(default_factory=Inputs)

    @classmethod
    def create(
        cls, num_inputs: int, widths: tuple[int, ...], num_labels: int, *, key: PRNGKeyArray, overwrite: bool = False
    ) -> "IntegerNetwork":
        """A fresh network.

        Args:
            num_inputs: Pixels of an image.
            widths: Of the layers.
            num_labels: At least 2.
            key: Source of the weights.
            overwrite: Write the label over the first pixels, as published for MNIST, where they are empty.

        Raises:
            ValueError: If a size is out of range.
        """
        if not 1 <= len(widths) <= MAX_LAYERS or not all(1 <= width <= MAX_WIDTH for width in widths):
            raise ValueError(f"widths {widths}: allowed are 1 to {MAX_LAYERS} layers of 1 to {MAX_WIDTH} units")
        if num_labels < 2 or (overwrite and num_labels > num_inputs):
            raise ValueError(f"num_labels {num_labels}: allowed are 2 to the input width, {num_inputs}")
        reads = num_inputs if overwrite else num_labels + num_inputs
        keys = jax.random.split(key, len(widths))
        sizes = zip((reads, *widths), widths, keys, strict=False)
        return cls(
            tuple(IntegerLayer.create(below, width, key=own) for below, width, own in sizes),
            num_labels,
            Inputs(num_inputs),
        )

    def pixels(self, images: Samples) -> Int8[Array, "batch input"]:
        """Images as the first layer reads them, without a label.

        Args:
            images: Bytes in any array, or whole numbers from 0 to 255 in lists; no floats, for there are none here.

        Raises:
            InputError: If they are not bytes or of another size.
        """
        given = as_array(images)
        if isinstance(images, list | tuple) and given.dtype.kind in "iu" and given.min() >= 0 and given.max() <= 255:
            given = given.astype(np.uint8)
        if given.dtype != jnp.uint8:
            raise InputError(f"images of type {given.dtype}: allowed is uint8")
        reads, width = self.layers[0].weight.shape[0], math.prod(given.shape[1:])
        pixels = jnp.asarray(given).reshape(given.shape[0], width).astype(jnp.int32) >> 1
        if self.inputs.num_features in (None, width) and reads == self.num_labels + width:
            return normalise(jnp.pad(pixels, ((0, 0), (self.num_labels, 0))))
        if reads != width:
            allowed = self.inputs.num_features or f"{reads - self.num_labels} or {reads}"
            raise InputError(f"images of {width} pixels: allowed are {allowed}, as the network has inputs")
        return normalise(pixels.at[:, : self.num_labels].set(0))

    def embed(self, pixels: Int8[Array, "batch input"], labels: Int32[Array, " batch"]) -> Int8[Array, "batch input"]:
        """Write a label over the first inputs; every label is as loud, so that nothing has to be scaled again."""
        chosen = labels[:, None] == jnp.arange(self.num_labels)[None, :]
        return pixels.at[:, : self.num_labels].set(LIMIT * chosen.astype(jnp.int8))

    def goodness(self, images: Samples) -> Int32[Array, "layer batch label"]:
        """Goodness of every label in every layer."""
        pixels = self.pixels(images)

        def judge(label: Array) -> Array:
            inputs, judged = self.embed(pixels, jnp.full(pixels.shape[0], label)), []
            for layer in self.layers:
                judged.append(layer.goodness(inputs))
                inputs = layer.forward(inputs)
            return jnp.stack(judged)

        return jnp.moveaxis(jax.lax.map(judge, jnp.arange(self.num_labels, dtype=jnp.int32)), 0, -1)

    def likely_wrong_labels(
        self, pixels: Int8[Array, "batch input"], labels: Int32[Array, " batch"], *, key: PRNGKeyArray
    ) -> Int32[Array, " batch"]:
        """A wrong label for each sample, drawn by the first layer's goodness: what is nearly believed goes first.

        The goodness of each gets exponential noise, minus the logarithm of a random word: its leading zeros, with
        four bits of fraction. The temperature is near 0.3 of a mean square of `UNIT`.
        """
        odds = self.first_goodness(pixels)
        words = jax.random.bits(key, odds.shape, jnp.uint32) | jnp.uint32(1)
        zeros = jax.lax.clz(words)
        noise = 16 * (zeros + 1) - ((words << zeros << 1) >> 28)
        odds = odds + (noise.astype(jnp.int32) << ((self.layers[0].weight.shape[1] - 1).bit_length() + 2))
        true = labels[:, None] == jnp.arange(self.num_labels)[None, :]
        return jnp.argmax(jnp.where(true, -1, odds), -1).astype(jnp.int32)

    def first_goodness(self, pixels: Int8[Array, "batch input"]) -> Int32[Array, "batch label"]:
        """Goodness of every label in the first layer, with one product for the image they share.

        Raises:
            TypeError: If that layer has a drive, activity or goodness of its own.
        """
        layer = self.layers[0]
        require_plain(layer)
        shared, rows = layer.drive(pixels), LIMIT * layer.weight[: self.num_labels].astype(jnp.int32)
        return jax.lax.map(lambda row: sum_of_squares(layer.activity(shared + row[None, :])), rows).T

    def learn(
        self,
        images: Samples,
        labels: Int32[Array, " batch"],
        *,
        step_bits: Int32[Array, ""] | int,
        key: PRNGKeyArray,
    ) -> tuple["IntegerNetwork", Int32[Array, " layer"]]:
        """One local step of every layer, none of which has a say in one below.

        Args:
            images: uint8.
            labels: The true ones.
            step_bits: The largest change of a weight is at most two to this.
            key: Source of wrong labels and rounding.

        Returns:
            The network after the step, and each layer's mean surprise before it, 0 to 127, rounded down.
        """
        label_key, key = jax.random.split(key)
        pixels = self.pixels(images)
        positive = self.embed(pixels, labels)
        negative = self.embed(pixels, self.likely_wrong_labels(pixels, labels, key=label_key))
        layers, surprises = [], []
        for index, layer in enumerate(self.layers):
            dither = draw_dither(layer, labels.shape[0], key=jax.random.fold_in(key, index))
            changed, positive, negative, surprise = learn(layer, positive, negative, dither, step_bits=step_bits)
            layers.append(changed)
            surprises.append(jnp.sum(surprise, dtype=jnp.int32) // labels.shape[0])
        return self.with_layers(tuple(layers)), jnp.stack(surprises)


@dataclass(frozen=True)
class IntegerFitConfig:
    """How long and how fast.

    Attributes:
        num_epochs: Passes over the images.
        batch_size: Images a step; what is left over at the end of an epoch is left out of it.
        first_bits: The largest change of a weight in a step is at most two to this at first.
        last_bits: The same at the end, with epochs enough; it is halved at equal intervals between.
    """

    num_epochs: int
    batch_size: int = 20
    first_bits: int = 4
    last_bits: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ValueError: If a setting is out of range.
        """
        if self.num_epochs < 1 or not 1 <= self.batch_size <= MAX_BATCH:
            raise ValueError(f"{self}: num_epochs at least 1, batch_size 1 to {MAX_BATCH}")
        if not 0 <= self.last_bits <= self.first_bits <= MAX_STEP_BITS:
            raise ValueError(f"{self}: first_bits at most {MAX_STEP_BITS}, last_bits from 0 to first_bits")

    def step_bits(self, number: int) -> int:
        """Of an epoch, counted from 1."""
        return self.first_bits - (number - 1) * (self.first_bits - self.last_bits + 1) // self.num_epochs


class IntegerEpoch(NamedTuple):
    """What one epoch gives.

    Attributes:
        number: From 1.
        surprises: Mean surprise of each layer, 0 to 127.
        network: As it is now.
    """

    number: int
    surprises: Int32[Array, " layer"]
    network: IntegerNetwork


def fit_integer(
    network: IntegerNetwork,
    samples: Batch,
    config: IntegerFitConfig,
    *,
    key: PRNGKeyArray,
    augment: Callable[..., Array] | None = None,
) -> Iterator[IntegerEpoch]:
    """Train a network; each epoch is one compiled loop.

    Args:
        network: To start from.
        samples: uint8 images and labels from `checked_batch`.
        config: How long and how fast.
        key: Source of order, augmentation, wrong labels and rounding.
        augment: From a batch of uint8 images and a key to changed uint8 images.

    Yields:
        Every epoch.

    Raises:
        InputError: If the images are not uint8, of another size, fewer than a batch, or a label is out of range.
    """
    images, labels = (jnp.asarray(part) for part in samples)
    network.pixels(images[:1])
    if labels.shape != images.shape[:1] or not jnp.issubdtype(labels.dtype, jnp.integer):
        raise InputError(f"labels {labels.shape} of type {labels.dtype}: allowed is one integer for each image")
    num_steps = len(images) // config.batch_size
    if num_steps < 1:
        raise InputError(f"{len(images)} images: at least one batch of {config.batch_size} is needed")
    if int(labels.min()) < 0 or int(labels.max()) >= network.num_labels:
        raise InputError(f"labels from {labels.min()} to {labels.max()}: allowed are 0 to {network.num_labels - 1}")
    labels = labels.astype(jnp.int32)

    @jax.jit
    def epoch(network: IntegerNetwork, key: PRNGKeyArray, step_bits: Array) -> tuple[IntegerNetwork, Array]:
        order_key, step_key = jax.random.split(key)
        order = jax.random.permutation(order_key, len(images))[: num_steps * config.batch_size]

        def step(network: IntegerNetwork, turn: tuple[Array, PRNGKeyArray]) -> tuple[IntegerNetwork, Array]:
            augment_key, learn_key = jax.random.split(turn[1])
            chosen = images[turn[0]]
            chosen = chosen if augment is None else augment(chosen, key=augment_key)
            return network.learn(chosen, labels[turn[0]], step_bits=step_bits, key=learn_key)

        turns = order.reshape(num_steps, config.batch_size), jax.random.split(step_key, num_steps)
        network, surprises = jax.lax.scan(step, network, turns)
        return network, jnp.sum(surprises, 0, dtype=jnp.int32) // num_steps

    for number in range(1, config.num_epochs + 1):
        step_bits = jnp.asarray(config.step_bits(number), jnp.int32)
        network, surprises = epoch(network, jax.random.fold_in(key, number), step_bits)
        yield IntegerEpoch(number, surprises, network)
