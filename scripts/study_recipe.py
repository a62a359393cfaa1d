"""What each part of the purely contrastive recipe does: the same creature trained again with one thing changed.

    python scripts/study_recipe.py RESULTS.jsonl [--only "NAME;NAME"] [--seeds 0,1] [--updates 3000]
        [--target 🐌] [--size 24] [--write]

Each run is a line of RESULTS.jsonl; runs that are there already are not run again, and none is dropped. Every rule is
measured as by `ffnca eval`.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from free_hidden import trained_free
from report import chosen, completed, publish, seeds_of
from stacked import trained_stacked

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import evaluate
from ffnca.systems.growth.spec import NcaSpec, TrainSpec
from ffnca.systems.growth.stress import STRESSES
from ffnca.training import train_creature

AGES = ("200", "1000", "2000")
FREE, STACKED = "free hidden channels", "two stacked layers"
TRAINERS = {FREE: trained_free, STACKED: partial(trained_stacked, widths=(128, 60))}
"""Of variants that the library does not train; the stacked layers have as many parameters as the default."""
VARIANTS: dict[str, dict[str, Any]] = {
    "the default": {},
    "bound on V 0.2": {"own_state_bound": 0.2},
    "bound on V 0.3": {"own_state_bound": 0.3},
    "bound on V 0.6": {"own_state_bound": 0.6},
    "bound on V 0.9": {"own_state_bound": 0.9},
    "1 step of ascent": {"ascent_steps": 1},
    "8 steps of ascent": {"ascent_steps": 8},
    "ascent rate 0.5": {"ascent_rate": 0.5},
    "code amplitude 0.7": {"code_amplitude": 0.7},
    "code amplitude 1.4": {"code_amplitude": 1.4},
    "noise 0.2": {"noise": 0.2},
    "no noise": {"noise": 0.0},
    "gaps not tempered": {"robust_scale": 0.0},
    "gap scale 0.1": {"robust_scale": 0.1},
    "gap scale 0.005": {"robust_scale": 0.005},
    "nothing displaced": {"displaced_share": 0.0},
    "unsure cells may live": {"unwanted_alpha": 0.0},
    "no wounds": {"wounded_share": 0.0},
    "no shared noise": {"shared_noise": 0.0},
    "no averaging of weights": {"average": 0.0},
    "averaging 0.998": {"average": 0.998},
    "0.04 of the pool renewed": {"renewed_share": 0.04},
    "0.2 of the pool renewed": {"renewed_share": 0.2},
    "rollouts up to 6 steps": {"max_rollout": 6},
    "rollouts up to 24 steps": {"max_rollout": 24},
    "2 updates a round": {"updates_per_round": 2},
    "16 updates a round": {"updates_per_round": 16},
    "learning rate 0.01": {"learning_rate": 0.01},
    "learning rate 0.04": {"learning_rate": 0.04},
    "128 hidden units": {"hidden": (128,)},
    "740 hidden units": {"hidden": (740,)},
    "agreement not seen": {"perception": ("transported", "alive")},
    "20 channels": {"channels": 20},
    "learned transport": {"transport": "learned"},
    "learned transport, 85 hidden units": {"transport": "learned", "hidden": (85,)},
    "learned transport that sees the exact one": {
        "transport": "learned",
        "perception": ("transported", "agreement", "identity", "neighbour_mean", "alive"),
    },
    STACKED: {},
    FREE: {},
}
"""What is changed from the default of `ascent`: keys of [train], of [rule], or fields of the recipe."""


def variant(name: str, target: str, size: int) -> Creature:
    """An untrained creature with one thing changed."""
    changes = VARIANTS[name]
    rule, train = (
        {key: value for key, value in changes.items() if key in spec.model_fields} for spec in (NcaSpec, TrainSpec)
    )
    recipe = {key: value for key, value in changes.items() if key not in rule | train}
    return Creature.for_target(target, size, objective="ascent", **train).reshaped(**rule).by_recipe(**recipe)


def run(name: str, budget: Budget, seed: int, target: str, size: int) -> dict[str, Any]:
    """Train and measure one variant."""
    creature = variant(name, target, size)
    best = TRAINERS.get(name, train_creature)(creature, budget, seed=seed)
    return evaluate(best.automaton, best.body(), key=jax.random.key(seed))


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """A line of the table: means over training seeds, and every seed's figure at the last age."""
    errors = np.array([[one["rel_mse"][age] for age in AGES] for one in runs])
    healed = np.array([sum(one["stress"][stress]["healed"] for stress in STRESSES) for one in runs])
    means = " | ".join(f"{value:.4f}" for value in errors.mean(0))
    each = ", ".join(f"{value:.4f}" for value in errors[:, -1])
    trials = sum(stress.num_trials for stress in STRESSES.values())
    auroc = np.mean([one["goodness_auroc"] for one in runs])
    return f"| {name} | {means} | {each} | {healed.mean():.0f}/{trials} | {auroc:.3f} |"


def table(found: list[dict[str, Any]]) -> list[str]:
    """All variants."""
    titles = ["changed", *(f"T={age}" for age in AGES), f"seeds at T={AGES[-1]}", "wounds healed", "AUROC"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for name in dict.fromkeys([*VARIANTS, *(line["variant"] for line in found)]):
        runs = sorted((line for line in found if line["variant"] == name), key=lambda line: line["seed"])
        lines += [row(name, runs)] if runs else []
    return lines


def main() -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument(
        "--only", default=";".join(VARIANTS), help="variants to run, separated by semicolons; '' prints only"
    )
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--target", default="🐌")
    parser.add_argument("--size", type=int, default=24)
    parser.add_argument("--write", action="store_true", help="rewrite the table")
    options = parser.parse_args()
    keep_memory()
    setting = {name: getattr(options, name) for name in ("target", "size", "updates")}
    wanted = [
        {"variant": name, "seed": seed}
        for seed in map(int, options.seeds.split(","))
        for name in chosen("--only", options.only, VARIANTS, ";")
    ]

    def measured(which: dict[str, Any]) -> dict[str, Any]:
        budget = Budget(updates=options.updates)
        return run(which["variant"], budget, which["seed"], options.target, options.size)

    found = completed(options.results, wanted, measured, setting=setting)
    lines = [f"{options.target} at {options.size} cells, {options.updates} updates each:", "", *table(found)]
    print(*lines, sep="\n")
    if options.write:
        ran = f"--seeds {seeds_of(found)} --updates {options.updates} --target {options.target} --size {options.size}"
        publish("recipe", lines, f"study_recipe.py RESULTS.jsonl {ran} --write")


if __name__ == "__main__":
    main()
