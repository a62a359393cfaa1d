"""What it takes to split grids and training over devices: seconds and bytes, measured here, and worked out for 1,000.

    python scripts/study_scaling.py [--large] [--write]

A CPU counts as eight devices here, which share its cores, so seconds say what splitting costs, not what it gains; bytes
are those of any devices. They are read from compiled programs: what a device gives into a `collective-permute` (halos)
or an `all-gather` (states) in a step or a round, and into an `all-reduce` (gradients). With `--large`, instead, one
step of a grid of 16,384x16,384 living cells of 16 channels, in bfloat16, which needs about 18 GB.
"""

import argparse
import math
import re
import resource
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from report import publish

from ffnca.allocation import keep_memory
from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.automata.split import Split, mesh_of
from ffnca.bench.row import timed
from ffnca.bench.steps import CHANNELS, HIDDEN, PERCEPTION, living, published
from ffnca.part import Part
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.local_trainer import LocalTrainer, train_round

DEVICES = 8
SIDE, REPEATS, LARGE = 1024, 5, 16_384
PARTS = (Part(), Part(down=2), Part(down=2, across=2), Part(down=4, across=2))
MANY = 1000
FLOPS_A_CELL = 2 * (PERCEPTION * HIDDEN + HIDDEN * CHANNELS)
FAST = 1e14
"""Products and sums a second of a device that is a good accelerator, to see what the network must bring there."""
_SENT = re.compile(r"= (.*?) (collective-permute|all-gather|all-reduce)(?:-start)?\(")
_ARRAY = re.compile(r"(pred|bf16|[suf](?:8|16|32|64))\[([\d,]*)\]")


def sent(compiled: Any, by: str) -> int:
    """Bytes that one device sends by a kind of collective, in each place of a program once."""
    found = _SENT.findall(compiled.as_text())
    return sum(_bytes(shapes) for shapes, kind in found if kind == by)


