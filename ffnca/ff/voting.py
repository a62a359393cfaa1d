"""An FF layer in which the parts of a whole vote: the whole's goodness of a label is the mean of its parts'."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.ff.calibration import DIRECTION
from ffnca.ff.layer import FFLayer
from ffnca.ff.losses import n_pair_loss
from ffnca.lattice import Value

SHARPNESS = 10.0
"""Of the mean of the votes, in the loss: a single part seldom knows the label, and need not."""


class Votes(NamedTuple):
    """What a voting layer learns from.

    Attributes:
        inputs: What each part reads.
        whole: Which whole it is part of, from 0, in ascending order; as many as there are labels for parts of none.
        labels: True label of each whole.
    """

    inputs: Float[Array, "part feature"]
    whole: Int[Array, " part"]
    labels: Int[Array, " whole"]


class VotingLayer(nnx.Module):
    """An FF layer, and the direction of its activity that speaks for each label.

    Reference:
        Hinton (2022), arXiv:2212.13345: the goodness of an image is the sum over all places of a layer. N-pair loss
        over labels as in Wu et al. (2024), arXiv:2408.14925.
    """

    def __init__(self, num_inputs: int, num_units: int, num_labels: int, *, key: PRNGKeyArray) -> None:
        """Draw the layer; no label has a direction yet.

        Args:
            num_inputs: Length of what a part reads.
            num_units: Width of the layer.
            num_labels: How many labels.
            key: Source of the initial weights.
        """
        self.layer = FFLayer(num_inputs, num_units, key=key)
        self.spokesmen = nnx.Param(jnp.zeros((num_units, num_labels)))
        self.offset = nnx.Param(jnp.zeros(num_labels))

    def forward(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch unit"]:
        """What the next layer reads."""
        return self.layer.forward(inputs)

    def judged(self, activity: Float[Array, "*batch unit"]) -> Float[Array, "*batch label"]:
        """Goodness of each label by the direction of an activity."""
        return DIRECTION.normalise(activity) @ self.spokesmen[...] + self.offset[...]

    def goodness(self, inputs: Float[Array, "*batch feature"]) -> Float[Array, "*batch label"]:
        """Goodness of each label by each part alone."""
        return self.judged(self.layer(inputs))

    def loss(self, signal: Votes) -> Float[Array, ""]:
        """N-pair loss over the labels of each whole; nothing flows back into the inputs."""
        inputs, whole, labels = jax.lax.stop_gradient(signal)
        return n_pair_loss(SHARPNESS * mean_votes(self.goodness(inputs), whole, labels.shape[0]), labels)

    def passed_on(self, signal: Votes) -> Votes:
        """The activity of each part, detached."""
        return jax.lax.stop_gradient(signal._replace(inputs=self.forward(signal.inputs)))

    def described_judged(self, activity: Value) -> Value:
        """`judged` as data."""
        return DIRECTION.described_normal(activity).dense(self.spokesmen[...], self.offset[...])


def mean_votes(
    goodness: Float[Array, "part label"], whole: Int[Array, " part"], num_wholes: int
) -> Float[Array, "whole label"]:
    """Mean over the parts of each whole; 0 for a whole without parts."""
    total = jax.ops.segment_sum(goodness, whole, num_wholes, indices_are_sorted=True)
    number = jax.ops.segment_sum(jnp.ones_like(goodness[:, :1]), whole, num_wholes, indices_are_sorted=True)
    return total / jnp.maximum(number, 1.0)
