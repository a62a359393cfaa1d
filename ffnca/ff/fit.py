"""Training on images: epochs of shuffled batches under a schedule, each epoch one compiled loop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray, Shaped

from ffnca.errors import InputError
from ffnca.ff.schedules import Batch, Network, Schedule, Simultaneous


@dataclass(frozen=True)
class Course:
    """How long and how fast.

    Attributes:
        num_epochs: Passes over the images.
        batch_size: Images a step; what is left over at the end of an epoch is left out of it.
        learning_rate: Of Adam at the start; it falls to 0 along half a cosine.
    """

    num_epochs: int
    batch_size: int = 200
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            ValueError: If a setting is out of range.
        """
        if self.num_epochs < 1 or self.batch_size < 2 or not self.learning_rate > 0:
            raise ValueError(f"{self}: num_epochs at least 1, batch_size at least 2, learning_rate above 0")


class Epoch(NamedTuple):
    """What one epoch gives.

    Attributes:
        number: From 1.
        losses: Mean loss of each layer that learned.
        network: As it is now.
    """

    number: int
    losses: Float[Array, " loss"]
    network: Network


def checked_batch(images: Shaped[Any, "*images"], labels: Shaped[Any, "*labels"], num_labels: int) -> Batch:
    """Images and labels that can be learned from.

    Args:
        images: `sample x height x width`, bytes or finite floats.
        labels: One an image, integers from 0 to `num_labels` - 1.
        num_labels: How many there are.

    Raises:
        InputError: Naming the argument and what is allowed.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 3 or 0 in images.shape:
        raise InputError(f"images of shape {images.shape}: allowed is sample x height x width, none of them 0")
    if images.dtype != np.uint8 and not np.issubdtype(images.dtype, np.floating):
        raise InputError(f"images of type {images.dtype}: allowed are uint8 and floating point")
    if not np.isfinite(images).all():
        raise InputError(f"images: {int((~np.isfinite(images)).sum())} values are not finite; all must be")
    if labels.shape != images.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"labels {labels.shape} of type {labels.dtype}: allowed is one integer for each image")
    if labels.min() < 0 or labels.max() >= num_labels:
        raise InputError(f"labels from {labels.min()} to {labels.max()}: allowed are 0 to {num_labels - 1}")
    if images.dtype != np.uint8:
        images = images.astype(np.float32)
    return Batch(jnp.asarray(images), jnp.asarray(labels, jnp.int32))


def unit_range(images: Shaped[Array, "batch H W"]) -> Float[Array, "batch H W"]:
    """Bytes as numbers from 0 to 1; floats as they are."""
    return images.astype(jnp.float32) / 255 if images.dtype == jnp.uint8 else images


def fit(
    network: Network,
    samples: Batch,
    course: Course,
    *,
    key: PRNGKeyArray,
    schedule: Schedule | None = None,
    augment: Callable[..., Float[Array, "batch H W"]] | None = None,
) -> Iterator[Epoch]:
    """Train a network.

    Args:
        network: To start from.
        samples: As `checked_batch` gives them.
        course: Epochs, batch size and learning rate.
        key: Source of order, negatives and augmentation.
        schedule: When each layer learns; all at every step if None.
        augment: From images and a `key` to images; drawn afresh each time an image is seen.

    Yields:
        Each epoch's losses and network.

    Raises:
        InputError: If there are fewer images than a batch takes.
    """
    schedule = schedule or Simultaneous()
    num_steps = len(samples.images) // course.batch_size
    if num_steps < 1:
        raise InputError(f"{len(samples.images)} images: at least one batch of {course.batch_size} is needed")
    rate = optax.cosine_decay_schedule(course.learning_rate, course.num_epochs * num_steps)
    optimiser = optax.adam(rate)

    def prepared(chosen: Int[Array, " batch"], key: PRNGKeyArray) -> Batch:
        images = unit_range(samples.images[chosen])
        return Batch(images if augment is None else augment(images, key=key), samples.labels[chosen])

    @jax.jit
    def epoch(learner: Any, key: PRNGKeyArray) -> tuple[Any, Array]:
        order_key, step_key = jax.random.split(key)
        order = jax.random.permutation(order_key, len(samples.images))[: num_steps * course.batch_size]

        def step(learner: Any, turn: tuple[Array, PRNGKeyArray]) -> tuple[Any, Array]:
            augment_key, learn_key = jax.random.split(turn[1])
            return schedule.step(learner, optimiser, prepared(turn[0], augment_key), key=learn_key)

        turns = order.reshape(num_steps, course.batch_size), jax.random.split(step_key, num_steps)
        learner, losses = jax.lax.scan(step, learner, turns)
        return learner, jnp.mean(losses, 0)

    start_key, key = jax.random.split(key)
    first = prepared(jnp.arange(course.batch_size), start_key)
    learner = schedule.start(network, optimiser, first, key=start_key)
    for number in range(1, course.num_epochs + 1):
        learner, losses = epoch(learner, jax.random.fold_in(key, number))
        yield Epoch(number, losses, learner.network)


def accuracy(predict: Callable[[Array], Array], samples: Batch, *, batch_size: int = 1000) -> Float[np.ndarray, "*row"]:
    """Share of right predictions, batch by batch.

    Args:
        predict: From images to labels, or to one row of labels a layer.
        samples: What to predict.
        batch_size: Images at a time.

    Returns:
        A number, or one a row.
    """
    compiled, right, count = jax.jit(predict), 0.0, len(samples.images)
    for start in range(0, count, batch_size):
        part = slice(start, start + batch_size)
        found = compiled(unit_range(samples.images[part]))
        right = right + np.asarray(found == samples.labels[part]).sum(-1)
    return np.asarray(right / count)
