"""Weights as the article 'Growing Neural Cellular Automata' published them: JSON of two layers of bytes.

Reference:
    Mordvintsev, Randazzo, Niklasson, Levin (2020), https://distill.pub/2020/growing-ca.
"""

import base64
import binascii
from typing import Any

import numpy as np
from jaxtyping import Float32

from ffnca.errors import InputError
from ffnca.interchange.two_layers import CHANNELS, HIDDEN, SEEN, TwoLayers, checked_layers
from ffnca.spec import shown

_SIZES, _SCALES, _BYTES = ("in_ch", "out_ch"), ("weight_scale", "bias_scale"), "data_b64"
_MOST = max(HIDDEN[1], SEEN * CHANNELS[1])
_MAX_SCALE = 1e6


def is_growing_ca(value: Any) -> bool:
    """Whether a value of JSON looks like such layers."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and _BYTES in value[0]


def growing_ca_layers(value: list[Any], name: str) -> TwoLayers:
    """The layers in the JSON of the article.

    A layer holds bytes, a row for each input and the bias as the last row; a byte b stands for b / 255 - 0.5, times
    the scale of weights or of biases.

    Args:
        value: Of JSON, for which `is_growing_ca` holds.
        name: What to call the file in errors.

    Raises:
        InputError: If a key is missing or out of range, or there are not two layers that fit each other.
    """
    if len(value) != 2:
        raise InputError(f"{name}: has {len(value)} layers; allowed: two, such as 48 -> 128 and 128 -> 16")
    (first, first_bias), (second, second_bias) = (_layer(layer, f"{name}: layer {i}") for i, layer in enumerate(value))
    return checked_layers(TwoLayers(first, first_bias, second, second_bias), name)


def _layer(layer: Any, name: str) -> tuple[Float32[np.ndarray, "input output"], Float32[np.ndarray, " output"]]:
    """Weights and biases of one layer."""
    layer = layer if isinstance(layer, dict) else {}
    for key in _SIZES:
        if type(layer.get(key)) is not int or not 1 <= layer[key] <= _MOST:
            raise InputError(f"{name}: {key} = {shown(layer.get(key))}; allowed: a whole number from 1 to {_MOST}")
    for key in _SCALES:
        scale = layer.get(key)
        if type(scale) not in (int, float) or not abs(scale) <= _MAX_SCALE:  # nor NaN
            raise InputError(f"{name}: {key} = {shown(scale)}; allowed: a number up to {_MAX_SCALE:g}")
    inputs, outputs = (layer[key] for key in _SIZES)
    try:
        raw = np.frombuffer(base64.b64decode(layer.get(_BYTES, ""), validate=True), np.uint8)
    except (TypeError, ValueError, binascii.Error) as error:
        raise InputError(f"{name}: {_BYTES} is no text in base 64 ({error})") from error
    if raw.size != (inputs + 1) * outputs:
        raise InputError(f"{name}: {_BYTES} holds {raw.size} bytes; allowed: {inputs + 1} rows of {outputs}")
    values = raw.reshape(inputs + 1, outputs).astype(np.float32) / 255 - 0.5
    weight_scale, bias_scale = (np.float32(layer[key]) for key in _SCALES)
    return values[:-1] * weight_scale, values[-1] * bias_scale
