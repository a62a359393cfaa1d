"""Losses over the goodness of one layer's positive and negative pass."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def threshold_loss(
    positive: Float[Array, "*positive"], negative: Float[Array, "*negative"], *, goodness_threshold: float
) -> Float[Array, ""]:
    """Push positive goodness above a threshold and negative goodness below it.

    Args:
        positive: Goodness on positives.
        negative: Goodness on negatives; may be another batch shape.
        goodness_threshold: In the units of the goodness.

    Returns:
        Mean of softplus(threshold - positive) plus mean of softplus(negative - threshold), at least 0.

    Reference:
        Hinton (2022), arXiv:2212.13345, equation 1, as a negative log-likelihood.
    """
    pull = jnp.mean(jax.nn.softplus(goodness_threshold - positive))
    push = jnp.mean(jax.nn.softplus(negative - goodness_threshold))
    return pull + push


def symba_loss(
    positive: Float[Array, "*positive"], negative: Float[Array, "*negative"], *, sharpness: float = 4.0
) -> Float[Array, ""]:
    """Push positive goodness above the goodness of the paired negative, with no threshold.

    Args:
        positive: Goodness on positives.
        negative: Goodness on the negative paired with each positive.
        sharpness: The paper's alpha, in units of one over goodness.

    Returns:
        Mean of softplus(-sharpness * (positive - negative)), at least 0.

    Raises:
        ValueError: If the two passes differ in shape, since each positive needs its own negative.

    Reference:
        Lee and Song (2023), SymBa, arXiv:2303.08418, equation 5.
    """
    if positive.shape != negative.shape:
        raise ValueError(f"positive {positive.shape} and negative {negative.shape} must be paired, one to one")
    return jnp.mean(jax.nn.softplus(-sharpness * (positive - negative)))
