"""A full step of the 48 -> 128 -> 16 rule on 72x72 against its two matrix products alone, timed in one run.

    python scripts/bench_step.py [--repeats 60] [--write]

Prints milliseconds and their ratio for a grid that lives everywhere and for a small round creature.
"""

import argparse
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
from report import publish

from ffnca.automata.base import rollout
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA

SIZE, CHANNELS, HIDDEN = 72, 16, 128
STEPS = 20


def paired(functions: list[Callable[[], jax.Array]], repeats: int) -> list[float]:
    """Median milliseconds a step of each over loops of `STEPS`, in turn, so that a drifting machine is fair to all."""
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function().block_until_ready()
    for _ in range(repeats):
        for function, taken in zip(functions, times, strict=True):
            began = time.perf_counter()
            function().block_until_ready()
            taken.append(1000 * (time.perf_counter() - began))
    return [sorted(taken)[repeats // 2] / STEPS for taken in times]


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="rewrite the table")
    options = parser.parse_args()
    names = ("identity", "sobel")
    rule = LayeredRule.drawn(3 * CHANNELS, (HIDDEN,), CHANNELS, key=jax.random.key(0), proposes="delta")
    update = rule.update_layer
    update.kernel[...] = 0.01 * jax.random.normal(jax.random.key(1), update.kernel.shape)
    automaton = NCA(rule, perception=names)
    full = jax.random.uniform(jax.random.key(2), (SIZE, SIZE, CHANNELS), minval=0.2)
    rows, columns = jnp.mgrid[0:SIZE, 0:SIZE] - SIZE / 2
    creature = full * (jnp.hypot(rows, columns) < 14)[..., None]
    perception = jax.random.normal(jax.random.key(3), (SIZE * SIZE, 3 * CHANNELS))
    first, second = rule.perceive_layers[0].kernel[...], update.kernel[...]
    key = jax.random.key(4)

    def products(seen: jax.Array, first: jax.Array, second: jax.Array) -> jax.Array:
        # each round's input depends on the last, so that none can be left out
        def again(_: int, moving: jax.Array) -> jax.Array:
            return moving.at[0, :CHANNELS].set(((moving @ first) @ second)[0])

        return jax.lax.fori_loop(0, STEPS, again, seen)

    products = jax.jit(products)
    matrices, living, small = paired(
        [
            lambda: products(perception, first, second),
            lambda: rollout(automaton, full, STEPS, key=key),
            lambda: rollout(automaton, creature, STEPS, key=key),
        ],
        options.repeats,
    )
    rows = [("two matrix products alone", matrices), ("full step, every cell alive", living)]
    rows.append((f"full step, {int((creature[..., 3] > 0).sum())} cells alive", small))
    lines = ["| 72x72x16, 48 -> 128 -> 16, float32 | ms | ratio |", "|---|---|---|"]
    lines += [f"| {name} | {milliseconds:.2f} | {milliseconds / matrices:.2f} |" for name, milliseconds in rows]
    print("\n".join(lines))
    if options.write:
        publish("step speed", lines, "bench_step.py --write")


if __name__ == "__main__":
    main()
