"""Receptive fields: first layers whose units start by reading one small rectangle of the image each.

Only the start is local; every weight learns. Random weights on rectangles tell images apart far better than random
weights on all pixels, and an objective without labels changes them little.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, PRNGKeyArray

from ffnca.ff.layer import FFLayer

SIDES = (0.18, 0.5)
"""Shortest and longest side of a rectangle, as shares of the image's."""


def rectangles(
    image_shape: tuple[int, int], num_units: int, *, key: PRNGKeyArray, sides: tuple[float, float] = SIDES
) -> Bool[Array, "pixel unit"]:
    """Random rectangles that lie within the image, a column each.

    Args:
        image_shape: Rows and columns.
        num_units: How many rectangles.
        key: Source of sizes and places.
        sides: Shortest and longest side, as shares of the image's; at least one pixel.

    Raises:
        ValueError: If the sides are not in order within 0 to 1.
    """
    if not 0 < sides[0] <= sides[1] <= 1:
        raise ValueError(f"sides {sides}: allowed are two shares above 0, in order, at most 1")
    reads = []
    for length, own in zip(image_shape, jax.random.split(key), strict=True):
        size_key, place_key = jax.random.split(own)
        shortest, longest = (max(1, round(share * length)) for share in sides)
        size = jax.random.randint(size_key, (num_units,), shortest, longest + 1)
        first = jax.random.randint(place_key, (num_units,), 0, length - size + 1)
        pixel = jnp.arange(length)[:, None]
        reads.append((pixel >= first) & (pixel < first + size))
    return (reads[0][:, None] & reads[1][None]).reshape(-1, num_units)


def start_local(layer: FFLayer, image_shape: tuple[int, int], *, key: PRNGKeyArray) -> FFLayer:
    """The same layer, each unit with weights on one rectangle only, scaled so that its drive is as large as before.

    Args:
        layer: Fresh, on images of `image_shape`.
        image_shape: Rows and columns.
        key: Source of the rectangles.

    Raises:
        ValueError: If the layer reads another number of pixels.

    Reference:
        McDonnell et al. (2015), PLOS ONE 10(8), doi 10.1371/journal.pone.0134254, "receptive field" ELM.
    """
    num_inputs, num_units = layer.kernel[...].shape
    if num_inputs != image_shape[0] * image_shape[1]:
        raise ValueError(f"image_shape {image_shape}: allowed is one of {num_inputs} pixels, as the layer reads")
    read = rectangles(image_shape, num_units, key=key)
    started = nnx.clone(layer)
    started.kernel = nnx.Param(layer.kernel[...] * read * jnp.sqrt(num_inputs / read.sum(0)))
    return started
