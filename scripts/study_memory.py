"""Peak temporary memory of one training round, by XLA's own estimate, against the length of its rollout.

    python scripts/study_memory.py [--target 🦎] [--size 40] [--longest 4096] [--write]

Forward-Forward training keeps nothing of a rollout but its last state, so its figure must not depend on the length. The
controls are backpropagation through time by the published recipe (8 states, rolled as long as the head of the column
says): as it is, and with states computed again on the way back (rematerialisation), at every step or in as many
stretches as they are long. Programs are compiled, not run, so what no machine could hold is counted too.
"""

import argparse
import math
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from report import publish

from ffnca.automata.nca import NCA
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.bptt import ThroughTime, control_round, start_control
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.local_trainer import LocalTrainer, start, train_round
from ffnca.systems.growth.plan import Plan
from ffnca.training import trainer_of

LENGTHS = (8, 64, 512, 4096)
_START: Any = start
ROUNDS: dict[type, Any] = {
    LocalTrainer: (_START.__wrapped__, train_round),  # of a function that is compiled with options, which none holds
    ThroughTime: (start_control, control_round),
}


def temporaries(creature: Creature) -> int:
    """Bytes of one round of its trainer, on states that are described and not made."""
    plan, bodies, key = creature.plan(), creature.training_bodies(), jax.random.key(0)
    begin, one_round = ROUNDS[type(trainer_of(creature))]
    state = jax.eval_shape(lambda: begin(bodies, plan, key=key))
    return _of(one_round.lower(state, bodies, 1e-3, plan, key=key))


def through_time(plan: Plan, bodies: Bodies, length: int, kept: str) -> int:
    """Bytes of one gradient through so many steps.

    Args:
        plan: Of the control.
        bodies: What to grow.
        length: Steps.
        kept: What is kept on the way forth: `all`, `states` or `some states`.
    """
    rule, starts = plan.fresh_rule(key=jax.random.key(0)), bodies.starts(plan.pool_batch)

    def advance(moving: tuple[NCA, Array], step: Array) -> tuple[tuple[NCA, Array], None]:
        automaton, states = moving
        return (automaton, automaton.step(states, jax.random.fold_in(jax.random.key(1), step))), None

    def stretch(moving: tuple[NCA, Array], steps: Array) -> tuple[tuple[NCA, Array], None]:
        return jax.lax.scan(jax.checkpoint(advance), moving, steps)

    def loss(rule: Any) -> Float[Array, ""]:
        begun, steps = (plan.automaton(rule), starts), jnp.arange(length)
        if kept == "some states":
            long = 2 ** math.ceil(math.log2(length) / 2)
            (_, grown), _ = jax.lax.scan(jax.checkpoint(stretch), begun, steps.reshape(-1, long))
        else:
            (_, grown), _ = jax.lax.scan(advance if kept == "all" else jax.checkpoint(advance), begun, steps)
        return jnp.mean(jnp.square(grown[..., :4] - jnp.asarray(bodies.each.picture)))

    return _of(jax.jit(jax.grad(loss)).lower(rule))


def _of(lowered: Any) -> int:
    return lowered.compile().memory_analysis().temp_size_in_bytes


def in_bytes(size: int) -> str:
    """As MB or GB."""
    return f"{size / 1e6:.0f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def main() -> None:
    """Compile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="🦎")
    parser.add_argument("--size", type=int, default=40)
    parser.add_argument("--longest", type=int, default=LENGTHS[-1])
    parser.add_argument("--write", action="store_true", help="rewrite the table of this size in scripts/README.md")
    options = parser.parse_args()
    lengths = [length for length in LENGTHS if length <= options.longest]
    lines = ["| objective | " + " | ".join(f"{length} steps" for length in lengths) + " |"]
    lines.append("|---" * (1 + len(lengths)) + "|")

    def row(name: str, measure: Callable[[int], int]) -> None:
        lines.append(f"| {name} | " + " | ".join(in_bytes(measure(length)) for length in lengths) + " |")
        print(lines[-1], flush=True)

    for objective in ("ascent", "distance"):
        creature = Creature.for_target(options.target, options.size, objective=objective)
        row(objective, lambda length, creature=creature: temporaries(creature.by_recipe(max_rollout=length)))
    control = Creature.for_target(options.target, options.size).retrained_by("bptt")
    plan, bodies = control.plan(), control.training_bodies()
    for name, kept in (("bptt", "all"), ("bptt, states alone", "states"), ("bptt, some states", "some states")):
        row(name, lambda length, kept=kept: through_time(plan, bodies, length, kept))
    if options.write:
        publish(f"memory {options.size}", lines, " ".join(["study_memory.py", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
