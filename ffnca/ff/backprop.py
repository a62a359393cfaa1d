"""The control: the same layers trained by backpropagation. Not local: gradients cross every layer."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION
from ffnca.ff.layer import FFLayer
from ffnca.ff.losses import n_pair_loss
from ffnca.ff.network import stack
from ffnca.ff.readout import LinearReadout
from ffnca.ff.schedules import Batch, Learner


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BackpropNetwork:
    """Forward-Forward layers, normalisers and all, under a linear readout, with one loss at the top.

    Attributes:
        layers: From the input up.
        readout: Log-odds of the labels from the last layer.
    """

    layers: tuple[FFLayer, ...]
    readout: LinearReadout

    @classmethod
    def create(
        cls, num_inputs: int, widths: tuple[int, ...], num_labels: int, *, key: PRNGKeyArray
    ) -> "BackpropNetwork":
        """A fresh network.

        Raises:
            ValueError: If there is no layer or fewer than two labels.
        """
        layers = stack(num_inputs, widths, calibrations=(DIRECTION,) * len(widths), key=key)
        return cls(layers, LinearReadout(widths[-1], num_labels))

    def with_layers(self, layers: tuple[FFLayer, ...]) -> "BackpropNetwork":
        """The same network of other weights."""
        return replace(self, layers=layers)

    def log_odds(self, images: Float[Array, "batch H W"]) -> Float[Array, "batch label"]:
        """Log-odds of each label, with gradients through all layers."""
        activity = images.reshape(images.shape[0], -1)
        for layer in self.layers:
            activity = layer(activity)
        return self.readout(DIRECTION.normalise(activity))

    def loss(self, batch: Batch) -> Float[Array, ""]:
        """Cross-entropy at the top."""
        return n_pair_loss(self.log_odds(batch.images), batch.labels)

    def predict(self, images: Float[Array, "batch H W"]) -> Int[Array, " batch"]:
        """The likeliest label."""
        return jnp.argmax(self.log_odds(images), -1)

    def activities(self, images: Float[Array, "batch H W"], labels: Int[Array, " batch"]) -> list[Array]:
        """Activity of every layer; `labels` are not looked at."""
        activity, found = images.reshape(images.shape[0], -1), []
        for layer in self.layers:
            activity = layer(activity)
            found.append(activity)
        return found


@dataclass(frozen=True)
class Backpropagation:
    """One gradient through all layers and one optimiser for all; not local."""

    def start(
        self, network: BackpropNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step."""
        return Learner(network, (optimiser.init(network),))  # pyright: ignore[reportArgumentType]

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, "1"]]:
        """One step of the whole network; `key` is not used."""
        loss, gradient = jax.value_and_grad(lambda network: network.loss(batch))(learner.network)
        change, state = optimiser.update(gradient, learner.optimiser_states[0], learner.network)
        return Learner(optax.apply_updates(learner.network, change), (state,)), loss[None]
