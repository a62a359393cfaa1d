"""Closed-form local updates: each loss as two Hebbian products, with no autodiff and no weight transport.

The change of a weight is the activity before it, times the activity behind it, times one number a sample that says
how surprising the sample's goodness was. `hebbian_gradient` stands wherever a layer's own gradient does, such as
`local_step(..., gradient=hebbian_gradient)`.

Reference:
    Hinton (2022), arXiv:2212.13345, section 2 (the derivative of the sum of squares is the activity itself).
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from ffnca.ff.calibration import Calibration
from ffnca.ff.images.distance import DistanceLayer
from ffnca.ff.images.own import own_parts
from ffnca.ff.layer import FFLayer
from ffnca.ff.local_update import Labelled, Pair

_LAYER_PARTS = ("__call__", "drive", "goodness", "loss")
_CALIBRATION_PARTS = ("measure", "pair_loss")
_DISTANCE_PARTS = ("__call__", "goodness", "loss", "_nearness")
"""What the closed forms below were derived from; the normaliser and what is passed on may be anyone's."""


def threshold_slopes(
    positive: Float[Array, " positive"],
    negative: Float[Array, " negative"],
    *,
    positive_threshold: float,
    negative_threshold: float,
) -> tuple[Float[Array, " positive"], Float[Array, " negative"]]:
    """Derivative of the (two-)threshold loss in the goodness of each sample.

    Args:
        positive: Goodness on positives.
        negative: Goodness on negatives.
        positive_threshold: Above which a positive is believed.
        negative_threshold: Below which a negative is not.

    Returns:
        At most 0 for positives: minus the probability that it is none; at least 0 for negatives.
    """
    surprise = jax.nn.sigmoid(positive_threshold - positive), jax.nn.sigmoid(negative - negative_threshold)
    return -surprise[0] / positive.shape[0], surprise[1] / negative.shape[0]


def symba_slopes(
    positive: Float[Array, " batch"], negative: Float[Array, " batch"], *, sharpness: float
) -> tuple[Float[Array, " batch"], Float[Array, " batch"]]:
    """Derivative of the SymBa loss in the goodness of each positive and of its negative: opposite and equal."""
    surprise = sharpness * jax.nn.sigmoid(-sharpness * (positive - negative)) / positive.shape[0]
    return -surprise, surprise


def n_pair_slopes(
    goodness: Float[Array, "batch label"], labels: Int[Array, " batch"], *, margin: float = 0.0
) -> Float[Array, "batch label"]:
    """Derivative of the N-pair loss in the goodness of each label; each row sums to 0."""
    true = jax.nn.one_hot(labels, goodness.shape[-1])
    return (jax.nn.softmax(goodness + margin * (1.0 - true)) - true) / goodness.shape[0]


def hebbian_gradient(layer: Any, signal: Any) -> tuple[Float[Array, ""], Any]:
    """Loss and gradient of an `FFLayer` or a `DistanceLayer` in closed form.

    Args:
        layer: Of either kind.
        signal: What it learns from: a `Pair` or `Labelled` samples.

    Returns:
        The loss and a layer-shaped tree, equal to what autodiff inside the layer gives.

    Raises:
        TypeError: If the layer is of another kind, or has a loss, goodness or activity of its own, whose gradient this
            form is not; `own_gradient` takes any layer.
    """
    signal = jax.lax.stop_gradient(signal)
    if isinstance(layer, FFLayer):
        terms = pair_terms(layer, signal)
        return layer.loss(signal), terms
    if isinstance(layer, DistanceLayer):
        terms = distance_terms(layer, signal)
        return layer.loss(signal), terms
    raise TypeError(f"{type(layer).__name__}: allowed are FFLayer, DistanceLayer")


def pair_terms(layer: FFLayer, signal: Pair) -> FFLayer:
    """The negative pass's Hebbian term minus the positive pass's, each sample weighted by its surprise.

    Raises:
        TypeError: If the layer has a loss, goodness or activity of its own.
    """
    own = own_parts(layer, FFLayer, _LAYER_PARTS) + own_parts(layer.calibration, Calibration, _CALIBRATION_PARTS)
    _require_plain(layer, own)
    passes = [_flat(layer.calibration.normalise(inputs)) for inputs in signal]
    drives = [inputs @ layer.kernel[...] + layer.bias[...] for inputs in passes]
    activities = [jax.nn.relu(drive) for drive in drives]
    slopes = _pair_slopes(layer.calibration, *activities)
    summed = layer.calibration.goodness == "sum"
    factor = 2.0 if summed else 2.0 / layer.bias.shape[0]
    behind = [factor * slope[:, None] * activity for slope, activity in zip(slopes, activities, strict=True)]
    gradient = jax.tree.map(jnp.zeros_like, layer)  # parts that a subclass adds beside those below have no slope
    gradient.kernel = nnx.Param(passes[0].T @ behind[0] + passes[1].T @ behind[1])
    gradient.bias = nnx.Param(behind[0].sum(0) + behind[1].sum(0))
    return gradient


def distance_terms(layer: DistanceLayer, signal: Labelled) -> DistanceLayer:
    """Activities move towards the true centre and from the others, and centres towards their own activities.

    Raises:
        TypeError: If the layer has a loss, goodness or activity of its own.
    """
    own = own_parts(layer, DistanceLayer, _DISTANCE_PARTS) + own_parts(layer.layer, FFLayer, _LAYER_PARTS[:2])
    _require_plain(layer, own)
    inputs = layer.layer.calibration.normalise(signal.inputs)
    activity = jax.nn.relu(inputs @ layer.layer.kernel[...] + layer.layer.bias[...])
    slopes = n_pair_slopes(layer.goodness(signal.inputs), signal.labels, margin=layer.margin)
    factor = 2.0 * layer.sharpness / activity.shape[-1]
    # Each row of slopes sums to 0, so the activity itself drops out and the centres alone drive it.
    behind = factor * (slopes @ layer.centres[...]) * (activity > 0)
    gradient = jax.tree.map(jnp.zeros_like, layer)  # parts that a subclass adds beside those below have no slope
    gradient.layer.kernel = nnx.Param(inputs.T @ behind)
    gradient.layer.bias = nnx.Param(behind.sum(0))
    pull = slopes.T @ activity - slopes.sum(0)[:, None] * layer.centres[...]
    gradient.centres = nnx.Param(factor * pull)
    return gradient


def _pair_slopes(calibration: Calibration, positive: Array, negative: Array) -> tuple[Array, Array]:
    good, bad = calibration.measure()(positive), calibration.measure()(negative)
    scale = positive.shape[-1] if calibration.goodness == "sum" else 1
    if calibration.loss == "symba":
        return symba_slopes(good, bad, sharpness=calibration.sharpness / scale)
    above, below = calibration.thresholds()
    return threshold_slopes(good, bad, positive_threshold=above * scale, negative_threshold=below * scale)


def _require_plain(layer: Any, own: list[str]) -> None:
    if own:
        raise TypeError(
            f"{type(layer).__name__} has its own {', '.join(own)}: the closed form is that of FFLayer, DistanceLayer "
            "as they are; ffnca.ff.own_gradient takes any layer"
        )


def _flat(inputs: Array) -> Array:
    return inputs.reshape(-1, inputs.shape[-1])
