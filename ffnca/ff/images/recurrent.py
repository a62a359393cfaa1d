"""The recurrent Forward-Forward network: each layer reads the layer below and the layer above of the moment before.

The image holds the bottom still and the label the top; the hidden layers settle between them, all at once, and every
moment is a local step of every layer. Nothing flows back in time.

Reference:
    Hinton (2022), arXiv:2212.13345, section 3.4.
"""

import math
from dataclasses import dataclass, field
from typing import cast

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION, Calibration
from ffnca.ff.images.base import GoodnessClassifier
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.images.negatives import wrong_labels
from ffnca.ff.images.schedules import Batch, Learner
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Gradient, Pair, local_step, own_gradient

INSIDE = Calibration(normaliser="none", loss="symba")
"""Of the layers: their inputs are scaled part by part before they are joined."""

MAX_MOMENTS = 1000

Activities = tuple[Float[Array, "batch _"], ...]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class RecurrentNetwork(GoodnessClassifier):
    """Hidden layers between an image and a label.

    Attributes:
        layers: Each reads the scaled layer below and the scaled layer above.
        num_labels: Width of the top.
        label_strength: Value of the label's unit, beside activities with a root mean square of 1.
        num_moments: Moments of a run.
        counted: The first moment and the one after the last whose goodness `predict` adds up.
        damping: Share of a layer's last activity in its next.
        inputs: How samples are scaled; `fit` measures it.
    """

    layers: tuple[FFLayer, ...]
    num_labels: int = field(metadata={"static": True}, default=10)
    label_strength: float = field(metadata={"static": True}, default=10.0)
    num_moments: int = field(metadata={"static": True}, default=8)
    counted: tuple[int, int] = field(metadata={"static": True}, default=(2, 5))
    damping: float = field(metadata={"static": True}, default=0.3)
    inputs: Inputs = field(default_factory=Inputs)

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: If a setting is out of range.
        """
        first, end = self.counted
        if self.num_labels < 2 or not (1 <= self.num_moments <= MAX_MOMENTS and 0 <= first < end <= MAX_MOMENTS):
            raise ValueError(
                f"num_labels {self.num_labels}, num_moments {self.num_moments}, counted {self.counted}: at least 2, "
                f"1 to {MAX_MOMENTS}, two in order from 0 to {MAX_MOMENTS}"
            )
        if not (math.isfinite(self.label_strength) and 0 <= self.damping < 1):
            raise ValueError(f"label_strength {self.label_strength}, damping {self.damping}: finite, 0 to below 1")

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
        return cls(tuple(layers), num_labels, label_strength, inputs=Inputs(num_inputs))

    def begin(self, images: Samples) -> Activities:
        """Activities after a single pass from the bottom up, each layer above silent, the label too."""
        return self._begin(self.inputs.flat(images))

    def _begin(self, below: Float[Array, "batch feature"]) -> Activities:
        hidden = []
        for layer in self.layers:
            silent = jnp.zeros((below.shape[0], layer.kernel.shape[0] - below.shape[1]), jnp.float32)
            hidden.append(layer(jnp.concatenate([DIRECTION.normalise(below), silent], -1)))
            below = hidden[-1]
        return tuple(hidden)

    def views(self, hidden: Activities, images: Samples, labels: Labels) -> list[Float[Array, "batch _"]]:
        """What each layer reads at this moment."""
        return self._views(hidden, self.inputs.flat(images), jnp.asarray(labels))

    def _views(
        self, hidden: Activities, inputs: Float[Array, "batch feature"], labels: Int[Array, " batch"]
    ) -> list[Float[Array, "batch _"]]:
        top = self.label_strength * jax.nn.one_hot(labels, self.num_labels, dtype=jnp.float32)
        scaled = [DIRECTION.normalise(part) for part in (inputs, *hidden)]
        around = zip(scaled[:-1], (*scaled[2:], top), strict=True)
        return [jnp.concatenate([below, above], -1) for below, above in around]

    def settle(self, hidden: Activities, views: list[Float[Array, "batch _"]]) -> Activities:
        """The next moment: every layer at once, damped."""
        fresh = (layer(view) for layer, view in zip(self.layers, views, strict=True))
        return tuple(self.damping * old + (1 - self.damping) * new for old, new in zip(hidden, fresh, strict=True))

    def goodness(self, images: Samples) -> Float[Array, "layer batch label"]:
        """Goodness of every label in every layer, added up over the moments counted."""
        first, end = self.counted
        inputs = self.inputs.flat(images)

        def judge(label: Array) -> Array:
            labels = jnp.full(inputs.shape[0], label)

            def moment(hidden: Activities, _: Array) -> tuple[Activities, Array]:
                views = self._views(hidden, inputs, labels)
                good = [layer.goodness(view) for layer, view in zip(self.layers, views, strict=True)]
                return self.settle(hidden, views), jnp.stack(good)

            good = jax.lax.scan(moment, self._begin(inputs), jnp.arange(end))[1]
            return jnp.sum(good[first:], 0)

        return jnp.moveaxis(jax.lax.map(judge, jnp.arange(self.num_labels)), 0, -1)

    def activities(self, images: Samples, labels: Labels) -> list[Array]:
        """Activity of every layer at the last moment counted."""
        inputs, labels = self.inputs.flat(images), jnp.asarray(labels)
        hidden = self._begin(inputs)
        for _ in range(self.counted[1]):
            hidden = self.settle(hidden, self._views(hidden, inputs, labels))
        return list(hidden)


@dataclass(frozen=True)
class RecurrentSchedule:
    """The schedule of a recurrent network: a local step of every layer at every moment.

    Attributes:
        gradient: Autodiff inside each layer, or a closed form.
    """

    gradient: Gradient = own_gradient

    def start(
        self, network: RecurrentNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step."""
        return Learner(network, tuple(optimiser.init(cast(optax.Params, layer)) for layer in network.layers))

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
