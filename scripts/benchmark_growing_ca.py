"""Our rules against the published models of Growing Neural Cellular Automata, on the published targets.

    python scripts/benchmark_growing_ca.py FOLDER [NAME...] [--rules RULES] [--minutes 15 | --updates N] [--write]
        [--kinds exact,small,learned] [--seeds 0,1,2]

FOLDER holds NAME.png (targets of 40x40 RGBA pixels) and NAME.json (their weights). For every name, kind and training
seed, a rule of ours is trained on NAME.png with the defaults of `ffnca grow`, but for what `KINDS` says, unless
RULES/NAME-KIND-SEED.safetensors is there already. All are measured by the same code in the same run: 8 growths, 72x72
cells, relative MSE at the best alignment within 2 cells; the median over training seeds, and the last age of the worst
of them. Healed: 200 steps after a wound at most the larger of 0.02 and twice the unwounded figure; all seeds together.
"""

import argparse
from pathlib import Path
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
from kept_rule import kept_rule
from report import README, chosen, publish_rows

from ffnca.allocation import keep_memory
from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.budget import Budget
from ffnca.interchange.grown import imported_creature
from ffnca.interchange.importing import read_growing_ca
from ffnca.systems.growth.body import Body
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import GROWN_AT, HEALED_MSE, heal, num_params
from ffnca.systems.growth.stress import STRESSES

SIZE, GROWTHS = 40, 8
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "exact": ("ours", {}),
    "small": ("ours, 128 units", {"hidden": (128,)}),
    "learned": ("ours, learned transport", {"transport": "learned"}),
}
"""What is printed for a kind of rule of ours, and what of the default it changes."""
DEFAULT = "exact"
AGES = (100, 200, 500, 2000)
SHIFTS = [(down, across) for down in range(-2, 3) for across in range(-2, 3)]


@jax.jit
def aligned_error(states: jax.Array, body: Body) -> jax.Array:
    """Relative MSE of each state at its best alignment within 2 cells."""
    return jnp.min(jnp.stack([body.relative_mse(jnp.roll(states, shift, (-3, -2))) for shift in SHIFTS]), 0)


def measured(automaton: NCA, start: jax.Array, body: Body, *, key: jax.Array) -> dict[str, Any]:
    """Median error at each age, and healed trials of each wound."""
    states, age, table = jnp.repeat(start[None], GROWTHS, 0), 0, {}
    grown = states
    for next_age in AGES:
        states = rollout(automaton, states, next_age - age, key=key, first_step=age)
        age = next_age
        table[f"T={age}"] = float(jnp.median(aligned_error(states, body)))
        grown = states if age == GROWN_AT else grown
    limit = max(HEALED_MSE, 2 * table[f"T={GROWN_AT}"])
    for number, (name, stress) in enumerate(STRESSES.items()):
        in_turn = grown[jnp.arange(stress.num_trials) % GROWTHS]
        _, healed = heal(automaton, in_turn, body, name, key=jax.random.fold_in(key, 1000 + number))
        table[name] = int(jnp.sum(aligned_error(healed, body) <= limit))
    return table


def ours(name: str, kind: str, seed: int, folder: Path, rules: Path, budget: Budget) -> Creature:
    """A rule of ours on a published target, trained if it is not there."""
    creature = Creature.for_target(str(folder / f"{name}.png"), SIZE).reshaped(**KINDS[kind][1])
    return kept_rule(rules / f"{name}-{kind}-{seed}.safetensors", creature, budget, seed=seed)


def row(name: str, rule: str, parameters: int, seconds: list[float], tables: list[dict[str, Any]]) -> str:
    """A line of the table, of the same rule by several training seeds."""
    ages = [f"{median(table[f'T={age}'] for table in tables):.4f}" for age in AGES]
    worst = max(table[f"T={AGES[-1]}"] for table in tables)
    time = f"{median(seconds) / 60:.1f}" if seconds else "-"
    healed = (
        f"{sum(table[wound] for table in tables)}/{stress.num_trials * len(tables)}"
        for wound, stress in STRESSES.items()
    )
    return f"| {' | '.join([name, rule, str(parameters), time, *ages, f'{worst:.4f}', *healed])} |"


def main() -> None:
    """Train what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rules", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--updates", type=int)
    parser.add_argument("--kinds", default=DEFAULT, help=f"of {', '.join(KINDS)}, separated by commas")
    parser.add_argument("--seeds", default="0,1,2", help="of the training, separated by commas")
    parser.add_argument(
        "--write", action="store_true", help="rewrite these rows, in the README if the default is among them, or here"
    )
    options = parser.parse_args()
    keep_memory()
    budget = Budget(updates=options.updates) if options.updates else Budget(minutes=options.minutes)
    names = options.names or sorted(path.stem for path in options.folder.glob("*.json"))
    titles = ["target", "rule", "parameters", "minutes", *(f"T={age}" for age in AGES), "worst", *STRESSES]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    print("\n".join(lines), flush=True)
    kinds, seeds = chosen("--kinds", options.kinds, KINDS), [int(seed) for seed in options.seeds.split(",")]
    for name in names:
        path, key = options.folder / f"{name}.json", jax.random.key(0)
        blank = Creature.for_target(str(path.with_suffix(".png")), SIZE)
        body = blank.body()
        published = imported_creature(read_growing_ca(path), blank.picture, path)
        theirs = measured(published.automaton, jnp.asarray(published.body().start), body, key=key)
        lines.append(row(name, "published, BPTT", num_params(published.automaton), [], [theirs]))
        print(lines[-1], flush=True)
        for kind in kinds:
            rules = [ours(name, kind, seed, options.folder, options.rules, budget) for seed in seeds]
            tables = [measured(rule.automaton, jnp.asarray(body.start), body, key=key) for rule in rules]
            seconds = [float(rule.record["seconds"]) for rule in rules]
            lines.append(row(name, KINDS[kind][0], num_params(rules[0].automaton), seconds, tables))
            print(lines[-1], flush=True)
    if options.write:
        length = f"--updates {options.updates}" if options.updates else f"--minutes {options.minutes:g}"
        command = f"benchmark_growing_ca.py FOLDER {length} --kinds {options.kinds} --seeds {options.seeds} --write"
        if DEFAULT in kinds:
            publish_rows("benchmark", lines, command, num_cells=2, document=README)
        else:
            publish_rows("other rules beside the published", lines, command, num_cells=2)


if __name__ == "__main__":
    main()
