"""What each layer of a growing rule learns from within one step: goodness ascent, a loss of its own, or a control."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.layered_rule import LayeredRule, UpdateLayer
from ffnca.automata.nca import Rule
from ffnca.ff.ascent import AscentLayer
from ffnca.ff.goodness import distance_goodness, temper, tempered
from ffnca.ff.layer import FFLayer
from ffnca.ff.projected import ProjectedLayer
from ffnca.ff.standardise import Standardiser
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule import RULES, ascent_rule

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


def _sum(layers: Any, steps: Any) -> Any:
    return jax.tree.map(jnp.add, layers, steps)


class Perceiver(Protocol):
    """A layer that stays in the rule, with what it needs only while it learns."""

    layer: FFLayer

    def loss(
        self,
        inputs: Float[Array, "cell feature"],
        centre: Float[Array, "cell channel"],
        healthy: Float[Array, "cell feature"],
        *,
        gap_scale: Float[Array, ""] | float,
    ) -> Float[Array, ""]:
        """The layer's own loss.

        Args:
            inputs: What the layer reads now.
            centre: What each cell should be.
            healthy: What the layer would read were all neighbours as they should be.
            gap_scale: See `tempered`; only a distance has a gap.
        """
        ...


class LayerLearning(Protocol):
    """A way to train the layers of a rule, each by itself: a tuple of layers in, a tuple of gradients out."""

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """Fresh layers."""
        ...

    def gradients(
        self, layers: Layers, cells: Cells, robust_scale: Float[Array, ""] | float
    ) -> tuple[Layers, Float[Array, ""]]:
        """One gradient a layer, from that layer's own loss alone, and the sum of the losses.

        A cell whose goodness gap is above the scale weighs less, see `tempered`.
        """
        ...

    def stepped(self, layers: Layers, steps: Layers) -> Layers:
        """The layers after these steps of their optimisers, within their bounds."""
        ...

    def rule(self, layers: Layers, standardiser: Standardiser) -> Rule:
        """The rule on raw perceptions."""
        ...


@dataclass(frozen=True)
class Ascent:
    """Goodness ascent: raise the goodness of the true state, lower that of the state the layer climbs to.

    Both are states that the cell could have in view of what it perceives, its present state included.

    Attributes:
        num_steps: Steps of ascent to the negative.
        rate: Size of each.
        own_state_bound: Largest singular value of the weights of that state.
        state_step: Step of these weights, in learning rates.
        context_step: Step of the weights of the context.
    """

    num_steps: int
    rate: float
    own_state_bound: float
    state_step: float = 0.3
    context_step: float = 3.0

    @classmethod
    def by(cls, recipe: Recipe) -> "Ascent":
        """As a recipe says."""
        steps = recipe.state_step, recipe.context_step
        return cls(recipe.ascent_steps, recipe.ascent_rate, recipe.own_state_bound, *steps)

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """One layer that perceives and updates."""
        layer = ascent_rule(num_perception, hidden, num_channels, key=key)
        return (layer.bounded(self.own_state_bound),)

    def gradients(
        self, layers: Layers, cells: Cells, robust_scale: Float[Array, ""] | float
    ) -> tuple[Layers, Float[Array, ""]]:
        """The two Hebbian terms; the loss is the goodness gap, at least 0 at the end of the climb."""
        (layer,) = layers
        negative = layer.settle(cells.perception, cells.state, num_steps=self.num_steps, rate=self.rate)
        gap = layer.goodness(cells.perception, negative) - layer.goodness(cells.perception, cells.target)
        weight = temper(jnp.maximum(gap, 0.0), robust_scale)
        return (layer.hebbian(cells.perception, cells.target, negative, weight),), jnp.mean(gap)

    def stepped(self, layers: Layers, steps: Layers) -> Layers:
        """Steps that fit the size of the weights, then the bound on V."""
        (layer,), (step,) = layers, steps
        step = nnx.clone(step)
        step.state_weight = nnx.Param(self.state_step * step.state_weight[...])
        step.context_weight = nnx.Param(self.context_step * step.context_weight[...])
        return (_sum(layer, step).bounded(self.own_state_bound),)

    def rule(self, layers: Layers, standardiser: Standardiser) -> AscentLayer:
        """The layer itself."""
        return layers[0].reading_raw(standardiser)


@dataclass(frozen=True)
class Layered:
    """Each perceive layer learns in its own way, the update layer by its distance to the target.

    Attributes:
        perceiver: What makes a perceive layer.
    """

    perceiver: Callable[..., Perceiver]

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """Perceive layers, then the update layer."""
        sizes, keys = (num_perception, *hidden), jax.random.split(key, len(hidden))
        perceive = [
            self.perceiver(size, width, num_channels, key=layer_key)
            for size, width, layer_key in zip(sizes[:-1], hidden, keys, strict=True)
        ]
        return (*perceive, UpdateLayer(hidden[-1], num_channels, num_perception))

    def gradients(
        self, layers: Layers, cells: Cells, robust_scale: Float[Array, ""] | float
    ) -> tuple[Layers, Float[Array, ""]]:
        """Autodiff inside one layer at a time, on inputs that are data."""
        *perceive, update = layers
        activity, healthy, total, gradients = cells.perception, cells.healthy, jnp.zeros(()), []
        for layer in perceive:
            activity, healthy = jax.lax.stop_gradient((activity, healthy))
            own_loss = partial(type(layer).loss, gap_scale=robust_scale)
            loss, gradient = jax.value_and_grad(own_loss)(layer, activity, cells.target, healthy)
            activity, healthy = layer.layer(activity), layer.layer(healthy)
            gradients.append(gradient)
            total += loss
        own_loss = partial(UpdateLayer.loss, gap_scale=robust_scale)
        loss, gradient = jax.value_and_grad(own_loss)(update, activity, cells.perception, cells.target)
        return (*gradients, gradient), total + loss

    def stepped(self, layers: Layers, steps: Layers) -> Layers:
        """Nothing to bound."""
        return _sum(layers, steps)

    def rule(self, layers: Layers, standardiser: Standardiser) -> LayeredRule:
        """Perceive and update layers; what they needed only to learn stays behind."""
        *perceive, update = layers
        return LayeredRule([layer.layer for layer in perceive], update).reading_raw(standardiser)


@dataclass(frozen=True)
class OneStepBackprop:
    """A control that is not local: backpropagation through all layers of one step, though not through time.

    The whole rule is one layer here, and learns by the distance of the state that it proposes to the target.
    """

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """The rule."""
        return (RULES["state"](num_perception, hidden, num_channels, key=key),)

    def gradients(
        self, layers: Layers, cells: Cells, robust_scale: Float[Array, ""] | float
    ) -> tuple[Layers, Float[Array, ""]]:
        """Backpropagation through the perceive and update layers."""

        def distance(rule: LayeredRule) -> Float[Array, ""]:
            proposed = cells.state + rule.change(cells.perception, cells.state)
            return jnp.mean(tempered(-distance_goodness(proposed, cells.target), robust_scale))

        loss, gradient = jax.value_and_grad(distance)(layers[0])
        return (gradient,), loss

    def stepped(self, layers: Layers, steps: Layers) -> Layers:
        """Nothing to bound."""
        return _sum(layers, steps)

    def rule(self, layers: Layers, standardiser: Standardiser) -> LayeredRule:
        """The rule itself."""
        return layers[0].reading_raw(standardiser)


def distance(recipe: Recipe) -> Layered:
    """Perceive layers that learn by the distance of their own projections to the target."""
    return Layered(ProjectedLayer)


def one_step_backprop(recipe: Recipe) -> OneStepBackprop:
    """The control."""
    return OneStepBackprop()
