"""The Forward-Forward network: labels in the input, every layer judging whether the label fits."""

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.calibration import SYMBA, Calibration
from ffnca.ff.labels import embed_label
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_step import Pair
from ffnca.ff.negatives import likely_wrong_labels, wrong_labels


def stack(
    num_inputs: int, widths: tuple[int, ...], *, calibrations: tuple[Calibration, ...], key: PRNGKeyArray
) -> tuple[FFLayer, ...]:
    """Fresh layers on top of each other.

    Raises:
        ValueError: If there is no layer.
    """
    if not widths:
        raise ValueError("widths (): at least one layer")
    keys = jax.random.split(key, len(widths))
    sizes = zip((num_inputs, *widths), widths, keys, calibrations, strict=False)
    return tuple(FFLayer(below, width, key=own, calibration=preset) for below, width, own, preset in sizes)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class FFNetwork:
    """A stack of layers that each raise goodness on the true label and lower it on a wrong one.

    Attributes:
        layers: From the input up.
        num_labels: How many labels; their inputs come first.
        label_strength: Value of the label's input, where an image has a root mean square near 0.3.
        temperature: Of the draw of wrong labels by the first layer's goodness; 0 draws them uniformly.
        first_counted: The first layer whose goodness `predict` counts.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3.
    """

    layers: tuple[FFLayer, ...]
    num_labels: int = field(metadata={"static": True}, default=10)
    label_strength: float = field(metadata={"static": True}, default=3.0)
    temperature: float = field(metadata={"static": True}, default=0.3)
    first_counted: int = field(metadata={"static": True}, default=0)

    @classmethod
    def create(
        cls,
        num_inputs: int,
        widths: tuple[int, ...],
        num_labels: int,
        *,
        key: PRNGKeyArray,
        calibration: Calibration = SYMBA,
        label_strength: float = 3.0,
        temperature: float = 0.3,
    ) -> "FFNetwork":
        """A fresh network.

        Args:
            num_inputs: Features of a sample, at least `num_labels`.
            widths: Of the layers.
            num_labels: At least 2.
            key: Source of the initial weights.
            calibration: Of every layer.
            label_strength: Value of the label's input.
            temperature: Of the draw of wrong labels; 0 draws them uniformly.

        Raises:
            ValueError: If the labels do not fit into the input or there is no layer.
        """
        if not 2 <= num_labels <= num_inputs:
            raise ValueError(f"num_labels {num_labels}: allowed are 2 to the input width, {num_inputs}")
        layers = stack(num_inputs, widths, calibrations=(calibration,) * len(widths), key=key)
        return cls(layers, num_labels, label_strength, temperature)

    def with_layers(self, layers: tuple[FFLayer, ...]) -> "FFNetwork":
        """The same network of other weights."""
        return replace(self, layers=layers)

    def signal(self, images: Float[Array, "batch H W"], labels: Int[Array, " batch"], *, key: PRNGKeyArray) -> Pair:
        """Positives with the true label, negatives with a wrong one.

        Only the first layer has a say in which wrong label, so no layer depends on one above it.
        """
        inputs = images.reshape(images.shape[0], -1)
        if self.temperature > 0:
            odds = self._first_goodness(inputs)
            wrong = likely_wrong_labels(odds, labels, temperature=self.temperature, key=key)
        else:
            wrong = wrong_labels(labels, self.num_labels, key=key)
        return Pair(self._embed(inputs, labels), self._embed(inputs, wrong))

    def goodness(self, images: Float[Array, "batch H W"]) -> Float[Array, "layer batch label"]:
        """Mean-square goodness of every label in every layer."""
        inputs = images.reshape(images.shape[0], -1)

        def judge(label: Array) -> Array:
            activity, judged = self._embed(inputs, jnp.full(inputs.shape[0], label)), []
            for layer in self.layers:
                judged.append(jnp.mean(jnp.square(layer(activity)), -1))
                activity = layer.forward(activity)
            return jnp.stack(judged)

        return jnp.moveaxis(jax.lax.map(judge, jnp.arange(self.num_labels)), 0, -1)

    def predict(self, images: Float[Array, "batch H W"]) -> Int[Array, " batch"]:
        """The label of the highest goodness, summed over the layers counted."""
        return jnp.argmax(jnp.sum(self.goodness(images)[self.first_counted :], 0), -1)

    def layer_predictions(self, images: Float[Array, "batch H W"]) -> Int[Array, "layer batch"]:
        """The label of the highest goodness in each layer alone."""
        return jnp.argmax(self.goodness(images), -1)

    def activities(self, images: Float[Array, "batch H W"], labels: Int[Array, " batch"]) -> list[Array]:
        """Activity of every layer under the given labels."""
        activity, found = self._embed(images.reshape(images.shape[0], -1), labels), []
        for layer in self.layers:
            found.append(layer(activity))
            activity = layer.forward(activity)
        return found

    def _embed(self, inputs: Array, labels: Array) -> Array:
        return embed_label(inputs, labels, self.num_labels, strength=self.label_strength)

    def _first_goodness(self, inputs: Array) -> Array:
        """Goodness of every label in the first layer, with one matrix product for the image they share.

        Every label has the same sum and length, so the normaliser moves and scales each alike.
        """
        layer, count = self.layers[0], self.num_labels
        normalised = layer.calibration.normalise(self._embed(inputs, jnp.zeros(inputs.shape[0], jnp.int32)))
        chosen, others = normalised[:, :1], normalised[:, 1:2]
        shared = normalised.at[:, :count].set(others) @ layer.kernel[...] + layer.bias[...]

        def judge(row: Array) -> Array:
            return jnp.mean(jnp.square(jax.nn.relu(shared + (chosen - others) * row)), -1)

        return jax.lax.map(judge, layer.kernel[:count]).T
