"""No layer's update depends on another layer but by the activities that it passes up, in any method and schedule."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small import BATCH, NETWORKS, NUM_LABELS, WIDTHS, same_bits, shaken

from ffnca.ff.images.backprop import Backpropagation, BackpropNetwork
from ffnca.ff.images.generator import GeneratorNetwork
from ffnca.ff.images.local import hebbian_gradient
from ffnca.ff.images.negatives import wrong_labels
from ffnca.ff.images.readout import ReadoutNetwork
from ffnca.ff.images.recurrent import RecurrentNetwork, RecurrentSchedule
from ffnca.ff.images.schedules import Greedy, Learner, Pipelined, Schedule, Simultaneous
from ffnca.ff.local_update import own_gradient

OPTIMISER = optax.adam(0.01)
KEY = jax.random.key(3)
DEPTH = len(WIDTHS)
TRAINERS = [
    pytest.param(name, marks=pytest.mark.slow if name in ("two thresholds", "length") else ()) for name in NETWORKS
]
"""Those marked slow are the trainer "ff" by other presets."""
SCHEDULES = {"simultaneous": Simultaneous(), "greedy": Greedy(1), "pipelined": Pipelined()}


def _recurrent() -> RecurrentNetwork:
    return RecurrentNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY)


def _shaken_at(network: Any, index: int) -> Any:
    layers = list(network.layers)
    layers[index] = shaken(layers[index])
    return network.with_layers(tuple(layers))


def _slopes_across(network: Any, schedule: Schedule) -> list[list[bool]]:
    """Row k, column j: whether the loss of learner k has any slope in layer j.

    By gradient descent proper: Adam's square root has no slope at 0.
    """
    optimiser = optax.sgd(0.01)
    learner = schedule.start(network, optimiser, BATCH, key=KEY)

    def losses(layers: tuple) -> jax.Array:
        return schedule.step(learner._replace(network=network.with_layers(layers)), optimiser, BATCH, key=KEY)[1]

    slopes = jax.jit(jax.jacrev(losses))(network.layers)
    rows = len(jax.tree.leaves(slopes)[0])
    return [[any(bool(leaf[k].any()) for leaf in jax.tree.leaves(layer)) for layer in slopes] for k in range(rows)]


@pytest.mark.parametrize(
    ("name", "gradient"),
    [*((name, own_gradient) for name in NETWORKS), ("symba", hebbian_gradient), ("distance", hebbian_gradient)],
)
def test_pipelined_updates_do_not_know_any_other_layer(name: str, gradient: Any) -> None:
    """The activities in flight are held; then no bit of a layer's update depends on any other layer."""
    network, schedule = NETWORKS[name](KEY), Pipelined(gradient)
    learner = schedule.start(network, OPTIMISER, BATCH, key=KEY)
    step = jax.jit(lambda learner: schedule.step(learner, OPTIMISER, BATCH, key=KEY)[0])
    before = step(learner)
    for other in range(DEPTH):
        after = step(learner._replace(network=_shaken_at(network, other)))
        for k in range(DEPTH):
            kept = same_bits(after.network.layers[k], before.network.layers[k])
            assert kept == (k != other), (k, other)
            if k != other:
                assert same_bits(after.optimiser_states[k], before.optimiser_states[k])


@pytest.mark.parametrize("name", TRAINERS)
def test_simultaneous_updates_do_not_know_the_layers_above(name: str) -> None:
    network, schedule = NETWORKS[name](KEY), Simultaneous()
    learner = schedule.start(network, OPTIMISER, BATCH, key=KEY)
    step = jax.jit(lambda learner: schedule.step(learner, OPTIMISER, BATCH, key=KEY)[0])
    before = step(learner).network.layers
    for other in range(1, DEPTH):
        after = step(learner._replace(network=_shaken_at(network, other))).network.layers
        assert same_bits(after[:other], before[:other])
        assert not same_bits(after[other], before[other])


