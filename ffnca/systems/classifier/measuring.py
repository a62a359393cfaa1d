"""How well cells classify: each by itself, by majority, all agreed; and after a figure became another."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ffnca.automata.base import rollout
from ffnca.automata.classifier import NONE, UNDECIDED, Classifier
from ffnca.systems.classifier.cells import brightness
from ffnca.systems.classifier.images import Labelled

STEPS = (80, 200, 1000)
BATCH = 50
TESTED = 500
"""Images that `ffnca eval` looks at."""


class Said(NamedTuple):
    """What the cells of images say.

    Attributes:
        cells: Living cells, and how many of them are right.
        majority: Images of which most cells are right.
        agreed: Images of which all cells say the same.
        images: How many.
    """

    cells: tuple[int, int]
    majority: int
    agreed: int
    images: int

    def __add__(self, other: "Said") -> "Said":  # type: ignore[override]
        """Both."""
        cells = (self.cells[0] + other.cells[0], self.cells[1] + other.cells[1])
        counts = (one + more for one, more in zip(self[1:], other[1:], strict=True))
        return Said(cells, *counts)

    def shares(self) -> dict[str, float]:
        """Of cells, of majorities that are right, of images that are agreed."""
        return {
            "cells": self.cells[1] / self.cells[0],
            "majority": self.majority / self.images,
            "agreed": self.agreed / self.images,
        }


def said(labels: np.ndarray, true: np.ndarray) -> Said:
    """Count what cells say.

    Args:
        labels: (image, H, W), as `Classifier.label` gives them.
        true: Label of each image.
    """
    cells, right, majority, agreed = 0, 0, 0, 0
    for image, label in zip(labels, true, strict=True):
        counts = np.bincount(image[image > NONE] - UNDECIDED, minlength=int(label) - UNDECIDED + 1)
        cells, right = cells + int(counts.sum()), right + int(counts[label - UNDECIDED])
        majority += int(counts.argmax() == label - UNDECIDED)
        agreed += int(counts.max() == counts.sum())
    return Said((cells, right), majority, agreed, len(true))


NOTHING = Said((0, 0), 0, 0, 0)


def classified(automaton: Classifier, images: Labelled, steps: tuple[int, ...] = STEPS) -> dict[str, dict[str, float]]:
    """Shares of `Said` by step, and so many steps after each image became the one after it in a batch.

    Args:
        automaton: The rule.
        images: To classify.
        steps: In ascending order.

    Returns:
        `at_N` and `edited_N` for each number of steps; what is edited was run for the middle of them before.
    """
    found = {f"{when}_{step}": NOTHING for when in ("at", "edited") for step in steps}
    middle = steps[len(steps) // 2]
    for start in range(0, len(images.labels), BATCH):
        part = images[slice(start, start + BATCH)]
        other = Labelled(np.roll(part.images, 1, 0), np.roll(part.labels, 1))
        states = _at(automaton, automaton.started(brightness(part.images)), steps)
        edited = edited_into(states[middle], brightness(other.images))
        for when, true, run in (("at", part.labels, states), ("edited", other.labels, _at(automaton, edited, steps))):
            for step, state in run.items():
                found[f"{when}_{step}"] += said(np.asarray(automaton.label(state)), true)
    return {name: one.shares() for name, one in found.items()}


def edited_into(state: jax.Array, bright: np.ndarray) -> jax.Array:
    """The same cells, of another brightness."""
    return jnp.concatenate([jnp.asarray(bright)[..., None], state[..., 1:]], -1)


def _at(automaton: Classifier, state: jax.Array, steps: tuple[int, ...]) -> dict[int, jax.Array]:
    states, before = {}, 0
    for step in steps:
        state = rollout(automaton, state, step - before, key=jax.random.key(0), first_step=before)
        states[step], before = state, step
    return states


def evaluate(automaton: Classifier, tested: Labelled) -> dict[str, Any]:
    """The table of `ffnca eval`, of the first images of the test set."""
    tested = tested[slice(0, TESTED)]
    return {"images": len(tested.labels)} | classified(automaton, tested)
