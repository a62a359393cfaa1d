"""When each layer learns: all at every step, one after another, or all at once on what the step before passed up."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray, Shaped

from ffnca.ff.local_update import Gradient, local_step, own_gradient

Own = TypeVar("Own")


@runtime_checkable
class Network(Protocol):
    """Layers that a schedule trains; a pytree, such as `LayeredNetwork`."""

    @property
    def layers(self) -> tuple[Any, ...]:
        """From the input up."""
        ...

    def with_layers(self: Own, layers: tuple[Any, ...]) -> Own:
        """The same network of other weights."""
        ...


@runtime_checkable
class LocalNetwork(Network, Protocol):
    """A network of local layers, each of which passes on what the layer above learns from."""

    def signal(self, images: Any, labels: Any, *, key: PRNGKeyArray) -> Any:
        """What the first layer learns from."""
        ...


class Batch(NamedTuple):
    """Samples and their labels.

    Attributes:
        images: Images or rows of a table, bytes or numbers.
        labels: One a sample.
    """

    images: Shaped[Any, "batch ..."]
    labels: Shaped[Any, " batch"]


class Learner(NamedTuple):
    """A network in training.

    Attributes:
        network: As it is, of the kind that was given.
        optimiser_states: One a layer.
        in_flight: What each layer but the first learns from next, if the schedule is pipelined.
    """

    network: Any
    optimiser_states: tuple[optax.OptState, ...]
    in_flight: tuple[Any, ...] = ()


@runtime_checkable
class Schedule(Protocol):
    """A way to train a network batch by batch."""

    def start(
        self, network: Any, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step."""
        ...

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, " loss"]]:
        """The learner after one batch, and the losses."""
        ...


@dataclass(frozen=True)
class Simultaneous:
    """Every layer takes a step on every batch, on what the layers below pass up in the same pass.

    Attributes:
        gradient: Autodiff inside each layer, or a closed form.
    """

    gradient: Gradient = own_gradient

    def start(
        self, network: LocalNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step."""
        return Learner(network, tuple(optimiser.init(layer) for layer in network.layers))

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, " layer"]]:
        """One local step a layer."""
        signal, steps = learner.network.signal(*batch, key=key), []
        for layer, state in zip(learner.network.layers, learner.optimiser_states, strict=True):
            steps.append(local_step(layer, optimiser, state, signal, gradient=self.gradient))
            signal = steps[-1].signal
        layers = tuple(step.layer for step in steps)
        states = tuple(step.optimiser_state for step in steps)
        return Learner(learner.network.with_layers(layers), states), jnp.stack([step.loss for step in steps])


@dataclass(frozen=True)
class Greedy:
    """One layer learns, on what the finished layers below pass up; the others rest.

    Attributes:
        index: Of the layer that learns.
        gradient: Autodiff inside the layer, or a closed form.
    """

    index: int
    gradient: Gradient = own_gradient

    def start(
        self, network: LocalNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner before its first step.

        Raises:
            ValueError: If there is no such layer.
        """
        if not 0 <= self.index < len(network.layers):
            raise ValueError(f"index {self.index}: allowed are 0 to {len(network.layers) - 1}")
        return Learner(network, (optimiser.init(network.layers[self.index]),))

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, "1"]]:
        """One local step of the one layer."""
        layers, signal = learner.network.layers, learner.network.signal(*batch, key=key)
        for layer in layers[: self.index]:
            signal = jax.lax.stop_gradient(layer.passed_on(signal))
        step = local_step(layers[self.index], optimiser, learner.optimiser_states[0], signal, gradient=self.gradient)
        changed = (*layers[: self.index], step.layer, *layers[self.index + 1 :])
        return Learner(learner.network.with_layers(changed), (step.optimiser_state,)), step.loss[None]


@dataclass(frozen=True)
class Pipelined:
    """Every layer takes a step at once, each on what the layer below passed up in the step before.

    No layer waits for another within a step; `ffnca.ff.images.parallel` gives each a device of its own.

    Attributes:
        gradient: Autodiff inside each layer, or a closed form.
    """

    gradient: Gradient = own_gradient

    def start(
        self, network: LocalNetwork, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> Learner:
        """A learner whose pipeline is filled with one batch, from which nothing is learned below."""
        signal, in_flight = network.signal(*batch, key=key), []
        for layer in network.layers[:-1]:
            signal = jax.lax.stop_gradient(layer.passed_on(signal))
            in_flight.append(signal)
        return Simultaneous().start(network, optimiser, batch, key=key)._replace(in_flight=tuple(in_flight))

    def step(
        self, learner: Learner, optimiser: optax.GradientTransformation, batch: Batch, *, key: PRNGKeyArray
    ) -> tuple[Learner, Float[Array, " layer"]]:
        """One local step a layer, none of which needs another."""
        signals = (learner.network.signal(*batch, key=key), *learner.in_flight)
        steps = [
            local_step(layer, optimiser, state, signal, gradient=self.gradient)
            for layer, state, signal in zip(learner.network.layers, learner.optimiser_states, signals, strict=True)
        ]
        layers = tuple(step.layer for step in steps)
        states, passed = tuple(step.optimiser_state for step in steps), tuple(step.signal for step in steps[:-1])
        losses = jnp.stack([step.loss for step in steps])
        return Learner(learner.network.with_layers(layers), states, passed), losses
