"""The methods of the Forward-Forward studies: how each network is made, trained and chosen."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np
from ff_data import NUM_LABELS, Split

from ffnca.ff.backprop import Backpropagation, BackpropNetwork
from ffnca.ff.calibration import CLASSIC, SYMBA
from ffnca.ff.distance import DistanceNetwork
from ffnca.ff.fit import Batch, Course, accuracy, fit, jitter, unit_range
from ffnca.ff.network import FFNetwork
from ffnca.ff.readout import ReadoutNetwork
from ffnca.ff.recurrent import Moments, RecurrentNetwork
from ffnca.ff.schedules import Schedule, Simultaneous
from ffnca.ff.unlabelled import SelfContrastiveNetwork, UnlabelledNetwork


@dataclass(frozen=True)
class Method:
    """One way to train.

    Attributes:
        create: From the number of inputs, the widths and a key to a network.
        schedule: When each layer learns.
        labelled: Whether it learns from labels; if not, a readout is trained on top, for as many epochs again.
        learning_rate: Of Adam at the start.
    """

    create: Callable[..., Any]
    schedule: Schedule = field(default_factory=Simultaneous)
    labelled: bool = True
    learning_rate: float = 3e-3


LARGE = 784
"""Pixels from which images are moved while training; on small ones a pixel is too far."""

METHODS = {
    "ff": Method(
        lambda size, widths, key: FFNetwork.create(
            size, widths, NUM_LABELS, key=key, calibration=CLASSIC, temperature=0.0
        )
    ),
    "symba": Method(
        lambda size, widths, key: FFNetwork.create(
            size, widths, NUM_LABELS, key=key, calibration=replace(SYMBA, sharpness=10.0)
        )
    ),
    "scff": Method(SelfContrastiveNetwork.create, labelled=False),
    "distance": Method(
        lambda size, widths, key: DistanceNetwork.create(size, widths, NUM_LABELS, key=key, sharpness=30.0)
    ),
    "hybrid": Method(UnlabelledNetwork.create, labelled=False),
    "recurrent": Method(
        lambda size, widths, key: RecurrentNetwork.create(size, widths, NUM_LABELS, key=key), Moments()
    ),
    "backprop": Method(
        lambda size, widths, key: BackpropNetwork.create(size, widths, NUM_LABELS, key=key), Backpropagation()
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a run gives; the test set was looked at once, after everything was chosen."""

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
    """Train, choose the epoch by the validation set, and measure once on the test set.

    Args:
        name: Of a method.
        split: The images.
        widths: Of the layers.
        num_epochs: Of the network; a readout takes as many again.
        seed: Of weights, order, negatives and augmentation.
        report: Told of every epoch.

    Returns:
        The figures and the network.
    """
    method, key = METHODS[name], jax.random.key(seed)
    init_key, fit_key, readout_key = jax.random.split(key, 3)
    num_inputs = int(np.prod(split.train.images.shape[1:]))
    network, seconds = method.create(num_inputs, widths, key=init_key), 0.0
    course = Course(num_epochs, 200 if len(split.train.images) > 10_000 else 50, method.learning_rate)
    augment = jitter if num_inputs >= LARGE else None
    if not method.labelled:
        if name == "scff":
            network = replace(network, augment=augment)
        settings = {"schedule": method.schedule, "augment": None if name == "scff" else augment}
        network, seconds, _ = _best(network, split, course, fit_key, report, **settings)
        network, fit_key = ReadoutNetwork.create(network, NUM_LABELS), readout_key
    network, more, (chosen, best) = _best(
        network, split, course, fit_key, report, schedule=method.schedule, augment=augment
    )
    layers = getattr(network, "layer_predictions", None)
    outcome = Outcome(
        train_seconds=round(seconds + more, 1),
        epochs=chosen,
        params=sum(leaf.size for leaf in jax.tree.leaves(network)),
        validation_accuracy=best,
        test_accuracy=float(accuracy(network.predict, split.test)),
        layer_accuracy=[] if layers is None else [float(share) for share in accuracy(layers, split.test)],
        dead_fraction=_dead(network, split.validation),
    )
    return outcome, network


def _best(
    network: Any, split: Split, course: Course, key: jax.Array, report: Callable[[str], None], **settings: Any
) -> tuple[Any, float, tuple[int, float]]:
    """The network of the epoch that the validation set likes best, the training time, and that epoch's figures."""
    seconds, chosen, judged = 0.0, (network, 0, -1.0), hasattr(network, "predict")
    epochs = fit(network, split.train, course, key=key, **settings)
    while True:
        begun = time.perf_counter()
        epoch = next(epochs, None)
        if epoch is None:
            return chosen[0], seconds, chosen[1:]
        losses = " ".join(f"{loss:.4f}" for loss in jax.block_until_ready(epoch.losses))
        seconds += time.perf_counter() - begun
        found = float(accuracy(epoch.network.predict, split.validation)) if judged else 0.0
        if found >= chosen[2]:
            chosen = (epoch.network, epoch.number, found)
        report(f"epoch {epoch.number}: loss {losses}" + f", validation {found:.4f}" * judged + f", {seconds:.0f} s")


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
