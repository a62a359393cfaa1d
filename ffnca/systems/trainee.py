"""What `ffnca train` asks of what it trains, whatever its kind."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.world import World


class Need(NamedTuple):
    """How much training something needs, about.

    Attributes:
        updates: Steps of the optimisers.
        of: What needs them, as in "24 cells".
        error: Below which it has learned, by the largest of its errors.
        measure: What its errors are.
    """

    updates: int
    of: str
    error: float
    measure: str = "relative MSE"


class Trainee(Protocol):
    """A world with a rule, which training replaces by one that has learned.

    Attributes:
        world: How it is described.
        record: Facts of its training, empty before.
        minutes: How long it is trained where nobody says.
        errors: Measured errors of its rule by their names, from its record.
        remark: What is to be said before it is trained, or None.
        need: How much training it needs.
    """

    @property
    def world(self) -> World: ...  # noqa: D102
    @property
    def record(self) -> Mapping[str, float | int | str]: ...  # noqa: D102
    @property
    def minutes(self) -> float: ...  # noqa: D102
    @property
    def errors(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def remark(self) -> str | None: ...  # noqa: D102
    @property
    def need(self) -> Need: ...  # noqa: D102

    def settings(self) -> dict[str, Any]:
        """All that its result depends on besides seed and budget, as JSON has it; a run goes on with the same alone."""
        ...

    def retrained_by(self, objective: str) -> Self:
        """The same, to be trained by another objective.

        Raises:
            InputError: If there is no such objective.
        """
        ...

    def taught(self, learned: Any, facts: Mapping[str, float | int | str]) -> Self:
        """The same with what its trainer has learned, and the facts of the training."""
        ...

    def preview(self, samples: Float[Array, "sample ..."]) -> UInt8[np.ndarray, "height width 3"]:
        """What was measured last, as a small picture."""
        ...

    def check_savable(self) -> None:
        """Find out before a training, not after it, whether its result could be saved.

        Raises:
            InputError: If not.
        """
        ...

    def save(self, path: str | PathLike[str]) -> None:
        """Write its rule file, whole or not at all.

        Raises:
            InputError: If it cannot be written.
        """
        ...
