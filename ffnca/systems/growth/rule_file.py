"""A growing rule as a file: its parameters, what it grows, and where its first cell is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int32

from ffnca import rule_file
from ffnca.errors import InputError
from ffnca.rule_file import FORMAT_VERSION, OLD_VERSION, StoredRule, provenance_text, read_rule, write_rule
from ffnca.systems.growth.model import GrowthModel, checked_model
from ffnca.systems.growth.old_rule_file import modernised
from ffnca.systems.growth.spec import MAX_SIZE
from ffnca.systems.stored import facts_of

KIND = "growth"
_LEVELS = 65535
"""A target in half precision is kept as whole numbers up to this: to 8 millionths."""
PRECISE = ("state_weight",)
"""What stays float32 in half precision: a cell's own state passes through it forth and back in every step, so that its
rounding moves what a body settles to."""
DETAIL = "detail."
"""Parameters of the decoder are stored under this prefix."""
_BODY = ("target", "seed_cell", "seed_at")


@dataclass(frozen=True, eq=False)
class RuleFile:
    """What the file of a growing rule holds.

    Attributes:
        model: What a step and a picture need.
        tensors: Parameters of the rule by flat dotted names, float32.
        target: The picture that it grows, premultiplied RGBA in 0..1; where the model names several targets, all of
            them, and so the next two.
        seed_cell: State of the first cell.
        seed_at: Row and column of the first cell within the picture.
        provenance: How it was trained: `world`, `recipe`, `record`, `ffnca`; nothing depends on it.
        version: Of the format that it was read from.
        detail: Parameters of the decoder that draws finer than the grid, by flat dotted names; empty without one.
    """

    model: GrowthModel
    tensors: dict[str, np.ndarray]
    target: Float32[np.ndarray, "*target h w 4"]
    seed_cell: Float32[np.ndarray, "*target C"]
    seed_at: Int32[np.ndarray, "*target 2"]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    version: str = FORMAT_VERSION
    detail: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, float | int | str]:
        """Facts of the training, as far as they can be understood."""
        return facts_of(self.provenance)


def save_rule(path: Path, rule: RuleFile, *, half: bool = False) -> None:
    """Write a rule file, whole or not at all; equal rules give equal bytes.

    Args:
        path: Where to.
        rule: What to.
        half: Keep the target, all parameters but `PRECISE` and the matrices of a decoder in 16 bits: smaller, and no
            longer number for number.

    Raises:
        InputError: If the rule could not be loaded again, or the file cannot be written.
    """
    write_rule(path, rule_bytes(rule, str(path), half=half))


def rule_bytes(rule: RuleFile, name: str, *, half: bool = False) -> bytes:
    """The content of a rule file; facts that are not finite are left out of its provenance.

    Raises:
        InputError: If the rule could not be loaded again; the message begins with `name`.
    """
    parameters, target, detail = dict(rule.tensors), rule.target, rule.detail
    if half:
        types = {key: np.float32 if key in PRECISE else np.float16 for key in parameters}
        with np.errstate(over="ignore"):  # what becomes infinite is refused below
            parameters = {key: np.asarray(tensor, types[key]) for key, tensor in parameters.items()}
            detail = {key: np.asarray(one, np.float16 if one.ndim == 2 else np.float32) for key, one in detail.items()}
        target = np.rint(np.asarray(target, np.float64) * _LEVELS).astype(np.uint16)
    stored = StoredRule(
        KIND,
        rule.model.model_dump(mode="json", exclude=_left_out(rule)),
        parameters,
        {"target": target, "seed_cell": rule.seed_cell, "seed_at": rule.seed_at}
        | {DETAIL + key: tensor for key, tensor in detail.items()},
        provenance_text(rule.provenance),
    )
    content = rule_file.rule_bytes(stored, name)
    grown_rule(stored, name)
    return content


def _left_out(rule: RuleFile) -> set[str]:
    """Keys of the model that say nothing of this rule, so that readers that do not know them can read it."""
    return {name for name, says in (("detail", rule.detail), ("own_seed", rule.model.own_seed)) if not says}


def load_rule(path: str | os.PathLike[str]) -> RuleFile:
    """Read the file of a growing rule.

    Raises:
        InputError: If it cannot be read, is of another kind, or anything in it is missing, surplus or out of range.
    """
    return grown_rule(read_rule(path), str(path))


def grown_rule(stored: StoredRule, file: str) -> RuleFile:
    """The growing rule in what a file holds.

    Raises:
        InputError: If it is of another kind, or anything in it is missing, surplus or out of range.
    """
    if stored.kind != KIND:
        raise InputError(f"{file}: holds a rule of kind {stored.kind[:40]!r}; allowed here: {KIND}")
    version = stored.version
    if version == OLD_VERSION:
        stored = modernised(stored, file)
    model, own = checked_model(stored.model, file), dict(stored.tensors)
    detail = {name.removeprefix(DETAIL): own.pop(name) for name in list(own) if name.startswith(DETAIL)}
    if (model.detail is None) != (not detail):
        state = "has tensors" if detail else "has no tensors"
        raise InputError(f"{file}: {state} of a decoder; allowed: {DETAIL}NAME with the model's key detail, or neither")
    if wrong := sorted(own.keys() ^ set(_BODY)):
        state = "is surplus" if wrong[0] in own else "is missing"
        prefix = rule_file.PREFIX
        raise InputError(f"{file}: tensor {wrong[0][:60]!r} {state}; allowed: {', '.join(_BODY)} and {prefix}NAME")
    if own["target"].dtype == np.uint16:
        own["target"] = (own["target"] / _LEVELS).astype(np.float32)
    for name, kind in (("target", np.float32), ("seed_cell", np.float32), ("seed_at", np.int32)):
        if own[name].dtype != kind:
            raise InputError(f"{file}: tensor {name!r} holds {own[name].dtype}; allowed: {np.dtype(kind).name}")
    _check_body(own["target"], own["seed_cell"], own["seed_at"], model, file)
    parameters = {name: np.asarray(tensor, np.float32) for name, tensor in stored.parameters.items()}
    for name, tensor in detail.items():
        if tensor.dtype not in (np.float32, np.float16):
            raise InputError(f"{file}: tensor {DETAIL + name[:60]!r} holds {tensor.dtype}; allowed: float32, float16")
    detail = {name: np.asarray(tensor, np.float32) for name, tensor in detail.items()}
    return RuleFile(
        model, parameters, own["target"], own["seed_cell"], own["seed_at"], stored.provenance, version, detail
    )


def _check_body(target: np.ndarray, seed_cell: np.ndarray, seed_at: np.ndarray, model: GrowthModel, file: str) -> None:
    several = (len(model.targets),) if len(model.targets) > 1 else ()
    counted = "".join(f"{count}, " for count in several)
    if (
        target.ndim != 3 + len(several)
        or target.shape[:-3] != several
        or target.shape[-1] != 4
        or max(target.shape[-3:-1]) > MAX_SIZE
    ):
        raise InputError(
            f"{file}: tensor 'target' has shape {target.shape}; allowed: ({counted}h, w, 4), sides of up to {MAX_SIZE}"
        )
    if target.min() < 0 or target.max() > 1:
        raise InputError(f"{file}: tensor 'target' has numbers out of range; allowed: 0 to 1")
    if target[..., 3].max((-2, -1)).min() <= model.rule.alive_threshold:
        raise InputError(f"{file}: tensor 'target' has no alpha above {model.rule.alive_threshold:g}; one is needed")
    if seed_cell.shape != (*several, model.rule.channels):
        raise InputError(
            f"{file}: tensor 'seed_cell' has shape {seed_cell.shape}; "
            f"allowed: {(*several, model.rule.channels)}, one a channel"
        )
    middle = (target.shape[-3] // 2, target.shape[-2] // 2)
    if model.own_seed and seed_at.tolist() != list(middle):
        raise InputError(f"{file}: tensor 'seed_at' is not {middle}, the middle of the target, as own_seed needs it")
    if seed_at.shape != (*several, 2) or (seed_at < 0).any() or (seed_at >= target.shape[-3:-1]).any():
        raise InputError(
            f"{file}: tensor 'seed_at' is not a row and column within the {target.shape[-3:-1]} target, "
            f"of shape ({counted}2)"
        )
