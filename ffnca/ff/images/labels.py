"""Labels in the input: a one-hot label before the features of a sample, or written over the first of them."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def embed_label(
    inputs: Float[Array, "batch feature"], labels: Int[Array, " batch"], num_labels: int, *, strength: float
) -> Float[Array, "batch feature"]:
    """Write a label over the first inputs.

    Args:
        inputs: Samples; the first `num_labels` features are overwritten.
        labels: In 0 to `num_labels` - 1; others write no label at all.
        num_labels: How many there are.
        strength: Value of the label's own input, in units of the inputs.

    Raises:
        ValueError: If the inputs are narrower than the labels are many.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3.
    """
    _check_width(inputs, num_labels)
    return inputs.at[:, :num_labels].set(strength * jax.nn.one_hot(labels, num_labels, dtype=inputs.dtype))


def prepend_label(
    inputs: Float[Array, "batch feature"], labels: Int[Array, " batch"], num_labels: int, *, strength: float
) -> Float[Array, "batch labelled_feature"]:
    """Put a label before the inputs, in places of its own.

    Args:
        inputs: Samples.
        labels: In 0 to `num_labels` - 1; others set no label at all.
        num_labels: How many there are, and so how many inputs are added.
        strength: Value of the label's own input, in units of the inputs.
    """
    return jnp.concatenate([strength * jax.nn.one_hot(labels, num_labels, dtype=inputs.dtype), inputs], -1)


def _check_width(inputs: Array, num_labels: int) -> None:
    if not 2 <= num_labels <= inputs.shape[-1]:
        raise ValueError(f"num_labels {num_labels}: allowed are 2 to the input width, {inputs.shape[-1]}")