@pytest.mark.parametrize("name", TRAINERS)
def test_greedy_updates_one_layer_and_no_other(name: str) -> None:
    network, schedule = NETWORKS[name](KEY), Greedy(1)
    learner = schedule.start(network, OPTIMISER, BATCH, key=KEY)
    step = jax.jit(lambda learner: schedule.step(learner, OPTIMISER, BATCH, key=KEY)[0])
    before = step(learner).network.layers
    assert same_bits((before[0], before[2]), (network.layers[0], network.layers[2]))
    assert not same_bits(before[1], network.layers[1])
    after = step(learner._replace(network=_shaken_at(network, 2))).network.layers
    assert same_bits(after[1], before[1])


@pytest.mark.parametrize(
    ("name", "schedule"), [*((name, "simultaneous") for name in NETWORKS), ("symba", "greedy"), ("symba", "pipelined")]
)
def test_no_loss_has_a_slope_in_another_layer(name: str, schedule: str) -> None:
    found = np.array(_slopes_across(NETWORKS[name](KEY), SCHEDULES[schedule]))
    expected = np.eye(DEPTH, dtype=bool)[[1] if schedule == "greedy" else slice(None)]
    np.testing.assert_array_equal(found, expected)


def test_the_same_question_finds_backpropagation_out() -> None:
    network = BackpropNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY)
    network.readout.kernel[...] = jax.random.normal(KEY, (WIDTHS[-1], NUM_LABELS))
    assert _slopes_across(network, Backpropagation()) == [[True] * DEPTH]


def test_a_recurrent_loss_has_a_slope_in_its_own_layer_alone() -> None:
    """Over eight moments: nothing flows back in time to another layer either."""
    np.testing.assert_array_equal(_slopes_across(_recurrent(), RecurrentSchedule()), np.eye(DEPTH, dtype=bool))


def test_a_moments_updates_do_not_know_any_other_layer() -> None:
    """The activities of the moment before are held; then no bit of a layer's update depends on any other layer."""
    network, wrong = _recurrent(), wrong_labels(BATCH.labels, NUM_LABELS, key=KEY)
    learner = RecurrentSchedule().start(network, OPTIMISER, BATCH, key=KEY)
    hidden = (network.begin(BATCH.images),) * 2
    moment = jax.jit(
        lambda learner: RecurrentSchedule().moment(learner, hidden, OPTIMISER, BATCH, wrong)[0].network.layers
    )
    before = moment(learner)
    for other in range(DEPTH):
        after = moment(learner._replace(network=_shaken_at(network, other)))
        assert [same_bits(after[k], before[k]) for k in range(DEPTH)] == [k != other for k in range(DEPTH)]


def test_readouts_leave_the_network_below_alone() -> None:
    network = ReadoutNetwork.create(NETWORKS["hybrid"](KEY), NUM_LABELS)
    learner = Simultaneous().start(network, OPTIMISER, BATCH, key=KEY)
    learned = Simultaneous().step(learner, OPTIMISER, BATCH, key=KEY)[0].network
    assert same_bits(learned.body, network.body)
    assert not same_bits(learned.layers, network.layers)
    slope = jax.grad(lambda body: jnp.sum(network.layers[0].loss(
        ReadoutNetwork(body, network.layers).signal(*BATCH, key=KEY))))(network.body)  # fmt: skip
    assert not any(leaf.any() for leaf in jax.tree.leaves(slope))


def test_negatives_carry_no_slope_into_their_generator() -> None:
    generator = GeneratorNetwork.create(5, 4, 9, key=KEY)
    slope = jax.grad(lambda own: jnp.sum(own.negatives(BATCH.images, key=KEY)))(generator)
    assert not any(leaf.any() for leaf in jax.tree.leaves(slope))


def test_a_learner_is_what_it_was_after_a_step() -> None:
    """A step gives a new learner and modifies nothing, so that a step can be taken twice."""
    network = NETWORKS["symba"](KEY)
    learner: Learner = Simultaneous().start(network, OPTIMISER, BATCH, key=KEY)
    first, second = (Simultaneous().step(learner, OPTIMISER, BATCH, key=KEY)[0] for _ in range(2))
    assert same_bits(first.network, second.network)
    assert not same_bits(first.network, network)
