"""Measure every trained creature that ships and grows one target, or those named, and write the table.

    python scripts/eval_table.py [NAME ...] [--block BLOCK]

The same figures as `ffnca eval NAME --json`, medians over 8 seeds; of a rule with several targets, a row each. Since a
median hides single failures, 32 growths more are counted: failed is what has a relative MSE above 0.02 at T=500. The
error at the greatest age, and what the state does then, are of one growth, by `long_table.py`. Rows of others stay as
printed.
"""

import argparse

import jax
import jax.numpy as jnp
from long_table import KEPT, longest_of, named_targets, shown_name
from report import README, STUDIES, publish_rows, recorded

from ffnca.allocation import keep_memory
from ffnca.evaluating import evaluate_world
from ffnca.stability import AGES
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import GROWN_AT, HEALED_MSE, ages_of
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.systems.growth.stress import STRESSES
from ffnca.world import rule_path_for, shipped_worlds
from ffnca.world_file import load_world

SHOWN_AGES = ("200", "2000")
NUM_GROWTHS = 32
BLOCKS = {"eval table": README, "several targets": STUDIES}
"""Where each table is."""


def num_failed(name: str, which: str | None) -> int:
    """How many of `NUM_GROWTHS` growths went wrong."""
    creature = Creature.load(rule_path_for(name)).choosing(which)
    body = creature.body()
    (grown,) = ages_of(creature.automaton, body, (GROWN_AT,), NUM_GROWTHS, key=jax.random.key(1))
    return int(jnp.sum(body.relative_mse(grown) > HEALED_MSE))


def main() -> None:
    """Evaluate and rewrite the block."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--block", choices=BLOCKS, default="eval table", help="block to rewrite")
    options = parser.parse_args()
    keep_memory()
    growing = [name for name, path in shipped_worlds().items() if isinstance(load_world(path), GrowthWorld)]
    single = [name for name in growing if rule_path_for(name).exists() and named_targets(name) == [None]]
    names = options.names or single
    ages = [*(f"T={age}" for age in SHOWN_AGES), f"T={AGES[-1]:,}", "state then"]
    certified = longest_of(recorded(KEPT))
    wounds = [f"{name} ({stress.num_trials})" for name, stress in STRESSES.items()]
    head = ["creature", *ages, f"failed ({NUM_GROWTHS})", *wounds, "AUROC", "params"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, which in [(one, which) for one in names for which in named_targets(one)]:
        table = evaluate_world(Request(name, which=which)).table
        shown = shown_name(name, which)
        certificate = certified[shown]
        cells = [shown, *(f"{table['rel_mse'][age]:.4f}" for age in SHOWN_AGES)]
        cells += [f"{certificate['rel_mse'][str(AGES[-1])]:.4f}", certificate["state"]]
        cells += [str(num_failed(name, which))]
        cells += [str(table["stress"][stress]["healed"]) for stress in STRESSES]
        cells += [f"{table['goodness_auroc']:.3f}", str(table["params"])]
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    asked = [] if options.block == "eval table" else [*options.names, f'--block "{options.block}"']
    command = " ".join(["eval_table.py", *asked])
    publish_rows(options.block, lines, command, document=BLOCKS[options.block])


if __name__ == "__main__":
    main()
