"""Networks in files: safetensors with the weights, and a header of JSON that says the kinds and the settings.

A file is data alone: nothing in it is run. Only the kinds below are made, by their own constructors, which refuse what
they cannot be; weights must have exactly the names and shapes that these say.
"""

import importlib
import inspect
import json
import math
from dataclasses import fields
from pathlib import Path
from types import FunctionType, NoneType
from typing import Any, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.safetensors_file import canonical, header_of

FORMAT, FORMAT_VERSION = "ffnca-network", "1"
MAX_BYTES = 2**31
MAX_PARTS = 1024
"""Layers, networks and presets in a file."""
_HOMES = {
    "BackpropNetwork": "images.backprop",
    "DistanceNetwork": "images.distance",
    "FFNetwork": "images.network",
    "GeneratorNetwork": "images.generator",
    "IntegerNetwork": "images.integer_network",
    "ReadoutNetwork": "images.readout",
    "RecurrentNetwork": "images.recurrent",
    "SelfContrastiveNetwork": "images.unlabelled",
    "UnlabelledNetwork": "images.unlabelled",
    "DistanceLayer": "images.distance",
    "FFLayer": "layer",
    "IntegerLayer": "images.integer",
    "LinearReadout": "images.readout",
    "NegativeGenerator": "images.generator",
    "Calibration": "calibration",
    "Inputs": "images.inputs",
    "jitter": "images.augment",
    "warp": "images.augment",
}
_TYPES = {"F32": np.float32, "I8": np.int8}
_ARRAYS = ("Inputs.mean", "Inputs.scale")


def save_network(path: str | Path, network: Any) -> None:
    """Write a network, whole or not at all; equal networks give equal bytes.

    Args:
        path: The file; its folder must exist.
        network: Of layers of this package.

    Raises:
        InputError: If a layer or a setting is of a kind that no file holds, or the file cannot be written.
    """
    path = Path(path)
    description = _described(network, path)
    if _outline(description)[0] != jax.tree.structure(network):
        raise InputError(
            f"{path}: a layer has parts of its own; allowed: layers and settings as this package makes them"
        )
    tensors = {name: np.asarray(leaf, order="C") for name, leaf in _named(network).items()}
    for name, tensor in tensors.items():
        if tensor.dtype not in _TYPES.values() or not np.isfinite(tensor).all():
            raise InputError(f"{path}: {name} is {tensor.dtype}; allowed: finite float32, and int8")
    metadata = {"format": FORMAT, "format_version": FORMAT_VERSION, "network": json.dumps(description, sort_keys=True)}
    content = canonical(safetensors.numpy.save(tensors, metadata))
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: the network takes {len(content)} bytes; allowed: {MAX_BYTES}")
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def load_network(path: str | Path) -> Any:
    """Read a network of any kind.

    Raises:
        InputError: If it cannot be read, is no network, or anything in it is missing, surplus or out of range.
    """
    path = Path(path)
    content = read_bounded(path, MAX_BYTES)
    try:
        header, metadata = header_of(content)
        if metadata.get("format") != FORMAT or metadata.get("format_version") != FORMAT_VERSION:
            found = f"{str(metadata.get('format'))[:40]} {str(metadata.get('format_version'))[:20]}"
            raise ValueError(f"its format is {found}; allowed: {FORMAT} {FORMAT_VERSION}")
        return _filled(metadata["network"], header, content)
    except (SafetensorError, ArithmeticError, RecursionError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: is not a network that can be read ({reason[:200]})") from error


def _filled(text: str, header: dict[str, Any], content: bytes) -> Any:
    """The network that a description and a header of tensors say, with the weights."""
    parts = []
    description = json.loads(text, object_hook=lambda part: parts.append(part) or part)
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{len(parts)} layers and presets; allowed: up to {MAX_PARTS}")
    structure, outline = _outline(description)
    wanted = {name: (str(np.dtype(leaf.dtype)), list(leaf.shape)) for name, leaf in outline.items()}
    names = {kind: str(np.dtype(dtype)) for kind, dtype in _TYPES.items()}
    found = {name: (names.get(about["dtype"], about["dtype"]), about["shape"]) for name, about in header.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ValueError(f"{name[:60]} is {found.get(name)}, its settings ask for {wanted.get(name)}")
    tensors = safetensors.numpy.load(content)
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name} has numbers that are not finite")
    network = jax.tree.unflatten(structure, [jnp.asarray(tensors[name]) for name in wanted])
    _try(network)
    return network


def _try(network: Any) -> None:
    """Refuse layers that do not fit on each other: two samples of bytes go through, and nothing is computed."""
    reads = getattr(network, "predict", None) or getattr(network, "features", None)
    width = network.inputs.num_features or network.layers[0].settings()["num_inputs"]
    if reads is not None:
        jax.eval_shape(reads, jax.ShapeDtypeStruct((2, width), np.uint8))


def _described(value: Any, path: Path) -> Any:
    """What JSON holds of a value: kinds by name with their settings, plain values, and the shapes of arrays."""
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, tuple):
        return [_described(part, path) for part in value]
    if isinstance(value, jax.Array | np.ndarray):
        return list(value.shape)
    function = isinstance(value, FunctionType)
    kind = value.__name__ if function else type(value).__name__
    if kind not in _HOMES or _home(kind) is not (value if function else type(value)):
        raise InputError(f"{path}: {kind} cannot be saved; allowed: {', '.join(_HOMES)}")
    settings = {} if function else _settings(value)
    return {"kind": kind} | {name: _described(part, path) for name, part in settings.items()}


