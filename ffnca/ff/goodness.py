"""Goodness: the number that a Forward-Forward layer raises on positives and lowers on negatives."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def _require_float(activity: Array) -> None:
    if not jnp.issubdtype(activity.dtype, jnp.floating):
        raise TypeError(f"activity must be floating point, got {activity.dtype}")


def mean_goodness(activity: Float[Array, "*batch unit"]) -> Float[Array, "*batch"]:
    """Mean squared activity.

    Args:
        activity: Post-ReLU, not normalised, dimensionless.

    Returns:
        Goodness, at least 0. A threshold of 1 here equals a sum-of-squares threshold of `unit`.

    Raises:
        TypeError: If `activity` is not floating point.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 2, with the mean for the sum.
    """
    _require_float(activity)
    return jnp.mean(jnp.square(activity), axis=-1)


def sum_goodness(activity: Float[Array, "*batch unit"]) -> Float[Array, "*batch"]:
    """Sum of squared activities.

    Args:
        activity: Post-ReLU, not normalised, dimensionless.

    Returns:
        Goodness, at least 0; grows with the number of units.

    Raises:
        TypeError: If `activity` is not floating point.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 2.
    """
    _require_float(activity)
    return jnp.sum(jnp.square(activity), axis=-1)


def distance_goodness(
    activity: Float[Array, "*batch unit"], centre: Float[Array, "*#batch unit"]
) -> Float[Array, "*batch"]:
    """Minus half the squared distance to a centre: 0 at the centre, falling away from it.

    Args:
        activity: The layer's output, dimensionless.
        centre: Where it should be, one per sample or one for all.

    Returns:
        Goodness, at most 0. Its gradient with respect to the activity is `centre - activity`.

    Raises:
        TypeError: If `activity` is not floating point.

    Reference:
        Wu et al. (2024), distance-forward learning, arXiv:2408.14925, section 3 (there without the half).
    """
    _require_float(activity)
    return -0.5 * jnp.sum(jnp.square(activity - centre), axis=-1)


def tempered(gap: Float[Array, "*batch"], scale: Float[Array, ""] | float) -> Float[Array, "*batch"]:
    """A goodness gap that counts in full where it is small, and only by its square root where it is large.

    What cannot be known has a large gap whatever a layer does; in a plain mean it decides what the layer learns, and
    what could be got exactly right is not.

    Args:
        gap: Goodness that is missing, at least 0.
        scale: Where the one goes over into the other; infinite for the gap itself.

    Returns:
        2 scale (sqrt(1 + gap / scale) - 1), written so that no digit is lost where the gap is small.

    Reference:
        Charbonnier et al. (1997), doi:10.1109/83.551699: a potential quadratic in small errors, linear in large ones.
    """
    return 2 * gap / (jnp.sqrt(1 + gap / scale) + 1)


def temper(gap: Float[Array, "*batch"], scale: Float[Array, ""] | float) -> Float[Array, "*batch"]:
    """How much each gap weighs: the slope of `tempered`, 1 at a gap of 0."""
    return 1 / jnp.sqrt(1 + gap / scale)
