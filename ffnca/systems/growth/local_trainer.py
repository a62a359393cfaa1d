"""Training layer by layer: roll pool states forward without gradients, then update each layer from its own loss."""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax.contrib
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ffnca.automata.nca import NCA, Rule
from ffnca.automata.split import mean_of_all, placed, replicated, rolled_by_all
from ffnca.ff.standardise import Standardiser
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.corruption import add_noise, corrupted
from ffnca.systems.growth.layer_learning import Cells, Layers
from ffnca.systems.growth.measuring import measured
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.pool import choose, disturb, fresh_pool, put_back
from ffnca.systems.growth.rule import as_transported, learned_channels
from ffnca.systems.growth.schedule import falling_rate
from ffnca.trainer import RoundFigures

_COMPILED_FAST = {"xla_backend_optimization_level": 0}
"""For what runs once."""


def optimiser(plan: Plan) -> optax.GradientTransformation:
    """Each layer's own: momentum made orthogonal for matrices (Jordan et al., 2024), Adam for biases.

    It sees one layer's gradient and nothing else. At equal rounds it ends several times lower than Adam.
    """
    return optax.contrib.muon(1.0, adam_learning_rate=plan.recipe.biases_rate)


def rule_of(layers: Layers, standardiser: Standardiser, plan: Plan) -> Rule:
    """The layers as a rule on raw perceptions."""
    return as_transported(plan.rule, plan.learning.rule(layers, standardiser))


def automaton_of(layers: Layers, standardiser: Standardiser, plan: Plan) -> NCA:
    """The same as an automaton."""
    return plan.automaton(rule_of(layers, standardiser, plan))


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


def _see(states: Array, automaton: NCA) -> Float[Array, "cell perception"]:
    seen = automaton.perceive(states)
    return seen.reshape(-1, seen.shape[-1])


def _left(least: float, rate: Float[Array, ""] | float, plan: Plan, first: float = 1.0) -> Float[Array, ""] | float:
    """Share of a disturbance that is left at a learning rate: it goes from the first to the least as the rate falls.

    The robust scale of energy gaps falls so too: robust from the start, a rule hardly learns what it must do with stray
    cells, and lets them grow.
    """
    return least + (first - least) * rate / plan.train.learning_rate


def _noisy(states: Array, plan: Plan, key: PRNGKeyArray, share: Float[Array, ""] | float = 1.0) -> Array:
    scale_key, noise_key = jax.random.split(key)
    scale = share * plan.train.noise * jax.random.uniform(scale_key, states.shape[:1])
    living = states[..., 3] > plan.rule.alive_threshold
    return add_noise(states, living, scale, shared=plan.recipe.shared_noise, key=noise_key)


def _taught(bodies: Bodies, places: Array, plan: Plan, key: PRNGKeyArray) -> Float[Array, "state H W C"]:
    """States of the teacher without noise, one for each place of a pool."""
    return corrupted(bodies.at(places), places.shape[0], plan.recipe, code=plan.moved_code, key=key)


def chances(
    alive: Bool[Array, "state H W"], wanted: Bool[Array, "state H W"], front_weight: float
) -> Float[Array, "state H W"]:
    """How likely each cell is to be drawn, up to a factor: a state counts by the square root of its living cells.

    Counted by the cell, the few cells of a body that starts to grow are hardly ever seen among those of grown ones. Of
    a state's cells, those at a front are drawn oftener: there a body is made, and what settles wrong there can spread.

    Args:
        alive: Cells that are computed: the living and their neighbours.
        wanted: Cells that live when the body is whole.
        front_weight: How much oftener a cell at a front is drawn.
    """
    number = jnp.sum(alive, (1, 2), keepdims=True)
    near_missing = jax.lax.reduce_window(wanted & ~alive, False, jnp.logical_or, (1, 3, 3), (1, 1, 1), "SAME")
    return alive * (1 + front_weight * near_missing) / jnp.sqrt(jnp.maximum(number, 1.0))


@partial(jax.jit, static_argnames="plan", compiler_options=_COMPILED_FAST)
def start(bodies: Bodies, plan: Plan, *, key: PRNGKeyArray) -> TrainState:
    """Fresh layers, optimisers and pool, with the standardiser measured on noisy teacher states."""
    layer_key, stage_key, noise_key = jax.random.split(key, 3)
    spec, num_states, num_perception = plan.rule, plan.recipe.standardised_on, plan.num_perception
    layers = plan.learning.start(num_perception, spec.hidden, learned_channels(spec), key=layer_key)
    states = _noisy(_taught(bodies, jnp.arange(num_states), plan, stage_key), plan, noise_key)
    unmeasured = Standardiser(jnp.zeros(num_perception), jnp.ones(num_perception))
    automaton = automaton_of(layers, unmeasured, plan)
    perception, alive = _see(states, automaton), automaton.alive(states)
    return TrainState(
        layers=layers,
        averaged=layers,
        optimisers=tuple(optimiser(plan).init(layer) for layer in layers),
        pool=fresh_pool(bodies, plan.train.pool_size),
        standardiser=Standardiser.measured(perception, alive.reshape(-1).astype(jnp.float32)),
        round=jnp.zeros((), jnp.int32),
    )


