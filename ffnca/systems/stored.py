"""What the rule files of several kinds have in common: how they are written, and read."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float32
from pydantic import ValidationError

from ffnca.errors import InputError
from ffnca.rule_file import StoredRule, read_rule, write_rule
from ffnca.spec import Spec, shown, wrong
from ffnca.world import World

AnySpec = TypeVar("AnySpec", bound=Spec)
AnyWorld = TypeVar("AnyWorld", bound=World)


class KeptRule(ABC):
    """The part of `ffnca.systems.trainee.Trainee` that is the same for all rules that a file keeps.

    Attributes:
        world: How it is described.
    """

    world: Any

    @abstractmethod
    def content(self, name: str) -> bytes:
        """Of its file.

        Raises:
            InputError: If it could not be read again; the message begins with `name`.
        """

    def check_savable(self) -> None:
        """Find out before a training whether its result could be saved.

        Raises:
            InputError: If not.
        """
        self.content(self.world.title)

    def save(self, path: str | PathLike[str]) -> None:
        """Write its rule file, whole or not at all.

        Raises:
            InputError: If it cannot be written.
        """
        write_rule(Path(path), self.content(str(path)))


def read_kind(path: str | PathLike[str], kind: str, model: type[AnySpec]) -> tuple[StoredRule, AnySpec]:
    """A rule file of one kind, and its model.

    Raises:
        InputError: If it cannot be read, is of another kind, or its model is not of this form.
    """
    stored = read_rule(path)
    if stored.kind != kind:
        raise InputError(f"{path}: holds a rule of kind {shown(stored.kind)}; allowed here: {kind}")
    try:
        return stored, model.model_validate(stored.model)
    except ValidationError as error:
        raise InputError(f"{path}: its model: {wrong(error, model)}") from error


def parameters_of(stored: StoredRule) -> Mapping[str, Float32[np.ndarray, "..."]]:
    """Its parameters in single precision."""
    return {key: np.asarray(tensor, np.float32) for key, tensor in stored.parameters.items()}


def facts_of(provenance: Mapping[str, Any]) -> dict[str, float | int | str]:
    """Facts of a training, as far as they can be understood."""
    record = provenance.get("record")
    return {key: value for key, value in record.items() if _is_fact(value)} if isinstance(record, dict) else {}


def _is_fact(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value))


def recalled(stored: StoredRule, otherwise: AnyWorld, **needed: Any) -> AnyWorld:
    """The world that a rule was trained by, as far as its file tells.

    Args:
        stored: The file.
        otherwise: The world where it does not tell.
        needed: What a step or a picture needs, which is that of the model.
    """
    try:
        world = type(otherwise).model_validate(stored.provenance.get("world"))
    except ValidationError:
        world = otherwise
    return world.model_copy(update=needed)
