"""What each layer of a growing rule learns from: goodness ascent, or distance goodness through a head."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.layered_rule import LayeredRule, UpdateLayer
from ffnca.ff.ascent import AscentLayer
from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.projected import ProjectedLayer
from ffnca.ff.standardise import Standardiser

Layers = tuple[Any, ...]


class Cells(NamedTuple):
    """A batch of cells to learn from.

    Attributes:
        perception: What each cell sees, standardised.
        state: What it is.
        target: What it should be.
        healthy: What it would see were all its neighbours as they should be, standardised.
    """

    perception: Float[Array, "cell perception"]
    state: Float[Array, "cell channel"]
    target: Float[Array, "cell channel"]
    healthy: Float[Array, "cell perception"]


class Objective(Protocol):
    """A way to train the layers of a rule, each by itself: a tuple of layers in, a tuple of gradients out."""

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """Fresh layers."""
        ...

    def gradients(self, layers: Layers, cells: Cells) -> tuple[Layers, Float[Array, ""]]:
        """One gradient a layer, from that layer's own loss alone, and the sum of the losses."""
        ...

    def constrained(self, layers: Layers) -> Layers:
        """The layers within their bounds, after each update."""
        ...

    def rule(self, layers: Layers, standardiser: Standardiser) -> AscentLayer | LayeredRule:
        """The rule on raw perceptions."""
        ...


@dataclass(frozen=True)
class Ascent:
    """Goodness ascent: raise the goodness of the true state, lower that of the state the layer climbs to.

    Attributes:
        num_steps: Steps of ascent to the negative.
        rate: Size of each.
        own_state_bound: Largest singular value of the own-state weights.
    """

    num_steps: int
    rate: float
    own_state_bound: float

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """One layer that perceives and updates."""
        layer = AscentLayer(num_perception, num_channels, hidden[0], key=key)
        return (layer.bounded(self.own_state_bound),)

    def gradients(self, layers: Layers, cells: Cells) -> tuple[Layers, Float[Array, ""]]:
        """The two Hebbian terms; the loss is the goodness gap, at least 0 at the end of the climb."""
        (layer,) = layers
        negative = layer.settle(cells.perception, cells.state, num_steps=self.num_steps, rate=self.rate)
        gap = layer.goodness(cells.perception, negative) - layer.goodness(cells.perception, cells.target)
        return (layer.hebbian(cells.perception, cells.target, negative),), jnp.mean(gap)

    def constrained(self, layers: Layers) -> Layers:
        """Bound the memory of the own state."""
        return (layers[0].bounded(self.own_state_bound),)

    def rule(self, layers: Layers, standardiser: Standardiser) -> AscentLayer:
        """The layer itself."""
        return layers[0].reading_raw(standardiser)


@dataclass(frozen=True)
class Distance:
    """Each perceive layer learns by its own head and by contrast, the update layer by distance to the target.

    Attributes:
        contrast: Weight of healthy against present activity in a perceive layer's loss.
    """

    contrast: float = 0.01

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """Perceive layers with heads, then the update layer."""
        sizes, keys = (num_perception, *hidden), jax.random.split(key, len(hidden))
        perceive = [
            ProjectedLayer(size, width, num_channels, key=layer_key, calibration=MAGNITUDE)
            for size, width, layer_key in zip(sizes[:-1], hidden, keys, strict=True)
        ]
        return (*perceive, UpdateLayer(hidden[-1], num_channels, num_perception))

    def gradients(self, layers: Layers, cells: Cells) -> tuple[Layers, Float[Array, ""]]:
        """Autodiff inside one layer at a time, on inputs that are data."""
        *perceive, update = layers
        activity, healthy, total, gradients = cells.perception, cells.healthy, jnp.zeros(()), []
        for layer in perceive:
            loss, gradient = jax.value_and_grad(ProjectedLayer.loss)(
                layer, activity, cells.target, healthy, contrast=self.contrast
            )
            activity, healthy = layer.layer(activity), layer.layer(healthy)
            gradients.append(gradient)
            total += loss
        loss, gradient = jax.value_and_grad(UpdateLayer.loss)(update, activity, cells.perception, cells.target)
        return (*gradients, gradient), total + loss

    def constrained(self, layers: Layers) -> Layers:
        """Nothing to bound."""
        return layers

    def rule(self, layers: Layers, standardiser: Standardiser) -> LayeredRule:
        """Perceive and update layers; the heads stay behind."""
        *perceive, update = layers
        return LayeredRule([layer.layer for layer in perceive], update).reading_raw(standardiser)
