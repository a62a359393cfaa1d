"""The teacher: for states of the automaton's own, which cell of the exemplar each should be like.

    t_i = sum over q of pi_iq s*_q,   pi_iq in proportion to v_q exp(-|p_i - p*_q|^2 / (2 sigma^2 d))

p are the d numbers that a cell sees, starred ones those of the exemplar; each row of pi sums to 1, and v is such that
every cell of the exemplar is asked for equally often. With v = 1 this is the closed-form denoiser of patches; but on
states of its own that one leads every cell to what is most common, and the texture to one flat colour.

References:
    Kamb and Ganguli (2024), arXiv:2412.20292 (denoisers of patches in closed form); Cuturi (2013), arXiv:1306.0895
    (balanced by Sinkhorn's iteration); Granot et al. (2022), arXiv:2103.15545 (normalised similarity of patches).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

SMALLEST = 1e-12


class Lesson(NamedTuple):
    """What a teacher says of some cells.

    Attributes:
        goal: What each should be.
        misfit: Mean square of the difference between what a cell sees and what it would see in the exemplar, root
            mean over the cells.
    """

    goal: Float[Array, "cell channel"]
    misfit: Float[Array, ""]


def taught(
    seen: Float[Array, "cell feature"],
    place_seen: Float[Array, "place feature"],
    place_state: Float[Array, "place channel"],
    *,
    width: float,
    num_balancings: int,
) -> Lesson:
    """The goals of some cells.

    Args:
        seen: What the cells see.
        place_seen: What places of the exemplar see.
        place_state: What these are.
        width: 2 sigma squared.
        num_balancings: Of Sinkhorn's iteration; 0 for the plain denoiser.
    """
    num = seen.shape[-1]
    square = jnp.sum(jnp.square(seen), 1)[:, None] + jnp.sum(jnp.square(place_seen), 1) - 2 * seen @ place_seen.T
    square = jnp.maximum(square, 0.0) / num
    likeness = jnp.exp((jnp.min(square, 1, keepdims=True) - square) / width) + SMALLEST
    asked = likeness.shape[0] / likeness.shape[1]

    def balance(_: Array, weight: Float[Array, " place"]) -> Float[Array, " place"]:
        return asked / ((1 / (likeness @ weight)) @ likeness)

    weight = jax.lax.fori_loop(0, num_balancings, balance, jnp.ones(likeness.shape[1]))
    plan = likeness * weight / (likeness @ weight)[:, None]
    return Lesson(plan @ place_state, jnp.sqrt(jnp.mean(jnp.sum(plan * square, 1))))
