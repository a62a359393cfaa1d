"""The control: backpropagation through time, as the field trains. Not local: gradients cross layers and steps.

The recipe of Mordvintsev et al. (2020), https://distill.pub/2020/growing-ca, with its regenerating pool, from the
first cell of our bodies. It holds every state of a rollout in memory, and is here to be compared with.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.layered_rule import LayeredRule
from ffnca.ff.standardise import Standardiser
from ffnca.grid.perceive import perception_size
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.corrupt import erase_discs
from ffnca.systems.growth.pool import fresh_pool, put_back
from ffnca.systems.growth.round import Recipe, RoundFigures, TrainState
from ffnca.systems.growth.spec import CONTROL_BATCH

DAMAGED, DISC_RADIUS = 3, (0.1, 0.5)
SHORTEST, LONGEST = 64, 96
FIRST_RATE, LATER_RATE, FIRST_ROUNDS = 2e-3, 2e-4, 2000
OPTIMISER = optax.adam(1.0)


def control_rate(num_rounds: int) -> float:
    """The published learning rate after so many iterations."""
    return FIRST_RATE if num_rounds < FIRST_ROUNDS else LATER_RATE


@partial(jax.jit, static_argnames="recipe")
def start_control(body: Body, recipe: Recipe, *, key: PRNGKeyArray) -> TrainState:
    """A fresh rule that proposes no change, and a pool of first cells."""
    num_perception = perception_size(recipe.nca.perception, recipe.nca.channels)
    rule = LayeredRule.drawn(num_perception, recipe.nca.hidden, recipe.nca.channels, key=key, proposes="delta")
    weights: Any = rule  # a module is a pytree, which optax's types do not know
    return TrainState(
        layers=(rule,),
        averaged=(rule,),
        optimisers=(OPTIMISER.init(weights),),
        pool=fresh_pool(body, recipe.train.pool_size),
        standardiser=Standardiser(jnp.zeros(num_perception), jnp.ones(num_perception)),
        round=jnp.zeros((), jnp.int32),
    )


@partial(jax.jit, static_argnames="recipe", donate_argnames="state")
def control_round(
    state: TrainState, body: Body, learning_rate: Float[Array, ""] | float, recipe: Recipe, *, key: PRNGKeyArray
) -> tuple[TrainState, RoundFigures]:
    """One iteration: 64 to 96 steps forward, then back through all of them and both layers.

    Args:
        state: Donated; use the returned one.
        body: What to grow.
        learning_rate: Of this iteration; see `control_rate`.
        recipe: What is fixed.
        key: The run's key; the round's own is folded in from `state.round`.
    """
    keys = jax.random.split(jax.random.fold_in(key, state.round), 4)
    places = jax.random.choice(keys[0], state.pool.shape[0], (CONTROL_BATCH,), replace=False)
    drawn = state.pool[places]
    order = jnp.argsort(body.relative_mse(drawn))
    places, drawn = places[order], drawn[order].at[-1].set(body.start)
    drawn = drawn.at[:DAMAGED].set(erase_discs(drawn[:DAMAGED], body, key=keys[1], radius=DISC_RADIUS))
    num_steps = jax.random.randint(keys[2], (), SHORTEST, LONGEST + 1)

    def loss_of(rule: LayeredRule) -> tuple[Array, Array]:
        automaton = recipe.automaton((rule,), state.standardiser)

        def advance(moving: Array, step: Array) -> tuple[Array, None]:
            stepped = automaton.step(moving, jax.random.fold_in(keys[3], step))
            return jnp.where(step < num_steps, stepped, moving), None

        grown, _ = jax.lax.scan(advance, drawn, jnp.arange(LONGEST))
        return jnp.mean(jnp.square(grown[..., :4] - body.picture)), grown

    rule = state.layers[0]
    (loss, grown), gradient = jax.value_and_grad(loss_of, has_aux=True)(rule)
    gradient = jax.tree.map(lambda leaf: leaf / (jnp.linalg.norm(leaf) + 1e-8), gradient)
    change, optimiser = OPTIMISER.update(gradient, state.optimisers[0])
    rule = jax.tree.map(lambda weight, step: weight + learning_rate * step, rule, change)
    pool = put_back(state.pool, places, grown)
    figures = RoundFigures(loss, jnp.median(body.relative_mse(drawn)))
    return TrainState((rule,), (rule,), (optimiser,), pool, state.standardiser, state.round + 1), figures
