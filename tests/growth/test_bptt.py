"""The control: it is what it says, gradients through time and layers included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.opening import open_creature
from ffnca.systems.growth.body import Bodies, build_body
from ffnca.systems.growth.bptt import ThroughTime, control_rate, control_round, start_control
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.fitted_world import fitted_recipe
from ffnca.systems.growth.objective import OBJECTIVES
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.rule import code_of
from ffnca.systems.growth.spec import NcaSpec, TrainSpec
from ffnca.trainer import train


@pytest.fixture
def plan() -> Plan:
    spec = TrainSpec(objective="bptt", pool_size=16)
    rule = NcaSpec(hidden=(24,), perception=("identity", "sobel"))
    return Plan(rule, spec, fitted_recipe("bptt", 12), code_of(rule, 1, 12, 0.7))


@pytest.fixture
def body(ring_picture):
    return Bodies.of_all([build_body(ring_picture, (18, 18), 16, alive_threshold=0.1, code_amplitude=0.7)])


@pytest.mark.slow
@pytest.mark.computes
def test_it_lowers_the_error_through_time(plan, body, key) -> None:
    reports = list(train(ThroughTime(plan, body), Budget(updates=60), key=key))
    assert reports[-1].updates == 60
    assert reports[-1].loss < 0.6 * reports[0].loss
    assert reports[-1].quality is not None
    assert int(reports[-1].state.round) == 60
    assert reports[-1].learning_rate == control_rate(0)


def test_the_published_rate_falls_once() -> None:
    assert [control_rate(number) for number in (0, 1999, 2000, 9000)] == [2e-3, 2e-3, 2e-4, 2e-4]


def test_gradients_cross_layers_and_steps(plan, body, key) -> None:
    """The first layer learns although the loss is behind the second, and a change six steps back is felt."""
    fresh = start_control(body, plan, key=key)
    rule = jax.tree.map(lambda leaf: leaf + 0.05 * jax.random.normal(key, leaf.shape), fresh.layers[0])
    automaton = plan.automaton(rule)

    def error(start, num_steps):
        return jnp.mean(jnp.square(rollout(automaton, start, num_steps, key=key)[..., :4] - body.each.picture[0]))

    start = jnp.asarray(body.each.target[0])
    slopes = [np.asarray(jax.jit(jax.grad(error), static_argnums=1)(start, steps)) for steps in (1, 6)]
    assert all(np.isfinite(slope).all() and np.abs(slope).max() > 1e-6 for slope in slopes)
    assert not np.allclose(slopes[0], slopes[1])
    before = np.array(rule.perceive_layers[0].kernel[...])
    state, _ = control_round(fresh._replace(layers=(rule,)), body, control_rate(0), plan, key=key)
    assert np.abs(np.asarray(state.layers[0].perceive_layers[0].kernel[...]) - before).max() > 1e-4


def test_the_control_has_the_published_shape() -> None:
    control = open_creature("lizard").retrained_by("bptt")
    assert isinstance(control, Creature)
    assert control.world.rule.hidden == OBJECTIVES["bptt"].rule_keys["hidden"] == (128,)
    assert sum(leaf.size for leaf in jax.tree.leaves(control.automaton)) == 8336
    assert control.world.train.pool_size == 1024
    assert control.training_bodies().each.alive.shape[1:] == (
        control.picture.shape[0] + 32,
        control.picture.shape[1] + 32,
    )
    assert control.retrained_by("ascent").world.train.objective == "ascent"


def test_a_world_that_asks_for_the_control_gets_it() -> None:
    control = Creature.for_target("🐟", 12, objective="bptt")
    assert control.world.rule == open_creature("fish").retrained_by("bptt").world.rule
    assert control.world.train.pool_size == 1024
    assert Creature.for_target("🐟", 12, objective="bptt", pool_size=16).world.train.pool_size == 16
    with pytest.raises(InputError, match="pool_size = 4; allowed: at least 8"):
        Creature.for_target("🐟", 12, objective="bptt", pool_size=4)
