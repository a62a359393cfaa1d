"""Negatives: inputs a layer must find less good than the real ones. Fresh every step, from an explicit key."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

_BLUR = jnp.array([0.25, 0.5, 0.25])
_NUM_BLURS = 6


def wrong_labels(labels: Int[Array, " batch"], num_labels: int, *, key: PRNGKeyArray) -> Int[Array, " batch"]:
    """A wrong label for each sample, every wrong one equally likely.

    Raises:
        ValueError: If there are fewer than two labels to choose from.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3.
    """
    if num_labels < 2:
        raise ValueError(f"num_labels {num_labels}: a wrong label needs at least 2")
    return (labels + jax.random.randint(key, labels.shape, 1, num_labels)) % num_labels


def likely_wrong_labels(
    goodness: Float[Array, "batch label"],
    labels: Int[Array, " batch"],
    *,
    temperature: float = 0.3,
    key: PRNGKeyArray,
) -> Int[Array, " batch"]:
    """A wrong label for each sample, drawn by its goodness: what is nearly believed is unlearned first.

    Args:
        goodness: Of every label; taken as data.
        labels: The true ones, never drawn.
        temperature: In units of goodness; small draws the best wrong label, large draws any.
        key: Source of the draw.

    Raises:
        ValueError: If there are fewer than two labels or the temperature is not above 0.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.3 (hard negatives by a forward pass).
    """
    if goodness.shape[-1] < 2 or not temperature > 0:
        raise ValueError(f"{goodness.shape[-1]} labels, temperature {temperature}: at least 2 labels, above 0")
    true = jax.nn.one_hot(labels, goodness.shape[-1], dtype=bool)
    odds = jnp.where(true, -jnp.inf, jax.lax.stop_gradient(goodness) / temperature)
    return jax.random.categorical(key, odds)


def large_masks(num_masks: int, height: int, width: int, *, key: PRNGKeyArray) -> Bool[Array, "mask H W"]:
    """Masks with large regions of both kinds: random bits, blurred over and over, cut at one half.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.2.
    """
    bits = jax.random.bernoulli(key, 0.5, (num_masks, height, width)).astype(jnp.float32)

    def blur(_: Array, field: Array) -> Array:
        for axis in (1, 2):
            before, after = (jnp.roll(field, shift, axis) for shift in (1, -1))
            field = _BLUR[0] * before + _BLUR[1] * field + _BLUR[2] * after
        return field

    return jax.lax.fori_loop(0, _NUM_BLURS, blur, bits) > 0.5


def hybrid_images(images: Float[Array, "batch H W *colour"], *, key: PRNGKeyArray) -> Float[Array, "batch H W *colour"]:
    """Half of one image, half of another: right at short range, wrong at long range.

    Args:
        images: Real ones; all colours of a pixel are taken from the same.
        key: Source of masks and partners.

    Raises:
        ValueError: If there is but one image.

    Reference:
        Hinton (2022), arXiv:2212.13345, section 3.2.
    """
    mask_key, other_key = jax.random.split(key)
    mask = large_masks(*images.shape[:3], key=mask_key)
    return jnp.where(mask.reshape(*mask.shape, *(1,) * (images.ndim - 3)), images, other_samples(images, key=other_key))


def other_samples(inputs: Float[Array, "*batch"], *, key: PRNGKeyArray) -> Float[Array, "*batch"]:
    """The batch against itself, so that each sample stands beside another one, never beside itself.

    Raises:
        ValueError: If there is but one sample.

    Reference:
        Chen et al. (2025), self-contrastive Forward-Forward, arXiv:2409.11593.
    """
    if inputs.shape[0] < 2:
        raise ValueError("another sample needs a batch of at least 2")
    return jnp.roll(inputs, jax.random.randint(key, (), 1, inputs.shape[0]), axis=0)


def noisy(inputs: Float[Array, "*batch"], *, deviation: float, key: PRNGKeyArray) -> Float[Array, "*batch"]:
    """The same with additive Gaussian noise.

    Raises:
        ValueError: If `deviation` is not above 0.
    """
    if not deviation > 0:
        raise ValueError(f"deviation {deviation}: must be above 0")
    return inputs + deviation * jax.random.normal(key, inputs.shape)
