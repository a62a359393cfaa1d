"""The parameters of a rule by name: as files hold them, and put back into a rule of the same shape."""

from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array

from ffnca.errors import InputError

Filled = TypeVar("Filled")


def named_tensors(rule: Any) -> dict[str, Array]:
    """Its parameters by their dotted names."""
    flat = nnx.to_flat_state(nnx.state(rule))
    return {".".join(str(part) for part in path): leaf[...] for path, leaf in zip(flat.paths, flat.leaves, strict=True)}


def filled(rule: Filled, tensors: Mapping[str, np.ndarray], name: str) -> Filled:
    """A tree of parameters with these numbers in it.

    Raises:
        InputError: If one of them is missing, surplus or of another shape.
    """
    wanted = named_tensors(rule)
    if missing := sorted(set(wanted) ^ set(tensors)):
        raise InputError(f"{name}: tensor {missing[0]!r} does not fit the rule; allowed: {', '.join(sorted(wanted))}")
    for key, value in wanted.items():
        if tensors[key].shape != value.shape:
            raise InputError(f"{name}: tensor {key!r} has shape {tensors[key].shape}; allowed: {value.shape}")
    flat = nnx.to_flat_state(nnx.state(rule))
    for path, leaf in zip(flat.paths, flat.leaves, strict=True):
        leaf[...] = jax.device_put(tensors[".".join(str(part) for part in path)])
    return rule
