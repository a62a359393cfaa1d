"""A certificate of stability for every creature that ships: its error at great ages, and whether it rests or wanders.

    python scripts/long_table.py RESULTS.jsonl [NAME ...] [--steps 1000000] [--write]

The figures of `ffnca eval NAME --long --size HxW --json`, on a grid that leaves at least `MARGIN` cells on each side of
the picture and whose sides are multiples of `UNIT`, so that creatures share compiled code. Runs are kept as lines of a
file; of each creature the longest is shown. A million steps take minutes each.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from report import ROOT, completed, publish, recorded

from ffnca.allocation import keep_memory
from ffnca.evaluating import certify_world
from ffnca.opening import opened
from ffnca.stability import AGES
from ffnca.systems.base import Request
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.world import rule_path_for, shipped_worlds
from ffnca.world_file import load_world

MARGIN, UNIT = 4, 16
KEPT = ROOT / "scripts" / "results" / "long.jsonl"
"""The runs that are printed."""
MOVED = ("moved", "cells that moved", "colours moved, of 255")


def named_targets(name: str) -> list[str | None]:
    """The targets of a world that names several, else a single None."""
    world = load_world(shipped_worlds()[name])
    return list(world.targets) if isinstance(world, GrowthWorld) and world.targets else [None]


def creatures() -> list[tuple[str, str | None]]:
    """Every shipped creature: its world, and its target where that names several."""
    names = [name for name, path in shipped_worlds().items() if isinstance(load_world(path), GrowthWorld)]
    trained = [name for name in names if rule_path_for(name).exists()]
    return [(name, which) for name in trained for which in named_targets(name)]


def certificate(which: dict[str, Any]) -> dict[str, Any]:
    """The table of one creature, and the seconds that it took."""
    request = Request(which["creature"], which=which["target"], seed=which["seed"])
    target = opened(request).target
    assert target is not None, "a creature has a target"
    height, width = (-(-(side + 2 * MARGIN) // UNIT) * UNIT for side in target.picture.shape[:2])
    began = time.perf_counter()
    table = certify_world(Request(request.text, (height, width), request.seed, request.which), which["steps"]).table
    return table | {"seconds": round(time.perf_counter() - began, 1)}


def shown_name(name: str, which: str | None) -> str:
    """A creature as it is printed: its world, and the option that chooses its target."""
    return f"{name} --which {which}" if which else name


def longest_of(runs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The longest run of each creature, by the name that is printed."""
    in_order = sorted(runs, key=lambda run: run["steps"])
    return {shown_name(run["creature"], run["target"]): run for run in in_order}


def table(runs: list[dict[str, Any]]) -> list[str]:
    """A row for each creature, of its longest run."""
    head = ["creature", "grid", *(f"T={age:,}" for age in AGES), "state", "largest change", *MOVED]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, run in sorted(longest_of(runs).items()):
        errors = [run["rel_mse"].get(str(age)) for age in AGES]
        figures = ["not run" if error is None else f"{error:.6f}" for error in errors]
        state = f"{run['state']}{', exact' if run['exact'] else ''}"
        moved = run["moved"] or {"most": 0.0, "cells": 0, "drawn": 0}
        cells = [name, "x".join(map(str, run["grid"])), *figures, state, f"{run['largest_change']:.1e}"]
        cells += [f"{moved['most']:.1e}", str(moved["cells"]), str(moved["drawn"])]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Run what is missing, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("names", nargs="*", help="all creatures if none is given")
    parser.add_argument("--steps", type=int, default=AGES[-1])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    keep_memory()
    wanted = [
        {"creature": name, "target": target, "seed": options.seed, "steps": options.steps}
        for name, target in creatures()
        if not options.names or name in options.names
    ]
    completed(options.results, wanted, certificate, show="state")
    lines = table(recorded(options.results))
    print(*lines, sep="\n")
    if options.write:
        publish("long table", lines, "long_table.py RESULTS.jsonl --write")


if __name__ == "__main__":
    main()
