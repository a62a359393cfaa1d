"""Exact against learned transport of codes, and what each piece does: many creatures, training seeds and growths.

    python scripts/study_transport.py RESULTS.jsonl [--only "NAME;NAME"] [--targets 🦎,⚓] [--seeds 0,1,2] [--size 24]
        [--updates 1500] [--growths 40] [--write]

Each run is a line of RESULTS.jsonl; runs that are there already are not run again, and none is dropped. Relative MSE is
the median over growths, targets and seeds. *Failed*: growths above 0.02 at T=500, with the 95% interval of Wilson
(1927). *Outside*: growths with a living cell more than a cell beyond the body at T=1000. *Turned*: by 30 degrees,
T=1000, as a multiple of the error that the turned picture itself has (`study_turned.py`). Then wounds that healed.
"""

import argparse
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from report import chosen, completed, publish_rows, seeds_of
from scipy.stats import binomtest
from study_turned import floor

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import HEALED_MSE, ages_of, heal, num_params
from ffnca.systems.growth.stress import STRESSES
from ffnca.training import train_creature

AGES, FAILED_AT, ANGLE, TURNED_GROWTHS, TRIALS = (200, 500, 1000), 500, 30.0, 8, 16
VARIANTS: dict[str, dict[str, Any]] = {
    "exact": {},
    "exact, 128 units": {"rule": {"hidden": (128,)}},
    "exact, agreement not seen": {"rule": {"perception": ("transported", "alive")}},
    "exact, 20 channels": {"rule": {"channels": 20}},
    "exact, nothing displaced": {"recipe": {"displaced_share": 0.0}},
    "exact, code amplitude 0.7": {"recipe": {"code_amplitude": 0.7}},
    "learned": {"rule": {"transport": "learned"}},
    "learned, code amplitude 0.7": {"rule": {"transport": "learned"}, "recipe": {"code_amplitude": 0.7}},
    "learned, sees the exact code": {
        "rule": {
            "transport": "learned",
            "perception": ("transported", "agreement", "identity", "neighbour_mean", "alive"),
        }
    },
}
"""What differs from the default: keys of [rule], and fields of the recipe."""


def run(name: str, target: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Train and measure one rule."""
    changes = VARIANTS[name]
    blank = Creature.for_target(target, options.size).reshaped(**changes.get("rule", {}))
    creature = train_creature(blank.by_recipe(**changes.get("recipe", {})), Budget(updates=options.updates), seed=seed)
    automaton, body, key = creature.automaton, creature.body(), jax.random.key(seed)
    states = ages_of(automaton, body, AGES, options.growths, key=key)
    errors = {age: body.relative_mse(state) for age, state in zip(AGES, states, strict=True)}
    beyond = (np.asarray(states[-1][..., 3]) > automaton.alive_threshold) & (body.unwanted >= 1)
    grown = states[AGES.index(FAILED_AT)][jnp.arange(TRIALS) % options.growths]
    healed = {}
    for number, wound in enumerate(STRESSES):
        _, after = heal(automaton, grown, body, wound, key=jax.random.fold_in(key, 100 + number))
        healed[wound] = int(jnp.sum(body.relative_mse(after) <= HEALED_MSE))
    turned = creature.turned(ANGLE)
    askew = turned.body(tuple(side + TURNED_GROWTHS for side in body.alive.shape))
    (old,) = ages_of(turned.automaton, askew, AGES[-1:], TURNED_GROWTHS, key=key)
    return {
        "rel_mse": {str(age): float(jnp.median(error)) for age, error in errors.items()},
        "failed": int(jnp.sum(~(errors[FAILED_AT] <= HEALED_MSE))),
        "growths": options.growths,
        "outside": int(beyond.any((1, 2)).sum()),
        "turned": float(jnp.median(askew.relative_mse(old))) / floor(creature, ANGLE),
        "healed": healed,
        "params": num_params(automaton),
        "seconds": creature.record["seconds"],
    }


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """A line of the table."""
    medians = [f"{np.median([one['rel_mse'][str(age)] for one in runs]):.5f}" for age in AGES]
    failed, growths = (sum(one[key] for one in runs) for key in ("failed", "growths"))
    low, high = binomtest(failed, growths).proportion_ci(method="wilson")
    cells = [
        *(name, str(runs[0]["params"]), str(len(runs)), *medians),
        f"{failed} of {growths} ({100 * low:.1f} to {100 * high:.1f}%)",
        str(sum(one["outside"] for one in runs)),
        f"{np.median([one['turned'] for one in runs]):.2f}",
        *(f"{sum(one['healed'][wound] for one in runs)}/{TRIALS * len(runs)}" for wound in STRESSES),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", default=";".join(VARIANTS), help="variants, separated by semicolons")
    parser.add_argument("--targets", default="🐌,🦋,⚓,🍩,🐟,🌵,🍄,👻,🐙,🌹")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--size", type=int, default=24)
    parser.add_argument("--updates", type=int, default=1500)
    parser.add_argument("--growths", type=int, default=40)
    parser.add_argument("--write", action="store_true", help="rewrite the rows of these variants")
    options = parser.parse_args()
    keep_memory()
    names = chosen("--only", options.only, VARIANTS, ";")
    wanted = [
        {"variant": name, "target": target, "seed": int(seed)}
        for seed in options.seeds.split(",")
        for target in options.targets.split(",")
        for name in names
    ]
    setting = {name: getattr(options, name) for name in ("size", "updates", "growths")}

    def measured(which: dict[str, Any]) -> dict[str, Any]:
        return run(which["variant"], which["target"], which["seed"], options)

    found = completed(options.results, wanted, measured, setting=setting)
    titles = ["transport", "params", "rules", *(f"T={age}" for age in AGES), "failed", "outside", "turned", *STRESSES]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for name in VARIANTS:
        runs = [line for line in found if line["variant"] == name]
        lines += [row(name, runs)] if runs else []
    print(*lines, sep="\n")
    if options.write:
        targets = ",".join(dict.fromkeys(line["target"] for line in found))
        ran = f"--targets {targets} --seeds {seeds_of(found)} --size {options.size} --updates {options.updates}"
        publish_rows("transport", lines, f"study_transport.py RESULTS.jsonl {ran} --growths {options.growths} --write")


if __name__ == "__main__":
    main()
