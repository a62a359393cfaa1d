"""How large every shipped rule is in each form of its file, and what half precision does to what it grows.

    python scripts/rule_sizes.py [NAME...] [--write] [--convert]

Prints bytes as shipped, in format 2 with float32, and in half precision; then relative MSE of both at 200 and 600, the
median of 8 growths (of several targets each, the worst), and the larger of the relative changes. With --convert the
rules whose error stays within 5% are written over the shipped ones in half precision, the others in single.
"""

import argparse
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
from jaxtyping import Array
from report import publish_rows

from ffnca.allocation import keep_memory
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import ages_of
from ffnca.world import rule_path_for, shipped_worlds
from ffnca.world_file import load_world

AGES, NUM_SEEDS, MOST = (200, 600), 8, 0.05
GROWING = [
    name
    for name, path in shipped_worlds().items()
    if rule_path_for(name).exists() and load_world(path).kind == "growth"
]


def errors(creature: Creature, pictures: Creature) -> list[float]:
    """Median relative MSE at each age, of the worst of several targets, against the pictures of another creature."""
    bodies = Bodies.of_all([pictures.choosing(name or None).body() for name in pictures.world.sought])
    num_states = NUM_SEEDS * bodies.count
    each = bodies.at(jnp.arange(num_states))

    def worst(grown: Array) -> float:
        return float(jnp.median(each.relative_mse(grown).reshape(-1, bodies.count), 0).max())

    return [worst(grown) for grown in ages_of(creature.automaton, bodies, AGES, num_states, key=jax.random.key(0))]


def main() -> None:
    """Measure and print, or convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--write", action="store_true", help="rewrite these rules' rows in scripts/README.md")
    parser.add_argument("--convert", action="store_true", help="rewrite the shipped rules in format 2")
    options = parser.parse_args()
    keep_memory()
    ages = " | ".join(f"{precision} T={age}" for precision in ("float32", "half") for age in AGES)
    lines = [f"| rule | shipped | float32 | half | share | {ages} | change |", "|---" * (6 + 2 * len(AGES)) + "|"]
    print(*lines, sep="\n")
    for name in options.names or GROWING:
        path = rule_path_for(name)
        full = Creature.load(path)
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{kind}.safetensors" for kind in ("full", "half")]
            for file, half in zip(files, (False, True), strict=True):
                full.save(file, half=half)
            sizes, half = [file.stat().st_size for file in (path, *files)], Creature.load(files[1])
        before, after = errors(full, full), errors(half, half)
        change = max(abs(new / old - 1) for old, new in zip(before, after, strict=True))
        shown = " | ".join(f"{error:.6f}" for error in (*before, *after))
        share = f"{100 * sizes[2] / sizes[0]:.0f}%"
        lines.append(f"| {name} | {' | '.join(map(str, sizes))} | {share} | {shown} | {100 * change:.1f}% |")
        print(lines[-1], flush=True)
        if options.convert:
            full.save(path, half=change <= MOST)
    if options.write:
        publish_rows("rule sizes", lines, "rule_sizes.py --write")


if __name__ == "__main__":
    main()
