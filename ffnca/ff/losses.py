"""Losses over the goodness of one layer: positive against negative pass, or the true label against the others."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


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
    return two_threshold_loss(
        positive, negative, positive_threshold=goodness_threshold, negative_threshold=goodness_threshold
    )


def two_threshold_loss(
    positive: Float[Array, "*positive"],
    negative: Float[Array, "*negative"],
    *,
    positive_threshold: float,
    negative_threshold: float,
) -> Float[Array, ""]:
    """Push positive goodness above one threshold and negative goodness below another.

    Args:
        positive: Goodness on positives.
        negative: Goodness on negatives; may be another batch shape.
        positive_threshold: In the units of the goodness.
        negative_threshold: The same; equal to the other it is `threshold_loss`.

    Returns:
        Mean of softplus(positive_threshold - positive) plus mean of softplus(negative - negative_threshold).

    Reference:
        Chen et al. (2025), self-contrastive Forward-Forward, arXiv:2409.11593, methods.
    """
    pull = jnp.mean(jax.nn.softplus(positive_threshold - positive))
    push = jnp.mean(jax.nn.softplus(negative - negative_threshold))
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


def n_pair_loss(
    goodness: Float[Array, "batch label"], labels: Int[Array, " batch"], *, margin: float = 0.0
) -> Float[Array, ""]:
    """Push the goodness of the true label above that of every other by a margin.

    Args:
        goodness: One row a sample, one column a label.
        labels: The true ones.
        margin: How far the others must stay behind, in units of goodness.

    Returns:
        Mean of log(1 + sum over the other labels of exp(goodness + margin - goodness of the true one)), at least 0.

    Raises:
        ValueError: If `margin` is negative or not a number.

    Reference:
        Sohn (2016), N-pair loss; Wu et al. (2024), distance-forward learning, arXiv:2408.14925 (margin).
    """
    if not margin >= 0:
        raise ValueError(f"margin {margin}: must be at least 0")
    behind = goodness + margin * (1.0 - jax.nn.one_hot(labels, goodness.shape[-1]))
    true = jnp.take_along_axis(goodness, labels[:, None], -1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(behind, -1) - true)
