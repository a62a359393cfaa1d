import itertools
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.ff.goodness import tempered
from ffnca.ff.projected import ProjectedLayer
from ffnca.systems.growth.body import Bodies, build_body
from ffnca.systems.growth.layer_learning import Ascent, Cells, Layered, OneStepBackprop
from ffnca.systems.growth.local_trainer import LocalTrainer, chances, start, train_round
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule import code_of
from ffnca.systems.growth.schedule import falling_rate, updates_to_learn
from ffnca.systems.growth.spec import NcaSpec, TrainSpec
from ffnca.trainer import Report, RoundFigures, train

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
tried_objectives = pytest.importorskip("tried_objectives")

PERCEIVERS = {"distance": ProjectedLayer, **tried_objectives.TRIED}
GAP_SCALE = 0.3
SLOW_DISTANCE = pytest.param("distance", marks=pytest.mark.slow)


CALM: dict[str, Any] = {"displaced_share": 0.0}
"""States in which nothing is displaced."""


def _plan(objective: str, *, learning_rate: float = 0.02, rule: dict[str, Any] | None = None, **changes) -> Plan:
    spec = TrainSpec(objective=objective, pool_size=16, learning_rate=learning_rate)
    hidden = (24,) if objective == "ascent" else (24, 16)
    recipe = Recipe(**{"pool_batch": 2, "teacher_batch": 2, "cells": 128} | CALM | changes)
    return _planned(NcaSpec(hidden=hidden, **rule or {}), spec, recipe)


def _planned(rule: NcaSpec, spec: TrainSpec, recipe: Recipe) -> Plan:
    return Plan(rule, spec, recipe, code_of(rule, 1, 12, 0.7))


def _trained(plan: Plan, body: Bodies, budget: Budget, **given) -> Iterator[Report]:
    return train(LocalTrainer(plan, body), budget, **given)


@pytest.fixture
def body(ring_picture):
    return Bodies.of_all([build_body(ring_picture, (18, 18), 16, alive_threshold=0.1, code_amplitude=0.7)])


