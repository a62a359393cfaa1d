"""The state of a training of several layers, each with an optimiser of its own."""

from typing import Any, NamedTuple

import optax
from jaxtyping import Array, Int


class Learning(NamedTuple):
    """Everything that training changes.

    Attributes:
        layers: From the bottom.
        optimisers: One state a layer, which sees that layer's gradient alone.
        round: Rounds done.
    """

    layers: tuple[Any, ...]
    optimisers: tuple[optax.OptState, ...]
    round: Int[Array, ""]
