"""The portable rule: parameters, target and first cell in safetensors, with the world in its metadata."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.world import GrowthWorld, dump_world, world_from_json

FORMAT, FORMAT_VERSION = "ffnca-rule", "1"
MAX_FILE_BYTES = 64 * 2**20
MAX_SIDE = 128
_PREFIX = "rule."
_OWN = ("target", "seed_cell", "seed_at")


@dataclass(frozen=True)
class RuleFile:
    """What a rule file holds.

    Attributes:
        world: Description of the world that the rule was trained for.
        tensors: Parameters of the rule by dotted name, float32.
        target: The picture, premultiplied RGBA.
        seed_cell: State of the first cell.
        seed_at: Its row and column in the picture.
        record: Facts of the training.
    """

    world: GrowthWorld
    tensors: dict[str, np.ndarray]
    target: Float[np.ndarray, "h w 4"]
    seed_cell: Float[np.ndarray, " C"]
    seed_at: Int[np.ndarray, " 2"]
    record: dict[str, float | int | str]


def save_rule(path: Path, rule: RuleFile) -> None:
    """Write a rule file, whole or not at all; same rule, same bytes.

    Raises:
        InputError: If the path cannot be written.
    """
    tensors = {f"{_PREFIX}{name}": np.ascontiguousarray(value, np.float32) for name, value in rule.tensors.items()}
    tensors["target"] = np.ascontiguousarray(rule.target, np.float32)
    tensors["seed_cell"] = np.ascontiguousarray(rule.seed_cell, np.float32)
    tensors["seed_at"] = np.ascontiguousarray(rule.seed_at, np.int32)
    contents = {"world": json.loads(dump_world(rule.world)), "record": rule.record, "version": FORMAT_VERSION}
    # one entry, since the order of several is not fixed by the format
    metadata = {FORMAT: json.dumps(contents, sort_keys=True, ensure_ascii=False)}
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))


def load_rule(path: Path) -> RuleFile:
    """Read a rule file, trusting nothing in it.

    Raises:
        InputError: If it is missing, truncated, of another format or version, or holds what does not fit.
    """
    name = str(path)
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(f"{name}: is larger than {MAX_FILE_BYTES} bytes")
        if path.is_dir() or size == 0:
            raise InputError(f"{name}: is {'a folder' if path.is_dir() else 'empty'}, not a rule file")
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            contents = _contents(metadata, name)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or error})") from error
    except (SafetensorError, TypeError, ValueError, KeyError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: is not a whole safetensors file ({error})") from error
    world = world_from_json(json.dumps(contents["world"]), name)
    if not isinstance(world, GrowthWorld):
        raise InputError(f"{name}: holds a {world.kind} world; allowed: growth")
    return _checked(tensors, world, contents["record"], name)


def _contents(metadata: dict[str, str], name: str) -> dict:
    if FORMAT not in metadata:
        raise InputError(f"{name}: is a safetensors file, but not a rule of this project")
    try:
        contents = json.loads(metadata[FORMAT])
        version, record = contents["version"], contents["record"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise InputError(f"{name}: its metadata is damaged") from error
    if version != FORMAT_VERSION:
        raise InputError(f"{name}: has format version {str(version)[:20]!r}; allowed: {FORMAT_VERSION!r}")
    if not isinstance(record, dict) or not all(isinstance(value, float | int | str) for value in record.values()):
        raise InputError(f"{name}: its training record is damaged")
    if "world" not in contents:
        raise InputError(f"{name}: its metadata holds no world")
    return contents


def _checked(tensors: dict[str, np.ndarray], world: GrowthWorld, record: dict, name: str) -> RuleFile:
    parameters = {key.removeprefix(_PREFIX): value for key, value in tensors.items() if key.startswith(_PREFIX)}
    known = {*_OWN, *(f"{_PREFIX}{key}" for key in parameters)}
    if odd := sorted(known ^ set(tensors)):
        raise InputError(f"{name}: tensor {odd[0]!r} is {'missing' if odd[0] in _OWN else 'unknown'}")
    target, seed_cell, seed_at = (tensors[key] for key in _OWN)
    for key, value in tensors.items():
        wanted = np.int32 if key == "seed_at" else np.float32
        if value.dtype != wanted or not np.isfinite(value).all():
            raise InputError(f"{name}: tensor {key!r} must be finite {np.dtype(wanted).name}, is {value.dtype}")
    if target.ndim != 3 or target.shape[-1] != 4 or not 1 <= min(target.shape[:2]) <= max(target.shape[:2]) <= MAX_SIDE:
        raise InputError(f"{name}: target has shape {target.shape}; allowed: 1 to {MAX_SIDE} a side, 4 channels")
    if not (target[..., 3] > world.rule.alive_threshold).any():
        raise InputError(f"{name}: nothing lives in its target")
    if seed_cell.shape != (world.rule.channels,):
        raise InputError(f"{name}: seed_cell has shape {seed_cell.shape}; allowed: ({world.rule.channels},)")
    if seed_at.shape != (2,) or (seed_at < 0).any() or (seed_at >= target.shape[:2]).any():
        raise InputError(f"{name}: seed_at must be a row and a column inside the target")
    return RuleFile(world, parameters, target, seed_cell, seed_at, record)
