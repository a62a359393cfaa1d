"""One local step: a layer changes by its own loss and its own optimiser, and passes detached activities on."""

from typing import Any, NamedTuple, Protocol, TypeVar, cast, runtime_checkable

import jax
import optax
from jaxtyping import Array, Float, Int

SignalT = TypeVar("SignalT")
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


@runtime_checkable
class LocalLayer(Protocol[SignalT]):
    """What every locally trained layer has; it is a pytree of its weights."""

    def loss(self, signal: SignalT) -> Float[Array, ""]:
        """The layer's own loss; nothing flows back into the signal."""
        ...

    def passed_on(self, signal: SignalT) -> SignalT:
        """The signal that the next layer learns from, detached."""
        ...


LayerT = TypeVar("LayerT", bound=LocalLayer)


class LocalStep(NamedTuple):
    """What one local step gives.

    Attributes:
        layer: Changed, of the kind that was given.
        optimiser_state: Changed.
        loss: Before the step.
        signal: Of the kind that was given, for the next layer, by the layer as it was before the step; detached.
    """

    layer: Any
    optimiser_state: optax.OptState
    loss: Float[Array, ""]
    signal: Any


@runtime_checkable
class Gradient(Protocol):
    """A way to the gradient of one layer: autodiff inside it, or a closed form."""

    def __call__(self, layer: Any, signal: Any) -> tuple[Float[Array, ""], Any]:
        """The loss and a layer-shaped tree."""
        ...


def own_gradient(layer: LayerT, signal: Any) -> tuple[Float[Array, ""], LayerT]:
    """Loss and gradient of one layer by autodiff inside it; see `ffnca.ff.images.local` for the closed form."""
    signal = jax.lax.stop_gradient(signal)
    return jax.value_and_grad(lambda own: own.loss(signal))(layer)


def local_step(
    layer: LocalLayer,
    optimiser: optax.GradientTransformation,
    optimiser_state: optax.OptState,
    signal: Any,
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
    weights = cast(optax.Params, layer)  # a pytree too, which the types of optax do not know
    change, optimiser_state = optimiser.update(slope, optimiser_state, weights)
    changed = optax.apply_updates(weights, change)
    return LocalStep(changed, optimiser_state, value, jax.lax.stop_gradient(layer.passed_on(signal)))
