"""Rules that are learned by watching as a system: how their worlds and rule files are opened, trained and measured."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.errors import InputError
from ffnca.systems.base import Request, System
from ffnca.systems.observed.spec import KIND, ObservedWorld
from ffnca.world import rule_path_for, shipped_worlds

if TYPE_CHECKING:
    from jaxtyping import PRNGKeyArray

    from ffnca.simulation import Simulation
    from ffnca.systems.observed.observer import Observer
    from ffnca.trainer import Trainer


class ObservedSystem(System):
    """Rules that are learned by watching another world."""

    kind = KIND
    spec = ObservedWorld

    def open(self, world: ObservedWorld, request: Request, path: Path) -> "Simulation":
        """A shipped world with its trained rule, or, if the request allows it, any world with a blank one.

        Raises:
            InputError: If it has no rule yet, or the size does not hold what the watched world starts with.
        """
        from ffnca.systems.observed.simulated import observed_simulation

        if self.is_trained(world, path):
            return self.open_rule(rule_path_for(path), request, name=path.stem)
        if not request.untrained:
            hint = f"train it with: ffnca train {request.text}, then name the rule file"
            raise InputError(f"{request.text}: has no trained rule yet; {hint}")
        return observed_simulation(path.stem, self.untrained(world, path.parent), request)

    def is_trained(self, world: ObservedWorld, path: Path) -> bool:
        """Whether it is a shipped world with a rule."""
        return path in shipped_worlds().values() and rule_path_for(path).exists()

    def untrained(self, world: ObservedWorld, folder: Path) -> "Observer":
        """A blank rule, and the world that it watches.

        Raises:
            InputError: If there is no such world, or it cannot be watched.
        """
        from ffnca.systems.observed.observer import observer

        return observer(world, folder)

    def trainer(self, trainee: "Observer") -> "Trainer":
        """Each layer by its own goodness.

        Raises:
            InputError: If the watched world has states that cannot be learned so.
        """
        return trainee.trainer()

    def load_rule(self, path: Path) -> "Observer":
        """The rule in a file, and the world that it watched.

        Raises:
            InputError: If it cannot be read, or anything in it is missing, surplus or out of range.
        """
        from ffnca.systems.observed.observer import Observer

        return Observer.load(path)

    def open_rule(self, path: Path, request: Request, name: str | None = None) -> "Simulation":
        """The rule in a file, where the world that it watched starts.

        Raises:
            InputError: If it cannot be read, or the size does not hold the start.
        """
        from ffnca.systems.observed.simulated import observed_simulation

        return observed_simulation(name or path.stem, self.load_rule(path), request)

    def evaluate(
        self, simulation: "Simulation", *, key: "PRNGKeyArray", witness: Callable[..., None] = lambda *shown: None
    ) -> dict[str, Any]:
        """Neighbourhoods right, steps of a rollout that are exact, how well goodness finds flipped cells."""
        from ffnca.systems.observed.measuring import evaluate
        from ffnca.systems.observed.simulated import ObservedSimulation

        assert isinstance(simulation, ObservedSimulation)
        return evaluate(simulation.observer, key=key)

    def evaluation_rows(self, table: dict[str, Any]) -> list[tuple[str, str]]:
        """The same for people."""
        rows = []
        if table["neighbourhoods"] is not None:
            rows.append(("neighbourhoods right", f"{table['neighbourhoods_right']} of {table['neighbourhoods']}"))
        rows.append(("exact steps of a rollout", str(table["rollout_exact_steps"])))
        return [*rows, ("AUROC of wrong cells by goodness", f"{table['anomaly_auroc']:.4f}")]


OBSERVED = ObservedSystem()
