"""A trained decoder with all that it needs to draw states of its body, and as it is kept in a rule file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.errors import InputError, whole_number
from ffnca.grid.turn import turning
from ffnca.systems.base import DETAILS
from ffnca.systems.growth.detail import CodeLayout, Decoder, sharpened
from ffnca.systems.growth.model import DetailModel
from ffnca.systems.parameters import filled, named_tensors


@dataclass(frozen=True, eq=False)
class Sharpener:
    """Draws states finer than their grid.

    Attributes:
        decoder: What gives a point its colour.
        code: What the channels of a state mean.
        factor: Pixels a cell of the picture that was learned. It draws any number of them.
    """

    decoder: Decoder
    code: CodeLayout
    factor: int

    @classmethod
    def loaded(cls, model: DetailModel, tensors: Mapping[str, np.ndarray], code: CodeLayout, name: str) -> Self:
        """From a rule file of this name.

        Raises:
            InputError: If a tensor is missing, surplus or of another shape.
        """
        blank = Decoder.blank(code.num_features, model.hidden, key=jax.random.key(0))
        return cls(filled(blank, tensors, f"{name}: its decoder"), code, model.factor)

    @property
    def described(self) -> DetailModel:
        """Its shape."""
        return DetailModel(factor=self.factor, hidden=self.decoder.hidden)

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """Its parameters by flat dotted names."""
        return {name: np.asarray(tensor, np.float32) for name, tensor in named_tensors(self.decoder).items()}

    def as_data(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a program needs that draws as it does: what the channels mean, and its parameters by name."""
        code = self.code
        numbers = {"waves": list(code.waves), "identity": code.identity, "threshold": code.alive_threshold}
        return numbers | {"layers": len(self.decoder.layers)}, self.tensors

    def drawn(
        self, state: Float[Array, "H W C"], detail: int | None = None, angle: float = 0.0
    ) -> Float[np.ndarray, "tall wide 4"]:
        """A state as premultiplied RGBA, nothing where no cell lives.

        Args:
            state: Of a body that is turned by `angle`, in degrees clockwise.
            detail: Pixels a cell, down and across; None for as many as were learned.
            angle: In degrees clockwise.

        Raises:
            InputError: If `detail` is out of range.
        """
        return np.asarray(self._drawn(state, detail, angle))

    def over_white(
        self, state: Float[Array, "H W C"], detail: int | None = None, angle: float = 0.0
    ) -> UInt8[np.ndarray, "tall wide 3"]:
        """The same over white, compiled: what a window shows at every step."""
        return np.array(_over_white(self._drawn(state, detail, angle)))

    def _drawn(self, state: Float[Array, "H W C"], detail: int | None, angle: float) -> Float[Array, "tall wide 4"]:
        detail = self.factor if detail is None else whole_number(detail, "detail", *DETAILS)
        direction = jnp.array(turning(float(angle)))
        return sharpened(self.decoder, jnp.asarray(state), direction, self.code, detail)


@jax.jit
def _over_white(drawn: Float[Array, "tall wide 4"]) -> UInt8[Array, "tall wide 3"]:
    return jnp.clip(jnp.rint(255 * (drawn[..., :3] + 1 - drawn[..., 3:])), 0, 255).astype(jnp.uint8)


def needed(sharpener: Sharpener | None, detail: int, name: str) -> Sharpener:
    """The sharpener, or how to get one.

    Raises:
        InputError: If there is none.
    """
    if sharpener is None:
        how = f"train one by ffnca grow TARGET --detail {detail}, or ffnca.train_detail(creature).save(RULE)"
        raise InputError(f"--detail {detail}: the rule of {name} holds no decoder; {how}")
    return sharpener
