"""How reliable `ffnca grow` is: one emoji, several seeds, the same minutes each, then relative MSE at two ages.

    python scripts/study_seeds.py 🐙 [--size 24] [--minutes 4] [--seeds 5] [--objective distance] [--write]

No seed is dropped.
"""

import argparse
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
from report import publish

from ffnca.creature import Creature
from ffnca.growth.evaluate import NUM_SEEDS, ages_of
from ffnca.growth.schedule import Budget
from ffnca.training import train_creature

AGES = (200, 1000, 2000)


def main() -> None:
    """Train every seed and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--size", type=int, default=24)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--objective", default="distance")
    parser.add_argument("--write", action="store_true", help="rewrite the table of the README")
    options = parser.parse_args()
    creature = Creature.for_target(options.target, options.size).retrained_by(options.objective)
    lines = ["| seed | updates | " + " | ".join(f"T={age}" for age in AGES) + " |", "|---" * (len(AGES) + 2) + "|"]
    for seed in range(options.seeds):
        best = train_creature(creature, Budget(minutes=options.minutes), seed=seed)
        with tempfile.TemporaryDirectory() as folder:  # measured as a user would: from the file
            best.save(Path(folder) / "rule.safetensors")
            rule = Creature.load(Path(folder) / "rule.safetensors")
        body = rule.body()
        grown = ages_of(rule.automaton, body, AGES, NUM_SEEDS, key=jax.random.key(seed))
        errors = [f"{float(jnp.median(body.relative_mse(states))):.4f}" for states in grown]
        lines.append(f"| {seed} | {best.record['updates']} | " + " | ".join(errors) + " |")
        print(lines[-1], flush=True)
    if options.write:
        command = f"study_seeds.py {options.target} --size {options.size} --minutes {options.minutes:g}"
        publish("seeds", lines, f"{command} --objective {options.objective} --write")


if __name__ == "__main__":
    main()
