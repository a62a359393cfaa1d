"""Goodness ascent: one Forward-Forward layer that scores a state in its context, and climbs its own score.

The layer sees a context z and a state t and has a goodness

    h = relu(W z + V t + b)
    G(z, t) = |h|^2 / 2 + t . (A z + c) - |t|^2 / 2

whose gradient in t, V^T h + A z + c - t, proposes a better state. Learning is two passes: raise G of the true
state, lower G of the state that the layer itself climbs to. With the largest singular value of V below 1, G is
concave in t, the climb has one end, and G there minus G of the true state is at least 0: a Fenchel-Young loss
whose exact gradient is the difference of the two Hebbian terms.

References:
    Hinton (2022), arXiv:2212.13345 (two passes); Hinton (2002), contrastive divergence; Movellan (1991),
    contrastive Hebbian learning; Blondel, Martins and Niculae (2020), Fenchel-Young losses.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.ff.standardise import Standardiser
from ffnca.lattice import Value

STATE_LIMIT = 2.0
"""States are kept within this distance of 0 in every channel, far outside what any target needs."""
_CLIMBS, _CLIMB_RATE = 5, 0.8  # to the state that a cell is compared with


class AscentLayer(nnx.Module):
    """One layer read forwards (activity, goodness) and backwards (the climb) through the same weights."""

    def __init__(self, num_context: int, num_channels: int, num_units: int, *, key: PRNGKeyArray) -> None:
        """Draw the weights.

        Args:
            num_context: Length of z, for standardised inputs.
            num_channels: Length of t.
            num_units: Width of h.
            key: Source of the initial weights.
        """
        context_key, state_key, bias_key = jax.random.split(key, 3)
        normal = jax.random.normal
        self.context_weight = nnx.Param(0.7 * normal(context_key, (num_context, num_units)) / num_context**0.5)
        self.state_weight = nnx.Param(0.5 * normal(state_key, (num_channels, num_units)) / num_units**0.5)
        self.bias = nnx.Param(0.1 * normal(bias_key, (num_units,)))
        self.linear = nnx.Param(jnp.zeros((num_context, num_channels)))
        self.offset = nnx.Param(jnp.zeros(num_channels))

    def drive(
        self, context: Float[Array, "cell context"]
    ) -> tuple[Float[Array, "cell unit"], Float[Array, "cell channel"]]:
        """What the context gives to the hidden units and to the state, the same however the state moves."""
        return (
            context @ self.context_weight[...] + self.bias[...],
            context @ self.linear[...] + self.offset[...],
        )

    def activity(
        self, drive: Float[Array, "cell unit"], state: Float[Array, "cell channel"]
    ) -> Float[Array, "cell unit"]:
        """Hidden activity h for a context's drive and a state."""
        return jax.nn.relu(drive + state @ self.state_weight[...])

    def goodness(
        self, context: Float[Array, "cell context"], state: Float[Array, "cell channel"]
    ) -> Float[Array, " cell"]:
        """Goodness of each state in its context; comparable only within one context."""
        hidden_drive, state_drive = self.drive(context)
        hidden = self.activity(hidden_drive, state)
        quadratic = jnp.sum(jnp.square(hidden), -1) - jnp.sum(jnp.square(state), -1)
        return 0.5 * quadratic + jnp.sum(state * state_drive, -1)

    def change(
        self, context: Float[Array, "cell context"], state: Float[Array, "cell channel"]
    ) -> Float[Array, "cell channel"]:
        """Gradient of the goodness in the state: the change that the layer proposes, one step of ascent."""
        hidden_drive, state_drive = self.drive(context)
        return self.activity(hidden_drive, state) @ self.state_weight[...].T + state_drive - state

    def settle(
        self,
        context: Float[Array, "cell context"],
        state: Float[Array, "cell channel"],
        *,
        num_steps: int,
        rate: float,
    ) -> Float[Array, "cell channel"]:
        """The state after a few steps of ascent with the context held still."""
        hidden_drive, state_drive = self.drive(context)
        back = self.state_weight[...].T

        def ascend(step: Array, moving: Array) -> Array:
            change = self.activity(hidden_drive, moving) @ back + state_drive - moving
            return jnp.clip(moving + rate * change, -STATE_LIMIT, STATE_LIMIT)

        return jax.lax.fori_loop(0, num_steps, ascend, state)

    def deficit(
        self, context: Float[Array, "cell context"], state: Float[Array, "cell channel"]
    ) -> Float[Array, " cell"]:
        """Goodness at the state that a cell would climb to, minus its goodness now: 0 when all is well."""
        goal = self.settle(context, state, num_steps=_CLIMBS, rate=_CLIMB_RATE)
        return jnp.maximum(self.goodness(context, goal) - self.goodness(context, state), 0.0)

    def hebbian(
        self,
        context: Float[Array, "cell context"],
        positive: Float[Array, "cell channel"],
        negative: Float[Array, "cell channel"],
        weight: Float[Array, " cell"] | float = 1.0,
    ) -> "AscentLayer":
        """Gradient of mean G(negative) - mean G(positive), as products of activities: no autodiff.

        Args:
            context: The same for both passes.
            positive: The true state of each cell.
            negative: A state to be made worse, taken as data.
            weight: How much each cell counts, taken as data.

        Returns:
            A layer-shaped tree: negative-phase Hebbian terms minus positive-phase ones.
        """
        context, positive, negative = jax.lax.stop_gradient((context, positive, negative))
        hidden_drive, _ = self.drive(context)
        good, bad = self.activity(hidden_drive, positive), self.activity(hidden_drive, negative)
        share = jnp.broadcast_to(weight, context.shape[:1])[:, None] / context.shape[0]
        hidden_change, state_change = share * (bad - good), share * (negative - positive)
        terms = {
            "context_weight": context.T @ hidden_change,
            "state_weight": (share * negative).T @ bad - (share * positive).T @ good,
            "bias": hidden_change.sum(0),
            "linear": context.T @ state_change,
            "offset": state_change.sum(0),
        }
        gradient = nnx.clone(self)
        for name, term in terms.items():
            setattr(gradient, name, nnx.Param(term))
        return gradient

    def described(self, context: Value, state: Value) -> Value:
        """`change` as data."""
        proposed = self._climbed(context, state)
        return proposed - state

    def described_deficit(self, context: Value, state: Value) -> Value:
        """`deficit` as data."""
        goal = state
        for _ in range(_CLIMBS):
            change = self._climbed(context, goal) - goal
            goal = (goal + change * _CLIMB_RATE).maximum(-STATE_LIMIT).minimum(STATE_LIMIT)
        good, now = (self._described_goodness(context, one) for one in (goal, state))
        return (good - now).maximum(0.0)

    def _described_activity(self, context: Value, state: Value) -> Value:
        weight = np.concatenate([self.context_weight[...], self.state_weight[...]])
        return context.lattice.concatenate([context, state]).dense(weight, self.bias[...]).relu()

    def _climbed(self, context: Value, state: Value) -> Value:
        """Where a whole step of ascent leads."""
        given = context.dense(self.linear[...], self.offset[...])
        return self._described_activity(context, state).dense(np.asarray(self.state_weight[...]).T) + given

    def _described_goodness(self, context: Value, state: Value) -> Value:
        hidden, given = self._described_activity(context, state), context.dense(self.linear[...], self.offset[...])
        return ((hidden * hidden).sum() - (state * state).sum()) * 0.5 + (state * given).sum()

    def bounded(self, largest: float) -> "AscentLayer":
        """The same layer with the singular values of V, the memory of the own state, at most `largest`."""
        weight = self.state_weight[...]
        values, vectors = jnp.linalg.eigh(weight @ weight.T)
        shrink = jnp.minimum(1.0, largest / jnp.sqrt(jnp.maximum(values, 1e-9)))
        layer = nnx.clone(self)
        layer.state_weight = nnx.Param(vectors @ (shrink[:, None] * (vectors.T @ weight)))
        return layer

    def reading_raw(self, standardiser: Standardiser) -> "AscentLayer":
        """The layer that does on raw contexts what this one does on standardised ones."""
        layer = nnx.clone(self)
        context_weight, bias = standardiser.absorbed(self.context_weight[...], self.bias[...])
        linear, offset = standardiser.absorbed(self.linear[...], self.offset[...])
        layer.context_weight, layer.bias = nnx.Param(context_weight), nnx.Param(bias)
        layer.linear, layer.offset = nnx.Param(linear), nnx.Param(offset)
        return layer
