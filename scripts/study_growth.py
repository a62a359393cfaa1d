"""What each way to train a growing rule reaches: quality, time and memory, at equal time and at equal updates.

    python scripts/study_growth.py RESULTS.jsonl [--only NAME,NAME] [--seeds 0,1,2] [--minutes 3] [--updates 1000]
        [--target 🦎] [--size 24] [--transport exact] [--write]

Each run is a line of RESULTS.jsonl; runs that are there already are not run again, and none is dropped. Every rule is
measured on the grid of `ffnca grow`, as the median of 8 growths. `bptt` is the published recipe, whatever the
transport of the others. An update is a step of the optimisers; for `bptt` it holds a rollout of 64 to 96 steps. Tables
and plot (gallery/study_SIZE.png) carry the size in their names.
"""

import argparse
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
from report import ROOT, chosen, completed, publish, seeds_of
from study_memory import in_bytes, temporaries
from tried_objectives import TRIED

mpl.use("agg")
import matplotlib.pyplot as plt

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import NUM_SEEDS, ages_of, num_params
from ffnca.trainer import Report
from ffnca.training import train_creature

NAMES = ("ascent", "distance", *TRIED, "one-step-backprop", "bptt")
AGES = (200, 1000, 2000)
GOOD = 0.01
"""Relative MSE whose time is printed: the first measurement during training with both ages at most this."""
NOT_LOCAL = ("one-step-backprop", "bptt")


def run(creature: Creature, budget: Budget, seed: int) -> dict[str, Any]:
    """Train and measure one rule."""
    curve = []

    def note(report: Report) -> None:
        if report.quality is not None:
            curve.append((round(report.progress.seconds, 1), report.updates, max(report.quality.values())))

    best = train_creature(creature, budget, seed=seed, show=note)
    body = best.body()
    grown = ages_of(best.automaton, body, AGES, NUM_SEEDS, key=jax.random.key(seed))
    return {
        "rel_mse": {
            str(age): float(jnp.median(body.relative_mse(state))) for age, state in zip(AGES, grown, strict=True)
        },
        "seconds": curve[-1][0],
        "updates": curve[-1][1],
        "params": num_params(best.automaton),
        "memory": in_bytes(temporaries(creature)),
        "curve": curve,
    }


def shown(error: float) -> str:
    """Four places, five where the first three are 0, or the order of magnitude of what has run away."""
    return f"{error:.0e}" if error >= 100 else f"{error:.4f}" if error >= 0.001 else f"{error:.5f}"


def row(objective: str, runs: list[dict[str, Any]]) -> str:
    """A line of a table: the median over training seeds, and every seed's figure at the last age."""
    errors = np.array([[one["rel_mse"][str(age)] for age in AGES] for one in runs])
    medians = " | ".join(map(shown, np.median(errors, 0)))
    each = ", ".join(map(shown, errors[:, -1]))
    updates = int(np.median([one["updates"] for one in runs]))
    minutes = np.median([one["seconds"] for one in runs]) / 60
    good = (
        np.median([min((at for at, _, error in one["curve"] if error <= GOOD), default=math.inf) for one in runs]) / 60
    )
    local = "no" if objective in NOT_LOCAL else "yes"
    first = runs[0]
    return (
        f"| {objective} | {local} | {medians} | {each} | {updates} | {minutes:.1f} | "
        f"{f'{good:.1f}' if math.isfinite(good) else 'not'} | {first['memory']} | {first['params']} |"
    )


def table(found: list[dict[str, Any]], kind: str) -> list[str]:
    """All objectives under one kind of budget."""
    titles = ["objective", "local", *(f"T={age}" for age in AGES), f"seeds at T={AGES[-1]}", "updates", "minutes"]
    titles += [f"minutes to {GOOD}", "memory", "params"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for objective in NAMES:
        runs = sorted(
            (line for line in found if (line["objective"], line["kind"]) == (objective, kind)),
            key=lambda line: line["seed"],
        )
        lines += [row(objective, runs)] if runs else []
    return lines


def plot(found: list[dict[str, Any]], path: Path) -> None:
    """Error of the rule against training time, a line a seed."""
    figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    for number, objective in enumerate(NAMES):
        curves = [line["curve"] for line in found if (line["objective"], line["kind"]) == (objective, "time")]
        for index, curve in enumerate(curves):
            seconds, _, error = np.array([point for point in curve if math.isfinite(point[2])]).T
            label = objective if index == 0 else None
            axes.plot(seconds, np.minimum(error, 30), color=f"C{number}", alpha=0.8, label=label)
    axes.set(yscale="log", xlabel="seconds of training", ylabel="relative MSE, worse of T=200 and T=600")
    axes.axhline(1, color="grey", linewidth=0.8, linestyle=":")
    axes.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", default=",".join(NAMES), help="objectives to run, by commas; '' prints only")
    parser.add_argument("--kinds", default="time,updates", help="time, updates, or both")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--target", default="🦎")
    parser.add_argument("--size", type=int, default=24)
    parser.add_argument("--transport", choices=("exact", "learned"), default="exact")
    parser.add_argument("--write", action="store_true", help="rewrite the tables and the plot")
    options = parser.parse_args()
    keep_memory()
    budgets = {"time": Budget(minutes=options.minutes), "updates": Budget(updates=options.updates)}
    amounts = {"time": f"{options.minutes:g} minutes", "updates": f"{options.updates} updates"}
    about = {"target": Path(options.target).name, "size": options.size, "transport": options.transport}
    wanted = [
        {"objective": objective, "kind": kind, "budget": amounts[kind], "seed": seed}
        for kind in options.kinds.split(",")
        for seed in map(int, options.seeds.split(","))
        for objective in chosen("--only", options.only, NAMES)
    ]

    def measured(which: dict[str, Any]) -> dict[str, Any]:
        creature = Creature.for_target(options.target, options.size).retrained_by(which["objective"])
        if which["objective"] != "bptt":  # whose published rule has no code to pass on
            creature = creature.reshaped(transport=options.transport)
        return run(creature, budgets[which["kind"]], which["seed"])

    found = completed(options.results, wanted, measured, setting=about)
    found = [line for line in found if line["budget"] == amounts[line["kind"]]]
    lines: list[str] = []
    for kind, amount in amounts.items():
        if any(line["kind"] == kind for line in found):
            lines += [
                f"{about['target']} at {options.size} cells, {options.transport} transport, {amount} each:",
                "",
                *table(found, kind),
                "",
            ]
    print(*lines, sep="\n")
    if options.write:
        plot(found, ROOT / "gallery" / f"study_{options.size}.png")
        budgets_asked = f"--minutes {options.minutes:g} --updates {options.updates}"
        asked = f"--seeds {seeds_of(found)} {budgets_asked} --target {about['target']} --size {options.size}"
        asked += f" --transport {options.transport}"
        command = f"study_growth.py RESULTS.jsonl {asked} --write"
        publish(f"growth study {options.size}", lines[:-1], command)


if __name__ == "__main__":
    main()