@partial(jax.jit, static_argnames=("plan", "mesh"), donate_argnames="state")
def train_round(
    state: TrainState,
    bodies: Bodies,
    learning_rate: Float[Array, ""] | float,
    plan: Plan,
    *,
    mesh: Mesh | None = None,
    key: PRNGKeyArray,
) -> tuple[TrainState, RoundFigures]:
    """One round: states from the teacher, others from the pool rolled forward, then several updates of every layer.

    Args:
        state: Donated; use the returned one.
        bodies: What to grow.
        learning_rate: Of this round.
        plan: What is fixed.
        mesh: Devices that share the states which are rolled out and the cells of an update; None for one.
        key: The run's key; the round's own is folded in from `state.round`.

    Returns:
        The state after the round and its figures.
    """
    recipe, batch = plan.recipe, plan.pool_batch
    keys = jax.random.split(jax.random.fold_in(key, state.round), 8)
    places = choose(state.pool, batch, key=keys[0])
    num_stages = max(batch, recipe.teacher_batch)
    theirs, taught = bodies.at(places), jnp.resize(places, (num_stages,))
    stages = _taught(bodies, taught, plan, keys[1])
    first_share = recipe.first_renewed_share or recipe.renewed_share
    renewed_share = _left(recipe.renewed_share, learning_rate, plan, first_share)
    renewed = _noisy(stages[:batch], plan, keys[7])
    drawn = disturb(state.pool[places], theirs, renewed, recipe, key=keys[2], renewed_share=renewed_share)
    num_steps = jax.random.randint(keys[3], (), 1, recipe.max_rollout + 1)
    automaton = automaton_of(state.averaged, state.standardiser, plan)
    rolled = rolled_by_all(automaton, drawn, num_steps, mesh, key=keys[4])
    noise_left = _left(recipe.least_noise, learning_rate, plan)
    teacher = _noisy(stages[: recipe.teacher_batch], plan, keys[5], noise_left)
    states = jax.lax.stop_gradient(jnp.concatenate([teacher, rolled]))

    perception = _see(states, automaton)
    goals = bodies.each.wanted(recipe.unwanted_alpha)
    healthy = _see(jnp.asarray(bodies.each.target), automaton)
    learned = learned_channels(plan.rule)
    own, target = (each.reshape(-1, each.shape[-1])[:, :learned] for each in (states, goals))
    goal_of = bodies.which(jnp.concatenate([taught[: recipe.teacher_batch], places]))
    num_places = states.shape[1] * states.shape[2]
    robust_scale = _left(recipe.robust_scale, learning_rate, plan) if recipe.robust_scale else math.inf
    wanted = jnp.asarray(bodies.each.alive)[goal_of]
    up_to = jnp.cumsum(chances(automaton.alive(states), wanted, recipe.front_weight).reshape(-1))

    def update(carry: tuple, update_key: PRNGKeyArray) -> tuple[tuple, Array]:
        layers, averaged, optimisers = carry
        cell = jnp.searchsorted(up_to, jax.random.uniform(update_key, (recipe.cells,)) * up_to[-1])
        here = goal_of[cell // num_places] * num_places + cell % num_places
        cells = Cells(state.standardiser(perception[cell]), own[cell], target[here], state.standardiser(healthy[here]))
        gradients, loss = mean_of_all(plan.learning.gradients, mesh)(layers, cells, robust_scale)
        found = [optimiser(plan).update(*triple) for triple in zip(gradients, optimisers, layers, strict=True)]
        changes, optimisers = zip(*found, strict=True)
        layers = plan.learning.stepped(layers, jax.tree.map(lambda change: learning_rate * change, changes))
        averaged = jax.tree.map(lambda old, new: recipe.average * old + (1 - recipe.average) * new, averaged, layers)
        return (layers, averaged, optimisers), loss

    carry = (state.layers, state.averaged, state.optimisers)
    (layers, averaged, optimisers), losses = jax.lax.scan(
        update, carry, jax.random.split(keys[6], recipe.updates_per_round)
    )
    pool = put_back(state.pool, places, rolled)
    figures = RoundFigures(jnp.mean(losses), jnp.median(theirs.relative_mse(drawn)))
    return TrainState(layers, averaged, optimisers, pool, state.standardiser, state.round + 1), figures


class LocalTrainer:
    """Layers of a growing rule, each trained by itself."""

    def __init__(self, plan: Plan, bodies: Bodies, mesh: Mesh | None = None) -> None:
        """Say what is trained, what it is to grow, and which devices share the work."""
        self.plan, self.mesh = plan, mesh
        self.bodies = bodies if mesh is None else placed(bodies, replicated(mesh))

    def over(self, mesh: Mesh) -> "LocalTrainer":
        """The same with its work shared by several devices."""
        return LocalTrainer(self.plan, jax.device_get(self.bodies), mesh)

    @property
    def updates_per_round(self) -> int:
        """Steps of the optimisers after each rollout."""
        return self.plan.recipe.updates_per_round

    def begin(self, *, key: PRNGKeyArray) -> TrainState:
        """Fresh layers, optimisers and pool."""
        return start(jax.device_get(self.bodies), self.plan, key=key)

    def rate(self, fraction: float, num_rounds: int) -> float:
        """It falls over the whole budget."""
        return falling_rate(self.plan.train.learning_rate, fraction, self.plan.recipe.final_rate_share)

    def round(self, state: TrainState, rate: float, *, key: PRNGKeyArray) -> tuple[TrainState, RoundFigures]:
        """A rollout and several updates."""
        if self.mesh is None:
            return train_round(state, self.bodies, rate, self.plan, key=key)
        state, now, key = placed((state, jnp.float32(rate), key), replicated(self.mesh))
        return train_round(state, self.bodies, now, self.plan, mesh=self.mesh, key=key)

    def measure(self, state: TrainState, *, key: PRNGKeyArray) -> tuple[dict[str, float], Array]:
        """Relative MSE of the averaged rule at two ages."""
        bodies = self.bodies
        if self.mesh is not None:
            state, bodies = jax.device_get((state, bodies))
        return measured(self.plan.automaton(self.learned(state)), bodies, key=key)

    def learned(self, state: TrainState) -> Rule:
        """The averaged rule on raw perceptions."""
        return rule_of(state.averaged, state.standardiser, self.plan)
