"""Goodness ascent on top of a perceive layer: two stacked layers, each with a goodness and an update of its own.

The perceive layer learns as that of `distance` does. What it says is data to the ascent layer, which reads it beside
the perception itself. `study_recipe.py` trains it beside the other variants.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.budget import Budget
from ffnca.ff.ascent import AscentLayer
from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.layer import FFLayer
from ffnca.ff.projected import ProjectedLayer
from ffnca.ff.standardise import Standardiser
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.layer_learning import Ascent, Cells, Layers
from ffnca.systems.growth.objective import OBJECTIVES, Objective
from ffnca.systems.growth.rule import RULES
from ffnca.training import train_creature

STACKED = "stacked"
"""The name of the objective and of its type of rule."""


class StackedRule(AscentLayer):
    """An ascent layer whose context is the perception and what a perceive layer makes of it."""

    def __init__(self, perceive: FFLayer, ascent: AscentLayer) -> None:
        """Stack the layers."""
        self.perceive = perceive
        self.context_weight, self.state_weight, self.bias = ascent.context_weight, ascent.state_weight, ascent.bias
        self.linear, self.offset = ascent.linear, ascent.offset

    def drive(self, context: Float[Array, "cell perception"]) -> tuple[Array, Array]:
        """What the perception gives to the hidden units and to the state, through both layers."""
        return super().drive(jnp.concatenate([context, self.perceive(context)], -1))


class StackedAscent(Ascent):
    """`Ascent` over a perceive layer; nothing flows from the one into the other."""

    def start(self, num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> Layers:
        """The perceive layer, then the ascent layer."""
        perceive_key, ascent_key = jax.random.split(key)
        perceive = ProjectedLayer(num_perception, hidden[0], num_channels, key=perceive_key)
        return (perceive, *super().start(num_perception + hidden[0], hidden[1:], num_channels, key=ascent_key))

    def gradients(
        self, layers: Layers, cells: Cells, robust_scale: Float[Array, ""] | float
    ) -> tuple[Layers, Float[Array, ""]]:
        """Autodiff inside the perceive layer, the two Hebbian terms of the ascent layer."""
        perceive, ascent = layers

        def own_loss(layer: ProjectedLayer) -> Float[Array, ""]:
            return layer.loss(cells.perception, cells.target, cells.healthy, gap_scale=robust_scale)

        gradient = jax.grad(own_loss)(perceive)
        context = jnp.concatenate([cells.perception, perceive.layer(cells.perception)], -1)
        above, loss = super().gradients((ascent,), cells._replace(perception=context), robust_scale)
        return (gradient, *above), loss

    def stepped(self, layers: Layers, steps: Layers) -> Layers:
        """The perceive layer has no bound."""
        perceive = jax.tree.map(jnp.add, layers[0], steps[0])
        return (perceive, *super().stepped(layers[1:], steps[1:]))

    def rule(self, layers: Layers, standardiser: Standardiser) -> StackedRule:
        """Both layers on raw perceptions."""
        perceive = jax.tree.map(lambda leaf: leaf, layers[0].layer)
        kernel, bias = standardiser.absorbed(perceive.kernel[...], perceive.bias[...])
        perceive.kernel, perceive.bias = nnx.Param(kernel), nnx.Param(bias)
        width = bias.shape[0]
        seen = Standardiser(
            jnp.concatenate([standardiser.mean, jnp.zeros(width)]),
            jnp.concatenate([standardiser.scale, jnp.ones(width)]),
        )
        return StackedRule(perceive, layers[1].reading_raw(seen))


def _blank(num_perception: int, hidden: tuple[int, ...], num_channels: int, *, key: PRNGKeyArray) -> StackedRule:
    perceive = FFLayer(num_perception, hidden[0], key=key, calibration=MAGNITUDE)
    return StackedRule(perceive, AscentLayer(num_perception + hidden[0], num_channels, hidden[1], key=key))


RULES[STACKED] = _blank
OBJECTIVES[STACKED] = Objective(learning=StackedAscent.by, rule=STACKED, most_layers=2)


def trained_stacked(creature: Creature, budget: Budget, *, widths: tuple[int, int], seed: int = 0) -> Creature:
    """The best rule of a creature with two stacked layers.

    Args:
        creature: Its world, picture and recipe; its rule is not used.
        budget: Updates or minutes.
        widths: Units of the perceive and of the ascent layer.
        seed: Of everything random.
    """
    stacked = creature.retrained_by(STACKED).reshaped(hidden=widths)
    return train_creature(stacked, budget, seed=seed, recipe=creature.recipe)
