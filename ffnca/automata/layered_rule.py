"""The layered rule: perceive by one or more FF layers, update by one linear layer on top."""

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.goodness import distance_goodness, tempered
from ffnca.ff.layer import FFLayer
from ffnca.ff.standardise import Standardiser
from ffnca.lattice import Value


class UpdateLayer(nnx.Module):
    """activity @ kernel [+ perception @ skip] + bias; starts at zero.

    With a skip the layer proposes the state that the cell should have, so that no hidden unit is spent on copying
    the present one; without, it proposes the change.
    """

    def __init__(self, num_units: int, num_channels: int, num_skip: int | None = None) -> None:
        """Make a zero layer for `num_units` activities, with a skip from `num_skip` perceptions if given."""
        self.kernel = nnx.Param(jnp.zeros((num_units, num_channels)))
        self.skip = None if num_skip is None else nnx.Param(jnp.zeros((num_skip, num_channels)))
        self.bias = nnx.Param(jnp.zeros(num_channels))

    def __call__(
        self, activity: Float[Array, "cell unit"], perception: Float[Array, "cell perception"]
    ) -> Float[Array, "cell channel"]:
        """The proposed state, or the proposed change if there is no skip."""
        proposed = activity @ self.kernel[...] + self.bias[...]
        return proposed if self.skip is None else proposed + perception @ self.skip[...]

    def loss(
        self,
        activity: Float[Array, "cell unit"],
        perception: Float[Array, "cell perception"],
        target: Float[Array, "cell channel"],
        gap_scale: Float[Array, ""] | float = math.inf,
    ) -> Float[Array, ""]:
        """Mean of minus the distance goodness of the proposed state, `tempered`; nothing flows back into the inputs."""
        activity, perception = jax.lax.stop_gradient((activity, perception))
        return jnp.mean(tempered(-distance_goodness(self(activity, perception), target), gap_scale))


class LayeredRule(nnx.Module):
    """Perceive layers and an update layer.

    With `proposes="delta"` and one perceive layer this is the 48 -> 128 -> 16 rule of Mordvintsev et al. (2020),
    https://distill.pub/2020/growing-ca.
    """

    def __init__(self, perceive_layers: list[FFLayer], update_layer: UpdateLayer) -> None:
        """Stack the layers."""
        self.perceive_layers = nnx.List(perceive_layers)
        self.update_layer = update_layer

    @classmethod
    def drawn(
        cls,
        num_perception: int,
        hidden: tuple[int, ...],
        num_channels: int,
        *,
        key: PRNGKeyArray,
        proposes: str = "state",
    ) -> "LayeredRule":
        """A rule with random perceive layers and an update layer of zeros.

        Args:
            num_perception: Length of a cell's perception.
            hidden: Widths of the perceive layers, at least one.
            num_channels: Channels of the state.
            key: Source of the initial weights.
            proposes: `state` or `delta`.

        Raises:
            ValueError: If `proposes` is neither or `hidden` is empty.
        """
        if proposes not in ("state", "delta") or not hidden:
            raise ValueError(f"proposes {proposes!r}: allowed are state, delta; hidden {hidden}: at least one width")
        sizes, keys = (num_perception, *hidden), jax.random.split(key, len(hidden))
        layers = [
            FFLayer(size, width, key=layer_key, calibration=MAGNITUDE)
            for size, width, layer_key in zip(sizes[:-1], hidden, keys, strict=True)
        ]
        return cls(layers, UpdateLayer(hidden[-1], num_channels, num_perception if proposes == "state" else None))

    def change(
        self, perception: Float[Array, "cell perception"], state: Float[Array, "cell channel"]
    ) -> Float[Array, "cell channel"]:
        """The change of each cell."""
        activity = perception
        for layer in self.perceive_layers:
            activity = layer(activity)
        proposed = self.update_layer(activity, perception)
        return proposed if self.update_layer.skip is None else proposed - state

    def deficit(
        self, perception: Float[Array, "cell perception"], state: Float[Array, "cell channel"]
    ) -> Float[Array, " cell"]:
        """Distance goodness at the proposed state minus distance goodness now: half the squared change."""
        return 0.5 * jnp.sum(jnp.square(self.change(perception, state)), -1)

    def described(self, perception: Value, state: Value) -> Value:
        """`change` as data."""
        activity, update = perception, self.update_layer
        for layer in self.perceive_layers:
            activity = layer.described(activity)
        if update.skip is None:
            return activity.dense(update.kernel[...], update.bias[...])
        return activity.dense(update.kernel[...], update.bias[...]) + perception.dense(update.skip[...]) - state

    def described_deficit(self, perception: Value, state: Value) -> Value:
        """`deficit` as data."""
        change = self.described(perception, state)
        return (change * change).sum() * 0.5

    def reading_raw(self, standardiser: Standardiser) -> "LayeredRule":
        """The rule that does on raw perceptions what this one does on standardised ones."""
        rule = nnx.clone(self)
        first, update = rule.perceive_layers[0], rule.update_layer
        kernel, bias = standardiser.absorbed(first.kernel[...], first.bias[...])
        first.kernel, first.bias = nnx.Param(kernel), nnx.Param(bias)
        if update.skip is not None:
            skip, bias = standardiser.absorbed(update.skip[...], update.bias[...])
            update.skip, update.bias = nnx.Param(skip), nnx.Param(bias)
        return rule
