"""Peak temporary memory of one training round, by XLA's own estimate, for short and long rollouts.

    python scripts/study_memory.py

Forward-Forward training keeps nothing of a rollout but its last state, so the figure must not depend on its length.
"""

from typing import Any

import jax
from report import machine

from ffnca.creature import Creature
from ffnca.growth.round import start, train_round

LENGTHS = (8, 32, 96)


def main() -> None:
    """Compile and print."""
    print(machine())
    for objective in ("ascent", "distance"):
        for length in LENGTHS:
            creature = Creature.for_target("🦎", 40, objective=objective, max_rollout=length)
            body, recipe, key = creature.training_body(), creature.recipe(), jax.random.key(0)
            state = start(body, recipe, key=key)
            compiled = train_round.lower(state, body, 1e-3, recipe, key=key).compile()
            analysis: Any = compiled.memory_analysis()
            megabytes = analysis.temp_size_in_bytes / 1e6
            print(f"{objective}: rollouts up to {length} steps: {megabytes:.1f} MB of temporaries")


if __name__ == "__main__":
    main()