@pytest.fixture
def measured_at_a_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement that grows nothing: one number, which depends on the rule."""

    def measured(automaton, bodies, *, key):
        number = float(sum(jnp.abs(leaf).sum() for leaf in jax.tree.leaves(automaton)))
        return {"rel_mse_200": number, "rel_mse_600": number / 2}, jnp.zeros((1, 18, 18, 16))

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.measured", measured)


def _equal(left, right) -> bool:
    return all(bool((a == b).all()) for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True))


def _cells(seed: int) -> Cells:
    keys = jax.random.split(jax.random.key(seed), 4)
    normal = jax.random.normal
    return Cells(normal(keys[0], (64, 20)), *(normal(key, (64, 6)) for key in keys[1:3]), normal(keys[3], (64, 20)))


@pytest.mark.parametrize("name", PERCEIVERS)
def test_each_layers_update_ignores_every_other_layer(name: str, key) -> None:
    objective, cells = Layered(PERCEIVERS[name]), _cells(0)
    layers = objective.start(20, (12, 10, 8), 6, key=key)
    # heads and update layers start at zero, where much would agree by chance
    layers = jax.tree.map(lambda leaf: leaf + 0.1 * jax.random.normal(key, leaf.shape), layers)
    baseline, _ = objective.gradients(layers, cells, GAP_SCALE)
    for perturbed in range(len(layers)):
        changed = list(layers)
        changed[perturbed] = jax.tree.map(lambda leaf: 1.3 * leaf + 0.05, layers[perturbed])
        after, _ = objective.gradients(tuple(changed), cells, GAP_SCALE)
        if name != "random" or perturbed == len(layers) - 1:
            assert not _equal(after[perturbed], baseline[perturbed])
        for earlier in range(perturbed):
            assert _equal(after[earlier], baseline[earlier])


@pytest.mark.parametrize("name", PERCEIVERS)
def test_a_later_layer_sees_earlier_ones_only_as_data(name: str, key) -> None:
    objective, cells = Layered(PERCEIVERS[name]), _cells(1)
    layers = objective.start(20, (12, 10), 6, key=key)

    def sum_of_losses(all_layers):
        return objective.gradients(all_layers, cells, GAP_SCALE)[1]

    through_all = jax.grad(sum_of_losses)(layers)
    assert _equal(through_all, objective.gradients(layers, cells, GAP_SCALE)[0])


def test_one_step_backprop_is_not_local(key) -> None:
    """The control: a change of the update layer changes what the perceive layer learns."""
    objective, cells = OneStepBackprop(), _cells(1)
    layers = objective.start(20, (12,), 6, key=key)
    kernel = layers[0].update_layer.kernel
    kernel[...] = jax.random.normal(key, kernel.shape)
    (before,), _ = objective.gradients(layers, cells, GAP_SCALE)
    kernel[...] = 2 * kernel[...]
    (after,), _ = objective.gradients(layers, cells, GAP_SCALE)
    assert not _equal(before.perceive_layers, after.perceive_layers)


def test_random_features_stay_as_they_are(body, key) -> None:
    plan = _plan("random")
    state = start(body, plan, key=key)
    before = jax.device_get(state.layers)
    after = train_round(state, body, 0.02, plan, key=key)[0].layers
    assert isinstance(after[0], tried_objectives.FixedPerceiver)
    assert _equal(before[:-1], after[:-1])
    assert not _equal(before[-1], after[-1])


def test_ascent_update_needs_no_autodiff_and_equals_its_own_gradient(key, monkeypatch: pytest.MonkeyPatch) -> None:
    objective, cells = Ascent(5, 0.8, 0.45), _cells(2)
    (layer,) = objective.start(20, (12,), 6, key=key)
    negative = layer.settle(cells.perception, cells.state, num_steps=5, rate=0.8)

    def loss(own):
        gap = own.goodness(cells.perception, negative) - own.goodness(cells.perception, cells.target)
        return jnp.mean(tempered(jnp.maximum(gap, 0.0), GAP_SCALE))

    (found,), _ = objective.gradients((layer,), cells, GAP_SCALE)
    for want, have in zip(jax.tree.leaves(jax.grad(loss)(layer)), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(have, want, atol=1e-5)
    for name in ("grad", "value_and_grad", "vjp", "jvp", "linearize"):
        monkeypatch.delattr(jax, name)
    assert _equal(objective.gradients((layer,), cells, GAP_SCALE)[0], (found,))


def test_however_large_a_step_the_weights_of_the_state_stay_bounded(key) -> None:
    objective = Ascent(3, 1.0, 0.45)
    layers = objective.start(20, (12,), 6, key=key)
    steps = jax.tree.map(jnp.ones_like, layers)
    (after,) = objective.stepped(layers, steps)
    values = jnp.linalg.svd(after.state_weight[...], compute_uv=False)
    assert float(values.max()) == pytest.approx(0.45, abs=1e-4)
    assert not _equal(after.context_weight[...], layers[0].context_weight[...])


def test_the_gap_scale_falls_with_the_rate(body, key, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, seen = _plan("ascent", learning_rate=0.04, robust_scale=0.01), []

    def gradients(self, layers, cells, robust_scale):
        jax.debug.callback(lambda scale: seen.append(float(scale)), robust_scale)
        return jax.tree.map(jnp.zeros_like, layers), jnp.zeros(())

    monkeypatch.setattr(Ascent, "gradients", gradients)
    state = start(body, plan, key=key)
    for rate in (0.04, 0.02, 0.0):
        state, _ = train_round(state, body, jnp.asarray(rate), plan, key=key)
    jax.effects_barrier()
    each = plan.recipe.updates_per_round
    assert seen[::each] == pytest.approx([1.0, 0.505, 0.01])


def test_the_renewed_share_goes_from_first_to_last_as_the_rate_falls(body, key, monkeypatch) -> None:
    plan, seen = _plan("ascent", learning_rate=0.04, first_renewed_share=0.5, renewed_share=0.1), []

    def disturb(states, body, stages, recipe, *, key, renewed_share):
        jax.debug.callback(lambda share: seen.append(float(share)), renewed_share)
        return states

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.disturb", disturb)
    state = start(body, plan, key=key)
    for rate in (0.04, 0.02, 0.0):
        state, _ = train_round(state, body, jnp.asarray(rate), plan, key=key)
    jax.effects_barrier()
    assert seen == pytest.approx([0.5, 0.3, 0.1])


def test_what_strays_is_taught_to_die(body, key, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, seen = _plan("ascent", displaced_share=1.0, unwanted_alpha=-0.25), []

    def gradients(self, layers, cells, robust_scale):
        jax.debug.callback(lambda alpha: seen.append(float(alpha)), jnp.min(cells.target[:, 3]))
        return jax.tree.map(jnp.zeros_like, layers), jnp.zeros(())

    monkeypatch.setattr(Ascent, "gradients", gradients)
    train_round(start(body, plan, key=key), body, jnp.asarray(0.01), plan, key=key)
    jax.effects_barrier()
    assert min(seen) == pytest.approx(-0.25)


@pytest.mark.usefixtures("measured_at_a_glance")
def test_with_updates_the_clock_does_not_say_when_to_measure(body, key, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_learned(state, *given, **keys):
        return state._replace(round=state.round + 1), RoundFigures(jnp.zeros(()), jnp.zeros(()))

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.train_round", nothing_learned)
    plan, measured = _plan("ascent"), []
    for seconds in (0.001, 60.0):
        clock = itertools.count(step=seconds)
        monkeypatch.setattr("ffnca.trainer.time", SimpleNamespace(monotonic=lambda clock=clock: next(clock)))
        reports = list(_trained(plan, body, Budget(updates=2000), key=key))
        measured.append([(report.updates, report.quality) for report in reports if report.quality])
    assert measured[0] == measured[1]
    assert 1 < len(measured[0]) < len(reports)


@pytest.mark.parametrize(
    ("objective", "transport"),
    [
        *(("ascent", "exact"), ("distance", "exact"), ("ascent", "learned")),
        pytest.param("one-step-backprop", "exact", marks=pytest.mark.slow),
        *(pytest.param(name, "learned", marks=pytest.mark.slow) for name in PERCEIVERS),
    ],
)
def test_nothing_flows_back_through_a_step(objective: str, transport: str, body, key) -> None:
    plan = _plan(objective, rule={"transport": transport})
    state = start(body, plan, key=key)

    def loss_after(pool):
        changed = state._replace(pool=pool)
        after, figures = train_round.__wrapped__(changed, body, 1e-3, plan, key=key)
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(after.layers)) + figures.loss

    assert not jax.jit(jax.grad(loss_after))(state.pool).any()


@pytest.mark.parametrize("objective", ["ascent", "distance"])
def test_a_round_of_the_usual_recipe_gives_a_state_like_the_one_before(objective: str, body, key) -> None:
    """With everything that goes wrong in it; traced, not compiled."""
    plan = _planned(NcaSpec(hidden=(24,)), TrainSpec(objective=objective, pool_size=16), Recipe())
    state = jax.eval_shape(lambda key: start.__wrapped__(body, plan, key=key), key)
    after, figures = jax.eval_shape(lambda state: train_round(state, body, 1e-3, plan, key=key), state)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    for left, right in zip(jax.tree.leaves(after), jax.tree.leaves(state), strict=True):
        assert (left.shape, left.dtype) == (right.shape, right.dtype)
    assert figures.loss.shape == figures.pool_mse.shape == ()


@pytest.mark.parametrize("objective", ["ascent", SLOW_DISTANCE])
def test_memory_does_not_grow_with_the_rollout(objective: str, body, key) -> None:
    sizes = []
    for max_rollout in (8, 96):
        plan = _plan(objective, max_rollout=max_rollout)
        state = start(body, plan, key=key)
        compiled = train_round.lower(state, body, 1e-3, plan, key=key).compile()
        sizes.append(compiled.memory_analysis().temp_size_in_bytes)
    assert sizes[1] <= 1.05 * sizes[0]


@pytest.mark.computes
@pytest.mark.usefixtures("measured_at_a_glance")
@pytest.mark.parametrize("objective", ["ascent", SLOW_DISTANCE])
def test_training_lowers_the_error(objective: str, body, key) -> None:
    easy: dict[str, Any] = {
        "pool_batch": 4,
        "teacher_batch": 4,
        "cells": 512,
    }  # what can be learned in seconds
    plan = _planned(NcaSpec(hidden=(48,)), TrainSpec(objective=objective, pool_size=16), Recipe(**easy | CALM))
    reports = list(_trained(plan, body, Budget(updates=1000), key=key))
    assert reports[-1].pool_mse < 0.75 * reports[0].pool_mse
    assert reports[-1].loss < 0.7 * reports[0].loss
    assert reports[-1].fraction == 1.0
    assert reports[-1].quality is not None
    assert [report.updates for report in reports] == list(range(100, 1001, 100))


@pytest.mark.usefixtures("measured_at_a_glance")
def test_same_seed_same_weights_and_resume_goes_on_bit_for_bit(body, key) -> None:
    plan = _plan("ascent")
    whole = list(_trained(plan, body, Budget(updates=200), key=key))
    again = list(_trained(plan, body, Budget(updates=200), key=key))
    assert _equal(whole[-1].state, again[-1].state)
    half = whole[0]
    resumed = list(_trained(plan, body, Budget(updates=200), key=key, resumed=half.state, progress=half.progress))
    assert len(resumed) == 1
    assert _equal(resumed[-1].state, whole[-1].state)
    other = list(_trained(plan, body, Budget(updates=200), key=jax.random.key(9)))
    assert not _equal(other[-1].state.layers, whole[-1].state.layers)


@pytest.mark.usefixtures("measured_at_a_glance")
def test_a_stop_is_heard_after_a_round_and_changes_nothing(body, key) -> None:
    plan, asked = _plan("ascent"), itertools.count(1)
    whole = list(_trained(plan, body, Budget(updates=400), key=key))
    stopping = _trained(plan, body, Budget(updates=400), key=key, stop=lambda: next(asked) >= 37)
    stopped = list(itertools.islice(stopping, 2))
    assert [report.updates for report in stopped] == [100, 148]
    last = stopped[-1]
    resumed = list(_trained(plan, body, Budget(updates=400), key=key, resumed=last.state, progress=last.progress))
    assert [report.updates for report in resumed] == [200, 300, 400]
    assert [report.quality for report in resumed] == [report.quality for report in whole[1:]]
    assert _equal(resumed[-1].state, whole[-1].state)


@pytest.mark.parametrize("quality", [(0.9, math.nan), (math.nan, 0.9), (400.0, math.inf)])
def test_a_measurement_that_is_not_finite_is_no_improvement(quality, body, key, monkeypatch) -> None:
    grown = jnp.zeros((1, 18, 18, 16))
    found = dict(zip("ab", quality, strict=True)), grown
    monkeypatch.setattr("ffnca.systems.growth.local_trainer.measured", lambda *given, **keys: found)
    (report,) = _trained(_plan("ascent"), body, Budget(updates=100), key=key)
    assert not report.improved
    assert report.progress.best == math.inf


def test_a_loss_that_is_not_finite_rolls_back_and_halves_the_rate(body, key) -> None:
    plan = _plan("ascent")
    first = next(iter(_trained(plan, body, Budget(updates=300), key=key)))
    poisoned = first.state._replace(
        standardiser=first.state.standardiser._replace(mean=jnp.full(plan.num_perception, jnp.nan))
    )
    report = next(iter(_trained(plan, body, Budget(updates=300), key=key, resumed=poisoned, progress=first.progress)))
    assert report.event is not None
    assert "0.5 of the rate" in report.event
    assert report.progress.rate_scale == 0.5
    assert report.updates == 100


@pytest.mark.parametrize("number", [1, 24, 25])
def test_a_state_that_is_not_finite_never_becomes_the_one_to_go_back_to(number: int, clocked, body, key) -> None:
    """Also where it goes wrong in the last round before a report, whose loss is still finite."""
    clocked.poisoned = number
    reports = list(itertools.islice(_trained(_plan("ascent"), body, Budget(updates=1000), key=key), 3))
    events = [report.event for report in reports]
    assert events == ["the state was not finite: back to update 0 at 0.5 of the rate", None, None]
    assert all(np.isfinite(leaf).all() for report in reports for leaf in jax.tree.leaves(report.state))


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Rounds that learn nothing, one a second, and measurements; the first of each compiles for many seconds more."""
    clock = SimpleNamespace(now=0.0, compiling=75.0, measuring=40.0, loss=0.0, poisoned=0)

    def train_round(state, *given, **keys):
        clock.now, clock.compiling = clock.now + 1 + clock.compiling, 0.0
        clock.poisoned -= 1
        pool = state.pool.at[0, 0].set(jnp.nan) if clock.poisoned == 0 else state.pool
        return state._replace(round=state.round + 1, pool=pool), RoundFigures(jnp.asarray(clock.loss), jnp.zeros(()))

    def measure(state, *given, **keys):
        clock.now, clock.measuring = clock.now + 1 + clock.measuring, 0.0
        return {"a": 0.5, "b": 0.5}, jnp.zeros((1, 18, 18, 16))

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.train_round", train_round)
    monkeypatch.setattr("ffnca.systems.growth.local_trainer.measured", measure)
    monkeypatch.setattr("ffnca.trainer.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_the_clock_starts_when_the_first_round_has_run(clocked, body, key) -> None:
    plan = _plan("ascent")
    reports = list(_trained(plan, body, Budget(minutes=2), key=key))
    num_measured = sum(report.quality is not None for report in reports)
    assert reports[0].learning_rate > 0.9 * plan.train.learning_rate  # it had all the time before it
    # Every round but the first, and every measurement but the first, which compile.
    assert int(reports[-1].state.round) - 1 + num_measured - 1 == pytest.approx(120, abs=1)
    assert reports[-1].progress.seconds == pytest.approx(120, abs=1)

    half, clocked.compiling = reports[1], 75.0
    resumed = list(_trained(plan, body, Budget(minutes=2), key=key, resumed=half.state, progress=half.progress))
    rounds = int(resumed[-1].state.round) - int(half.state.round)
    assert rounds == pytest.approx(120 - half.progress.seconds, abs=5)
    assert resumed[-1].progress.seconds == pytest.approx(120, abs=2)


def test_a_run_that_ends_on_a_rollback_is_measured_too(clocked, body, key) -> None:
    clocked.loss = math.nan
    reports = list(itertools.islice(_trained(_plan("ascent"), body, Budget(minutes=0.4), key=key), 2))
    assert len(reports) == 1
    assert reports[0].event is not None
    assert reports[0].quality == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"minutes": 1, "updates": 1},
        *({"updates": updates} for updates in (0, -1, 1.5, True, "9", math.nan, 10**10)),
        *({"minutes": minutes} for minutes in (0, -1, math.nan, math.inf, True, "1", 10**6)),
    ],
)
def test_a_budget_that_cannot_be_spent_is_refused_when_made(given: dict) -> None:
    with pytest.raises(InputError, match=r"allowed is|one of the two"):
        Budget(**given)


