"""The portable rule: parameters as tensors, what a step and a picture need, and how it was trained, in safetensors.

A file is data alone: nothing in it is run. Its metadata say `format` (`ffnca-rule`), `format_version`, and in version 2
`kind` (the system whose rule it is), `model` (JSON of what a step and a picture need, which that system checks) and
`provenance` (how it was trained: text that nothing depends on, JSON if ffnca wrote it). Files of version 1 hold the
world and the record of their training instead.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.safetensors_file import MAX_HEADER_BYTES, canonical, header_of
from ffnca.settings_text import parse_json
from ffnca.spec import shown

FORMAT, OLD_VERSION, FORMAT_VERSION = "ffnca-rule", "1", "2"
OLD_KIND = "growth"
"""The kind of all rules of version 1."""
MAX_RULE_BYTES = 64 * 2**20
MAX_TENSORS = 256
MAX_DIMENSIONS = 4
MAX_PROVENANCE = 2**16
MAX_NAME = 200
PREFIX = "rule."
"""Parameters are stored under this prefix, apart from the tensors that the picture needs."""
PARAMETER_TYPES, OTHER_TYPES = ("F32", "F16"), ("F32", "F16", "U16", "I32")
_KEYS = {
    OLD_VERSION: ("format", "format_version", "record", "world"),
    FORMAT_VERSION: ("format", "format_version", "kind", "model", "provenance"),
}
_NAMES = {"float32": "F32", "float16": "F16", "uint16": "U16", "int32": "I32"}


@dataclass(frozen=True, eq=False)
class StoredRule:
    """What a rule file holds, before the system of its kind has looked at it.

    Attributes:
        kind: Whose rule it is.
        model: What a step and a picture need; in version 1 the world that the rule was trained for.
        parameters: Of the rule, by flat dotted names, float32 or float16.
        tensors: What else there is, float32, uint16 or int32.
        told: How it was trained, as text.
        version: Of the format.
    """

    kind: str
    model: Mapping[str, Any]
    parameters: Mapping[str, np.ndarray]
    tensors: Mapping[str, np.ndarray]
    told: str = "{}"
    version: str = FORMAT_VERSION

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """How it was trained, as far as that is a table."""
        try:
            told = json.loads(self.told)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}


def provenance_text(provenance: Mapping[str, Any]) -> str:
    """A table as canonical JSON; numbers that are not finite are left out."""
    return json.dumps(_finite(provenance), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _finite(table: Mapping[str, Any]) -> dict[str, Any]:
    inner = {key: _finite(value) if isinstance(value, Mapping) else value for key, value in table.items()}
    return {key: value for key, value in inner.items() if not isinstance(value, float) or math.isfinite(value)}


def rule_bytes(stored: StoredRule, name: str) -> bytes:
    """The content of a rule file of version 2; equal rules give equal bytes.

    Raises:
        InputError: If it could not be read again; the message begins with `name`.
    """
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": stored.kind,
        "model": json.dumps(stored.model, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        "provenance": stored.told,
    }
    tensors = {PREFIX + key: tensor for key, tensor in stored.parameters.items()} | dict(stored.tensors)
    tensors = {key: np.array(tensor, order="C") for key, tensor in tensors.items()}
    for key, tensor in tensors.items():
        _check_described(key, {"dtype": _NAMES.get(str(tensor.dtype), str(tensor.dtype)), "shape": tensor.shape}, name)
    _checked(tensors, metadata, name)
    return canonical(safetensors.numpy.save(tensors, metadata))


def write_rule(path: Path, content: bytes) -> None:
    """Write a rule file, whole or not at all.

    Raises:
        InputError: If it cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read_rule(path: str | os.PathLike[str]) -> StoredRule:
    """Read a rule file of any kind.

    Raises:
        InputError: If it cannot be read, is not a rule file, is of a newer format, or holds more than a rule file may.
    """
    content = read_bounded(path, MAX_RULE_BYTES)
    try:
        described, metadata = header_of(content)
        if metadata.get("format") == "ffnca-network":
            raise InputError(f"{path}: holds a network, not a rule; `ffnca.ff.load_network` reads it")
        _check_format(metadata, str(path))  # a newer format may have tensors of other types
        for name, about in described.items():
            _check_described(name, about, str(path))
        tensors = safetensors.numpy.load(content)
    except InputError:
        raise
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: is not a safetensors file, or is cut off ({str(error)[:100]})") from error
    return _checked(tensors, metadata, str(path))


