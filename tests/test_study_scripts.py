"""The studies of growth: the tables that they print, and the variant that is tried with no position code."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
benchmark_growing_ca = pytest.importorskip("benchmark_growing_ca")
free_hidden = pytest.importorskip("free_hidden")
kept_rule = pytest.importorskip("kept_rule")
stacked = pytest.importorskip("stacked")
study_growth = pytest.importorskip("study_growth")
study_large = pytest.importorskip("study_large")
study_recipe = pytest.importorskip("study_recipe")
study_seeds = pytest.importorskip("study_seeds")
study_wounds = pytest.importorskip("study_wounds")

from ffnca.budget import Budget  # noqa: E402
from ffnca.ff.ascent import AscentLayer  # noqa: E402
from ffnca.systems.growth.creature import Creature  # noqa: E402
from ffnca.systems.growth.layer_learning import Cells  # noqa: E402


def _growth_run(seed: int, error: float, curve: list) -> dict:
    ages = {"200": error, "1000": error, "2000": 2 * error}
    figures = {"seconds": 120.0, "updates": 700, "params": 9, "memory": "1.0 MB", "curve": curve}
    return {"objective": "ascent", "kind": "time", "seed": seed, "rel_mse": ages, **figures}


def test_growth_table_gives_medians_every_seed_and_the_time_to_a_good_rule() -> None:
    curves = [[[30, 10, 0.5], [60, 20, 0.009], [90, 30, 0.02]], [[30, 10, 0.5]], [[12, 5, 0.01]]]
    runs = [_growth_run(seed, 0.1 * (seed + 1), curve) for seed, curve in enumerate(curves)]
    head, _, only = study_growth.table(runs[::-1], "time")
    cells = dict(zip(head.split(" | "), only.split(" | "), strict=True))
    assert cells["T=200"] == "0.2000"
    assert cells["seeds at T=2000"] == "0.2000, 0.4000, 0.6000"
    assert cells["minutes to 0.01"] == "1.0"
    assert " | not | " in study_growth.table(runs[1:2], "time")[2]
    assert len(study_growth.table(runs, "updates")) == 2


def test_a_study_shows_no_runs_of_another_target_size_transport_or_budget(tmp_path, monkeypatch, capsys) -> None:
    about = {"target": "🐌", "size": 24, "transport": "exact", "budget": "3 minutes"}
    results = tmp_path / "growth.jsonl"
    results.write_text(json.dumps(_growth_run(0, 0.1, [[30, 10, 0.5]]) | about))
    others = ("--size", "32"), ("--target", "⚓"), ("--minutes", "1"), ("--transport", "learned")
    for asked, shown in [((), True), *((other, False) for other in others)]:
        words = ["study_growth.py", str(results), "--only", "", "--target", "🐌", *asked]
        monkeypatch.setattr(sys, "argv", words)
        study_growth.main()
        assert ("ascent" in capsys.readouterr().out) == shown


def test_recipe_table_gives_means_over_seeds_in_the_order_of_the_variants() -> None:
    stress = {name: {"healed": stress.num_trials} for name, stress in study_recipe.STRESSES.items()}
    found = [
        {"variant": name, "seed": seed, "rel_mse": dict.fromkeys(study_recipe.AGES, error), "stress": stress}
        | {"goodness_auroc": 0.9}
        for name, seed, error in [("noise 0.1", 0, 0.3), ("the default", 1, 0.1), ("the default", 0, 0.3)]
    ]
    lines = study_recipe.table(json.loads(json.dumps(found)))
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| the default", "| noise 0.1"]
    assert "| 0.2000 | 0.2000 | 0.2000 | 0.3000, 0.1000 | 128/128 |" in lines[2]


def test_table_of_seeds_gives_a_line_a_target_and_drops_no_seed() -> None:
    found = [
        {"target": target, "seed": seed, "rel_mse": [error, error, 2 * error], "failed": seed, "seconds": 60.0}
        for target, seed, error in [("🐌", 1, 0.3), ("🐌", 0, 0.1), ("⚓", 0, 4.0), ("🐌", 2, 0.2)]
    ]
    assert study_seeds.table(found)[2:] == [
        "| 🐌 | 0.2000 | 0.2000 | 0.4000 | 0.2000, 0.6000, 0.4000 | 3 of 24 | 60 |",
        "| ⚓ | 4.0000 | 4.0000 | 8.0000 | 8.0000 | 0 of 8 | 60 |",
    ]


@pytest.mark.parametrize("name", study_recipe.VARIANTS)
def test_every_variant_is_allowed(name: str) -> None:
    usual, variant = (study_recipe.variant(one, "🐌", 12) for one in ("the default", name))
    assert variant.world.train.objective == "ascent"
    is_changed = (variant.world.rule, variant.world.train, variant.recipe) != (
        usual.world.rule,
        usual.world.train,
        usual.recipe,
    )
    assert is_changed == bool(study_recipe.VARIANTS[name])


def test_the_positive_keeps_the_given_colours_and_climbs_in_the_hidden_channels(ring_picture, key) -> None:
    layer = AscentLayer(20, 16, 24, key=key).bounded(0.45)
    context, state = jax.random.normal(key, (32, 20)), jax.random.normal(key, (32, 16))
    plan = Creature.for_picture(ring_picture, "ring.png").plan()
    good = free_hidden.positive(layer, context, state[:, :4], state[:, 4:], plan)
    assert (good[:, :4] == state[:, :4]).all()
    assert (layer.goodness(context, good) > layer.goodness(context, state)).all()


@pytest.mark.slow
def test_training_with_no_code_gives_a_rule_that_starts_from_colours_alone(ring_picture) -> None:
    few = {"pool_batch": 2, "cells": 64, "max_rollout": 2}
    creature = Creature.for_picture(ring_picture, "ring.png", pool_size=16).reshaped(hidden=(24,)).by_recipe(**few)
    trained = free_hidden.trained_free(creature, Budget(updates=8))
    assert np.abs(trained.body().goal[..., 4:]).max() < 1e-5
    weights = [np.asarray(leaf) for leaf in jax.tree.leaves(trained.automaton)]
    assert all(np.isfinite(weight).all() for weight in weights)
    again = free_hidden.trained_free(creature, Budget(updates=8))
    assert all(
        (np.asarray(leaf) == weight).all()
        for leaf, weight in zip(jax.tree.leaves(again.automaton), weights, strict=True)
    )
    assert jnp.asarray(trained.automaton.rule.linear[...]).any()


@pytest.mark.slow
def test_stacked_layers_learn_each_by_itself(key) -> None:
    objective = stacked.StackedAscent(3, 1.0, 0.45)
    perceive, ascent = objective.start(9, (7, 5), 4, key=key)
    drawn = jax.random.normal(key, (4, 6, 9))
    cells = Cells(drawn[0], drawn[1, :, :4], drawn[2, :, :4], drawn[3])
    other = jax.tree.map(lambda weight: 2 * weight + 1, ascent)
    lower, _ = objective.gradients((perceive, ascent), cells, 1.0)[0]
    same, _ = objective.gradients((perceive, other), cells, 1.0)[0]
    for weight, still in zip(jax.tree.leaves(lower), jax.tree.leaves(same), strict=True):
        np.testing.assert_array_equal(weight, still)

    headless = jax.tree.map(lambda weight: 3 * weight + 1, perceive)
    headless.layer = perceive.layer
    _, upper = objective.gradients((perceive, ascent), cells, 1.0)[0]
    _, same = objective.gradients((headless, ascent), cells, 1.0)[0]
    for weight, still in zip(jax.tree.leaves(upper), jax.tree.leaves(same), strict=True):
        np.testing.assert_array_equal(weight, still)


@pytest.mark.slow
def test_stacked_layers_are_trained_and_read_raw_perceptions(ring_picture) -> None:
    creature = Creature.for_picture(ring_picture, "ring.png", pool_size=16)
    creature = creature.by_recipe(pool_batch=4, cells=64, displaced_share=0.0)
    trained = stacked.trained_stacked(creature, Budget(updates=8), widths=(12, 8))
    rule = trained.automaton.rule
    assert rule.context_weight.shape == (rule.perceive.kernel.shape[0] + 12, 8)
    assert all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(trained.automaton))


def test_a_large_body_is_trained_once_and_its_errors_shown_by_age(tmp_path, monkeypatch) -> None:
    budgets = []

    def training(creature: Creature, budget: Budget, *, seed: int, **_: object) -> Creature:
        budgets.append((budget, seed))
        return replace(creature, record={"budget": "3 minutes"})

    monkeypatch.setattr(kept_rule, "train_creature", training)
    monkeypatch.setattr(study_large, "AGES", (1, 2))
    path = tmp_path / "rule.safetensors"
    blank = Creature.for_target("🐌", 12).by_recipe(pool_batch=8)
    rule, again = (kept_rule.kept_rule(path, blank, Budget(minutes=3)) for _ in range(2))
    assert budgets == [(Budget(minutes=3), 0)]
    assert again.record == rule.record
    assert again.recipe.pool_batch == 8
    head, _, only = study_large.table(again)
    cells = dict(zip(head.split(" | "), only.split(" | "), strict=True))
    assert float(cells["T=1"]) > 0.9
    assert cells["budget"] == "3 minutes"
    assert only.startswith("| 🐌 | 12, 44x44 | ")


def test_a_row_of_the_benchmark_has_medians_the_worst_seed_and_all_trials() -> None:
    trials = {name: stress.num_trials for name, stress in benchmark_growing_ca.STRESSES.items()}
    ages = benchmark_growing_ca.AGES
    tables = [trials | {f"T={age}": error for age in ages} for error in (0.5, 0.1, 0.2)]
    tables[1]["noise"] = 0
    cells = benchmark_growing_ca.row("fish", "ours", 9, [60.0, 600.0, 120.0], tables).strip("| ").split(" | ")
    assert cells[:4] == ["fish", "ours", "9", "2.0"]
    assert cells[4 : 5 + len(ages)] == ["0.2000"] * len(ages) + ["0.5000"]
    healed = dict(zip(trials, cells[5 + len(ages) :], strict=True))
    assert healed["noise"] == f"{2 * trials['noise']}/{3 * trials['noise']}"
    assert healed["disc"] == f"{3 * trials['disc']}/{3 * trials['disc']}"


def test_wounds_are_counted_in_place_and_beside(monkeypatch, capsys) -> None:
    monkeypatch.setattr(study_wounds, "NUM_TRIALS", 4)
    monkeypatch.setattr(study_wounds, "AT_ONCE", 2)
    monkeypatch.setattr(study_wounds, "GROWN_AT", 120)
    heal = study_wounds.heal
    steps_aside = iter((1, 3))  # of the two groups of bodies

    def heal_aside(*args, **rest) -> tuple[jax.Array, jax.Array]:
        wounded, healed = heal(*args, **rest)
        return wounded, jnp.roll(healed, next(steps_aside), -2)

    monkeypatch.setattr(study_wounds, "heal", heal_aside)
    monkeypatch.setattr(sys, "argv", ["study_wounds.py", "snail", "--wounds", "cut"])
    study_wounds.main()
    assert capsys.readouterr().out.splitlines()[-1] == "| snail | cut | 0 | 2 |"
