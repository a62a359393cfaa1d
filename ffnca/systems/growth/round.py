"""One round of training: roll pool states forward without gradients, then update layer by layer."""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax.contrib
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.ff.ascent import STATE_LIMIT
from ffnca.ff.standardise import Standardiser
from ffnca.grid.boundary import Boundary
from ffnca.grid.perceive import perceive, perception_size
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.corrupt import add_noise
from ffnca.systems.growth.doubt import put_in_doubt
from ffnca.systems.growth.objectives import Ascent, Cells, Layered, Layers, Objective, OneStepBackprop
from ffnca.systems.growth.perceivers import PERCEIVERS
from ffnca.systems.growth.pool import choose, disturb, fresh_pool, put_back
from ffnca.systems.growth.spec import NcaSpec, TrainSpec, identity_channels
from ffnca.systems.growth.stages import draw_stages

OPTIMISER = optax.contrib.muon(1.0, adam_learning_rate=0.15)
"""Each layer's own: momentum made orthogonal for matrices (Jordan et al., 2024), Adam at 0.15 of the rate for biases.

It sees one layer's gradient and nothing else. At equal rounds it ends several times lower than Adam.
"""
LEAST_NOISE = 0.5
"""What is left of noise at the end: it falls with the learning rate, so that the last updates are about states near the
goal. Strain and wrong tissue do not fall. With half of them at the end, what is drawn is up to twice as exact and small
remains grow back more surely in their place, but holes close less surely and more stray cells grow into a second body.
"""
FRONT_WEIGHT = 0.75
"""A cell that touches a missing part of the body is drawn 1 + so many times as often as others. At 8, growths fail."""
_NUM_MEASURED = 32
_COMPILED_FAST = {"xla_backend_optimization_level": 0}
"""For what runs once."""


def state_limit(spec: TrainSpec) -> float:
    """What states are clipped to: the published recipe of the control has no limit."""
    return math.inf if spec.objective == "bptt" else STATE_LIMIT


class Recipe(NamedTuple):
    """Everything that is fixed before training starts, hashable, so that equal recipes share compiled code."""

    nca: NcaSpec
    train: TrainSpec
    boundary: Boundary

    @property
    def updates_per_round(self) -> int:
        """Steps of the optimisers in a round: one where a round is an iteration of `bptt`."""
        return 1 if self.train.objective == "bptt" else self.train.updates_per_round

    @property
    def objective(self) -> Objective:
        """What the layers learn from within one step, by its name.

        Raises:
            ValueError: If it learns through time.
        """
        if self.train.objective == "bptt":
            raise ValueError("bptt learns through time; see ffnca.systems.growth.bptt")
        if self.train.objective == "one-step-backprop":
            return OneStepBackprop()
        if self.train.objective in PERCEIVERS:
            return Layered(PERCEIVERS[self.train.objective])
        return Ascent(self.train.ascent_steps, self.train.ascent_rate, self.train.own_state_bound)

    def automaton(self, layers: Layers, standardiser: Standardiser) -> NCA:
        """The layers as an automaton on raw perceptions."""
        through_time = self.train.objective == "bptt"
        return NCA(
            layers[0] if through_time else self.objective.rule(layers, standardiser),
            perception=self.nca.perception,
            boundary=self.boundary,
            fire_rate=self.nca.fire_rate,
            alive_threshold=self.nca.alive_threshold,
            state_limit=state_limit(self.train),
        )


class TrainState(NamedTuple):
    """Everything that training changes; saved whole, so that a resumed run goes on bit for bit.

    Attributes:
        layers: The layers that learn, on standardised perceptions.
        averaged: Their exponential average, which rolls out, is measured and is saved as the rule.
        optimisers: One state a layer.
        pool: Sample pool of the rule's own states.
        standardiser: Of the perceptions; fixed.
        round: Rounds done.
    """

    layers: Layers
    averaged: Layers
    optimisers: tuple[optax.OptState, ...]
    pool: Float[Array, "pool H W C"]
    standardiser: Standardiser
    round: Int[Array, ""]


