"""The Forward-Forward network: labels in the input, every layer judging whether the label fits."""

import math
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.errors import InputError
from ffnca.ff.calibration import SYMBA, Calibration
from ffnca.ff.images.base import GoodnessClassifier
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.images.labels import embed_label, prepend_label
from ffnca.ff.images.negatives import likely_wrong_labels, wrong_labels
from ffnca.ff.images.own import own_parts
from ffnca.ff.images.stack import reads, stack
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair

_JUDGES = ("__call__", "drive", "goodness")


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class FFNetwork(GoodnessClassifier):
    """A stack of layers that each raise goodness on the true label and lower it on a wrong one.

    The label comes before the sample's features, in inputs of its own, so that no feature is lost. As first published
    it was written over the first ones, which in MNIST are empty: a first layer that is just as wide as the samples
    reads them so.

    Attributes:
        layers: From the input up.
        num_labels: How many labels; their inputs come first.
        label_strength: Value of the label's input, where an image has a root mean square near 0.3.
        temperature: Of the draw of wrong labels by the first layer's goodness, and if that is a sum, per unit; 0 draws
            them uniformly.
        first_counted: The first layer whose goodness `predict` counts.
        inputs: How samples are scaled; `fit` measures it.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3.
    """

    layers: tuple[FFLayer, ...]
    num_labels: int = field(metadata={"static": True}, default=10)
    label_strength: float = field(metadata={"static": True}, default=3.0)
    temperature: float = field(metadata={"static": True}, default=0.3)
    first_counted: int = field(metadata={"static": True}, default=0)
    inputs: Inputs = field(default_factory=Inputs)

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: If a setting is out of range.
        """
        if self.num_labels < 2 or self.first_counted < 0:
            raise ValueError(
                f"num_labels {self.num_labels}, first_counted {self.first_counted}: at least 2, at least 0"
            )
        if not (math.isfinite(self.label_strength) and 0 <= self.temperature < math.inf):
            raise ValueError(
                f"label_strength {self.label_strength}, temperature {self.temperature}: finite, the latter at least 0"
            )

    @classmethod
    def create(
        cls,
        num_inputs: int,
        widths: tuple[int, ...],
        num_labels: int,
        *,
        key: PRNGKeyArray,
        calibration: Calibration = SYMBA,
        temperature: float = 0.3,
        overwrite: bool = False,
    ) -> "FFNetwork":
        """A fresh network.

        Args:
            num_inputs: Features of a sample.
            widths: Of the layers.
            num_labels: At least 2.
            key: Source of the initial weights.
            calibration: Of every layer.
            temperature: Of the draw of wrong labels; 0 draws them uniformly.
            overwrite: Write the label over the first features, as published for MNIST, where they are empty.

        Raises:
            ValueError: If there are fewer than two labels, they do not fit into the features that they are to
                overwrite, or there is no layer.
        """
        if overwrite and not 2 <= num_labels <= num_inputs:
            raise ValueError(f"num_labels {num_labels}: allowed are 2 to the input width, {num_inputs}")
        reads = num_inputs if overwrite else num_labels + num_inputs
        layers = stack(reads, widths, calibrations=(calibration,) * len(widths), key=key)
        return cls(layers, num_labels, temperature=temperature, inputs=Inputs(num_inputs))

    def signal(self, images: Samples, labels: Labels, *, key: PRNGKeyArray) -> Pair:
        """Positives with the true label, negatives with a wrong one.

        Only the first layer has a say in which wrong label, so no layer depends on one above it.
        """
        inputs, labels = self.inputs.flat(images), jnp.asarray(labels)
        if self.temperature > 0:
            odds, temperature = self._first_goodness(inputs), self.temperature
            if self.layers[0].calibration.goodness == "sum":
                temperature = temperature * self.layers[0].bias.shape[0]
            wrong = likely_wrong_labels(odds, labels, temperature=temperature, key=key)
        else:
            wrong = wrong_labels(labels, self.num_labels, key=key)
        return Pair(self._embed(inputs, labels), self._embed(inputs, wrong))

    def goodness(self, images: Samples) -> Float[Array, "layer batch label"]:
        """Goodness of every label in every layer, as each layer measures it itself."""
        inputs = self.inputs.flat(images)

        def judge(label: Array) -> Array:
            read = reads(self.layers, self._embed(inputs, jnp.full(inputs.shape[0], label)))
            return jnp.stack([layer.goodness(own) for layer, own in zip(self.layers, read, strict=True)])

        return jnp.moveaxis(jax.lax.map(judge, jnp.arange(self.num_labels)), 0, -1)

    def activities(self, images: Samples, labels: Labels) -> list[Array]:
        """Activity of every layer under the given labels."""
        read = reads(self.layers, self._embed(self.inputs.flat(images), jnp.asarray(labels)))
        return [layer(own) for layer, own in zip(self.layers, read, strict=True)]

    def _embed(self, inputs: Array, labels: Array) -> Array:
        """Labels before the features, or over the first ones where the first layer has no inputs more."""
        width, reads = inputs.shape[-1], self.layers[0].kernel.shape[0]
        if reads == self.num_labels + width:
            return prepend_label(inputs, labels, self.num_labels, strength=self.label_strength)
        if reads != width:
            raise InputError(
                f"samples of {width} features: allowed are {reads - self.num_labels}, or {reads} with the labels "
                f"written over the first, as the first layer has {reads} inputs and there are {self.num_labels} labels"
            )
        return embed_label(inputs, labels, self.num_labels, strength=self.label_strength)

    def _first_goodness(self, inputs: Array) -> Array:
        """Goodness of every label in the first layer: by a pass for each, or for a plain layer by one product."""
        layer = self.layers[0]
        if type(layer) is FFLayer and type(layer.calibration) is Calibration and not own_parts(layer, FFLayer, _JUDGES):
            return self._plain_first_goodness(layer, inputs)
        every = jnp.arange(self.num_labels)
        return jax.lax.map(lambda label: layer.goodness(self._embed(inputs, jnp.full(inputs.shape[0], label))), every).T

    def _plain_first_goodness(self, layer: FFLayer, inputs: Array) -> Array:
        """The same with one matrix product for what all labels of a sample share.

        Every label has the same sum and length, so the normaliser moves and scales each alike.
        """
        count, measure = self.num_labels, layer.calibration.measure()
        normalised = layer.calibration.normalise(self._embed(inputs, jnp.zeros(inputs.shape[0], jnp.int32)))
        chosen, others = normalised[:, :1], normalised[:, 1:2]
        shared = normalised.at[:, :count].set(others) @ layer.kernel[...] + layer.bias[...]

        def judge(row: Array) -> Array:
            return measure(jax.nn.relu(shared + (chosen - others) * row))

        return jax.lax.map(judge, layer.kernel[:count]).T
