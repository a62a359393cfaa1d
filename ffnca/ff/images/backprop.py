"""The control: the same layers trained by backpropagation. Not local: gradients cross every layer."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION
from ffnca.ff.images.base import LayeredNetwork
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.images.readout import LinearReadout
from ffnca.ff.images.schedules import Batch, Learner
from ffnca.ff.images.stack import stack
from ffnca.ff.layer import FFLayer
from ffnca.ff.losses import n_pair_loss


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class BackpropNetwork(LayeredNetwork):
    """Forward-Forward layers, normalisers and all, under a linear readout, with one loss at the top.

    Attributes:
        layers: From the input up.
        readout: Log-odds of the labels from the last layer.
        inputs: How samples are scaled; `fit` measures it.
    """

    layers: tuple[FFLayer, ...]
    readout: LinearReadout
    inputs: Inputs = field(default_factory=Inputs)

    @classmethod
    def create(
        cls, num_inputs: int, widths: tuple[int, ...], num_labels: int, *, key: PRNGKeyArray
    ) -> "BackpropNetwork":
        """A fresh network.

        Raises:
            ValueError: If there is no layer or fewer than two labels.
        """
        layers = stack(num_inputs, widths, calibrations=(DIRECTION,) * len(widths), key=key)
        return cls(layers, LinearReadout(widths[-1], num_labels), Inputs(num_inputs))

    @property
    def num_labels(self) -> int:
        """How many labels."""
        return self.readout.bias.shape[0]

    def log_odds(self, images: Samples) -> Float[Array, "batch label"]:
        """Log-odds of each label, with gradients through all layers."""
        activity = self.inputs.flat(images)
        for layer in self.layers:
            activity = layer(activity)
        return self.readout(DIRECTION.normalise(activity))

    def loss(self, batch: Batch) -> Float[Array, ""]:
        """Cross-entropy at the top."""
        return n_pair_loss(self.log_odds(batch.images), batch.labels)

    def predict(self, images: Samples) -> Int[Array, " batch"]:
        """The likeliest label."""
        return jnp.argmax(self.log_odds(images), -1)

    def activities(self, images: Samples, labels: Labels) -> list[Array]:
        """Activity of every layer; `labels` are not looked at."""
        activity, found = self.inputs.flat(images), []
        for layer in self.layers:
            activity = layer(activity)
            found.append(activity)
        return found


@dataclass(frozen=True)
class Backpropagation:
    """One gradient through all layers and the readout, and one optimiser for all; not local."""

    def start(
        self, network: BackpropNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step."""
        weights: Any = (network.layers, network.readout)
        return Learner(network, (optimiser.init(weights),))

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, "1"]]:
        """One step of the whole network; `key` is not used."""
        network: BackpropNetwork = learner.network

        def loss_of(weights: Any) -> Float[Array, ""]:
            return replace(network, layers=weights[0], readout=weights[1]).loss(batch)

        weights: Any = (network.layers, network.readout)
        loss, gradient = jax.value_and_grad(loss_of)(weights)
        change, state = optimiser.update(gradient, learner.optimiser_states[0], weights)
        layers, readout = optax.apply_updates(weights, change)  # pyright: ignore[reportGeneralTypeIssues]
        return Learner(replace(network, layers=layers, readout=readout), (state,)), loss[None]
