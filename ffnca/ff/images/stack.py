"""Layers on top of each other: made at once, and read through from the bottom up."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.calibration import Calibration
from ffnca.ff.images.own import own_parts
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair


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


def as_pair(inputs: Float[Array, "batch feature"]) -> Pair:
    """A signal that carries the same inputs twice."""
    return Pair(inputs, inputs)


def reads(
    layers: tuple[Any, ...],
    inputs: Float[Array, "batch feature"],
    *,
    plain: type = FFLayer,
    as_signal: Callable[[Array], Any] = as_pair,
) -> list[Float[Array, "batch _"]]:
    """What each layer reads: the inputs, and then what the layer below passes up.

    That is the layer's own `forward`, or what its own `passed_on` trains the layer above with.

    Args:
        layers: From the input up.
        inputs: Of the first.
        plain: The kind of layer whose `passed_on` is `forward` on each part of a signal.
        as_signal: From inputs to a signal whose first part they are.
    """
    found = [inputs]
    for layer in layers[:-1]:
        own = own_parts(layer, plain, ("passed_on",))
        found.append(layer.passed_on(as_signal(found[-1]))[0] if own else layer.forward(found[-1]))
    return found
