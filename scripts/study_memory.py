"""Peak temporary memory of one training round, by XLA's own estimate, for short and long rollouts.

    python scripts/study_memory.py [--write]

Forward-Forward training keeps nothing of a rollout but its last state, so the figure must not depend on its length.
"""

import sys
from typing import Any

import jax
from report import publish

from ffnca.creature import Creature
from ffnca.growth.round import start, train_round

LENGTHS = (8, 32, 96)


def main() -> None:
    """Compile and print."""
    lines = ["| objective | " + " | ".join(f"up to {length} steps" for length in LENGTHS) + " |", "|---" * 4 + "|"]
    for objective in ("ascent", "distance"):
        sizes = []
        for length in LENGTHS:
            creature = Creature.for_target("🦎", 40, objective=objective, max_rollout=length)
            body, recipe, key = creature.training_body(), creature.recipe(), jax.random.key(0)
            state = start(body, recipe, key=key)
            analysis: Any = train_round.lower(state, body, 1e-3, recipe, key=key).compile().memory_analysis()
            sizes.append(f"{analysis.temp_size_in_bytes / 1e6:.1f} MB")
        lines.append(f"| {objective} | " + " | ".join(sizes) + " |")
        print(lines[-1], flush=True)
    if "--write" in sys.argv:
        publish("memory", lines, "study_memory.py --write")


if __name__ == "__main__":
    main()
