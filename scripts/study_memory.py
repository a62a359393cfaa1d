"""Peak temporary memory of one training round, by XLA's own estimate, for short and long rollouts.

    python scripts/study_memory.py [--write]

Forward-Forward training keeps nothing of a rollout but its last state, so the figure must not depend on its length.
The control, backpropagation through time, always rolls 64 to 96 steps, with the published batch and grid.
"""

import sys
from typing import Any

import jax
from report import publish

from ffnca.systems.growth.bptt import ThroughTime, control_round
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.local_trainer import LocalTrainer, train_round
from ffnca.training import trainer_of

LENGTHS = (8, 32, 96)
ROUNDS: dict[type, Any] = {LocalTrainer: train_round, ThroughTime: control_round}


def temporaries(creature: Creature) -> str:
    """Of one round."""
    trainer, plan, key = trainer_of(creature), creature.plan(), jax.random.key(0)
    one_round = ROUNDS[type(trainer)]
    lowered = one_round.lower(trainer.begin(key=key), creature.training_bodies(), 1e-3, plan, key=key)
    analysis: Any = lowered.compile().memory_analysis()
    return f"{analysis.temp_size_in_bytes / 1e6:.1f} MB"


def main() -> None:
    """Compile and print."""
    lines = ["| objective | " + " | ".join(f"up to {length} steps" for length in LENGTHS) + " |", "|---" * 4 + "|"]
    for objective in ("ascent", "distance"):
        creature = Creature.for_target("🦎", 40, objective=objective)
        sizes = [temporaries(creature.by_recipe(max_rollout=most)) for most in LENGTHS]
        lines.append(f"| {objective} | " + " | ".join(sizes) + " |")
        print(lines[-1], flush=True)
    control = temporaries(Creature.for_target("🦎", 40).retrained_by("bptt"))
    lines.append(f"| bptt, not local | - | - | {control} |")
    print(lines[-1], flush=True)
    if "--write" in sys.argv:
        publish("memory", lines, "study_memory.py --write")


if __name__ == "__main__":
    main()
