"""The two layers of a growing automaton among named arrays, such as a state dictionary of PyTorch."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

from ffnca.errors import InputError
from ffnca.interchange.two_layers import SEEN, Order, TwoLayers, checked_layers, grouped
from ffnca.spec import shown

_SOBEL_X = np.outer([1, 2, 1], [-1, 0, 1]).astype(np.float32) / 8
_IDENTITY = np.zeros((3, 3), np.float32)
_IDENTITY[1, 1] = 1
KERNELS = (_IDENTITY, _SOBEL_X, _SOBEL_X.T)
"""What each cell sees, in the order of `TwoLayers`; as PyTorch convolves, which does not turn kernels around."""
_SHAPES = "two layers such as (128, 48) and (16, 128), each with or without two axes of length 1, and their biases"


def state_dict_layers(arrays: Mapping[str, np.ndarray], order: Order | None, name: str) -> TwoLayers:
    """The layers among arrays, told by their shapes; weights are (output, input) or (input, output).

    Args:
        arrays: By their names.
        order: In which a cell sees; None for what perception kernels among the arrays say, else for grouped.
        name: What to call the file in errors.

    Raises:
        InputError: If they are not two layers with their biases and at most fixed kernels besides, or kernels among
            them are none of those of growing automata.
    """
    kernels = {key: array for key, array in arrays.items() if array.shape[-2:] == (3, 3)}
    dense = {key: np.squeeze(array) for key, array in arrays.items() if key not in kernels and array.size > 1}
    weights = {key: array for key, array in dense.items() if array.ndim == 2}
    if len(weights) != 2:
        found = ", ".join(f"{key[:40]} {array.shape}" for key, array in list(arrays.items())[:8])
        raise InputError(f"{name}: has {len(weights)} arrays of two axes ({found}); allowed: {_SHAPES}")
    one, other = weights.values()
    first, second = _as_products(one, other, name)
    rest = [(key, array) for key, array in dense.items() if key not in weights]
    biases = []
    for size in (first.shape[1], second.shape[1]):
        fitting = [(key, array) for key, array in rest if array.shape == (size,)]
        biases.append(fitting[0][1] if fitting else np.zeros(size, np.float32))
        rest = [one for one in rest if not fitting or one[0] != fitting[0][0]]
    if rest:
        key, array = rest[0]
        raise InputError(f"{name}: array {shown(key)} of shape {array.shape} belongs to no layer; allowed: {_SHAPES}")
    seen = _as_seen(first, second.shape[1], kernels, order, name)
    return checked_layers(TwoLayers(seen, biases[0], second, biases[1]), name)


def _as_products(one: np.ndarray, other: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The first layer and the second, each (input, output): the first has three inputs for each output of the second.

    Raises:
        InputError: If that is so in no order and in no reading of their axes.
    """
    for first, second in ((one, other), (other, one), (one.T, other.T), (other.T, one.T)):
        if first.shape[1] == second.shape[0] and first.shape[0] == SEEN * second.shape[1]:
            return first, second
    said = f"{one.shape} and {other.shape}"
    raise InputError(f"{name}: layers of {said}; allowed: {SEEN} inputs a channel, such as (128, 48) and (16, 128)")


def _as_seen(
    first: Float32[np.ndarray, "seen unit"],
    num_channels: int,
    kernels: Mapping[str, np.ndarray],
    order: Order | None,
    name: str,
) -> Float32[np.ndarray, "seen unit"]:
    """Rows of the first layer for what a cell sees here."""
    depthwise = [key for key, array in kernels.items() if array.shape == (SEEN * num_channels, 1, 3, 3)]
    for key in kernels:
        if key not in depthwise:
            _check_kernels(kernels[key].reshape(-1, 3, 3), key, name)
    if len(depthwise) > 1:
        raise InputError(f"{name}: has {len(depthwise)} perception layers; allowed: one")
    if not depthwise:
        return grouped(first, order or "grouped")
    (key,) = depthwise
    told = [_told(kernel, key, name) for kernel in kernels[key][:, 0]]
    which = [kind for kind, _ in told]
    orders: dict[Order, list[int]] = {
        "grouped": [kind for kind in range(SEEN) for _ in range(num_channels)],
        "interleaved": num_channels * list(range(SEEN)),
    }
    saying: list[Order] = [one for one, kinds in orders.items() if kinds == which]
    if not saying or order not in (None, *saying):
        allowed = saying[0] if saying else "identity, Sobel x, Sobel y, grouped or interleaved"
        raise InputError(f"{name}: the kernels of {shown(key)} are in another order; allowed: {allowed}")
    scales = np.array([scale for _, scale in told], np.float32)
    return grouped(first * scales[:, None], saying[0])


def _told(kernel: Float32[np.ndarray, "3 3"], key: str, name: str) -> tuple[int, float]:
    """Which of `KERNELS` it is, and how many times that."""
    for kind, one in enumerate(KERNELS):
        scale = float(np.sum(kernel * one) / np.sum(one * one))
        if scale and np.allclose(kernel, scale * one, atol=1e-4 * abs(scale)):
            return kind, scale
    raise InputError(f"{name}: array {shown(key)} has a kernel that is none of identity, Sobel x, Sobel y")


def _check_kernels(kernels: Float32[np.ndarray, "kernel 3 3"], key: str, name: str) -> None:
    """Kernels that are kept by themselves must be those by which cells see here."""
    for kernel in kernels:
        _, scale = _told(kernel, key, name)
        if abs(scale - 1) > 1e-3:
            raise InputError(f"{name}: array {shown(key)} has a kernel {scale:g} times that of growing automata")