class RoundFigures(NamedTuple):
    """What a round shows.

    Attributes:
        loss: Mean of its updates.
        pool_mse: Median relative MSE of the pool states that it rolls out, those just renewed or wounded included.
    """

    loss: Float[Array, ""]
    pool_mse: Float[Array, ""]


def _see(states: Array, recipe: Recipe) -> Float[Array, "cell perception"]:
    seen = perceive(states, recipe.nca.perception, recipe.boundary, alive_threshold=recipe.nca.alive_threshold)
    return seen.reshape(-1, seen.shape[-1])


def _left(
    least: float, rate: Float[Array, ""] | float, train: TrainSpec, first: float = 1.0
) -> Float[Array, ""] | float:
    """Share of a disturbance that is left at a learning rate: it goes from the first to the least as the rate falls.

    The scale of goodness gaps falls so too: tempered from the start, a rule hardly learns what it must do with stray
    cells, and lets them grow.
    """
    return least + (first - least) * rate / train.learning_rate


def _noisy(states: Array, recipe: Recipe, key: PRNGKeyArray, share: Float[Array, ""] | float = 1.0) -> Array:
    scale_key, noise_key = jax.random.split(key)
    scale = share * recipe.train.noise * jax.random.uniform(scale_key, states.shape[:1])
    return add_noise(states, states[..., 3] > recipe.nca.alive_threshold, scale, key=noise_key)


def chances(alive: Bool[Array, "state H W"], wanted: Bool[Array, "state H W"]) -> Float[Array, "state H W"]:
    """How likely each cell is to be drawn, up to a factor: a state counts by the square root of its living cells.

    Counted by the cell, the few cells of a body that starts to grow are hardly ever seen among those of grown ones. Of
    a state's cells, those at a front are drawn oftener: there a body is made, and what settles wrong there can spread.

    Args:
        alive: Cells that are computed: the living and their neighbours.
        wanted: Cells that live when the body is whole.
    """
    number = jnp.sum(alive, (1, 2), keepdims=True)
    near_missing = jax.lax.reduce_window(wanted & ~alive, False, jnp.logical_or, (1, 3, 3), (1, 1, 1), "SAME")
    return alive * (1 + FRONT_WEIGHT * near_missing) / jnp.sqrt(jnp.maximum(number, 1.0))


@partial(jax.jit, static_argnames="recipe", compiler_options=_COMPILED_FAST)
def start(body: Body, recipe: Recipe, *, key: PRNGKeyArray) -> TrainState:
    """Fresh layers, optimisers and pool, with the standardiser measured on noisy teacher states."""
    layer_key, stage_key, noise_key = jax.random.split(key, 3)
    spec = recipe.nca
    num_perception = perception_size(spec.perception, spec.channels)
    layers = recipe.objective.start(num_perception, spec.hidden, spec.channels, key=layer_key)
    states = _noisy(draw_stages(body, _NUM_MEASURED, spec, recipe.train, key=stage_key), recipe, noise_key)
    perception = _see(states, recipe)
    unmeasured = Standardiser(jnp.zeros(num_perception), jnp.ones(num_perception))
    alive = recipe.automaton(layers, unmeasured).alive(states)
    return TrainState(
        layers=layers,
        averaged=layers,
        optimisers=tuple(OPTIMISER.init(layer) for layer in layers),
        pool=fresh_pool(body, recipe.train.pool_size),
        standardiser=Standardiser.measured(perception, alive.reshape(-1).astype(jnp.float32)),
        round=jnp.zeros((), jnp.int32),
    )