def test_larger_bodies_and_more_of_them_need_more_updates() -> None:
    needed = [updates_to_learn(longest) for longest in (8, 24, 40, 64, 128)]
    assert needed == sorted(needed)
    assert updates_to_learn(24) == 1500
    assert updates_to_learn(16, 8) == 8 * updates_to_learn(16)


def test_budget_and_rate() -> None:
    assert Budget(minutes=2).fraction(60, 10**6) == 0.5
    assert Budget(updates=400).fraction(10**6, 100) == 0.25
    assert falling_rate(0.1, 0.0) == pytest.approx(0.1)
    assert falling_rate(0.1, 1.0) == pytest.approx(0.001)
    assert falling_rate(0.1, 0.5) == pytest.approx(0.0505)
    assert [str(Budget(minutes=2.5)), str(Budget(updates=np.int64(400)))] == ["2.5 minutes", "400 updates"]


def test_a_state_is_drawn_by_the_root_of_its_living_cells() -> None:
    alive = np.zeros((3, 6, 6), bool)
    alive[0, 2:4, 2:4] = alive[1, 1:5, 1:5] = True
    found = np.asarray(chances(jnp.asarray(alive), jnp.asarray(alive), 0.75))
    np.testing.assert_allclose(found.sum((1, 2)), [2, 4, 0], rtol=1e-6)
    assert not found[~alive].any()
    assert np.ptp(found[1][alive[1]]) == 0


