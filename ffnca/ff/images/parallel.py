"""Layers in parallel: one device a layer, each learning from what the layer below passed up in the step before."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import optax
from jax.sharding import SingleDeviceSharding
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.images.schedules import Batch, Learner, LocalNetwork, Pipelined
from ffnca.ff.local_update import Gradient, LocalStep, local_step, own_gradient


class Placed(NamedTuple):
    """A pipelined learner whose layers live on devices of their own.

    Attributes:
        learner: As `Pipelined` has it; layer, optimiser state and waiting signal of a layer on its device.
        places: The device of each layer.
    """

    learner: Learner
    places: tuple[SingleDeviceSharding, ...]


def place(
    network: LocalNetwork,
    optimiser: optax.GradientTransformation,
    batch: Batch,
    *,
    key: PRNGKeyArray,
    devices: list[Any] | None = None,
) -> Placed:
    """Put each layer on a device of its own.

    Args:
        network: To start from.
        optimiser: Of every layer.
        batch: Fills the pipeline.
        key: Source of its negatives.
        devices: One a layer; the first ones there are if None. On a CPU,
            `XLA_FLAGS=--xla_force_host_platform_device_count=N` makes N of them.

    Raises:
        ValueError: If there are fewer devices than layers.
    """
    devices = jax.devices() if devices is None else devices
    if len(devices) < len(network.layers):
        raise ValueError(f"{len(devices)} devices for {len(network.layers)} layers: one a layer is needed")
    places = tuple(SingleDeviceSharding(device) for device in devices[: len(network.layers)])
    learner = Pipelined().start(network, optimiser, batch, key=key)

    def put(parts: Iterable[Any], places: tuple[SingleDeviceSharding, ...]) -> tuple[Any, ...]:
        return tuple(jax.device_put(part, own) for part, own in zip(parts, places, strict=True))

    moved = Learner(
        network.with_layers(put(network.layers, places)),
        put(learner.optimiser_states, places),
        put(learner.in_flight, places[1:]),
    )
    return Placed(moved, places)


class DevicePipeline:
    """The pipelined schedule, one call a layer and step; every call runs on its layer's device.

    The host only hands out work: no call waits for another of the same step, and signals move from device to device.
    The results are those of `Pipelined` on one device.
    """

    def __init__(self, optimiser: optax.GradientTransformation, *, gradient: Gradient = own_gradient) -> None:
        """Compile on first use, once for each shape of layer.

        Args:
            optimiser: Of every layer.
            gradient: Autodiff inside each layer, or a closed form.
        """

        def advance(layer: Any, state: Any, signal: Any) -> LocalStep:
            return local_step(layer, optimiser, state, signal, gradient=gradient)

        self._advance = jax.jit(advance)
        self._signal = jax.jit(lambda network, batch, key: network.signal(*batch, key=key))

    def step(self, placed: Placed, batch: Batch, *, key: PRNGKeyArray) -> tuple[Placed, list[Float[Array, ""]]]:
        """One local step a layer.

        Args:
            placed: From `place`.
            batch: Images and labels.
            key: Source of the negatives.

        Returns:
            The learner after the step and each layer's loss, on its device and perhaps not yet computed.
        """
        learner, places = placed
        network = learner.network
        # The maker of signals reads the first layer at most, and so runs where that is.
        lowest = network.with_layers(network.layers[:1])
        signals = (self._signal(lowest, batch, key), *learner.in_flight)
        steps = [
            self._advance(layer, state, signal)
            for layer, state, signal in zip(network.layers, learner.optimiser_states, signals, strict=True)
        ]
        passed = tuple(jax.device_put(step.signal, above) for step, above in zip(steps[:-1], places[1:], strict=True))
        layers, states = tuple(step.layer for step in steps), tuple(step.optimiser_state for step in steps)
        moved = Learner(network.with_layers(layers), states, passed)
        return Placed(moved, places), [step.loss for step in steps]
