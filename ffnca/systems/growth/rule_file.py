"""The portable rule: a trained rule with its world, its target and its first cell in one safetensors file."""

import json
import math
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from jaxtyping import Float32, Int32
from safetensors import SafetensorError

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.settings_text import parse_json
from ffnca.spec import shown
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.world import checked_world, dump_world

FORMAT, FORMAT_VERSION = "ffnca-rule", "1"
GROWTH_KIND = "growth"
MAX_RULE_BYTES = 64 * 2**20
MAX_HEADER_BYTES = 2**20
MAX_TENSORS = 256
MAX_DIMENSIONS = 4
MAX_FACTS = 64
MAX_RECORD = 2**16
MAX_NAME = 200
MAX_TARGET_SIDE = 128
PREFIX = "rule."
"""Parameters are stored under this prefix, apart from the tensors of the format itself."""
_METADATA = ("format", "format_version", "record", "world")


@dataclass(frozen=True, eq=False)
class RuleFile:
    """What a rule file holds.

    Attributes:
        world: The world that the rule was trained for.
        tensors: Parameters of the rule by flat dotted names, float32.
        target: The picture that it grows, premultiplied RGBA in 0..1; where the world names several targets, all of
            them, and so the next two.
        seed_cell: State of the first cell.
        seed_at: Row and column of the first cell within the picture.
        record: Facts of the training.
    """

    world: GrowthWorld
    tensors: dict[str, np.ndarray]
    target: Float32[np.ndarray, "*target h w 4"]
    seed_cell: Float32[np.ndarray, "*target C"]
    seed_at: Int32[np.ndarray, "*target 2"]
    record: dict[str, float | int | str] = field(default_factory=dict)


def save_rule(path: Path, rule: RuleFile) -> None:
    """Write a rule file, whole or not at all; equal rules give equal bytes.

    Raises:
        InputError: If the rule could not be loaded again, or the file cannot be written.
    """
    content = rule_bytes(rule, str(path))
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def rule_bytes(rule: RuleFile, name: str) -> bytes:
    """The content of a rule file; facts that are not finite are left out of the record.

    Raises:
        InputError: If the rule could not be loaded again; the message begins with `name`.
    """
    record = {key: value for key, value in rule.record.items() if not isinstance(value, float) or math.isfinite(value)}
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "world": dump_world(rule.world),
        "record": json.dumps(record, sort_keys=True),
    }
    tensors = {PREFIX + key: tensor for key, tensor in rule.tensors.items()}
    tensors |= {"target": rule.target, "seed_cell": rule.seed_cell, "seed_at": rule.seed_at}
    tensors = {key: np.array(tensor, order="C") for key, tensor in tensors.items()}
    _checked(tensors, metadata, name)
    return _canonical(safetensors.numpy.save(tensors, metadata))


def load_rule(path: str | os.PathLike[str]) -> RuleFile:
    """Read a rule file.

    Raises:
        InputError: If it cannot be read, is not a rule file, or anything in it is missing, surplus or out of range.
    """
    content = read_bounded(path, MAX_RULE_BYTES)
    if len(content) < 8 or struct.unpack("<Q", content[:8])[0] > min(MAX_HEADER_BYTES, len(content) - 8):
        raise InputError(f"{path}: is not a safetensors file, or is cut off")
    try:
        described, metadata = _header(content)
        if metadata.get("format") == "ffnca-network":
            raise InputError(f"{path}: holds a network, not a rule; `ffnca.ff.load_network` reads it")
        for name, about in described.items():
            _check_described(name, about, str(path))
        tensors = safetensors.numpy.load(content)
    except InputError:
        raise
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: is not a safetensors file, or is cut off ({str(error)[:100]})") from error
    return _checked(tensors, metadata, str(path))


