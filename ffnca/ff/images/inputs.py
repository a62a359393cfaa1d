"""What users give, as numbers that a network reads: arrays, lists, bytes and floats, tables and images, all alike.

Bytes (uint8) are numbers from 0 to 1 everywhere; every other number is what it says. Samples of one axis are rows of a
table, those of more are images. What `fit` learns from decides how each is scaled, and the network carries it:

- a table is standardised, feature by feature, for features come in any unit;
- an image stays as it is where its largest value lies between 0.1 and 1, as that of nearly every image does; else all
  pixels are divided by that value, so that the label is neither drowned nor alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Shaped

from ffnca.errors import InputError

Samples = Shaped[Array, "batch ..."] | Shaped[np.ndarray, "batch ..."] | Sequence[Any]
"""Rows of a table or images, of a few colours or none, one after another."""

Labels = Int[Array, " batch"] | Int[np.ndarray, " batch"] | Sequence[int]
"""The class of each sample."""

USUAL = 0.1, 1.0
"""Between these the largest value of images is left as it is."""
_CONSTANT = 1e-6
"""A feature that varies by less than this share of its size is constant but for rounding."""


def as_array(samples: Samples) -> Shaped[Any, "batch ..."]:
    """Samples as an array of jax or NumPy, of the type that they have.

    Raises:
        InputError: If they are no array of numbers, or one sample alone.
    """
    if not isinstance(samples, jax.Array):
        try:
            samples = np.asarray(samples)
        except ValueError as error:
            raise InputError(f"samples that are no array ({error}); all need the same shape") from error
    if not (jnp.issubdtype(samples.dtype, jnp.floating) or samples.dtype.kind in "biu"):
        raise InputError(f"samples of type {samples.dtype}: allowed are bytes, floats and whole numbers")
    if samples.ndim < 2:
        raise InputError(
            f"samples of shape {samples.shape}: allowed are sample x feature, sample x height x width and "
            "sample x height x width x colour; one sample alone is a batch of one"
        )
    return samples


def as_numbers(samples: Samples, *, whole: float = 1.0) -> Float[Array, "batch ..."]:
    """Samples as float32.

    Args:
        samples: Bytes become numbers from 0 to 1, true and false 1 and 0; floats of any width stay what they are.
        whole: What whole numbers of other types are divided by.

    Raises:
        InputError: If they are no array of finite numbers, or one sample alone.
    """
    given = as_array(samples)
    numbers = jnp.asarray(given).astype(jnp.float32)
    if given.dtype == np.uint8:
        numbers = numbers / 255
    elif given.dtype.kind in "iu" and whole != 1:
        numbers = numbers / whole
    if not isinstance(numbers, Tracer) and not np.isfinite(np.asarray(numbers)).all():
        count = int((~np.isfinite(np.asarray(numbers))).sum())
        raise InputError(f"samples: {count} values are not finite in float32; all must be")
    return numbers


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Inputs:
    """How a network reads samples; measured once, by the first `fit`, and carried by the network from then on.

    Attributes:
        num_features: Numbers in a sample; None if any number will do.
        whole: What whole numbers that are no bytes are divided by: 255 if the network learned from bytes, else 1. None
            before anything was measured.
        mean: Subtracted from each feature, or from all; None for nothing.
        scale: Divided by, the same way.
    """

    num_features: int | None = field(metadata={"static": True}, default=None)
    whole: float | None = field(metadata={"static": True}, default=None)
    mean: Float[Array, "*feature"] | None = None
    scale: Float[Array, "*feature"] | None = None

    def __call__(self, samples: Samples) -> Float[Array, "batch ..."]:
        """Samples scaled, in the shape that they have.

        Raises:
            InputError: If they are no array of finite numbers, or of another size than the network reads.
        """
        numbers = as_numbers(samples, whole=self.whole or 1.0)
        width = math.prod(numbers.shape[1:])
        if self.num_features not in (None, width):
            raise InputError(f"samples of {width} features, {numbers.shape[1:]}: allowed are {self.num_features}")
        if self.mean is None or self.scale is None:
            return numbers
        mean, scale = jax.lax.stop_gradient((self.mean, self.scale))
        return ((numbers.reshape(-1, width) - mean) / scale).reshape(numbers.shape)

    def flat(self, samples: Samples) -> Float[Array, "batch feature"]:
        """Samples scaled, each as one row."""
        numbers = self(samples)
        return numbers.reshape(numbers.shape[0], math.prod(numbers.shape[1:]))

    def measured(self, samples: Samples) -> "Inputs":
        """The same as these samples ask for; what is measured already stays as it is."""
        if self.whole is not None:
            return self
        given = as_array(samples)
        numbers = np.asarray(as_numbers(given))
        found = replace(self, whole=255.0 if given.dtype == np.uint8 else 1.0)
        if numbers.ndim == 2:
            mean, deviation = numbers.mean(0, dtype=np.float64), numbers.std(0, dtype=np.float64)
            varies = deviation > _CONSTANT * np.abs(numbers).max(0)
            scale = np.where(varies, deviation, 1.0)
        else:
            mean, scale = np.zeros(()), np.abs(numbers).max()
            if USUAL[0] <= scale <= USUAL[1] or not scale:
                return found
        return replace(found, mean=jnp.asarray(mean, jnp.float32), scale=jnp.asarray(scale, jnp.float32))
