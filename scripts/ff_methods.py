"""The methods of the Forward-Forward studies: how each network is made and trained.

The settings here were chosen by accuracy on validation images; the last epoch counts, whatever came before it.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
from ff_data import NUM_LABELS, Split

from ffnca.ff.calibration import CENTRED, CLASSIC, PAIRED_VIEWS, SYMBA
from ffnca.ff.images.augment import jitter, warp
from ffnca.ff.images.backprop import Backpropagation, BackpropNetwork
from ffnca.ff.images.distance import DistanceNetwork
from ffnca.ff.images.fitting import Batch, FitConfig, accuracy, fit, unit_range
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.readout import ReadoutNetwork
from ffnca.ff.images.receptive_fields import start_local
from ffnca.ff.images.recurrent import RecurrentNetwork, RecurrentSchedule
from ffnca.ff.images.schedules import Schedule, Simultaneous
from ffnca.ff.images.unlabelled import SelfContrastiveNetwork, UnlabelledNetwork


@dataclass(frozen=True)
class Method:
    """One way to train.

    Attributes:
        create: From the number of inputs, the widths and a key to a network.
        schedule: When each layer learns.
        labelled: Whether it learns from labels; if not, a readout is trained on top.
        small: Layers and epochs on digits, unless others are asked for.
        large: The same on MNIST.
        learning_rate: Of Adam at the start.
        body_rate: The same for the network under a readout.
        augment: What images that are not small go through while labels are learned.
    """

    create: Callable[..., Any]
    schedule: Schedule = field(default_factory=Simultaneous)
    labelled: bool = True
    small: tuple[str, int] = ("2x500", 60)
    large: tuple[str, int] = ("2x1000", 20)
    learning_rate: float = 3e-3
    body_rate: float = 3e-3
    augment: Callable[..., jax.Array] = jitter

    def defaults(self, data: str) -> tuple[str, int]:
        """Layers and epochs on digits or MNIST."""
        return self.large if data.startswith("mnist") else self.small


READOUT_SHARE = 4
"""Epochs of a readout for each epoch of the network below it."""
LARGE = 784
"""Pixels from which images are moved while training; on small ones a pixel is too far."""


def _self_contrastive(num_inputs: int, widths: tuple[int, ...], key: jax.Array) -> SelfContrastiveNetwork:
    """A network whose first layer starts on rectangles of a square image."""
    network = SelfContrastiveNetwork.create(
        num_inputs, widths, key=key, first=replace(PAIRED_VIEWS, loss="symba"), later=replace(CENTRED, loss="symba")
    )
    side = math.isqrt(num_inputs)
    first = start_local(network.layers[0], (side, side), key=jax.random.fold_in(key, 1))
    return network.with_layers((first, *network.layers[1:]))


METHODS = {
    "ff": Method(
        lambda size, widths, key: FFNetwork.create(
            size, widths, NUM_LABELS, key=key, calibration=CLASSIC, temperature=0.0, overwrite=True
        ),
        small=("2x500", 200),
    ),
    "symba": Method(
        lambda size, widths, key: FFNetwork.create(
            size, widths, NUM_LABELS, key=key, calibration=replace(SYMBA, sharpness=10.0), overwrite=True
        )
    ),
    "scff": Method(_self_contrastive, labelled=False, large=("2x3000", 50), body_rate=3e-4, augment=warp),
    "distance": Method(lambda size, widths, key: DistanceNetwork.create(size, widths, NUM_LABELS, key=key)),
    "hybrid": Method(UnlabelledNetwork.create, labelled=False, large=("2x1000", 10)),
    "recurrent": Method(
        lambda size, widths, key: RecurrentNetwork.create(size, widths, NUM_LABELS, key=key),
        RecurrentSchedule(),
        large=("2x500", 5),
    ),
    "backprop": Method(
        lambda size, widths, key: BackpropNetwork.create(size, widths, NUM_LABELS, key=key), Backpropagation()
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a run gives; the test set was looked at once, at the end."""

    train_seconds: float
    epochs: int
    params: int
    validation_accuracy: float
    test_accuracy: float
    layer_accuracy: list[float]
    dead_fraction: float


def train_method(
    name: str, split: Split, widths: tuple[int, ...], num_epochs: int, seed: int, report: Callable[[str], None]
) -> tuple[Outcome, Any]:
    """Train, then measure on the validation set and once on the test set.

    Args:
        name: Of a method.
        split: The images.
        widths: Of the layers.
        num_epochs: Of all the training; a network without labels has one in five of them, its readout the others.
        seed: Of weights, order, negatives and augmentation.
        report: Told of every epoch.

    Returns:
        The figures and the network.
    """
    method, key = METHODS[name], jax.random.key(seed)
    init_key, fit_key, readout_key = jax.random.split(key, 3)
    num_inputs = int(np.prod(split.train.images.shape[1:]))
    network, seconds = method.create(num_inputs, widths, key=init_key), 0.0
    batch_size = 200 if len(split.train.images) > 10_000 else 50
    config = FitConfig(num_epochs, batch_size, method.learning_rate)
    augment = method.augment if num_inputs >= LARGE else None
    if not method.labelled:
        below = FitConfig(max(1, num_epochs // (1 + READOUT_SHARE)), batch_size, method.body_rate)
        network, seconds = _trained(network, split, below, fit_key, report, schedule=method.schedule)
        network, fit_key = ReadoutNetwork.create(network, NUM_LABELS), readout_key
        config = replace(config, num_epochs=max(1, num_epochs - below.num_epochs))
    network, more = _trained(network, split, config, fit_key, report, schedule=method.schedule, augment=augment)
    layers = getattr(network, "layer_predictions", None)
    outcome = Outcome(
        train_seconds=round(seconds + more, 1),
        epochs=num_epochs,
        params=sum(leaf.size for leaf in jax.tree.leaves(network)),
        validation_accuracy=float(accuracy(network.predict, split.validation)),
        test_accuracy=float(accuracy(network.predict, split.test)),
        layer_accuracy=[] if layers is None else [float(share) for share in accuracy(layers, split.test)],
        dead_fraction=_dead(network, split.validation),
    )
    return outcome, network


def _trained(
    network: Any, split: Split, config: FitConfig, key: jax.Array, report: Callable[[str], None], **settings: Any
) -> tuple[Any, float]:
    """The network after the last epoch, and the seconds that it took, compilation included."""
    begun = time.perf_counter()
    for epoch in fit(network, split.train, config, key=key, **settings):
        network = jax.block_until_ready(epoch.network)
        losses = " ".join(f"{loss:.4f}" for loss in epoch.losses)
        report(f"epoch {epoch.number}: loss {losses}, {time.perf_counter() - begun:.0f} s")
    return network, time.perf_counter() - begun


def _dead(network: Any, samples: Batch) -> float:
    """Share of units that no validation image makes fire."""
    fired: list = []
    activities = jax.jit(network.activities)
    for start in range(0, len(samples.images), 1000):
        part = slice(start, start + 1000)
        layers = activities(unit_range(samples.images[part]), samples.labels[part])
        found = [np.asarray(layer > 0).any(0) for layer in layers]
        fired = found if not fired else [old | new for old, new in zip(fired, found, strict=True)]
    return round(1 - float(np.mean(np.concatenate(fired))), 4)
