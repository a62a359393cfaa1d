"""How reliable training is: several targets, several training seeds each, relative MSE at three ages.

    python scripts/study_seeds.py RESULTS.jsonl 🐌 🦋 ... [--size 24] [--updates 3000] [--seeds 0,1,2,3,4]
        [--objective ascent] [--gap-scale 0.02] [--write]

Each run is a line of RESULTS.jsonl; runs that are there already are not run again, and none is dropped. Every rule is
measured from its file, as a user would, as the median of 8 growths on the grid of `ffnca grow`; a growth failed if its
relative MSE is above 0.02 at the last age.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from report import completed, publish, seeds_of

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import HEALED_MSE, NUM_SEEDS, ages_of
from ffnca.systems.growth.recipe import Recipe
from ffnca.training import train_creature

AGES = (200, 2000, 10_000)


def run(creature: Creature, budget: Budget, seed: int) -> dict[str, Any]:
    """Train and measure one rule."""
    best = train_creature(creature, budget, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        best.save(Path(folder) / "rule.safetensors")
        rule = Creature.load(Path(folder) / "rule.safetensors")
    body = rule.body()
    grown = ages_of(rule.automaton, body, AGES, NUM_SEEDS, key=jax.random.key(seed))
    errors = [body.relative_mse(states) for states in grown]
    return {
        "rel_mse": [float(jnp.median(error)) for error in errors],
        "failed": int(jnp.sum(errors[-1] > HEALED_MSE)),
        "seconds": best.record["seconds"],
    }


def table(found: list[dict[str, Any]]) -> list[str]:
    """A line a target: medians over training seeds, every seed at the last age, and failed growths of all seeds."""
    titles = ["target", *(f"T={age}" for age in AGES), f"every seed at T={AGES[-1]}", "failed growths", "seconds each"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for target in dict.fromkeys(line["target"] for line in found):
        runs = sorted((line for line in found if line["target"] == target), key=lambda line: line["seed"])
        errors = np.array([line["rel_mse"] for line in runs])
        medians = " | ".join(f"{error:.4f}" for error in np.median(errors, 0))
        each = ", ".join(f"{error:.4f}" for error in errors[:, -1])
        failed = f"{sum(line['failed'] for line in runs)} of {NUM_SEEDS * len(runs)}"
        seconds = np.mean([line["seconds"] for line in runs])
        lines.append(f"| {target} | {medians} | {each} | {failed} | {seconds:.0f} |")
    return lines


def main() -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("targets", nargs="*", help="emoji or pictures to run; none: print only")
    parser.add_argument("--size", type=int, default=24)
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--objective", default="ascent")
    parser.add_argument(
        "--gap-scale", type=float, default=Recipe().robust_scale, help="`Recipe.robust_scale`; 0 is none"
    )
    parser.add_argument("--transport", choices=("exact", "learned"), default="exact")
    parser.add_argument("--write", action="store_true", help="rewrite the block of that size")
    options = parser.parse_args()
    keep_memory()
    setting = {name: getattr(options, name) for name in ("size", "updates", "objective", "gap_scale", "transport")}
    wanted = [
        {"target": target, "seed": seed} for seed in map(int, options.seeds.split(",")) for target in options.targets
    ]

    def measured(which: dict[str, Any]) -> dict[str, Any]:
        creature = Creature.for_target(which["target"], options.size).retrained_by(options.objective)
        creature = creature.reshaped(transport=options.transport).by_recipe(robust_scale=options.gap_scale)
        return run(creature, Budget(updates=options.updates), which["seed"])

    found = completed(options.results, wanted, measured, setting=setting)
    amounts = f"{options.size} cells, {options.updates} updates, gap scale {options.gap_scale:g}"
    amounts += f", {options.transport} transport"
    lines = [f"By `{options.objective}`, {amounts}:", "", *table(found)]
    print(*lines, sep="\n")
    if options.write:
        command = f"study_seeds.py RESULTS.jsonl {' '.join(dict.fromkeys(line['target'] for line in found))}"
        asked = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in setting.items())
        asked += f" --seeds {seeds_of(found)}"
        publish(f"seeds {options.size}", lines, f"{command} {asked} --write")


if __name__ == "__main__":
    main()
