"""Systems whose worlds have a rule that is trained: how one is opened, with its rule or blank."""

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.errors import InputError
from ffnca.systems.base import Request, System
from ffnca.world import rule_path_for, shipped_worlds

if TYPE_CHECKING:
    from ffnca.simulation import Simulation


class LearnedSystem(System):
    """A kind of world that learns."""

    @abstractmethod
    def simulated(self, name: str, trainee: Any, request: Request) -> "Simulation":
        """What `untrained` or `load_rule` gave, ready to run.

        Raises:
            InputError: If it cannot be opened as asked for.
        """

    def open(self, world: Any, request: Request, path: Path) -> "Simulation":
        """A shipped world with its trained rule, or, if the request allows it, any world with a blank one.

        Raises:
            InputError: If it has no rule yet, or cannot be opened as asked for.
        """
        if self.is_trained(world, path):
            return self.open_rule(rule_path_for(path), request, name=path.stem)
        if not request.untrained:
            hint = f"train it with: ffnca train {request.text}, then name the rule file"
            raise InputError(f"{request.text}: has no trained rule yet; {hint}")
        return self.simulated(path.stem, self.untrained(world, path.parent), request)

    def is_trained(self, world: Any, path: Path) -> bool:
        """Whether it is a shipped world with a rule."""
        return path in shipped_worlds().values() and rule_path_for(path).exists()

    def open_rule(self, path: Path, request: Request, name: str | None = None) -> "Simulation":
        """The rule in a file, where its world starts.

        Raises:
            InputError: If it cannot be read, or cannot be opened as asked for.
        """
        return self.simulated(name or path.stem, self.load_rule(path), request)
