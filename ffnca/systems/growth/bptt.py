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

from ffnca import draws
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import Rule
from ffnca.ff.standardise import Standardiser
from ffnca.systems.growth.body import Bodies, Body
from ffnca.systems.growth.local_trainer import TrainState
from ffnca.systems.growth.measuring import measured
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.pool import fresh_pool, put_back
from ffnca.trainer import RoundFigures

DAMAGED, DISC_RADIUS, DISC_OFFSET = 3, (0.1, 0.5), 0.7
SHORTEST, LONGEST = 64, 96
FIRST_RATE, LATER_RATE, FIRST_ROUNDS = 2e-3, 2e-4, 2000
OPTIMISER = optax.adam(1.0)


def control_rate(num_rounds: int) -> float:
    """The published learning rate after so many iterations."""
    return FIRST_RATE if num_rounds < FIRST_ROUNDS else LATER_RATE


def erase_discs(
    states: Float[Array, "batch H W C"], body: Body, *, key: PRNGKeyArray, radius: tuple[float, float], offset: float
) -> Float[Array, "batch H W C"]:
    """Erase one disc in each state.

    Args:
        states: Grids of the body's shape.
        body: Gives the coordinates.
        key: Source of centres and radii.
        radius: Smallest and largest radius in half-widths.
        offset: Largest distance of the centre from the middle, by rows and by columns, in half-widths.
    """
    centre_key, radius_key = jax.random.split(key)
    num = states.shape[0]
    centre = draws.uniform(centre_key, (num, 2, 1, 1), minval=-offset, maxval=offset)
    radii = draws.uniform(radius_key, (num, 1, 1), minval=radius[0], maxval=radius[1])
    inside = jnp.square(body.x - centre[:, 0]) + jnp.square(body.y - centre[:, 1]) < jnp.square(radii)
    return states * ~inside[..., None]


@partial(jax.jit, static_argnames="plan")
def start_control(bodies: Bodies, plan: Plan, *, key: PRNGKeyArray) -> TrainState:
    """A fresh rule that proposes no change, and a pool of first cells."""
    rule = plan.fresh_rule(key=key)
    weights: Any = rule  # a module is a pytree, which optax's types do not know
    return TrainState(
        layers=(rule,),
        averaged=(rule,),
        optimisers=(OPTIMISER.init(weights),),
        pool=fresh_pool(bodies, plan.train.pool_size),
        standardiser=Standardiser(jnp.zeros(plan.num_perception), jnp.ones(plan.num_perception)),
        round=jnp.zeros((), jnp.int32),
    )


@partial(jax.jit, static_argnames="plan", donate_argnames="state")
def control_round(
    state: TrainState, bodies: Bodies, learning_rate: Float[Array, ""] | float, plan: Plan, *, key: PRNGKeyArray
) -> tuple[TrainState, RoundFigures]:
    """One iteration: 64 to 96 steps forward, then back through all of them and both layers.

    Args:
        state: Donated; use the returned one.
        bodies: What to grow: one.
        learning_rate: Of this iteration; see `control_rate`.
        plan: What is fixed.
        key: The run's key; the round's own is folded in from `state.round`.
    """
    keys = jax.random.split(jax.random.fold_in(key, state.round), 4)
    places = jax.random.choice(keys[0], state.pool.shape[0], (plan.pool_batch,), replace=False)
    drawn, body = state.pool[places], bodies.at(places)
    order = jnp.argsort(body.relative_mse(drawn))
    places, drawn = places[order], drawn[order].at[-1].set(bodies.each.start[0])
    damaged = erase_discs(drawn[:DAMAGED], body, key=keys[1], radius=DISC_RADIUS, offset=DISC_OFFSET)
    drawn = drawn.at[:DAMAGED].set(damaged)
    num_steps = jax.random.randint(keys[2], (), SHORTEST, LONGEST + 1)

    def loss_of(rule: LayeredRule) -> tuple[Array, Array]:
        automaton = plan.automaton(rule)

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


class ThroughTime:
    """A rule trained by backpropagation through time."""

    updates_per_round = 1

    def __init__(self, plan: Plan, bodies: Bodies) -> None:
        """Say what is trained, and what it is to grow."""
        self.plan, self.bodies = plan, bodies

    def begin(self, *, key: PRNGKeyArray) -> TrainState:
        """A fresh rule and pool."""
        return start_control(self.bodies, self.plan, key=key)

    def rate(self, fraction: float, num_rounds: int) -> float:
        """The published one, whatever the budget."""
        return control_rate(num_rounds)

    def round(self, state: TrainState, rate: float, *, key: PRNGKeyArray) -> tuple[TrainState, RoundFigures]:
        """A rollout forth and back."""
        return control_round(state, self.bodies, rate, self.plan, key=key)

    def measure(self, state: TrainState, *, key: PRNGKeyArray) -> tuple[dict[str, float], Array]:
        """Relative MSE at two ages."""
        return measured(self.plan.automaton(self.learned(state)), self.bodies, key=key)

    def learned(self, state: TrainState) -> Rule:
        """The rule."""
        return state.averaged[0]
