"""A rule that classifies figures, with some of the figures: trained, saved, loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Self

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8
from pydantic import Field

from ffnca.automata.classifier import Classifier, blank_layers
from ffnca.errors import InputError
from ffnca.render import mosaic
from ffnca.rule_file import StoredRule, provenance_text, rule_bytes
from ffnca.spec import Spec, shown
from ffnca.systems.classifier.images import MAX_SIDE, MIN_SIDE, Split, load_images
from ffnca.systems.classifier.spec import (
    KIND,
    NUM_LABELS,
    OBJECTIVE,
    ClassifierRuleSpec,
    ClassifierSpec,
    ClassifierWorld,
)
from ffnca.systems.classifier.trainer import ClassifierTrainer
from ffnca.systems.parameters import filled, named_tensors
from ffnca.systems.stored import KeptRule, facts_of, parameters_of, read_kind, recalled
from ffnca.systems.trainee import Need
from ffnca.world import GridSpec, Title

SAMPLES = 20
"""Figures that a rule file keeps to start from, as many of each label."""
_NEED = Need(4000, "images of 28 pixels", 0.05, "share of images taken for another")


class ClassifierModel(Spec):
    """A rule file's model: what a step and a picture need."""

    title: Title
    grid: GridSpec
    rule: ClassifierRuleSpec
    images: str = Field(min_length=1, max_length=4096, description="what the images were called")


@dataclass(frozen=True, eq=False)
class Figures(KeptRule):
    """What `ffnca train` trains of this kind; see `ffnca.systems.trainee.Trainee`.

    Attributes:
        world: What is classified, and how.
        folder: Where its images are looked for.
        automaton: Its rule, blank before it has learned.
        kept: Figures to start from, by their labels again and again; None before they are looked at.
        record: Facts of its training.
    """

    world: ClassifierWorld
    folder: Path
    automaton: Classifier
    kept: UInt8[np.ndarray, "sample side side"] | None = None
    record: Mapping[str, float | int | str] = field(default_factory=dict)

    @classmethod
    def untrained(cls, world: ClassifierWorld, folder: Path) -> Self:
        """A blank rule."""
        return cls(world, folder, _blank(world))

    @property
    def minutes(self) -> float:
        """As its world says."""
        return self.world.train.minutes

    @property
    def errors(self) -> dict[str, float]:
        """Measured errors by name."""
        return {"wrong": float(self.record["wrong"])} if "wrong" in self.record else {}

    @property
    def remark(self) -> None:
        """Nothing."""
        return

    @property
    def need(self) -> Need:
        """About how long it has to learn."""
        return _NEED

    @cached_property
    def split(self) -> Split:
        """The images that its world names.

        Raises:
            InputError: If they are not there.
        """
        return load_images(self.world.classifier.images, self.folder)

    @cached_property
    def samples(self) -> UInt8[np.ndarray, "sample side side"]:
        """Figures to start from: 0 to 9, and again; of those that were held back."""
        if self.kept is not None:
            return self.kept
        held, each = self.split.held, SAMPLES // NUM_LABELS
        places = [np.resize(np.flatnonzero(held.labels == label), each) for label in range(NUM_LABELS)]
        return held.images[np.stack(places, 1).ravel()]

    def trainer(self) -> ClassifierTrainer:
        """What trains it.

        Raises:
            InputError: If the images are not there.
        """
        return ClassifierTrainer(self.world.rule, self.world.train, self.split.learned, self.split.held)

    def settings(self) -> dict[str, Any]:
        """All that its result depends on besides seed and budget."""
        return {"world": self.world.model_dump(mode="json")}

    def retrained_by(self, objective: str) -> Self:
        """The same, blank.

        Raises:
            InputError: If there is no such objective.
        """
        if objective != OBJECTIVE:
            raise InputError(f"--objective {objective!r}: allowed for {KIND} worlds: {OBJECTIVE}")
        return self.untrained(self.world, self.folder)

    def taught(self, learned: Classifier, facts: Mapping[str, float | int | str]) -> Self:
        """The same with what was learned."""
        placed = Classifier(learned.layers, boundary=self.world.grid.boundary)
        return replace(self, automaton=placed, kept=self.samples, record=dict(facts))

    def preview(self, samples: Float[Array, "sample H W C"]) -> UInt8[np.ndarray, "height width 3"]:
        """A few figures and what their cells say."""
        return mosaic(self.automaton.render(samples), gap=2)

    def content(self, name: str) -> bytes:
        """Of its rule file; the message of an error begins with `name`."""
        world = self.world
        model = ClassifierModel(title=world.title, grid=world.grid, rule=world.rule, images=world.classifier.images)
        tensors = {key: np.asarray(tensor, np.float16) for key, tensor in named_tensors(self.automaton).items()}
        told = provenance_text({"world": world.model_dump(mode="json", exclude_none=True), "record": dict(self.record)})
        samples = {"samples": self.samples.astype(np.uint16)}
        return rule_bytes(StoredRule(KIND, model.model_dump(mode="json"), tensors, samples, told), name)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a rule file.

        Raises:
            InputError: If it cannot be read, is of another kind, or anything in it is missing, surplus or out of range.
        """
        (stored, model), file = read_kind(path, KIND, ClassifierModel), str(path)
        if set(stored.tensors) != {"samples"}:
            raise InputError(f"{file}: tensors {shown(sorted(stored.tensors))}; allowed besides rule.NAME: samples")
        images, needed = ClassifierSpec(images=model.images), {"title": model.title, "grid": model.grid}
        world = recalled(stored, ClassifierWorld(kind=KIND, classifier=images, **needed), rule=model.rule, **needed)
        samples = _checked_samples(stored.tensors["samples"], file)
        return cls(
            world, Path(), filled(_blank(world), parameters_of(stored), file), samples, facts_of(stored.provenance)
        )


def _blank(world: ClassifierWorld) -> Classifier:
    layers = blank_layers(world.rule.hidden, NUM_LABELS, key=jax.random.key(0))
    return Classifier(layers, boundary=world.grid.boundary)


def _checked_samples(samples: np.ndarray, file: str) -> UInt8[np.ndarray, "sample side side"]:
    fits = samples.dtype == np.uint16 and samples.ndim == 3 and samples.shape[1] == samples.shape[2]
    if not fits or not MIN_SIDE <= samples.shape[1] <= MAX_SIDE or samples.max() > 255 or len(samples) > 10 * SAMPLES:
        raise InputError(
            f"{file}: tensor 'samples' has shape {samples.shape} and numbers up to {samples.max()}; allowed: up to "
            f"{10 * SAMPLES} squares of {MIN_SIDE} to {MAX_SIDE} a side, of whole numbers to 255"
        )
    return samples.astype(np.uint8)
