"""Training on tables and images: epochs of shuffled batches under a schedule, each epoch one compiled loop."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, Shaped

from ffnca.errors import InputError
from ffnca.ff.images.inputs import Samples, as_numbers
from ffnca.ff.images.schedules import Batch, Network, Schedule, Simultaneous

LARGEST_BATCH = 200
"""Unless another size is asked for."""


@dataclass(frozen=True)
class FitConfig:
    """How long and how fast.

    Attributes:
        num_epochs: Passes over the samples.
        batch_size: Samples a step; what is left over at the end of an epoch is left out of it. None: a sixteenth of
            the samples, 200 at most.
        learning_rate: Of Adam at the start; it falls to 0 along half a cosine.
    """

    num_epochs: int
    batch_size: int | None = None
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ValueError: If a setting is out of range.
        """
        size = 2 if self.batch_size is None else self.batch_size
        if self.num_epochs < 1 or size < 2 or not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"{self}: num_epochs at least 1, batch_size at least 2, learning_rate above 0")

    def size_of(self, num_samples: int) -> int:
        """How many samples a step takes where there are so many."""
        return self.batch_size or max(2, min(LARGEST_BATCH, num_samples // 16))


class Epoch(NamedTuple):
    """What one epoch gives.

    Attributes:
        number: From 1.
        losses: Mean loss of each layer that learned.
        network: As it is now, of the kind that was given.
    """

    number: int
    losses: Float[Array, " loss"]
    network: Any


def checked_batch(
    images: Samples, labels: Shaped[Any, "*labels"] | Sequence[int], num_labels: int | None = None
) -> Batch:
    """Samples and labels that can be learned from.

    Args:
        images: Rows of a table, `sample x feature`, or images, `sample x height x width` with or without colours;
            bytes or finite floats of any width, in a table whole numbers too.
        labels: One a sample, integers from 0 to `num_labels` - 1.
        num_labels: How many there are; None for any number.

    Raises:
        InputError: Naming the argument and what is allowed.
    """
    try:
        images, labels = np.asarray(images), np.asarray(labels)
    except ValueError as error:
        raise InputError(f"images or labels that are no array ({error}); all need the same shape") from error
    if images.ndim < 2 or 0 in images.shape:
        raise InputError(
            f"images of shape {images.shape}: allowed are sample x feature and sample x height x width (x colour), "
            "none of them 0"
        )
    whole = images.ndim == 2 and np.issubdtype(images.dtype, np.integer)
    if images.dtype != np.uint8 and not jnp.issubdtype(images.dtype, jnp.floating) and not whole:
        raise InputError(
            f"images of type {images.dtype}: allowed are uint8 and floating point, whole numbers in tables"
        )
    if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"images of shape {images.shape}, labels {labels.shape} of type {labels.dtype}: allowed is one integer for "
            "each sample"
        )
    if labels.min() < 0 or (num_labels is not None and labels.max() >= num_labels):
        most = "and more" if num_labels is None else f"to {num_labels - 1}"
        raise InputError(f"labels from {labels.min()} to {labels.max()}: allowed are 0 {most}")
    if images.dtype != np.uint8:
        with np.errstate(over="ignore"):  # what does not fit into float32 is told below
            images = images.astype(np.float32)
        if not np.isfinite(images).all():
            count = int((~np.isfinite(images)).sum())
            raise InputError(f"images: {count} values are not finite in float32; all must be")
    return Batch(jnp.asarray(images), jnp.asarray(labels, jnp.int32))


def unit_range(images: Samples) -> Float[Array, "batch ..."]:
    """Bytes as numbers from 0 to 1; floats as they are."""
    return as_numbers(images)


def fit(
    network: Network,
    samples: Batch | tuple[Any, Any],
    config: FitConfig,
    *,
    key: PRNGKeyArray,
    schedule: Schedule | None = None,
    augment: Callable[..., Float[Array, "batch ..."]] | None = None,
) -> Iterator[Epoch]:
    """Train a network; from its first training on, it scales samples as those need it, see `ffnca.ff.images.inputs`.

    Args:
        network: To start from.
        samples: Samples and their labels, as `checked_batch` takes or gives them.
        config: Epochs, batch size and learning rate.
        key: Source of order, negatives and augmentation.
        schedule: When each layer learns; all at every step if None.
        augment: From images and a `key` to images; drawn afresh each time an image is seen.

    Yields:
        Each epoch's losses and network.

    Raises:
        InputError: If samples or labels cannot be learned from, or there are fewer than a batch takes.
    """
    schedule = cast(Schedule, schedule or Simultaneous())
    samples = checked_batch(*samples, getattr(network, "num_labels", None))
    batch_size = config.size_of(len(samples.images))
    num_steps = len(samples.images) // batch_size
    if num_steps < 1:
        raise InputError(f"{len(samples.images)} images: at least one batch of {batch_size} is needed")
    if measured := getattr(network, "measured", None):
        network = measured(samples.images)
    rate = optax.cosine_decay_schedule(config.learning_rate, config.num_epochs * num_steps)
    optimiser = optax.adam(rate)

    def prepared(chosen: Int[Array, " batch"], key: PRNGKeyArray) -> Batch:
        images = unit_range(samples.images[chosen])
        return Batch(images if augment is None else augment(images, key=key), samples.labels[chosen])

    @jax.jit
    def epoch(learner: Any, key: PRNGKeyArray) -> tuple[Any, Array]:
        order_key, step_key = jax.random.split(key)
        order = jax.random.permutation(order_key, len(samples.images))[: num_steps * batch_size]

        def step(learner: Any, turn: tuple[Array, PRNGKeyArray]) -> tuple[Any, Array]:
            augment_key, learn_key = jax.random.split(turn[1])
            return schedule.step(learner, optimiser, prepared(turn[0], augment_key), key=learn_key)

        turns = order.reshape(num_steps, batch_size), jax.random.split(step_key, num_steps)
        learner, losses = jax.lax.scan(step, learner, turns)
        return learner, jnp.mean(losses, 0)

    start_key, key = jax.random.split(key)
    first = prepared(jnp.arange(batch_size), start_key)
    learner = schedule.start(network, optimiser, first, key=start_key)
    for number in range(1, config.num_epochs + 1):
        learner, losses = epoch(learner, jax.random.fold_in(key, number))
        yield Epoch(number, losses, learner.network)


def accuracy(
    predict: Callable[[Array], Array], samples: Batch | tuple[Any, Any], *, batch_size: int = 1000
) -> Float[np.ndarray, "*row"]:
    """Share of right predictions, batch by batch.

    Args:
        predict: From samples to labels, or to one row of labels a layer.
        samples: What to predict, and the true labels, as `checked_batch` takes or gives them.
        batch_size: Samples at a time.

    Returns:
        A number, or one a row.
    """
    samples = checked_batch(*samples)
    compiled, right, count = jax.jit(predict), 0.0, len(samples.images)
    for start in range(0, count, batch_size):
        part = slice(start, start + batch_size)
        found = compiled(unit_range(samples.images[part]))
        right = right + np.asarray(found == samples.labels[part]).sum(-1)
    return np.asarray(right / count)
