"""The recurrent Forward-Forward network: each layer reads the layer below and the layer above of the moment before.

The image holds the bottom still and the label the top; the hidden layers settle between them, all at once, and every
moment is a local step of every layer. Nothing flows back in time.

Reference:
    Hinton (2022), arXiv:2212.13345, section 3.4.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION, Calibration
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_step import Gradient, Pair, local_step, own_gradient
from ffnca.ff.negatives import wrong_labels
from ffnca.ff.schedules import Batch, Learner

INSIDE = Calibration(normaliser="none", loss="symba")
"""Of the layers: their inputs are scaled part by part before they are joined."""

Activities = tuple[Float[Array, "batch _"], ...]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class RecurrentNetwork:
    """Hidden layers between an image and a label.

    Attributes:
        layers: Each reads the scaled layer below and the scaled layer above.
        num_labels: Width of the top.
        label_strength: Value of the label's unit, beside activities with a root mean square of 1.
        num_moments: Moments of a run.
        counted: The first moment and the one after the last whose goodness `predict` adds up.
        damping: Share of a layer's last activity in its next.
    """

    layers: tuple[FFLayer, ...]
    num_labels: int = field(metadata={"static": True}, default=10)
    label_strength: float = field(metadata={"static": True}, default=10.0)
    num_moments: int = field(metadata={"static": True}, default=8)
    counted: tuple[int, int] = field(metadata={"static": True}, default=(2, 5))
    damping: float = field(metadata={"static": True}, default=0.3)

    @classmethod
    def create(
        cls,
        num_inputs: int,
        widths: tuple[int, ...],
        num_labels: int,
        *,
        key: PRNGKeyArray,
        label_strength: float = 10.0,
    ) -> "RecurrentNetwork":
        """A fresh network.

        Args:
            num_inputs: Features of a sample.
            widths: Of the hidden layers, at least one.
            num_labels: At least 2.
            key: Source of the initial weights.
            label_strength: Value of the label's unit.

        Raises:
            ValueError: If there is no layer or fewer than two labels.
        """
        if not widths or num_labels < 2:
            raise ValueError(f"widths {widths}, num_labels {num_labels}: at least one layer and 2 labels")
        sizes, keys = (num_inputs, *widths, num_labels), jax.random.split(key, len(widths))
        layers = [
            FFLayer(below + above, width, key=own, calibration=INSIDE)
            for below, width, above, own in zip(sizes, widths, sizes[2:], keys, strict=False)
        ]
        return cls(tuple(layers), num_labels, label_strength)

    def with_layers(self, layers: tuple[FFLayer, ...]) -> "RecurrentNetwork":
        """The same network of other weights."""
        return replace(self, layers=layers)

    def begin(self, images: Float[Array, "batch H W"]) -> Activities:
        """Activities after a single pass from the bottom up, each layer above silent, the label too."""
        below, hidden = images.reshape(images.shape[0], -1), []
        for layer in self.layers:
            silent = jnp.zeros((below.shape[0], layer.kernel.shape[0] - below.shape[1]))
            hidden.append(layer(jnp.concatenate([DIRECTION.normalise(below), silent], -1)))
            below = hidden[-1]
        return tuple(hidden)

    def views(
        self, hidden: Activities, images: Float[Array, "batch H W"], labels: Int[Array, " batch"]
    ) -> list[Float[Array, "batch _"]]:
        """What each layer reads at this moment."""
        top = self.label_strength * jax.nn.one_hot(labels, self.num_labels)
        scaled = [DIRECTION.normalise(part) for part in (images.reshape(images.shape[0], -1), *hidden)]
        around = zip(scaled[:-1], (*scaled[2:], top), strict=True)
        return [jnp.concatenate([below, above], -1) for below, above in around]

    def settle(self, hidden: Activities, views: list[Float[Array, "batch _"]]) -> Activities:
        """The next moment: every layer at once, damped."""
        fresh = (layer(view) for layer, view in zip(self.layers, views, strict=True))
        return tuple(self.damping * old + (1 - self.damping) * new for old, new in zip(hidden, fresh, strict=True))

    def goodness(self, images: Float[Array, "batch H W"]) -> Float[Array, "layer batch label"]:
        """Goodness of every label in every layer, added up over the moments counted."""
        first, end = self.counted

        def judge(label: Array) -> Array:
            labels = jnp.full(images.shape[0], label)

            def moment(hidden: Activities, _: Array) -> tuple[Activities, Array]:
                views = self.views(hidden, images, labels)
                good = [layer.goodness(view) for layer, view in zip(self.layers, views, strict=True)]
                return self.settle(hidden, views), jnp.stack(good)

            good = jax.lax.scan(moment, self.begin(images), jnp.arange(end))[1]
            return jnp.sum(good[first:], 0)

        return jnp.moveaxis(jax.lax.map(judge, jnp.arange(self.num_labels)), 0, -1)

    def predict(self, images: Float[Array, "batch H W"]) -> Int[Array, " batch"]:
        """The label of the highest goodness, summed over layers and the moments counted."""
        return jnp.argmax(jnp.sum(self.goodness(images), 0), -1)

    def layer_predictions(self, images: Float[Array, "batch H W"]) -> Int[Array, "layer batch"]:
        """The label of the highest goodness in each layer alone."""
        return jnp.argmax(self.goodness(images), -1)

    def activities(self, images: Float[Array, "batch H W"], labels: Int[Array, " batch"]) -> list[Array]:
        """Activity of every layer at the last moment counted."""
        hidden = self.begin(images)
        for _ in range(self.counted[1]):
            hidden = self.settle(hidden, self.views(hidden, images, labels))
        return list(hidden)


@dataclass(frozen=True)
class Moments:
    """The schedule of a recurrent network: a local step of every layer at every moment.

    Attributes:
        gradient: Autodiff inside each layer, or a closed form.
    """

    gradient: Gradient = own_gradient

    def start(
        self, network: RecurrentNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step."""
        layers: tuple[Any, ...] = network.layers
        return Learner(network, tuple(optimiser.init(layer) for layer in layers))

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, " layer"]]:
        """A run of the network under the true label beside one under a wrong label, learning at every moment."""
        network: RecurrentNetwork = learner.network
        wrong = wrong_labels(batch.labels, network.num_labels, key=key)
        begun = (network.begin(batch.images),) * 2

        def moment(carry: tuple, _: Array) -> tuple[tuple, Array]:
            learner, hidden = carry
            learner, hidden, losses = self.moment(learner, hidden, optimiser, batch, wrong)
            return (learner, hidden), losses

        (learner, _), losses = jax.lax.scan(moment, (learner, begun), jnp.arange(network.num_moments))
        return learner, jnp.mean(losses, 0)

    def moment(
        self,
        learner: Learner,
        hidden: tuple[Activities, Activities],
        optimiser: optax.GradientTransformation,
        batch: Batch,
        wrong: Int[Array, " batch"],
    ) -> tuple[Learner, tuple[Activities, Activities], Float[Array, " layer"]]:
        """One moment: every layer learns from what it reads now, then all settle at once.

        Args:
            learner: Before the moment.
            hidden: Activities under the true and under the wrong label.
            optimiser: Of every layer.
            batch: Images and true labels.
            wrong: Wrong labels.

        Returns:
            The learner, the activities of the next moment as data, and the loss of each layer.
        """
        network: RecurrentNetwork = learner.network
        good, bad = (
            network.views(activities, batch.images, labels)
            for activities, labels in zip(hidden, (batch.labels, wrong), strict=True)
        )
        steps = [
            local_step(layer, optimiser, state, Pair(*pair), gradient=self.gradient)
            for layer, state, *pair in zip(network.layers, learner.optimiser_states, good, bad, strict=True)
        ]
        settled = jax.lax.stop_gradient((network.settle(hidden[0], good), network.settle(hidden[1], bad)))
        layers, states = tuple(step.layer for step in steps), tuple(step.optimiser_state for step in steps)
        losses = jnp.stack([step.loss for step in steps])
        return Learner(network.with_layers(layers), states), settled, losses
