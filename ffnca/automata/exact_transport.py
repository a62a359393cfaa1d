"""A rule whose position code is transported exactly, by hand-wired rotations; what is learned is colour and alpha."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from ffnca.automata.nca import Rule, described_rule
from ffnca.lattice import Value
from ffnca.perceptions import FIRST_HIDDEN


class ExactTransport(nnx.Module):
    """Colour and alpha by a rule that learned them; the code becomes what the neighbours say that it is.

    A cell's perception begins with that transported code (`ffnca.grid.perceive.transported`).
    """

    def __init__(self, colour: Rule) -> None:
        """Wrap the rule of the first four channels."""
        self.colour = colour

    def change(
        self, perception: Float[Array, "cell perception"], state: Float[Array, "cell channel"]
    ) -> Float[Array, "cell channel"]:
        """The change of each cell."""
        code = state[..., FIRST_HIDDEN:]
        transported = perception[..., : code.shape[-1]]
        return jnp.concatenate([self.colour.change(perception, state[..., :FIRST_HIDDEN]), transported - code], -1)

    def described(self, perception: Value, state: Value) -> Value:
        """`change` as data."""
        code = state[FIRST_HIDDEN:]
        colour = described_rule(self.colour).described(perception, state[:FIRST_HIDDEN])
        return state.lattice.concatenate([colour, perception[: code.channels] - code])

    def described_deficit(self, perception: Value, state: Value) -> Value:
        """`deficit` as data."""
        code = state[FIRST_HIDDEN:]
        off = perception[: code.channels] - code
        return described_rule(self.colour).described_deficit(perception, state[:FIRST_HIDDEN]) + (off * off).sum() * 0.5

    def deficit(
        self, perception: Float[Array, "cell perception"], state: Float[Array, "cell channel"]
    ) -> Float[Array, " cell"]:
        """What the colours lack, and half the squared distance of the code from the transported one."""
        code = state[..., FIRST_HIDDEN:]
        off = 0.5 * jnp.sum(jnp.square(perception[..., : code.shape[-1]] - code), -1)
        return self.colour.deficit(perception, state[..., :FIRST_HIDDEN]) + off
