"""Standardised inputs: measured once, used in training, then absorbed into the weights that read them."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

FLOOR = 0.05
"""Added to every deviation, so that an input that hardly varies is not blown up."""


class Standardiser(NamedTuple):
    """Mean and scale of each input.

    Attributes:
        mean: Subtracted.
        scale: Divided by; at least `FLOOR`.
    """

    mean: Float[Array, " feature"]
    scale: Float[Array, " feature"]

    @classmethod
    def measured(cls, inputs: Float[Array, "sample feature"], weight: Float[Array, " sample"]) -> "Standardiser":
        """Mean and deviation of samples, each counted with its weight."""
        share = weight / jnp.sum(weight)
        mean = share @ inputs
        return cls(mean, jnp.sqrt(share @ jnp.square(inputs - mean)) + FLOOR)

    def __call__(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch feature"]:
        """Inputs with mean 0 and deviation near 1."""
        return (inputs - self.mean) / self.scale

    def absorbed(
        self, kernel: Float[Array, "feature unit"], bias: Float[Array, " unit"]
    ) -> tuple[Float[Array, "feature unit"], Float[Array, " unit"]]:
        """Kernel and bias that do on raw inputs what the given ones do on standardised inputs."""
        kernel = kernel / self.scale[:, None]
        return kernel, bias - self.mean @ kernel