def _bytes(shapes: str) -> int:
    sizes = {"pred": 1, "bf16": 2}
    arrays = _ARRAY.findall(shapes)
    return sum(
        math.prod(map(int, filter(None, sides.split(",")))) * (sizes.get(kind) or int(kind[1:]) // 8)
        for kind, sides in arrays
    )


def seconds(call: Callable[[], Array]) -> float:
    """Median of some calls after one that compiles."""
    measured = timed(call)
    measured()
    return median(measured() for _ in range(REPEATS)) / 1000


def of_grids() -> tuple[list[str], int]:
    """Rows of a grid in so many parts, and bytes of the halo where it is in most."""
    automaton, state, key = published(), living(SIDE), jax.random.key(0)
    whole = seconds(lambda: rollout(automaton, state, 1, key=key))
    rows, halo = [_row("grid", "whole", whole, 1.0, 0, 0)], 0
    for part in PARTS:
        split = Split.over(automaton, part)
        placed = split.placed(state)
        halo = sent(jax.jit(split.step).lower(placed, key).compile(), "collective-permute")
        took = seconds(partial(rollout, split, placed, 1, key=key))
        rows.append(_row("grid", f"{part.down}x{part.across}", took, took / whole, halo, 0))
    return rows, halo


def of_backpropagation() -> str:
    """A step of backpropagation through time on the same grid, in as many parts: forth and back."""
    split, key = Split.over(published(), PARTS[-1]), jax.random.key(0)
    state = split.placed(living(SIDE))

    def loss(automaton: NCA, state: Float[Array, "H W C"]) -> Float[Array, ""]:
        return jnp.mean(jnp.square(rollout(Split(automaton, split.mesh), state, 2, key=key)[..., :4]))

    compiled = jax.jit(jax.grad(loss)).lower(split.automaton, state).compile()
    halo, gradients = (sent(compiled, kind) for kind in ("collective-permute", "all-reduce"))
    # What is summed of the first state's own derivative is thrown away, and counted by nobody.
    gradients -= state.nbytes // DEVICES
    return _row("grid, backpropagation through time", "4x2", None, None, halo, gradients)


def of_training() -> list[str]:
    """A round of training, its states and cells shared."""
    creature = Creature.for_target("🦎", 40)
    plan, key = creature.plan(), jax.random.key(0)
    one = LocalTrainer(plan, creature.training_bodies())
    rows, alone = [], 0.0
    for number in (1, 2, DEVICES):
        trainer = one if number == 1 else one.over(mesh_of(Part(states=number)))
        state, found = trainer.begin(key=key), []
        for _ in range(REPEATS + 1):
            began = time.perf_counter()
            state, figures = trainer.round(state, 0.01, key=key)
            figures.loss.block_until_ready()
            found.append(time.perf_counter() - began)
        took = median(found[1:])
        alone = alone or took
        lowered = train_round.lower(state, trainer.bodies, jnp.float32(0.01), plan, mesh=trainer.mesh, key=key)
        compiled = lowered.compile()
        gathered = sent(compiled, "all-gather") // number  # each gives its share
        gradients = plan.recipe.updates_per_round * sent(compiled, "all-reduce")
        rows.append(_row("round of training, 40 cells", f"{number} devices", took, took / alone, gathered, gradients))
    return rows


def _row(what: str, parts: str, took: float | None, ratio: float | None, halo: int, gradients: int) -> str:
    time_taken = "" if took is None else f"{1e3 * took:.0f} ms"
    beside = "" if ratio is None else f"{ratio:.2f}"
    return f"| {what} | {parts} | {time_taken} | {beside} | {halo / 1e3:.1f} kB | {gradients / 1e3:.1f} kB |"


def for_many(halo: int) -> str:
    """What 1,000 devices would need, each with as much of a grid as one had here."""
    cells = SIDE * SIDE
    # A part of the grid in 4x2 sends two rows and two columns; so does a square of any side.
    part = PARTS[-1]
    a_cell = halo / (2 * (SIDE / part.down + SIDE / part.across))
    sent_by_each = 4 * SIDE * a_cell
    flops = FLOPS_A_CELL * cells
    memory = 2 * 4 * CHANNELS * cells
    needed = sent_by_each * FAST / flops
    return (
        f"{MANY:,} devices with {SIDE}x{SIDE} cells each, {MANY * cells / 1e9:.1f} billion cells: a device sends "
        f"{sent_by_each / 1e3:.0f} kB in a step, in which it does {flops / 1e9:.1f} billion products and sums: "
        f"{flops / sent_by_each:,.0f} for each byte sent, {flops / memory:.0f} for each byte of its state that is read "
        f"or written. Where it does {FAST:.0e} a second, a step takes {1e3 * flops / FAST:.2f} ms, and the network "
        f"must bring {needed / 1e9:.1f} GB/s to each device to keep up."
    )


def of_large() -> list[str]:
    """One step of a grid that fills the memory of this machine."""
    automaton = published()

    @jax.jit
    def begin() -> Any:
        rows = jax.random.uniform(jax.random.key(1), (LARGE // 64, LARGE, CHANNELS), jnp.bfloat16, 0.2, 1.0)
        return automaton.encode(jnp.tile(rows, (64, 1, 1)))

    @partial(jax.jit, donate_argnums=0)
    def step(code: Any, key: Array) -> Any:
        return automaton.step_encoded(code, key)

    code, key = begin(), jax.random.key(0)
    compiled = step.lower(code, key).compile()
    seconds = timed(lambda: compiled(code, key))() / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cells = LARGE * LARGE
    return [
        "| grid | state | seconds a step | cells a second | peak memory |",
        "|---|---|---|---|---|",
        f"| {LARGE:,}x{LARGE:,}, all alive | {CHANNELS} channels, bfloat16, {2 * CHANNELS * cells / 1e9:.1f} GB "
        f"| {seconds:.0f} | {cells / seconds / 1e6:.2f} M | {peak:.1f} GiB |",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="one step of a grid that fills the memory, printed alone")
    parser.add_argument("--write", action="store_true", help="rewrite the table in scripts/README.md")
    options = parser.parse_args()
    keep_memory()
    if options.large:
        lines = of_large()
        print("\n".join(lines), flush=True)
        if options.write:
            publish("large grid", lines, "study_scaling.py --large --write")
        return
    jax.config.update("jax_num_cpu_devices", DEVICES)  # before it computes anything
    grids, halo = of_grids()
    head = "| what | in parts | a step or round | ratio | halo or states sent | gradients summed |"
    rows = [*grids, of_backpropagation(), *of_training()]
    lines = [head, "|---" * 6 + "|", *rows, "", for_many(halo)]
    print("\n".join(lines), flush=True)
    if options.write:
        publish("scaling", lines, "study_scaling.py --write")


if __name__ == "__main__":
    main()