@partial(jax.jit, static_argnames="recipe", donate_argnames="state")
def train_round(
    state: TrainState, body: Body, learning_rate: Float[Array, ""] | float, recipe: Recipe, *, key: PRNGKeyArray
) -> tuple[TrainState, RoundFigures]:
    """One round: states from the teacher, others from the pool rolled forward, then several updates of every layer.

    Args:
        state: Donated; use the returned one.
        body: What to grow, one or several.
        learning_rate: Of this round.
        recipe: What is fixed.
        key: The run's key; the round's own is folded in from `state.round`.

    Returns:
        The state after the round and its figures.
    """
    train, keys = recipe.train, jax.random.split(jax.random.fold_in(key, state.round), 7)
    places = choose(state.pool, train.pool_batch, key=keys[0])
    num_stages = max(train.pool_batch, train.teacher_batch)
    theirs, taught = body.of(places), jnp.resize(places, (num_stages,))
    stages = draw_stages(body.of(taught), num_stages, recipe.nca, train, key=keys[1])
    first_share = train.first_reseeded_share or train.reseeded_share
    renewed_share = _left(train.reseeded_share, learning_rate, train, first_share)
    drawn = disturb(
        state.pool[places], theirs, stages[: train.pool_batch], train, key=keys[2], renewed_share=renewed_share
    )
    num_steps = jax.random.randint(keys[3], (), 1, train.max_rollout + 1)
    automaton = recipe.automaton(state.averaged, state.standardiser)
    rolled = rollout(automaton, drawn, num_steps, key=keys[4])
    noise_left = _left(LEAST_NOISE, learning_rate, train)
    teacher = _noisy(stages[: train.teacher_batch], recipe, keys[5], noise_left)
    if body.count > 1 and train.doubt:
        largest = noise_left * train.doubt * train.code_amplitude
        teacher = put_in_doubt(teacher, identity_channels(body.count), largest, key=jax.random.fold_in(keys[5], 1))
    states = jax.lax.stop_gradient(jnp.concatenate([teacher, rolled]))

    perception = _see(states, recipe)
    goals = body.wanted(train.unwanted_alpha).reshape(-1, *states.shape[1:])
    healthy = _see(jnp.asarray(body.target).reshape(goals.shape), recipe)
    own, target = states.reshape(-1, states.shape[-1]), goals.reshape(-1, states.shape[-1])
    goal_of = jnp.concatenate([taught[: train.teacher_batch], places]) % body.count
    num_places = states.shape[1] * states.shape[2]
    gap_scale = _left(train.gap_scale, learning_rate, train) if train.gap_scale else math.inf
    wanted = jnp.asarray(body.alive).reshape(-1, *states.shape[1:3])[goal_of]
    up_to = jnp.cumsum(chances(automaton.alive(states), wanted).reshape(-1))

    def update(carry: tuple, update_key: PRNGKeyArray) -> tuple[tuple, Array]:
        layers, averaged, optimisers = carry
        cell = jnp.searchsorted(up_to, jax.random.uniform(update_key, (train.cells,)) * up_to[-1])
        here = goal_of[cell // num_places] * num_places + cell % num_places
        cells = Cells(state.standardiser(perception[cell]), own[cell], target[here], state.standardiser(healthy[here]))
        gradients, loss = recipe.objective.gradients(layers, cells, gap_scale)
        found = [OPTIMISER.update(*triple) for triple in zip(gradients, optimisers, layers, strict=True)]
        changes, optimisers = zip(*found, strict=True)
        layers = recipe.objective.stepped(layers, jax.tree.map(lambda change: learning_rate * change, changes))
        averaged = jax.tree.map(lambda old, new: train.average * old + (1 - train.average) * new, averaged, layers)
        return (layers, averaged, optimisers), loss

    carry = (state.layers, state.averaged, state.optimisers)
    (layers, averaged, optimisers), losses = jax.lax.scan(
        update, carry, jax.random.split(keys[6], train.updates_per_round)
    )
    pool = put_back(state.pool, places, rolled)
    figures = RoundFigures(jnp.mean(losses), jnp.median(theirs.relative_mse(drawn)))
    return TrainState(layers, averaged, optimisers, pool, state.standardiser, state.round + 1), figures
