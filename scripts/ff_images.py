"""Train one Forward-Forward method on images and print its figures.

    python scripts/ff_images.py --method symba --data mnist:FOLDER [--epochs 20] [--layers 2x1000] [--seed 0] [--json]

Data: `digits` comes with scikit-learn; `mnist:FOLDER` reads the four IDX files; `mnist` is fetched by scikit-learn.
MNIST images are moved by up to one pixel while training (turned and stretched too under the readout of `scff`).
Settings were chosen on the validation set; the last epoch counts, and the test set is looked at once.
`--quick` is 2x500 for 5 epochs. Of the epochs of `scff` and `hybrid`, which learn without labels, one in five trains
the network and the others train a linear readout of all its layers.
"""

import argparse
import json
import re
import sys
from dataclasses import asdict

from ff_data import load_split
from ff_methods import METHODS, train_method

from ffnca.allocation import keep_memory
from ffnca.errors import InputError

MAX_LAYERS, MAX_WIDTH, MAX_EPOCHS = 64, 8192, 10_000
QUICK = ("2x500", 5)


def parsed_layers(text: str) -> tuple[int, ...]:
    """Widths from `2x2000`.

    Raises:
        InputError: If it is not of that form or too large.
    """
    match = re.fullmatch(r"(\d{1,4})x(\d{1,6})", text)
    count, width = (int(part) for part in match.groups()) if match else (0, 0)
    if not (1 <= count <= MAX_LAYERS and 1 <= width <= MAX_WIDTH):
        raise InputError(f"--layers {text!r}: allowed is COUNTxWIDTH, 1 to {MAX_LAYERS} of 1 to {MAX_WIDTH} units")
    return (width,) * count


def check_run(epochs: int, seed: int) -> None:
    """Refuse what no run can use.

    Raises:
        InputError: If the epochs or the seed are out of range.
    """
    if not 1 <= epochs <= MAX_EPOCHS:
        raise InputError(f"--epochs {epochs}: allowed are 1 to {MAX_EPOCHS}")
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed {seed}: allowed are 0 to 4294967295")


def run(arguments: argparse.Namespace) -> dict:
    """One run's figures.

    Raises:
        InputError: If an argument or the data cannot be used.
    """
    if arguments.method not in METHODS:
        raise InputError(f"--method {arguments.method!r}: allowed are {', '.join(METHODS)}")
    layers, epochs = QUICK if arguments.quick else METHODS[arguments.method].defaults(arguments.data)
    epochs = arguments.epochs if arguments.epochs is not None else epochs
    check_run(epochs, arguments.seed)
    widths = parsed_layers(arguments.layers or layers)
    split = load_split(arguments.data)

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    outcome, _ = train_method(arguments.method, split, widths, epochs, arguments.seed, report)
    return {"method": arguments.method, "data": arguments.data.partition(":")[0], **asdict(outcome)}


def main() -> None:
    """Parse, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", required=True)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    keep_memory()
    try:
        figures = run(arguments)
    except (InputError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    print(json.dumps(figures) if arguments.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