def _settings(value: Any) -> dict[str, Any]:
    """What a value is made from: the `settings` of a layer, the fields of anything else."""
    if hasattr(value, "settings"):
        return value.settings()
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _outline(description: Any) -> tuple[Any, dict[str, jax.ShapeDtypeStruct]]:
    """Structure of what was described, and the shapes of its weights by name; none is computed."""
    found: list[Any] = []

    def weights() -> list[Any]:
        network = _rebuilt(description)
        named = _named(network)
        found[:] = [jax.tree.structure(network), list(named)]
        return list(named.values())

    shapes = jax.eval_shape(weights)
    return found[0], dict(zip(found[1], shapes, strict=True))


def _rebuilt(description: Any) -> Any:
    """What was described, with fresh weights."""
    kind = description["kind"]
    made = _home(kind)
    if isinstance(made, FunctionType):
        return made
    if hasattr(made, "settings"):
        made = getattr(made, "create", made)  # a layer draws its weights
    taken = dict(inspect.signature(made.__init__ if isinstance(made, type) else made).parameters)
    taken.pop("self", None)
    key = {"key": jax.random.key(0)} if taken.pop("key", None) else {}
    if wrong := sorted(taken.keys() ^ (description.keys() - {"kind"})):
        raise ValueError(f"{kind}: setting {wrong[0][:40]!r} is missing or unknown; allowed: {', '.join(taken)}")
    settings = {name: _value(description[name], about.annotation, f"{kind}.{name}") for name, about in taken.items()}
    return made(**settings, **key)


def _value(value: Any, annotation: Any, name: str) -> Any:
    if isinstance(value, dict):
        return _rebuilt(value)
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return tuple(_rebuilt(part) for part in value)
    if isinstance(value, list) and name in _ARRAYS:
        return jnp.zeros(value, jnp.float32)
    if not _fits(value, annotation):
        raise ValueError(f"{name} is {repr(value)[:40]}; allowed: {annotation}")
    return tuple(value) if isinstance(value, list) else value


def _fits(value: Any, annotation: Any) -> bool:
    parts = get_args(annotation) or (annotation,)
    if get_origin(annotation) is tuple:
        return isinstance(value, list) and len(value) == len(parts) and all(map(_fits, value, parts))
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return type(value) in parts or (type(value) is int and float in parts) or (value is None and NoneType in parts)


def _home(kind: Any) -> Any:
    if kind not in _HOMES:
        raise ValueError(f"kind {str(kind)[:40]!r}; allowed: {', '.join(_HOMES)}")
    return getattr(importlib.import_module(f"ffnca.ff.{_HOMES[kind]}"), kind)


def _named(network: Any) -> dict[str, Any]:
    """Every array of a network by its place in it, such as `layers.0.kernel`."""
    leaves = jax.tree_util.tree_flatten_with_path(network)[0]
    names = [jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value") for path, _ in leaves]
    return dict(zip(names, (leaf for _, leaf in leaves), strict=True))
