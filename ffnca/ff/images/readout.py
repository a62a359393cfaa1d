"""A linear readout of what a network without labels has learned: softmax regression on its detached features."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.images.base import LayeredNetwork
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.local_update import Labelled
from ffnca.ff.losses import n_pair_loss


class LinearReadout(nnx.Module):
    """Log-odds of each label, linear in some of the features; a local layer like any other."""

    def __init__(self, num_features: int, num_labels: int, *, first: int = 0) -> None:
        """Start at zero.

        Args:
            num_features: How many it reads.
            num_labels: At least 2.
            first: The first feature that it reads.

        Raises:
            ValueError: If there are fewer than two labels.
        """
        if num_labels < 2:
            raise ValueError(f"num_labels {num_labels}: at least 2")
        self.kernel = nnx.Param(jnp.zeros((num_features, num_labels), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(num_labels, jnp.float32))
        self.first = first

    def settings(self) -> dict[str, Any]:
        """What a readout like this one is made from."""
        num_features, num_labels = self.kernel.shape
        return {"num_features": num_features, "num_labels": num_labels, "first": self.first}

    def __call__(self, features: Float[Array, "batch feature"]) -> Float[Array, "batch label"]:
        """Log-odds of each label."""
        read = features[:, self.first : self.first + self.kernel.shape[0]]
        return read @ self.kernel[...] + self.bias[...]

    def loss(self, signal: Labelled) -> Float[Array, ""]:
        """Cross-entropy; nothing flows back into the features."""
        features, labels = jax.lax.stop_gradient(signal)
        return n_pair_loss(self(features), labels)

    def passed_on(self, signal: Labelled) -> Labelled:
        """The same features and labels: readouts stand side by side."""
        return jax.lax.stop_gradient(signal)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class ReadoutNetwork(LayeredNetwork):
    """A finished network without labels under readouts that learn: one for each layer, one for all layers together.

    Attributes:
        body: Gives `features(images)`; stays as it is.
        layers: The readouts; the last reads everything.
    """

    body: Any
    layers: tuple[LinearReadout, ...]

    @classmethod
    def create(cls, body: Any, num_labels: int) -> "ReadoutNetwork":
        """Fresh readouts on top of a network.

        Raises:
            ValueError: If there are fewer than two labels.
        """
        widths = [layer.bias.shape[0] for layer in body.layers]
        own = [LinearReadout(width, num_labels, first=sum(widths[:index])) for index, width in enumerate(widths)]
        return cls(body, (*own, LinearReadout(sum(widths), num_labels)))

    @property
    def inputs(self) -> Inputs:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the network below."""
        return self.body.inputs

    @property
    def num_labels(self) -> int:
        """How many labels."""
        return self.layers[-1].bias.shape[0]

    def measured(self, samples: Samples) -> "ReadoutNetwork":
        """The same readouts on a network that scales what it reads as these samples ask for; it does so once."""
        return replace(self, body=self.body.measured(samples))

    def signal(self, images: Samples, labels: Labels, *, key: PRNGKeyArray) -> Labelled:
        """Features and labels; `key` is not used."""
        return Labelled(self.body.features(images), jnp.asarray(labels))

    def predict(self, images: Samples) -> Int[Array, " batch"]:
        """The likeliest label by all layers together."""
        return jnp.argmax(self.layers[-1](self.body.features(images)), -1)

    def layer_predictions(self, images: Samples) -> Int[Array, "layer batch"]:
        """The likeliest label by each layer alone."""
        features = self.body.features(images)
        return jnp.stack([jnp.argmax(readout(features), -1) for readout in self.layers[:-1]])

    def activities(self, images: Samples, labels: Labels) -> list[Array]:
        """Activity of every layer of the network below; `labels` are not looked at."""
        edges = [readout.first for readout in self.layers[1:-1]]
        return jnp.split(self.body.features(images), edges, axis=-1)