def _header(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the header says of the tensors, and the metadata."""
    size = struct.unpack("<Q", content[:8])[0]
    described = json.loads(content[8 : 8 + size].decode("utf-8"))
    return described, described.pop("__metadata__", None) or {}


def _canonical(content: bytes) -> bytes:
    """The same file with its header in order; the library writes metadata in random order."""
    size = struct.unpack("<Q", content[:8])[0]
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + content[8 + size :]


def _check_described(name: str, about: dict[str, Any], file: str) -> None:
    if len(name) > MAX_NAME:
        raise InputError(f"{file}: tensor {name[:60]!r}... has a name too long; allowed: up to {MAX_NAME} characters")
    wanted = "I32" if name == "seed_at" else "F32"
    if about["dtype"] != wanted:
        raise InputError(f"{file}: tensor {name[:60]!r} is {str(about['dtype'])[:20]!r}; allowed: {wanted}")
    shape = about["shape"]
    if len(shape) > MAX_DIMENSIONS or not all(0 < side <= MAX_RULE_BYTES for side in shape):
        raise InputError(
            f"{file}: tensor {name[:60]!r} has shape {str(shape)[:40]}; "
            f"allowed: up to {MAX_DIMENSIONS} dimensions, none of them 0"
        )


def _checked(tensors: dict[str, np.ndarray], metadata: dict[str, Any], file: str) -> RuleFile:
    """The rule in these tensors and metadata, if it is one."""
    if metadata.get("format") != FORMAT:
        raise InputError(f"{file}: is not a rule file; allowed: safetensors whose metadata say format {FORMAT}")
    if metadata.get("format_version") != FORMAT_VERSION:
        version = str(metadata.get("format_version"))[:20]
        raise InputError(f"{file}: has format version {version!r}; allowed: {FORMAT_VERSION!r}")
    for key in _METADATA:
        if not isinstance(metadata.get(key), str):
            raise InputError(f"{file}: metadata {key!r} is missing; allowed: {', '.join(_METADATA)}")
    world = _described(metadata["world"], file)
    record = _checked_record(metadata["record"], file)

    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}
    parameters = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
    if wrong := sorted(own.keys() ^ {"target", "seed_cell", "seed_at"}):
        state = "is surplus" if wrong[0] in own else "is missing"
        raise InputError(
            f"{file}: tensor {wrong[0][:60]!r} {state}; allowed: target, seed_cell, seed_at and {PREFIX}NAME"
        )
    if not 1 <= len(parameters) <= MAX_TENSORS:
        raise InputError(f"{file}: has {len(parameters)} parameter tensors; allowed: 1 to {MAX_TENSORS}")
    for name, tensor in tensors.items():
        _check_described(name, {"dtype": _dtype(tensor), "shape": tensor.shape}, file)
        if not np.isfinite(tensor).all():
            raise InputError(f"{file}: tensor {name[:60]!r} has numbers that are not finite; allowed: finite numbers")
    if sum(tensor.nbytes for tensor in tensors.values()) > MAX_RULE_BYTES - MAX_HEADER_BYTES - 8:
        raise InputError(f"{file}: has too many parameters; allowed: {MAX_RULE_BYTES // 2**20} MiB in all")
    _check_body(own["target"], own["seed_cell"], own["seed_at"], world, file)
    return RuleFile(world, parameters, own["target"], own["seed_cell"], own["seed_at"], record)


def _described(text: str, file: str) -> GrowthWorld:
    settings = parse_json(text, f"{file}: its world")
    kind = settings.get("kind") if isinstance(settings, dict) else None
    if kind != GROWTH_KIND:
        raise InputError(f"{file}: holds a world of kind {shown(kind)}; allowed: {GROWTH_KIND}")
    return checked_world(GrowthWorld, settings, file)


def _dtype(tensor: np.ndarray) -> str:
    return {np.dtype(np.float32): "F32", np.dtype(np.int32): "I32"}.get(tensor.dtype, str(tensor.dtype))


def _check_body(target: np.ndarray, seed_cell: np.ndarray, seed_at: np.ndarray, world: GrowthWorld, file: str) -> None:
    several = (len(world.targets),) if world.targets else ()
    counted = "".join(f"{count}, " for count in several)
    if (
        target.ndim != 3 + len(several)
        or target.shape[:-3] != several
        or target.shape[-1] != 4
        or max(target.shape[-3:-1]) > MAX_TARGET_SIDE
    ):
        raise InputError(
            f"{file}: tensor 'target' has shape {target.shape}; "
            f"allowed: ({counted}h, w, 4), sides of up to {MAX_TARGET_SIDE}"
        )
    if target.min() < 0 or target.max() > 1:
        raise InputError(f"{file}: tensor 'target' has numbers out of range; allowed: 0 to 1")
    if target[..., 3].max((-2, -1)).min() <= world.rule.alive_threshold:
        raise InputError(f"{file}: tensor 'target' has no alpha above {world.rule.alive_threshold:g}; one is needed")
    if seed_cell.shape != (*several, world.rule.channels):
        raise InputError(
            f"{file}: tensor 'seed_cell' has shape {seed_cell.shape}; "
            f"allowed: {(*several, world.rule.channels)}, one a channel"
        )
    if seed_at.shape != (*several, 2) or (seed_at < 0).any() or (seed_at >= target.shape[-3:-1]).any():
        raise InputError(
            f"{file}: tensor 'seed_at' is not a row and column within the {target.shape[-3:-1]} target, "
            f"of shape ({counted}2)"
        )


def _checked_record(text: str, file: str) -> dict[str, float | int | str]:
    if len(text) > MAX_RECORD:
        raise InputError(f"{file}: its record has {len(text)} characters; allowed: up to {MAX_RECORD}")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: its record is not JSON ({str(error)[:100]})") from error
    if not isinstance(record, dict) or len(record) > MAX_FACTS:
        raise InputError(f"{file}: its record is not an object of up to {MAX_FACTS} facts")
    for key, value in record.items():
        is_fact = isinstance(value, str) or (isinstance(value, (int, float)) and not isinstance(value, bool))
        if not is_fact or (isinstance(value, float) and not math.isfinite(value)):
            raise InputError(f"{file}: record {key[:60]!r} is {str(value)[:40]!r}; allowed: finite numbers and text")
    return record
