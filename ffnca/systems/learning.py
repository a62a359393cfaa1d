"""A training of several layers, each with an optimiser of its own: its state, and a step of every layer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from ffnca.ff.local_update import local_step


class Learning(NamedTuple):
    """Everything that training changes.

    Attributes:
        layers: From the bottom.
        optimisers: One state a layer, which sees that layer's gradient alone.
        round: Rounds done.
    """

    layers: tuple[Any, ...]
    optimisers: tuple[optax.OptState, ...]
    round: Int[Array, ""]


def updated(
    layers: tuple[Any, ...],
    optimisers: tuple[optax.OptState, ...],
    signal: Any,
    rate: Float[Array, ""] | float,
    *,
    between: Callable[[Any], Any] = lambda signal: signal,
) -> tuple[tuple[Any, ...], tuple[optax.OptState, ...], Float[Array, " layer"]]:
    """One local step of every layer: each learns from what the layer below, as it was, passes on.

    Args:
        layers: From the bottom.
        optimisers: One state a layer.
        signal: What the first layer learns from.
        rate: Of Adam.
        between: Makes of what a layer passes on what the next one learns from.

    Returns:
        Layers and optimisers after the step, and the loss of each layer before it.
    """
    changed, states, losses = [], [], []
    for number, (layer, state) in enumerate(zip(layers, optimisers, strict=True)):
        step = local_step(layer, optax.adam(rate), state, between(signal) if number else signal)
        signal = step.signal
        changed.append(step.layer)
        states.append(step.optimiser_state)
        losses.append(step.loss)
    return tuple(changed), tuple(states), jnp.stack(losses)
