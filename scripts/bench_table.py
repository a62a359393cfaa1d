"""The figures of `ffnca bench` as a table: measured here and now, or kept as JSON on this machine or another.

    python scripts/bench_table.py [BENCH.json] [--block NAME] [--write]

BENCH.json is what `ffnca bench --out BENCH.json` wrote; without it, everything is measured, which takes minutes.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from report import STUDIES, replace_block

from ffnca.bench.table import Wanted, in_words
from ffnca.bench.writing import benchmark
from ffnca.computing import make_ready

HEADS = ["| measured | | beside | | ratio |", "|---|---|---|---|---|"]


def table(figures: dict[str, Any]) -> list[str]:
    """Lines of the table, then where it was measured."""
    rows = [f"| {' | '.join(in_words(row))} |" for row in figures["rows"] + figures["memory"]]
    printed = f"Measured by `ffnca bench`, printed by `python scripts/bench_table.py`, on {place(figures['machine'])}."
    return [*HEADS, *rows, "", printed]


def place(machine: dict[str, Any]) -> str:
    """One line that says where figures come from."""
    device = "" if machine["device"] == "cpu" else f"{machine['devices']} x {machine['device']}, "
    packages = ", ".join(f"{name} {machine[name]}" for name in ("jax", "flax", "optax", "numpy"))
    cores = f"{machine['cpus']} CPU cores ({machine['processor']})"
    return f"{device}{cores}, Python {machine['python']}, {packages}"


def main() -> None:
    """Measure or read, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kept", nargs="?", type=Path, metavar="BENCH.json", help="figures that were measured before")
    parser.add_argument("--block", default="bench", metavar="NAME", help="of the table in scripts/README.md")
    parser.add_argument("--write", action="store_true", help="rewrite the table")
    options = parser.parse_args()
    if options.kept is None:
        make_ready()
        figures = benchmark(Wanted.chosen())
    else:
        figures = json.loads(options.kept.read_text(encoding="utf-8"))
    lines = table(figures)
    print("\n".join(lines))
    if options.write:
        replace_block(STUDIES, options.block, "\n".join(lines))


if __name__ == "__main__":
    main()
