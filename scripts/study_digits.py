"""Digits that classify themselves: cells, majorities and whole figures that are right, over test images.

    python scripts/study_digits.py [RULE] --images FOLDER [--count 1000] [--write]

RULE is the shipped rule unless another is named; FOLDER holds the four IDX files of MNIST. *Cells*: living cells that
say the true label, of all. *Majority*: images of which most cells say it. *Agreed*: images of which all cells say the
same, whatever it is. *Edited*: after 200 steps each image became another of the test set, under the state that was
there; steps count from then. These are of the first COUNT images; beside them, in how many of all test images the label
of the highest mean vote, which the cells come to agree on, is right. An image in several pieces, which share no
neighbours, agrees by chance alone. Nothing was chosen by test images.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from report import publish
from scipy.ndimage import label
from scipy.stats import binomtest

from ffnca.allocation import keep_memory
from ffnca.automata.classifier import ALIVE
from ffnca.systems.classifier.cells import brightness, by_mean_vote
from ffnca.systems.classifier.figures import Figures
from ffnca.systems.classifier.images import load_images
from ffnca.systems.classifier.measuring import classified
from ffnca.systems.parameters import named_tensors
from ffnca.world import rule_path_for

PUBLISHED = (
    "| cross-entropy, published | under 25,000 | 80 | 96.2 | | 77.9 |",
    "| cross-entropy, published | under 25,000 | 200 | 95.3 | | 66.2 |",
    "| squared error and noise, published | under 25,000 | 200 | 95.3 | | 88 |",
)
"""Randazzo et al. (2020), Distill: trained by backpropagation through time."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rule", type=Path, nargs="?", default=rule_path_for("digits"))
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="rewrite the table")
    options = parser.parse_args()
    keep_memory()
    automaton = Figures.load(options.rule).automaton
    every = load_images(str(options.images), Path()).tested
    tested = every[slice(0, options.count)]
    params = sum(tensor.size for tensor in named_tensors(automaton).values())
    lines = ["| rule | parameters | steps | cells, % | majority, % | agreed, % |", "|---|---|---|---|---|---|"]
    for name, shares in classified(automaton, tested).items():
        when, steps = name.split("_")
        figures = " | ".join(f"{100 * shares[key]:.1f}" for key in ("cells", "majority", "agreed"))
        rule = "votes" if when == "at" else "votes, edited"
        lines.append(f"| {rule} | {params:,} | {steps} | {figures} |")
    labelled: Any = [label(one > ALIVE, np.ones((3, 3))) for one in brightness(tested.images)]
    pieces = [number for _, number in labelled]
    right = int(np.sum(by_mean_vote(automaton.layers, every.images) == every.labels))
    low, high = binomtest(right, len(every.labels)).proportion_ci(method="wilson")
    parted, interval = 100 * np.mean(np.array(pieces) > 1), f"{100 * low:.1f} to {100 * high:.1f}%"
    told = (
        f"The first {len(tested.labels):,} test images; {parted:.1f}% of them are in several pieces. The highest mean "
        f"vote is right in {right:,} of all {len(every.labels):,} (95% interval {interval})."
    )
    print(*lines, *PUBLISHED, "", told, sep="\n")
    if options.write:
        publish(
            "digits", [*lines, *PUBLISHED, "", told], f"study_digits.py --images mnist --count {options.count} --write"
        )


if __name__ == "__main__":
    main()
