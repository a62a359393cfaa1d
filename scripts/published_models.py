"""The models that 'Growing Neural Cellular Automata' published, as automata of this package, for comparison.

A weight file holds two layers of bytes with their scales, a target is a PNG of 40x40 RGBA pixels.

Reference:
    Mordvintsev, Randazzo, Niklasson, Levin (2020), https://distill.pub/2020/growing-ca; weights CC BY 4.0.
"""

import base64
import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA
from ffnca.systems.growth.body import Body

CHANNELS, HIDDEN = 16, 128
NUM_PARAMETERS = (3 * CHANNELS + 1) * HIDDEN + (HIDDEN + 1) * CHANNELS


def _layer(described: dict) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of one layer."""
    raw = np.frombuffer(base64.b64decode(described["data_b64"]), np.uint8).reshape(described["in_ch"] + 1, -1)
    values = raw.astype(np.float32) / 255 - 0.5
    return values[:-1] * described["weight_scale"], values[-1] * described["bias_scale"]


def load_published(path: Path) -> NCA:
    """One published rule as an automaton: identity, Sobel x and y; 48 -> 128 -> 16; proposes the change."""
    (first, first_bias), (second, second_bias) = map(_layer, json.loads(path.read_text()))
    rule = LayeredRule.drawn(3 * CHANNELS, (HIDDEN,), CHANNELS, key=jax.random.key(0), proposes="delta")
    perceive, update = rule.perceive_layers[0], rule.update_layer
    for weights, value in (
        (perceive.kernel, first),
        (perceive.bias, first_bias),
        (update.kernel, second),
        (update.bias, second_bias),
    ):
        if weights[...].shape != value.shape:
            raise ValueError(f"{path}: a layer of shape {value.shape}; allowed: {weights[...].shape}")
        weights[...] = jnp.asarray(value)
    return NCA(rule, perception=("identity", "sobel"), boundary="zero", fire_rate=0.5, state_limit=math.inf)


def published_start(body: Body) -> jax.Array:
    """Alpha and the hidden channels at 1 in the middle cell."""
    height, width = body.alive.shape
    return jnp.zeros((height, width, CHANNELS)).at[height // 2, width // 2, 3:].set(1.0)
