"""The contract of every system: what its world files hold, and how one is opened."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from pydantic import BaseModel

from ffnca.errors import MAX_SEED, InputError, whole_number
from ffnca.spec import Spec, shown
from ffnca.world import MAX_ASKED_SIDE, MIN_SIDE, World

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import PRNGKeyArray, UInt8

    from ffnca.simulation import Simulation
    from ffnca.systems.trainee import Trainee
    from ffnca.trainer import Trainer


DETAILS = (2, 16)
"""Fewest and most pixels a cell of what a decoder draws."""
_LEARNING = "allowed are kinds that learn, such as growth"


@dataclass(frozen=True)
class Request:
    """What a user wants to see.

    Attributes:
        text: A shipped name, a world file or a rule file.
        size: Height and width in cells instead of the world's own, or None.
        seed: Of everything random, 0 to 2^31 - 1.
        which: The target to grow, where a world names several; None for the first.
        angle: By which what grows is turned, in degrees clockwise.
        untrained: Whether a world that has no trained rule is opened with a blank one instead of being refused.
        detail: Pixels a cell in which what grows is drawn, by the decoder of its rule; None draws cells.

    Raises:
        InputError: If the size, the seed or the detail is out of range.
    """

    text: str
    size: tuple[int, int] | None = None
    seed: int = 0
    which: str | None = None
    angle: float = 0.0
    untrained: bool = False
    detail: int | None = None

    def __post_init__(self) -> None:
        """Check numbers, and take whatever counts as a pair of them."""
        object.__setattr__(self, "seed", whole_number(self.seed, "seed", 0, MAX_SEED))
        if self.detail is not None:
            object.__setattr__(self, "detail", whole_number(self.detail, "--detail", *DETAILS))
        if self.size is not None:
            object.__setattr__(self, "size", _checked_size(self.size))

    def refuse_choices(self, world: World) -> None:
        """For worlds in which nothing can be chosen, turned or drawn by a decoder.

        Raises:
            InputError: If a target, an angle or a detail was asked for.
        """
        for option, value in (("--which", self.which), ("--angle", self.angle), ("--detail", self.detail)):
            if value not in (None, 0.0):
                raise InputError(f"{option} {shown(value)}: {self.text} is of kind {world.kind}; not allowed there")


def _checked_size(size: Any) -> tuple[int, int]:
    try:
        height, width = (whole_number(side, "size", MIN_SIDE, MAX_ASKED_SIDE) for side in size)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"size: {shown(size)}; allowed: height and width in cells, such as (48, 64)") from error
    return height, width


def parsed_size(text: str) -> tuple[int, int]:
    """Height and width from N or HxW.

    Raises:
        InputError: If the text is neither, or a side is out of range.
    """
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and len(side) <= 5 for side in sides):
        raise InputError(f"--size {text[:40]!r}: allowed is N or HxW, in cells")
    height, width = int(sides[0]), int(sides[-1])
    if not all(MIN_SIDE <= side <= MAX_ASKED_SIDE for side in (height, width)):
        raise InputError(f"--size {text!r}: allowed is {MIN_SIDE} to {MAX_ASKED_SIDE} cells a side")
    return height, width


class System(ABC):
    """A kind of world. Its module is light to import: what computes is imported where a world is opened.

    Attributes:
        kind: Its name in world files.
        spec: What its world files hold, a frozen model.
    """

    kind: ClassVar[str]
    spec: ClassVar[type[World]]

    def __init_subclass__(cls) -> None:
        """Refuse tables that would let unknown keys pass.

        Raises:
            TypeError: If a table in `spec` is not a `Spec`.
        """
        super().__init_subclass__()
        for name, field in getattr(cls, "spec", World).model_fields.items():
            for part in (field.annotation, *get_args(field.annotation)):
                if isinstance(part, type) and issubclass(part, BaseModel) and not issubclass(part, Spec):
                    raise TypeError(f"table {name} of kind {cls.kind} is a {part.__name__}; derive it from ffnca.Spec")

    @abstractmethod
    def open(self, world: Any, request: Request, path: Path) -> "Simulation":
        """Make it ready to run.

        Args:
            world: An instance of `spec`.
            request: What the user wants.
            path: Where the world was read from.

        Raises:
            InputError: If it cannot be opened as asked for.
        """

    def settings_in(self, path: Path) -> dict[str, Any] | None:
        """The settings of the world that a pattern file is by itself; None if it is of another kind.

        Raises:
            OtherKind: If it would be of this kind, but for its rule.
            InputError: If it should be of this kind, and cannot be read.
        """
        return None

    def is_trained(self, world: Any, path: Path) -> bool | None:
        """Whether a shipped world has its rule; None where there is nothing to train."""
        return None

    def hand_wired(self, world: Any, path: Path) -> str | None:
        """What is hand-wired in the rule of a shipped world, in a word or two; None if it learned all that it does."""
        return None

    def untrained(self, world: Any, folder: Path) -> "Trainee":
        """What its training starts from; files that the world names are found relative to `folder`.

        Raises:
            InputError: If the world has nothing to learn.
        """
        raise InputError(f"{world.title}: is of kind {self.kind}; it has nothing to train; {_LEARNING}")

    def trainer(self, trainee: Any) -> "Trainer":
        """What trains what `untrained` or `load_rule` gave.

        Raises:
            InputError: If there is nothing to train.
        """
        raise InputError(f"{self.kind} worlds have nothing to train")

    def load_rule(self, path: Path) -> Any:
        """What a rule file of this kind holds.

        Raises:
            InputError: If this kind has no rule files, or it cannot be read.
        """
        raise InputError(f"{path}: {self.kind} worlds have no rule files")

    def open_rule(self, path: Path, request: Request) -> "Simulation":
        """Make a rule file of this kind ready to run.

        Raises:
            InputError: If it cannot be opened as asked for.
        """
        raise InputError(f"{path}: {self.kind} worlds have no rule files")

    def evaluate(
        self, simulation: "Simulation", *, key: "PRNGKeyArray", witness: Callable[..., None] = lambda *shown: None
    ) -> dict[str, Any]:
        """The table of `ffnca eval`.

        Args:
            simulation: Of this kind.
            key: Source of everything random.
            witness: Shown what is measured, for a picture.

        Raises:
            InputError: If there is nothing to measure.
        """
        raise InputError(f"{simulation.name}: is of kind {self.kind}; it has nothing to evaluate; {_LEARNING}")

    def evaluation_rows(self, table: dict[str, Any]) -> list[tuple[str, str]]:
        """The same for people: a measure and its value in words."""
        return [(name, str(value)) for name, value in table.items()]

    def thumbnail(self, world: Any, path: Path) -> "UInt8[np.ndarray, 'height width 3']":
        """A small picture of a shipped world for a list: as it starts."""
        import numpy as np

        simulation = self.open(world, Request(path.stem), path)
        return np.asarray(simulation.automaton.render(simulation.start))
