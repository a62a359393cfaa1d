"""Small networks of every kind, for the tests of the Forward-Forward family."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from ffnca.ff.calibration import CLASSIC, DIRECTION
from ffnca.ff.images.augment import jitter
from ffnca.ff.images.distance import DistanceNetwork
from ffnca.ff.images.generator import GeneratorNetwork
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.schedules import Batch
from ffnca.ff.images.unlabelled import SelfContrastiveNetwork, UnlabelledNetwork

WIDTHS, NUM_LABELS = (12, 10, 8), 4
BATCH = Batch(
    jax.random.uniform(jax.random.key(5), (6, 5, 4)), jax.random.randint(jax.random.key(6), (6,), 0, NUM_LABELS)
)


def _generated(key: jax.Array) -> UnlabelledNetwork:
    generator = GeneratorNetwork.create(5, 4, 9, key=key)
    generator.layers[0].writer[...] = 0.1 * jax.random.normal(key, (9, 20))
    return UnlabelledNetwork.create(20, WIDTHS, key=key, negatives="generated", generator=generator)


def _labelled(**settings: Any) -> Callable[[jax.Array], FFNetwork]:
    return lambda key: FFNetwork.create(20, WIDTHS, NUM_LABELS, key=key, **settings)


NETWORKS: dict[str, Callable[[jax.Array], Any]] = {
    "ff": _labelled(calibration=CLASSIC, temperature=0.0),
    "two thresholds": _labelled(calibration=replace(DIRECTION, threshold_gap=0.8), temperature=0.0),
    "length": _labelled(calibration=replace(DIRECTION, normaliser="length"), temperature=0.0),
    "symba": _labelled(),
    "scff": lambda key: SelfContrastiveNetwork.create(20, WIDTHS, key=key, augment=jitter),
    "distance": lambda key: DistanceNetwork.create(20, WIDTHS, NUM_LABELS, key=key, margin=0.5),
    "hybrid": lambda key: UnlabelledNetwork.create(20, WIDTHS, key=key),
    "noise": lambda key: UnlabelledNetwork.create(20, WIDTHS, key=key, negatives="noise"),
    "generated": _generated,
}


def shaken(layer: Any) -> Any:
    """The same layer of clearly other weights."""
    return jax.tree.map(lambda weight: 1.5 * weight + 0.1, layer)


def same_bits(left: Any, right: Any) -> bool:
    """Whether two trees hold the same numbers, bit for bit."""
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return all(bool(jnp.array_equal(one, other)) for one, other in pairs)
