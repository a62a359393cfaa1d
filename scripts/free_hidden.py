"""Goodness ascent with no position code: only colours are given, hidden channels settle by ascent.

Both phases run on the grid. Free: the rule rolls out from a pool, as ever. Clamped: the colours of half grown and
whole bodies are held while the rule moves the hidden channels alone, in a pool of its own. A cell of either pool then
learns from two states in its neighbourhood: the positive settles with its true colours clamped, the negative freely.
Nothing says what a hidden channel should be. `study_recipe.py` trains it beside the other variants.

Reference:
    Movellan (1991), contrastive Hebbian learning: clamp what is known, let the rest settle.
"""

import time
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.budget import Budget
from ffnca.ff.ascent import STATE_LIMIT, AscentLayer
from ffnca.ff.standardise import Standardiser
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.corruption import add_noise, corrupted
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.local_trainer import chances, optimiser
from ffnca.systems.growth.local_trainer import start as start_with_code
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.pool import choose, disturb, fresh_pool, put_back
from ffnca.systems.growth.schedule import falling_rate

NO_CODE = 1e-6
"""Amplitude of the position code: none that a cell could see."""
COLOURS, CLAMPED_STEPS, RENEWED_SHARE = 4, 4, 0.1


class Free(NamedTuple):
    """What training changes."""

    layer: AscentLayer
    averaged: AscentLayer
    optimiser: optax.OptState
    pool: Float[Array, "pool H W C"]
    clamped: Float[Array, "pool H W C"]


def positive(layer: AscentLayer, context: Array, colours: Array, hidden: Array, plan: Plan) -> Array:
    """The state whose colours are given and whose hidden channels have climbed."""
    state = jnp.concatenate([colours, hidden], -1)
    for _ in range(plan.recipe.ascent_steps):
        moved = state + plan.recipe.ascent_rate * layer.change(context, state)
        state = jnp.concatenate([colours, jnp.clip(moved[:, COLOURS:], -STATE_LIMIT, STATE_LIMIT)], -1)
    return state


def held(automaton: NCA, states: Array, *, key: PRNGKeyArray) -> Array:
    """A few steps in which only hidden channels move."""

    def advance(states: Array, step_key: PRNGKeyArray) -> tuple[Array, None]:
        hidden = jnp.where(automaton.alive(states)[..., None], automaton.step(states, step_key), 0.0)[..., COLOURS:]
        return jnp.concatenate([states[..., :COLOURS], hidden], -1), None

    return jax.lax.scan(advance, states, jax.random.split(key, CLAMPED_STEPS))[0]


@partial(jax.jit, static_argnames="plan")
def free_round(
    state: Free, standardiser: Standardiser, bodies: Bodies, rate: Float[Array, ""], plan: Plan, *, key: PRNGKeyArray
) -> Free:
    """Both pools moved on, then several updates."""
    recipe, batch, body, keys = plan.recipe, plan.pool_batch, bodies.each, jax.random.split(key, 10)
    places = choose(state.pool, batch, key=keys[0])
    stages = corrupted(body, batch, replace(recipe, displaced_share=0.0), key=keys[1])
    automaton = plan.automaton(state.averaged.reading_raw(standardiser))
    drawn = disturb(state.pool[places], body, stages, recipe, key=keys[2], renewed_share=recipe.renewed_share)
    num_steps = jax.random.randint(keys[3], (), 1, recipe.max_rollout + 1)
    rolled = rollout(automaton, drawn, num_steps, key=keys[4])
    renewed = jax.random.bernoulli(keys[5], RENEWED_SHARE, (batch, 1, 1, 1))
    clamped = held(automaton, jnp.where(renewed, stages, state.clamped[places]), key=keys[6])
    noisy = add_noise(clamped, automaton.alive(clamped), jnp.full(batch, plan.train.noise / 2), key=keys[7])

    states = jax.lax.stop_gradient(jnp.concatenate([noisy, rolled]))
    seen = automaton.perceive(states)
    own, context = states.reshape(-1, states.shape[-1]), seen.reshape(-1, seen.shape[-1])
    colours = jnp.asarray(body.target)[..., :COLOURS].reshape(-1, COLOURS)
    wanted = jnp.broadcast_to(jnp.asarray(body.alive), states.shape[:3])
    up_to = jnp.cumsum(chances(automaton.alive(states), wanted, recipe.front_weight).reshape(-1))

    def update(carry: tuple, update_key: PRNGKeyArray) -> tuple[tuple, None]:
        layer, averaged, momentum = carry
        cell = jnp.searchsorted(up_to, jax.random.uniform(update_key, (recipe.cells,)) * up_to[-1])
        around, now = standardiser(context[cell]), own[cell]
        good = positive(layer, around, colours[cell % colours.shape[0]], now[:, COLOURS:], plan)
        bad = layer.settle(around, now, num_steps=recipe.ascent_steps, rate=recipe.ascent_rate)
        step, momentum = optimiser(plan).update(layer.hebbian(around, good, bad), momentum, layer)
        (layer,) = plan.learning.stepped((layer,), (jax.tree.map(lambda change: rate * change, step),))
        averaged = jax.tree.map(lambda old, new: recipe.average * old + (1 - recipe.average) * new, averaged, layer)
        return (layer, averaged, momentum), None

    carry = (state.layer, state.averaged, state.optimiser)
    (layer, averaged, momentum), _ = jax.lax.scan(update, carry, jax.random.split(keys[8], recipe.updates_per_round))
    pool, held_pool = put_back(state.pool, places, rolled), put_back(state.clamped, places, clamped)
    return Free(layer, averaged, momentum, pool, held_pool)


def trained_free(creature: Creature, budget: Budget, *, seed: int = 0) -> Creature:
    """The last averaged rule of a creature whose hidden channels were given nothing.

    Args:
        creature: Its world and picture; its rule and its code are not used.
        budget: Updates.
        seed: Of everything random.
    """
    creature = creature.retrained_by("ascent").by_recipe(creature.recipe, code_amplitude=NO_CODE)
    bodies, plan, key = creature.training_bodies(), creature.plan(), jax.random.key(seed)
    begun = start_with_code(bodies, plan, key=key)
    (layer,) = begun.layers
    state = Free(layer, layer, optimiser(plan).init(layer), begun.pool, fresh_pool(bodies, plan.train.pool_size))
    began, updates = time.monotonic(), 0
    while (fraction := budget.fraction(time.monotonic() - began, updates)) < 1:
        rate = jnp.asarray(falling_rate(plan.train.learning_rate, fraction))
        state = free_round(state, begun.standardiser, bodies, rate, plan, key=jax.random.fold_in(key, updates))
        updates += plan.recipe.updates_per_round
    rule = state.averaged.reading_raw(begun.standardiser)
    return creature.taught(rule, {"seconds": round(time.monotonic() - began, 1)})
