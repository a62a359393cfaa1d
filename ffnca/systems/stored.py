"""What the rule files of several kinds have in common when they are read."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float32
from pydantic import ValidationError

from ffnca.errors import InputError
from ffnca.rule_file import StoredRule, read_rule
from ffnca.spec import Spec, shown, wrong
from ffnca.world import World

AnySpec = TypeVar("AnySpec", bound=Spec)
AnyWorld = TypeVar("AnyWorld", bound=World)


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


def facts_of(stored: StoredRule) -> dict[str, float | int | str]:
    """Facts of its training, as far as they can be understood."""
    record = stored.provenance.get("record")
    return {key: value for key, value in record.items() if _is_fact(value)} if isinstance(record, dict) else {}


def _is_fact(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


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
