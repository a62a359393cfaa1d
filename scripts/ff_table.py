"""The study of the Forward-Forward family: every method, digits and MNIST, three seeds; prints and writes its table.

    python scripts/ff_table.py RESULTS.jsonl --data mnist:FOLDER [--write]

Each run is a line of RESULTS.jsonl as `ff_images.py --json` prints it, with its seed; runs that are there already are
not run again. A run has a process of its own; leave it the machine, since seconds are measured.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ff_methods import METHODS
from report import IMAGES, completed, publish_rows

SEEDS = (0, 1, 2)
QUICK = "symba --quick"
ROWS = (*METHODS, QUICK)
ANCHORS = {
    "ff": "98.64, Hinton 2022 (4x2000)",
    "symba": "98.58, Lee and Song 2023",
    "scff": "98.7, Chen et al. 2025 (2x2000)",
    "hybrid": "98.63, Hinton 2022 (4x2000)",
}
"""Published MNIST test accuracy of plain multi-layer networks, in per cent."""


def planned(names: Sequence[str]) -> list[dict[str, Any]]:
    """What is to be run: name, data and seed."""
    rows = [*((name, "digits") for name in METHODS), *((name, "mnist") for name in ROWS)]
    return [{"name": name, "data": data, "seed": seed} for seed in SEEDS for name, data in rows if name in names]


def run(which: dict[str, Any], mnist: str) -> dict[str, Any]:
    """One run in a process of its own, as `ff_images.py --json` prints it."""
    script = Path(__file__).with_name("ff_images.py")
    data = mnist if which["data"] == "mnist" else which["data"]
    options = ["--method", *which["name"].split(" "), "--data", data, "--seed", str(which["seed"]), "--json"]
    command = [sys.executable, str(script), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def table(found: list[dict[str, Any]], names: Sequence[str]) -> list[str]:
    """Rows of means over seeds."""
    lines = [
        "| method | digits | MNIST | of each layer | seconds | parameters | dead units | published |",
        "|---" * 8 + "|",
    ]
    for name in names:
        small = [line["test_accuracy"] for line in found if (line["name"], line["data"]) == (name, "digits")]
        large = [line for line in found if (line["name"], line["data"]) == (name, "mnist")]
        layers = np.mean([line["layer_accuracy"] for line in large], 0) if large else []
        accuracies = _percent(small), _percent([line["test_accuracy"] for line in large])
        each = ", ".join(f"{100 * share:.2f}" for share in layers) or "-"
        seconds, dead = (np.mean([line[key] for line in large]) for key in ("train_seconds", "dead_fraction"))
        cells = (name, *accuracies, each, f"{seconds:.0f}", f"{large[0]['params'] / 1e6:.2f} M", f"{100 * dead:.0f} %")
        lines.append("| " + " | ".join((*cells, ANCHORS.get(name, "-"))) + " |")
    return lines


def _percent(shares: list[float]) -> str:
    return f"{100 * np.mean(shares):.2f} ± {100 * np.std(shares):.2f}" if shares else "-"


def main() -> None:
    """Run what is missing, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", required=True, help="mnist or mnist:FOLDER")
    parser.add_argument("--only", help="rows to run and show, separated by commas")
    parser.add_argument("--write", action="store_true", help="rewrite these rows of ffnca/ff/README.md")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else ROWS
    found = completed(arguments.results, planned(names), partial(run, mnist=arguments.data), show="test_accuracy")
    lines = table(found, names)
    print(*lines, sep="\n")
    if arguments.write:
        publish_rows("ff table", lines, "ff_table.py RESULTS.jsonl --data mnist:FOLDER --write", document=IMAGES)


if __name__ == "__main__":
    main()
