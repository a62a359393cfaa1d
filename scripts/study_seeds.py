"""How reliable `ffnca grow` is: one emoji, several seeds, the same minutes each, then relative MSE at two ages.

    python scripts/study_seeds.py 🐙 [--size 24] [--minutes 4] [--seeds 5] [--objective ascent]

No seed is dropped.
"""

import argparse
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
from report import machine

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
    parser.add_argument("--objective", default="ascent")
    options = parser.parse_args()
    print(machine())
    creature = Creature.for_target(options.target, options.size, objective=options.objective)
    for seed in range(options.seeds):
        best = train_creature(creature, Budget(minutes=options.minutes), seed=seed)
        with tempfile.TemporaryDirectory() as folder:  # measured as a user would: from the file
            best.save(Path(folder) / "rule.safetensors")
            rule = Creature.load(Path(folder) / "rule.safetensors")
        body = rule.body()
        grown = ages_of(rule.automaton, body, AGES, NUM_SEEDS, key=jax.random.key(seed))
        errors = [float(jnp.median(body.relative_mse(states))) for states in grown]
        figures = ", ".join(f"T={age} {error:.4f}" for age, error in zip(AGES, errors, strict=True))
        updates = best.record["updates"]
        print(f"{options.target} {options.size} px, seed {seed}, {updates} updates: {figures}", flush=True)


if __name__ == "__main__":
    main()
