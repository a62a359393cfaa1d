"""One local step: a layer changes by its own loss and its own optimiser, and passes detached activities on."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import optax
from jaxtyping import Array, Float, Int

Layer = Any
"""A module with `loss(signal)` and `passed_on(signal)`, see `LocalLayer`."""
Signal = Any
"""What a layer learns from: a `Pair`, `Labelled` samples, or whatever else its loss reads."""


class Pair(NamedTuple):
    """What a contrastive layer learns from.

    Attributes:
        positive: Real inputs.
        negative: Corrupted inputs.
    """

    positive: Float[Array, "*batch feature"]
    negative: Float[Array, "*batch feature"]


class Labelled(NamedTuple):
    """What a distance layer learns from.

    Attributes:
        inputs: Samples.
        labels: Their classes.
    """

    inputs: Float[Array, "batch feature"]
    labels: Int[Array, " batch"]


class LocalLayer(Protocol):
    """What every locally trained layer has."""

    def loss(self, signal: Signal) -> Float[Array, ""]:
        """The layer's own loss; nothing flows back into the signal."""
        ...

    def passed_on(self, signal: Signal) -> Signal:
        """The signal that the next layer learns from, detached."""
        ...


class LocalStep(NamedTuple):
    """What one local step gives.

    Attributes:
        layer: Changed.
        optimiser_state: Changed.
        loss: Before the step.
        signal: For the next layer, by the layer as it was before the step; detached.
    """

    layer: Layer
    optimiser_state: optax.OptState
    loss: Float[Array, ""]
    signal: Signal


Gradient = Callable[[Layer, Signal], tuple[Float[Array, ""], Layer]]
"""From a layer and a signal to the loss and a layer-shaped tree."""


def own_gradient(layer: Layer, signal: Signal) -> tuple[Float[Array, ""], Layer]:
    """Loss and gradient of one layer by autodiff inside it; see `ffnca.ff.images.local` for the closed form."""
    signal = jax.lax.stop_gradient(signal)
    return jax.value_and_grad(lambda own: own.loss(signal))(layer)


def local_step(
    layer: Layer,
    optimiser: optax.GradientTransformation,
    optimiser_state: optax.OptState,
    signal: Signal,
    *,
    gradient: Gradient = own_gradient,
) -> LocalStep:
    """Train one layer on one batch by its own loss alone.

    Args:
        layer: The layer; returned changed, not modified.
        optimiser: This layer's own.
        optimiser_state: `optimiser.init(layer)` at first.
        signal: What it reads, e.g. a `Pair` of positive and negative inputs.
        gradient: Autodiff inside the layer, or a closed form.

    Returns:
        The layer after the step, and what the next layer learns from.
    """
    value, slope = gradient(layer, signal)
    change, optimiser_state = optimiser.update(slope, optimiser_state, layer)
    changed = optax.apply_updates(layer, change)
    return LocalStep(changed, optimiser_state, value, jax.lax.stop_gradient(layer.passed_on(signal)))