def test_cells_at_a_front_are_drawn_oftener() -> None:
    wanted = np.zeros((2, 8, 8), bool)
    wanted[:, 1:7, 1:7] = True
    alive = wanted.copy()
    alive[1, :, 4:] = False  # the right half is missing
    found = np.asarray(chances(jnp.asarray(alive), jnp.asarray(wanted), 0.75))
    assert np.ptp(found[0][alive[0]]) == 0
    front = np.zeros((8, 8), bool)
    front[1:7, 3] = True
    np.testing.assert_allclose(found[1][front], 1.75 * found[1, 3, 2], rtol=1e-6)
    assert np.ptp(found[1][alive[1] & ~front]) == 0
    assert not found[~alive].any()


def test_with_exact_transport_no_layer_learns_from_another_and_none_learns_the_code(
    body, key, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a round gives to the layers is about colour and alpha, and one layer's share ignores the others."""
    seen, gradients = [], Layered.gradients

    def watched(self, layers, cells, robust_scale):
        found, loss = gradients(self, layers, cells, robust_scale)
        upper = (*layers[:-1], jax.tree.map(lambda leaf: 1.3 * leaf + 0.05, layers[-1]))
        others, _ = gradients(self, upper, cells, robust_scale)
        same = [
            jnp.all(one == other) for one, other in zip(*map(jax.tree.leaves, (found[:-1], others[:-1])), strict=True)
        ]
        jax.debug.callback(lambda alike: seen.append((bool(alike), cells.state.shape)), jnp.all(jnp.stack(same)))
        return found, loss

    monkeypatch.setattr(Layered, "gradients", watched)
    plan = _plan("distance")
    state = start(body, plan, key=key)
    assert [layer.layer.bias.shape for layer in state.layers[:-1]] == [(24,), (16,)]
    assert state.layers[-1].bias.shape == (4,)
    jax.jit(lambda state: train_round.__wrapped__(state, body, jnp.asarray(0.01), plan, key=key))(state)
    jax.effects_barrier()
    assert len(seen) == plan.recipe.updates_per_round
    assert all(alike and shape == (128, 4) for alike, shape in seen)
