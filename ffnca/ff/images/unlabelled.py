"""Networks that learn without labels: self-contrastive views, hybrid images, noise, or generated negatives."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.errors import InputError
from ffnca.ff.calibration import CENTRED, PAIRED_VIEWS, SYMBA, Calibration
from ffnca.ff.images.base import LayeredNetwork
from ffnca.ff.images.generator import GeneratorNetwork
from ffnca.ff.images.inputs import Inputs, Labels, Samples
from ffnca.ff.images.negatives import hybrid_images, noisy, other_samples
from ffnca.ff.images.stack import reads, stack
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Pair

Augment = Callable[..., Float[Array, "batch ..."]]
"""From images and a `key` to another view of each."""

_NORMALISE = Calibration(normaliser="standard").normalise
NEGATIVES = ("hybrid", "noise", "generated")


def _standardised(samples: Float[Array, "batch ..."]) -> Float[Array, "batch feature"]:
    return _NORMALISE(samples.reshape(samples.shape[0], -1))


def features(layers: tuple[FFLayer, ...], inputs: Float[Array, "batch feature"]) -> Float[Array, "batch unit"]:
    """Activities of all layers side by side, each layer's scaled to a root mean square of 1, as data."""
    found = []
    for layer, read in zip(layers, reads(layers, inputs), strict=True):
        activity = layer(read)
        found.append(activity / jnp.sqrt(jnp.mean(jnp.square(activity), -1, keepdims=True) + 1e-9))
    return jax.lax.stop_gradient(jnp.concatenate(found, -1))


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class SelfContrastiveNetwork(LayeredNetwork):
    """Two views of one sample are a positive, views of two samples a negative; no labels.

    The first layer reads W x1 + W x2 + b, its bias standing for the published 2b; later ones read the centred
    activities of the layer below, relu(z - mean z), standardised.

    Attributes:
        layers: From the input up.
        augment: From images and a key to another view of each; None takes every sample twice as it is.
        inputs: How samples are scaled; `fit` measures it.

    Reference:
        Chen et al. (2025), Nature Communications, arXiv:2409.11593.
    """

    layers: tuple[FFLayer, ...]
    augment: Augment | None = field(metadata={"static": True}, default=None)
    inputs: Inputs = field(default_factory=Inputs)

    @classmethod
    def create(
        cls,
        num_inputs: int,
        widths: tuple[int, ...],
        *,
        key: PRNGKeyArray,
        first: Calibration = PAIRED_VIEWS,
        later: Calibration = CENTRED,
        augment: Augment | None = None,
    ) -> "SelfContrastiveNetwork":
        """A fresh network.

        Args:
            num_inputs: Features of a sample.
            widths: Of the layers.
            key: Source of the initial weights.
            first: Of the first layer; it must not normalise, as the sum of two views carries their likeness.
            later: Of the others.
            augment: Makes another view.

        Raises:
            ValueError: If the first layer normalises or there is no layer.
        """
        if first.normaliser != "none":
            raise ValueError(f"normaliser {first.normaliser!r} of the first layer: allowed is none")
        calibrations = (first,) + (later,) * (len(widths) - 1)
        return cls(stack(num_inputs, widths, calibrations=calibrations, key=key), augment, Inputs(num_inputs))

    def signal(self, images: Samples, labels: Labels | None = None, *, key: PRNGKeyArray) -> Pair:
        """Sums of two views; `labels` are not looked at."""
        first_key, second_key, other_key = jax.random.split(key, 3)
        images = self.inputs(images)
        views = [images if self.augment is None else self.augment(images, key=own) for own in (first_key, second_key)]
        first, second = (_standardised(view) for view in views)
        return Pair(first + second, first + other_samples(second, key=other_key))

    def features(self, images: Samples) -> Float[Array, "batch unit"]:
        """What a readout reads: activities under each sample taken twice."""
        inputs = _standardised(self.inputs(images))
        return features(self.layers, inputs + inputs)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class UnlabelledNetwork(LayeredNetwork):
    """Images are positives; hybrids, noisy or generated images are negatives; no labels.

    Attributes:
        layers: From the input up.
        negatives: `hybrid`, `noise` or `generated`.
        deviation: Of the noise, in units of the standardised image.
        generator: Of generated negatives, learned before or beside; never changed from here.
        inputs: How samples are scaled; `fit` measures it.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.2.
    """

    layers: tuple[FFLayer, ...]
    negatives: str = field(metadata={"static": True}, default="hybrid")
    deviation: float = field(metadata={"static": True}, default=1.0)
    generator: GeneratorNetwork | None = None
    inputs: Inputs = field(default_factory=Inputs)

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            ValueError: If a setting is out of range.
        """
        if self.negatives not in NEGATIVES:
            raise ValueError(f"negatives {self.negatives!r}: allowed are {', '.join(NEGATIVES)}")
        if not 0 < self.deviation < math.inf:
            raise ValueError(f"deviation {self.deviation}: must be above 0 and finite")

    @classmethod
    def create(
        cls,
        num_inputs: int,
        widths: tuple[int, ...],
        *,
        key: PRNGKeyArray,
        calibration: Calibration = SYMBA,
        negatives: str = "hybrid",
        deviation: float = 1.0,
        generator: GeneratorNetwork | None = None,
    ) -> "UnlabelledNetwork":
        """A fresh network.

        Args:
            num_inputs: Features of a sample.
            widths: Of the layers.
            key: Source of the initial weights.
            calibration: Of every layer.
            negatives: `hybrid`, `noise` or `generated`.
            deviation: Of the noise.
            generator: Of generated negatives.

        Raises:
            ValueError: If `negatives` is unknown, its generator is missing, or there is no layer.
        """
        if negatives in NEGATIVES and (negatives == "generated") != (generator is not None):
            raise ValueError(f"generator {generator is not None}: one is needed for generated negatives, and only then")
        layers = stack(num_inputs, widths, calibrations=(calibration,) * len(widths), key=key)
        return cls(layers, negatives, deviation, generator, Inputs(num_inputs))

    def signal(self, images: Samples, labels: Labels | None = None, *, key: PRNGKeyArray) -> Pair:
        """Images against negatives; `labels` are not looked at."""
        read = self.inputs(images)
        real = _standardised(read)
        if self.negatives == "noise":
            return Pair(real, _NORMALISE(noisy(real, deviation=self.deviation, key=key)))
        if read.ndim == 2:
            raise InputError(f"{self.negatives} negatives need images; rows of a table learn by noise")
        if self.generator is not None:
            return Pair(real, _standardised(self.generator.negatives(images, key=key)))
        return Pair(real, _standardised(hybrid_images(read, key=key)))

    def features(self, images: Samples) -> Float[Array, "batch unit"]:
        """What a readout reads."""
        return features(self.layers, _standardised(self.inputs(images)))
