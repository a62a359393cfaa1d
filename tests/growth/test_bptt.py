"""The control: it is what it says, gradients through time and layers included."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.creature import CONTROL, Creature
from ffnca.growth.body import build_body
from ffnca.growth.bptt import control_round, dense_step, start_control
from ffnca.growth.round import Recipe
from ffnca.growth.schedule import Budget
from ffnca.growth.train import train
from ffnca.simulation import open_creature
from ffnca.world import NcaSpec, TrainSpec


@pytest.fixture
def recipe() -> Recipe:
    spec = TrainSpec(objective="bptt", pool_size=16, updates_per_round=1)
    return Recipe(NcaSpec(hidden=(24,), perception=("identity", "sobel")), spec, "wrap")


@pytest.fixture
def body(ring_picture):
    return build_body(ring_picture, (18, 18), 16, alive_threshold=0.1, code_amplitude=0.7)


def test_the_dense_step_is_the_step(recipe, body, key) -> None:
    state = start_control(body, recipe, key=key)
    rule = jax.tree.map(lambda leaf: leaf + 0.05 * jax.random.normal(key, leaf.shape), state.layers[0])
    automaton = recipe.automaton((rule,), state.standardiser)
    states = jnp.repeat(jnp.asarray(body.target)[None], 2, 0)
    step = jax.random.key(3)
    np.testing.assert_allclose(dense_step(automaton, states, step), automaton.step(states, step), atol=1e-5)


def test_it_lowers_the_error_through_time(recipe, body, key) -> None:
    reports = list(train(body, recipe, Budget(updates=60), key=key))
    assert reports[-1].updates == 60
    assert reports[-1].loss < 0.6 * reports[0].loss
    assert reports[-1].quality is not None


def test_both_layers_learn_from_what_lies_many_steps_later(recipe, body, key) -> None:
    """The update layer starts at zero, so in the first round only it moves; then gradients cross into the first."""
    state = start_control(body, recipe, key=key)
    first = np.array(state.layers[0].perceive_layers[0].kernel[...])
    moved = []
    for _ in range(2):
        state, _ = control_round(state, body, 1.0, recipe, key=key)
        moved.append(float(jnp.abs(state.layers[0].perceive_layers[0].kernel[...] - first).max()))
    assert moved[1] > 1e-4


def test_the_control_has_the_published_shape() -> None:
    control = open_creature("lizard").retrained_by("bptt")
    assert isinstance(control, Creature)
    assert control.world.rule.hidden == CONTROL["rule"]["hidden"] == (128,)
    assert sum(leaf.size for leaf in jax.tree.leaves(control.automaton)) == 8336
    assert control.world.train.pool_size == 1024
    assert control.training_body().alive.shape == (control.picture.shape[0] + 32, control.picture.shape[1] + 32)
    assert control.retrained_by("ascent").world.train.objective == "ascent"
