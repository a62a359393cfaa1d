"""Side by side with a published PyTorch implementation: same images, same layers, same CPU, equal time, one run.

    git clone https://github.com/mpezeshki/pytorch_forward_forward
    pip install torch tqdm
    python scripts/ff_beside_pytorch.py pytorch_forward_forward --data mnist:FOLDER [--epochs 15] [--write]

50,000 images train 784-500-500; all 10,000 test images judge; nothing is chosen, the last epoch counts. An epoch is
one look of every layer at every image. The published script takes one step an epoch, for 1,000 epochs a layer;
here it has as long as the slowest of ours. `--torch-python` names another interpreter that has PyTorch.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ff_data import Split, load_split
from ff_methods import METHODS
from report import IMAGES, publish

from ffnca.allocation import keep_memory
from ffnca.errors import InputError
from ffnca.ff.images.fitting import Batch, FitConfig, accuracy, fit

WIDTHS, NUM_IMAGES = (500, 500), 50_000
OURS = ("ff", "symba", "distance")
PUBLISHED = "93.16"
"""Test accuracy in per cent by its README, after 1,000 epochs a layer (test error 0.0684)."""


def ours(name: str, split: Split, num_epochs: int, seed: int) -> dict[str, Any]:
    """Train one of ours, compilation included in the time."""
    method, begun = METHODS[name], time.perf_counter()
    init_key, fit_key = jax.random.split(jax.random.key(seed))
    network: Any = method.create(784, WIDTHS, key=init_key)
    samples = Batch(*(part[:NUM_IMAGES] for part in split.train))
    for epoch in fit(network, samples, FitConfig(num_epochs), key=fit_key, schedule=method.schedule):
        network = jax.block_until_ready(epoch.network)
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "epochs": num_epochs, "test_accuracy": float(accuracy(network.predict, split.test))}


def theirs(python: str, checkout: Path, split: Split, seconds: float) -> dict[str, Any]:
    """Train theirs for as long, in a process of its own.

    Raises:
        InputError: If it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "images.npz"
        train = (np.asarray(part[:NUM_IMAGES]) for part in split.train)
        names = ("train_images", "train_labels", "test_images", "test_labels")
        np.savez(arrays, **dict(zip(names, (*train, *map(np.asarray, split.test)), strict=True)))
        driver = Path(__file__).with_name("ff_pytorch_driver.py")
        command = [python, str(driver), str(checkout), str(arrays), str(seconds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise InputError(f"{checkout}: did not run with {python}, see above")
    return json.loads(done.stdout.splitlines()[-1])


def compared(arguments: argparse.Namespace) -> list[str]:
    """The table.

    Raises:
        InputError: If the checkout or the data cannot be used.
    """
    if not (arguments.checkout / "main.py").is_file():
        raise InputError(
            f"{arguments.checkout}: has no main.py; wanted is a clone of mpezeshki/pytorch_forward_forward"
        )
    if not arguments.data.startswith("mnist"):
        raise InputError(f"--data {arguments.data!r}: allowed are mnist, mnist:FOLDER")
    split, rows = load_split(arguments.data), {}
    for name in OURS:
        rows[f"ffnca `{name}`"] = ours(name, split, arguments.epochs, arguments.seed)
        print(name, rows[f"ffnca `{name}`"], file=sys.stderr, flush=True)
    longest = max(row["seconds"] for row in rows.values())
    found = theirs(arguments.torch_python, arguments.checkout, split, longest)
    rows["pytorch_forward_forward"] = {**found, "epochs": sum(found["epochs"]) / len(found["epochs"])}
    reference = rows["pytorch_forward_forward"]["epochs"] / rows["pytorch_forward_forward"]["seconds"]
    lines = ["| 784-500-500 | test accuracy | seconds | epochs | epochs a second, against theirs |", "|---" * 5 + "|"]
    for name, row in rows.items():
        rate = row["epochs"] / row["seconds"]
        lines.append(
            f"| {name} | {100 * row['test_accuracy']:.2f} % | {row['seconds']:.0f} | {row['epochs']:.0f} "
            f"| {rate:.2f} ({rate / reference:.2f}x) |"
        )
    published = f"| the same by its README, 1,000 epochs a layer on a GPU | {PUBLISHED} % | not given | 1000 | |"
    return [*lines, published]


def main() -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--write", action="store_true", help="rewrite the table of ffnca/ff/README.md")
    arguments = parser.parse_args()
    keep_memory()
    try:
        lines = compared(arguments)
    except (InputError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    print(*lines, sep="\n")
    if arguments.write:
        publish(
            "ff beside pytorch", lines, "ff_beside_pytorch.py CHECKOUT --data mnist:FOLDER --write", document=IMAGES
        )


if __name__ == "__main__":
    main()
