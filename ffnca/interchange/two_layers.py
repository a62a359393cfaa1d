"""The rule of two dense layers that growing automata have elsewhere: its numbers, and the order of what a cell sees."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32

from ffnca.errors import InputError

Order = Literal["grouped", "interleaved"]
ORDERS: tuple[Order, ...] = ("grouped", "interleaved")
SEEN = 3
"""What a cell sees of each channel: the channel itself, and its gradient by Sobel along x and along y."""
CHANNELS, HIDDEN = (8, 64), (8, 2048)
"""Fewest and most, as in the [rule] table of a world."""


@dataclass(frozen=True, eq=False)
class TwoLayers:
    """relu(seen @ first + first_bias) @ second + second_bias is the change of a cell.

    Attributes:
        first: A row for everything seen: all channels, then all gradients along x, then all along y.
        first_bias: Of the hidden units.
        second: A row for each hidden unit.
        second_bias: Of the channels.
    """

    first: Float32[np.ndarray, "seen unit"]
    first_bias: Float32[np.ndarray, " unit"]
    second: Float32[np.ndarray, "unit channel"]
    second_bias: Float32[np.ndarray, " channel"]

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """By the names that parameters of a layered rule have."""
        return {
            "perceive_layers.0.kernel": self.first,
            "perceive_layers.0.bias": self.first_bias,
            "update_layer.kernel": self.second,
            "update_layer.bias": self.second_bias,
        }


def checked_layers(layers: TwoLayers, name: str) -> TwoLayers:
    """These layers, if they are of a rule that can be run here.

    Raises:
        InputError: If their shapes do not fit each other or such a rule, or a number is not finite.
    """
    (seen, units), (hidden, channels) = layers.first.shape, layers.second.shape
    said = f"layers of {seen} -> {units} and {hidden} -> {channels}"
    if units != hidden or seen != SEEN * channels:
        raise InputError(f"{name}: {said}; allowed: {SEEN} inputs a channel, such as 48 -> 128 and 128 -> 16")
    for what, number, (low, high) in (("channels", channels, CHANNELS), ("hidden units", hidden, HIDDEN)):
        if not low <= number <= high:
            raise InputError(f"{name}: {said}; allowed: {low} to {high} {what}")
    if layers.first_bias.shape != (hidden,) or layers.second_bias.shape != (channels,):
        raise InputError(f"{name}: {said} with biases of other sizes; allowed: {hidden} and {channels}")
    if not all(np.isfinite(tensor).all() for tensor in layers.tensors.values()):
        raise InputError(f"{name}: has numbers that are not finite; allowed: finite numbers")
    return layers


def grouped(first: Float32[np.ndarray, "seen unit"], order: Order) -> Float32[np.ndarray, "seen unit"]:
    """Rows of a first layer in the order of `TwoLayers`.

    Args:
        first: A row for everything seen.
        order: `grouped` as it should be, or `interleaved` as depthwise convolutions give it: everything seen of the
            first channel, then of the second.
    """
    if order == "grouped" or len(first) % SEEN:
        return first
    return first.reshape(-1, SEEN, first.shape[1]).swapaxes(0, 1).reshape(first.shape)
