"""Times the classic worlds beside CAX, in one run, in turn.

    python scripts/bench_worlds.py [ROW...] [--cax PYTHON] [--repeats 9] [--write]

PYTHON is the interpreter of an environment of its own in which `pip install cax` has been done. CAX 0.4 needs Python
3.12; of 0.3, Life and Lenia are timed. Without it, or where its version lacks a world, only ours is timed. Both start
from the same numbers and run the same number of steps as one compiled loop; the table has medians, and cells a second:
the cells of the grid for each step, of the row for an elementary automaton, the ant's own cell for an ant. Where they
end with another sum of states, that is told.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from report import publish_rows

from ffnca.allocation import keep_memory
from ffnca.automata.base import Automaton, rollout
from ffnca.bench.steps import living, published
from ffnca.simulation import Simulation
from ffnca.systems.base import Request
from ffnca.systems.registry import kinds, system_of
from ffnca.systems.world_settings import build_world
from ffnca.world import shipped_worlds
from ffnca.world_file import load_world

DRIVER = Path(__file__).parent / "cax_driver.py"


class Row(NamedTuple):
    """A world that is timed.

    Attributes:
        kind: Of the world; where it is not there, the row is left out. Of several names the first that is there.
        tables: Of its world file besides kind, title and grid; None for the first world of the kind that ships.
        size: Height and width of the grid.
        steps: In a run.
        system: CAX's, as `cax_driver.py` calls it.
        begin: The state to start with, of a simulation and a generator of numbers; None for its own.
        cells: That a step changes; all of the grid if None.
        radius: Of Lenia's kernel.
        made: Our automaton and where it starts, for a grid of this side; where it is no world file's.
    """

    kind: tuple[str, ...]
    tables: dict[str, Any] | None
    size: tuple[int, int]
    steps: int
    system: str
    begin: Callable[[tuple[int, int], np.random.Generator], np.ndarray] | None = None
    cells: int | None = None
    radius: int = 0
    made: Callable[[int], tuple[Automaton, Array]] | None = None


def _bits(size: tuple[int, int], draw: np.random.Generator) -> np.ndarray:
    return draw.random(size) < 0.5


def _first_row(size: tuple[int, int], draw: np.random.Generator) -> np.ndarray:
    """A sheet whose first row is filled, and marked as the newest."""
    sheet = np.zeros((*size, 2))
    sheet[0, :, 0], sheet[0, :, 1] = _bits(size, draw)[0], 1
    return sheet


def _grains(size: tuple[int, int], draw: np.random.Generator) -> np.ndarray:
    return draw.integers(0, 8, size)


def _levels(size: tuple[int, int], draw: np.random.Generator) -> np.ndarray:
    return draw.random(size)


def _lenia(radius: int, side: int, steps: int) -> Row:
    rule = {"radius": radius, "kernel": "exponential", "growth": "exponential"}
    return Row(("lenia",), {"rule": rule}, (side, side), steps, "lenia", _levels, radius=radius)


def _life(side: int, steps: int) -> Row:
    return Row(("life",), {"rule": {"notation": "B3/S23"}}, (side, side), steps, "life", _bits)


def _nca(side: int, steps: int) -> Row:
    """The 48 -> 128 -> 16 rule, every cell alive; both with weights that change little."""
    return Row((), None, (side, side), steps, "nca", made=lambda side: (published(), living(side)))


ROWS = {
    "NCA 48-128-16, 72x72": _nca(72, 50),
    "NCA 48-128-16, 256x256": _nca(256, 5),
    "NCA 48-128-16, 1024x1024": _nca(1024, 1),
    "Life, 2048x2048": _life(2048, 128),
    "Life, 512x512": _life(512, 200),
    "elementary rule 30, 1024 cells": Row(
        ("elementary",), {"rule": {"number": 30}}, (1024, 1024), 1023, "elementary", _first_row, cells=1024
    ),
    "sandpile, 512x512": Row(("sandpile",), {}, (512, 512), 100, "sandpile", _grains),
    "Langton's ant, 512x512": Row(("ant", "langton", "turmite"), None, (512, 512), 5000, "ant", cells=1),
    "Lenia, R = 13, 128x128": _lenia(13, 128, 200),
    "Lenia, R = 13, 512x512": _lenia(13, 512, 20),
    "Lenia, R = 40, 512x512": _lenia(40, 512, 20),
}


class Cax:
    """CAX in another environment, or nothing."""

    def __init__(self, python: str | None) -> None:
        """Start it, if there is one."""
        self.process, self.version = None, ""
        if python is None:
            _note("no --cax: only ours is timed")
            return
        process = subprocess.Popen(
            [python, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            process.communicate()
            _note(f"{python}: has no cax that runs; only ours is timed")
            return
        self.process, self.version = process, "CAX {cax}".format_map(json.loads(said))

    def timed(self, row: Row) -> dict[str, Any]:
        """Seconds of a run and the sum of its last state; or an error."""
        if self.process is None or self.process.stdin is None or self.process.stdout is None:
            return {"error": ""}
        asked = {"system": row.system, "size": row.size, "steps": row.steps, "radius": row.radius}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "it stopped"}')

    def close(self) -> None:
        """Let it end."""
        if self.process is not None:
            self.process.communicate()


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def begun(row: Row) -> tuple[Automaton, Array] | None:
    """Our automaton of a row and where it starts; None where its kind is not there."""
    if row.made is not None:
        return row.made(row.size[0])
    simulation = opened(row)
    return None if simulation is None else (simulation.automaton, state_of(row, simulation))


def opened(row: Row) -> Simulation | None:
    """Our world of a row; None where its kind is not there."""
    kind = next((kind for kind in row.kind if kind in kinds()), None)
    if kind is None:
        return None
    system = system_of(kind)
    if row.tables is None:
        path = next(path for path in shipped_worlds().values() if load_world(path).kind == kind)
        return system.open(load_world(path), Request(path.stem, row.size), path)
    side = min(*row.size, 1024)  # a rule of counts is the same on any grid; a world's grid has a limit
    size = row.size if max(row.size) <= side else (side, side)
    world = build_world({"kind": kind, "title": kind, "grid": {"size": list(size)}} | row.tables, kind)
    return system.open(world, Request(kind), Path(kind))


def state_of(row: Row, simulation: Simulation) -> Array:
    """Where ours starts."""
    if row.begin is None:
        return simulation.start
    begun = row.begin(row.size, np.random.default_rng(0))
    return jnp.asarray(begun if begun.ndim == 3 else begun[..., None], jnp.float32)


def measured(name: str, row: Row, cax: Cax, repeats: int) -> str | None:
    """A line of the table; None where we have no such world."""
    ours_begun = begun(row)
    if ours_begun is None:
        _note(f"{name}: no kind {' or '.join(row.kind)} here; left out")
        return None
    automaton, state = ours_begun

    def run() -> Array:
        return rollout(automaton, state, row.steps, key=jax.random.key(0)).block_until_ready()

    total, theirs, ours = float(run()[..., 0].sum()), cax.timed(row), []
    taken: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        ours.append(time.perf_counter() - began)
        if "seconds" in theirs:
            taken.append(cax.timed(row)["seconds"])
    cells = row.steps * (row.cells or row.size[0] * row.size[1])
    rate = cells / float(np.median(ours))
    if not taken:
        if theirs["error"]:
            _note(f"{name}: {cax.version}: {theirs['error']}")
        return f"| {name} | {_rate(rate)} | | |"
    if row.system not in ("elementary", "ant", "nca") and abs(theirs["sum"] - total) > 1e-3 * abs(total):
        _note(f"{name}: ends with {total:g}, CAX with {theirs['sum']:g}")
    other = cells / float(np.median(taken))
    return f"| {name} | {_rate(rate)} | {_rate(other)} | {rate / other:.2g} |"


def _rate(number: float) -> str:
    return f"{number / 1e6:,.3g} M" if number < 1e9 else f"{number / 1e9:,.3g} G"


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="only rows whose names contain one of these")
    parser.add_argument("--cax", metavar="PYTHON", help="interpreter of an environment with cax")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="rewrite these rows of the table in scripts/README.md")
    options = parser.parse_args()
    keep_memory()
    cax = Cax(options.cax)
    if options.write and not cax.version:
        parser.error("--write needs --cax with a cax that runs; allowed without it: to print")
    lines = [f"| world | ours, cells/s | {cax.version or 'CAX'}, cells/s | ratio |", "|---|---|---|---|"]
    print(*lines, sep="\n", flush=True)
    for name, row in ROWS.items():
        if options.rows and not any(part.lower() in name.lower() for part in options.rows):
            continue
        line = measured(name, row, cax, options.repeats)
        if line is not None:
            lines.append(line)
            print(line, flush=True)
    cax.close()
    if options.write:
        publish_rows("worlds beside CAX", lines, "bench_worlds.py --cax PYTHON --write")


if __name__ == "__main__":
    main()