def _check_format(metadata: Mapping[str, Any], file: str) -> None:
    if metadata.get("format") != FORMAT:
        raise InputError(f"{file}: is not a rule file; allowed: safetensors whose metadata say format {FORMAT}")
    version = metadata.get("format_version")
    if version not in _KEYS:
        is_newer = isinstance(version, str) and version.isascii() and version.isdigit() and version > FORMAT_VERSION
        hint = "; a newer ffnca reads it" if is_newer else ""
        raise InputError(f"{file}: has format version {shown(version)}; allowed: {', '.join(_KEYS)}{hint}")


def _check_described(name: str, about: dict[str, Any], file: str) -> None:
    if len(name) > MAX_NAME:
        raise InputError(f"{file}: tensor {name[:60]!r}... has a name too long; allowed: up to {MAX_NAME} characters")
    wanted = PARAMETER_TYPES if name.startswith(PREFIX) else OTHER_TYPES
    if about["dtype"] not in wanted:
        raise InputError(f"{file}: tensor {name[:60]!r} is {str(about['dtype'])[:20]!r}; allowed: {', '.join(wanted)}")
    shape = about["shape"]
    if len(shape) > MAX_DIMENSIONS or not all(0 < side <= MAX_RULE_BYTES for side in shape):
        raise InputError(
            f"{file}: tensor {name[:60]!r} has shape {str(shape)[:40]}; "
            f"allowed: up to {MAX_DIMENSIONS} dimensions, none of them 0"
        )


def _checked(tensors: dict[str, np.ndarray], metadata: Mapping[str, Any], file: str) -> StoredRule:
    """The rule in these tensors and metadata, if it is one."""
    _check_format(metadata, file)
    version = metadata["format_version"]
    for key in _KEYS[version]:
        if not isinstance(metadata.get(key), str):
            raise InputError(f"{file}: metadata {key!r} is missing; allowed: {', '.join(_KEYS[version])}")
    parameters = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
    if not 1 <= len(parameters) <= MAX_TENSORS:
        raise InputError(f"{file}: has {len(parameters)} parameter tensors; allowed: 1 to {MAX_TENSORS}")
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(f"{file}: tensor {name[:60]!r} has numbers that are not finite; allowed: finite numbers")
    if sum(tensor.nbytes for tensor in tensors.values()) > MAX_RULE_BYTES - MAX_HEADER_BYTES - 8:
        raise InputError(f"{file}: has too many parameters; allowed: {MAX_RULE_BYTES // 2**20} MiB in all")
    is_old = version == OLD_VERSION
    about, told = (metadata[key] for key in (("world", "record") if is_old else ("model", "provenance")))
    model = parse_json(about, f"{file}: its {'world' if is_old else 'model'}")
    if not isinstance(model, dict):
        raise InputError(f"{file}: its {'world' if is_old else 'model'} is no table; allowed: a JSON object")
    kind = model.get("kind") if is_old else metadata["kind"]
    if not isinstance(kind, str) or (is_old and kind != OLD_KIND):
        raise InputError(f"{file}: holds a world of kind {shown(kind)}; allowed: {OLD_KIND}")
    if len(told) > MAX_PROVENANCE:
        what = "record" if is_old else "provenance"
        raise InputError(f"{file}: its {what} has {len(told)} characters; allowed: up to {MAX_PROVENANCE}")
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}
    return StoredRule(kind, model, parameters, own, told, version)
