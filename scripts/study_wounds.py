"""Every wound of the table many times over: bodies healed in their place, and in it or up to two cells beside it.

    python scripts/study_wounds.py [NAME...] [--wounds disc,half,quarter_left,centre,noise,cut] [--write]

The table of `ffnca eval` has 16 or 48 trials a wound, here 128, of as many bodies grown to T=500. Healed: relative MSE
of at most 0.02 200 steps later. *Beside*: at most 0.02 at the best alignment within 2 cells, so the body is whole.
"""

import argparse

import jax
import jax.numpy as jnp
from benchmark_growing_ca import aligned_error
from report import publish_rows

from ffnca.allocation import keep_memory
from ffnca.opening import open_creature
from ffnca.systems.growth.evaluate import GROWN_AT, HEALED_MSE, ages_of, heal
from ffnca.systems.growth.stress import STRESSES

NUM_TRIALS, AT_ONCE = 128, 32


def main() -> None:
    """Grow, wound, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["lizard"])
    parser.add_argument("--wounds", default=",".join(STRESSES))
    parser.add_argument("--write", action="store_true", help="rewrite these rows")
    options = parser.parse_args()
    keep_memory()
    lines = [f"| creature | wound | healed ({NUM_TRIALS}) | in place or beside |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for name in options.names:
        creature = open_creature(name)
        body = creature.body()
        herds = [
            ages_of(creature.automaton, body, (GROWN_AT,), AT_ONCE, key=jax.random.key(number))[0]
            for number in range(NUM_TRIALS // AT_ONCE)
        ]
        for wound in options.wounds.split(","):
            in_place = beside = 0
            for number, grown in enumerate(herds):
                _, healed = heal(creature.automaton, grown, body, wound, key=jax.random.key(len(herds) + number))
                in_place += int(jnp.sum(body.relative_mse(healed) <= HEALED_MSE))
                beside += int(jnp.sum(aligned_error(healed, body) <= HEALED_MSE))
            lines.append(f"| {name} | {wound} | {in_place} | {beside} |")
            print(lines[-1], flush=True)
    if options.write:
        command = f"study_wounds.py {' '.join(options.names)} --wounds {options.wounds} --write"
        publish_rows("wounds", lines, command, num_cells=2)


if __name__ == "__main__":
    main()
