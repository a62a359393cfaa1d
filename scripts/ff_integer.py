"""Train the integer Forward-Forward network, and the float one beside it, and print the figures of both.

    python scripts/ff_integer.py --data mnist:FOLDER [--layers 2x500] [--epochs 10] [--seed 0] [--json]

The integer network has int8 weights and activities and int32 sums, in training and in prediction; the float one has
the same widths and learns by the closed-form update with Adam. Data: `digits` comes with scikit-learn; `mnist:FOLDER`
reads the four IDX files. MNIST is moved by up to one pixel while training. A validation set chooses the epoch of each
network; the test set is looked at once. `--write` runs digits for seeds 0, 1 and 2 and this data for one, and
rewrites the table of ffnca/ff/README.md.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from ff_data import NUM_LABELS, Split, load_split
from ff_images import check_run, parsed_layers
from ff_methods import LARGE
from report import IMAGES, publish

from ffnca.allocation import keep_memory
from ffnca.errors import InputError
from ffnca.ff.calibration import SYMBA
from ffnca.ff.images.augment import jitter
from ffnca.ff.images.fitting import Batch, FitConfig, fit, unit_range
from ffnca.ff.images.integer import MAX_LAYERS
from ffnca.ff.images.integer_network import IntegerFitConfig, IntegerNetwork, fit_integer
from ffnca.ff.images.local import hebbian_gradient
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.schedules import Simultaneous

DEFAULTS = {"digits": 60, "mnist": 10}
MANY = 10_000
"""Images from which batches are larger."""
ADAM_COPIES = 3
"""Floats a weight that training keeps: the weight and two moments."""


def share_right(predict: Callable[[Any, Any], Any], network: Any, samples: Batch, batch_size: int = 1000) -> float:
    """Share of right predictions, batch by batch."""
    right = 0
    for start in range(0, len(samples.images), batch_size):
        part = slice(start, start + batch_size)
        right += int(np.sum(np.asarray(predict(network, samples.images[part]) == samples.labels[part])))
    return right / len(samples.images)


def chosen(name: str, epochs: Iterator[Any], predict: Callable[[Any, Any], Any], split: Split) -> dict[str, Any]:
    """Train, choose the epoch by the validation set, and measure once on the test set.

    Args:
        name: For the progress on stderr.
        epochs: From `fit` or `fit_integer`.
        predict: From a network and bytes to labels.
        split: The images.
    """
    compiled, best, seconds = jax.jit(predict), (None, 0, -1.0), 0.0
    while True:
        begun = time.perf_counter()
        epoch = jax.block_until_ready(next(epochs, None))
        seconds += time.perf_counter() - begun
        if epoch is None:
            break
        found = share_right(compiled, epoch.network, split.validation)
        best = (epoch.network, epoch.number, found) if found >= best[2] else best
        print(f"{name} epoch {epoch.number}: validation {found:.4f}, {seconds:.0f} s", file=sys.stderr, flush=True)
    num_bytes = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(best[0]))
    return {
        "epoch": best[1],
        "validation_accuracy": best[2],
        "test_accuracy": share_right(compiled, best[0], split.test),
        "weight_bytes": num_bytes,
        "training_bytes": num_bytes,
        "train_seconds": round(seconds, 1),
    }


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """One run's figures.

    Raises:
        InputError: If an argument or the data cannot be used.
    """
    name = arguments.data.partition(":")[0]
    epochs = arguments.epochs if arguments.epochs is not None else DEFAULTS.get(name, 1)
    check_run(epochs, arguments.seed)
    widths = parsed_layers(arguments.layers)
    if len(widths) > MAX_LAYERS:
        raise InputError(f"--layers {arguments.layers!r}: allowed are 1 to {MAX_LAYERS} layers of integers")
    split = load_split(arguments.data)
    many, num_inputs = len(split.train.images) > MANY, int(np.prod(split.train.images.shape[1:]))
    augment = jitter if num_inputs >= LARGE else None
    init_key, fit_key = jax.random.split(jax.random.key(arguments.seed))

    integer = IntegerNetwork.create(num_inputs, widths, NUM_LABELS, key=init_key, overwrite=True)
    config = IntegerFitConfig(epochs, 100 if many else 20)
    integer_epochs = fit_integer(integer, split.train, config, key=fit_key, augment=augment)
    integer_figures = chosen("integer", integer_epochs, IntegerNetwork.predict, split)

    preset = replace(SYMBA, sharpness=10.0)
    network = FFNetwork.create(num_inputs, widths, NUM_LABELS, key=init_key, calibration=preset, overwrite=True)
    closed_form = Simultaneous(hebbian_gradient)
    config = FitConfig(epochs, 200 if many else 50)
    float_epochs = fit(network, split.train, config, key=fit_key, schedule=closed_form, augment=augment)
    float_figures = chosen("float", float_epochs, lambda own, images: own.predict(unit_range(images)), split)
    float_figures["training_bytes"] *= ADAM_COPIES
    run_of = {"data": name, "layers": arguments.layers, "epochs": epochs, "seed": arguments.seed}
    return {**run_of, "integer": integer_figures, "float": float_figures}


def lines(figures: dict[str, Any], indent: str = "") -> str:
    """The figures for a reader."""
    parts = [
        f"{indent}{name}:\n{lines(value, indent + '  ')}" if isinstance(value, dict) else f"{indent}{name}: {value}"
        for name, value in figures.items()
    ]
    return "\n".join(parts)


def table(runs: list[dict[str, Any]]) -> list[str]:
    """Means over the seeds of each kind of data."""
    lines = ["| data, epochs, seeds | arithmetic | test accuracy | bytes while learning | seconds |", "|---" * 5 + "|"]
    for name in dict.fromkeys(run["data"] for run in runs):
        own = [run for run in runs if run["data"] == name]
        for kind in ("integer", "float"):
            share, seconds = (np.mean([run[kind][key] for run in own]) for key in ("test_accuracy", "train_seconds"))
            kept, what = own[0][kind]["training_bytes"], f"{name}, {own[0]['epochs']}, {len(own)}"
            lines.append(f"| {what} | {kind} | {100 * share:.2f} % | {kept:,} | {seconds:.0f} |")
    return lines


def main() -> None:
    """Parse, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--layers", default="2x500")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    keep_memory()
    try:
        if arguments.write:
            kinds = [*(("digits", seed) for seed in (0, 1, 2)), (arguments.data, arguments.seed)]
            runs = [run(argparse.Namespace(**{**vars(arguments), "data": data, "seed": seed})) for data, seed in kinds]
            publish("ff integer", table(runs), "ff_integer.py --data mnist:FOLDER --write", document=IMAGES)
            return
        figures = run(arguments)
    except (InputError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    print(json.dumps(figures) if arguments.json else lines(figures))


if __name__ == "__main__":
    main()
