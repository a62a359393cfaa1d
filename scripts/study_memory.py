"""Peak temporary memory of one training round, by XLA's own estimate, for short and long rollouts.

    python scripts/study_memory.py [--write]

Forward-Forward training keeps nothing of a rollout but its last state, so the figure must not depend on its length.
The control, backpropagation through time, always rolls 64 to 96 steps, with the published batch and grid.
"""

import sys
from typing import Any

import jax
from report import publish

from ffnca.systems.growth.bptt import control_round
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.round import train_round
from ffnca.systems.growth.train import begin

LENGTHS = (8, 32, 96)


def temporaries(creature: Creature) -> str:
    """Of one round."""
    body, recipe, key = creature.training_body(), creature.recipe(), jax.random.key(0)
    one_round = control_round if recipe.train.objective == "bptt" else train_round
    lowered = one_round.lower(begin(body, recipe, key=key), body, 1e-3, recipe, key=key)
    analysis: Any = lowered.compile().memory_analysis()
    return f"{analysis.temp_size_in_bytes / 1e6:.1f} MB"


def main() -> None:
    """Compile and print."""
    lines = ["| objective | " + " | ".join(f"up to {length} steps" for length in LENGTHS) + " |", "|---" * 4 + "|"]
    for objective in ("ascent", "distance"):
        sizes = [temporaries(Creature.for_target("🦎", 40, objective=objective, max_rollout=most)) for most in LENGTHS]
        lines.append(f"| {objective} | " + " | ".join(sizes) + " |")
        print(lines[-1], flush=True)
    control = temporaries(Creature.for_target("🦎", 40).retrained_by("bptt"))
    lines.append(f"| bptt, not local | - | - | {control} |")
    print(lines[-1], flush=True)
    if "--write" in sys.argv:
        publish("memory", lines, "study_memory.py --write")


if __name__ == "__main__":
    main()
