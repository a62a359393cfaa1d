"""Class-code noise: the code that says which of several bodies a cell belongs to is off, alike in a whole state.

Cells copy that code from each other. A rule that never saw all of them off by the same copies that too, and over a
thousand steps one body drifts into another.
"""

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca import draws


def with_class_noise(
    states: Float[Array, "batch H W C"],
    num_identity: int,
    largest: Float[Array, ""] | float,
    *,
    key: PRNGKeyArray,
) -> Float[Array, "batch H W C"]:
    """Shift the last channels of each state by Gaussian amounts, the same in all its cells that are not empty.

    Args:
        states: Of several bodies.
        num_identity: How many channels say which body.
        largest: Largest deviation of the shift; each state has its own, uniform below that.
        key: Source of deviations and shifts.
    """
    scale_key, shift_key = jax.random.split(key)
    scale = largest * draws.uniform(scale_key, (states.shape[0], 1, 1, 1))
    shift = scale * draws.normal(shift_key, (states.shape[0], 1, 1, num_identity))
    here = (states != 0).any(-1, keepdims=True)
    return states.at[..., -num_identity:].add(shift * here)
