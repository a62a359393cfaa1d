"""Rules that are learned by watching as a system: how their worlds and rule files are opened, trained and measured."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.systems.base import Request
from ffnca.systems.learned import LearnedSystem
from ffnca.systems.observed.spec import KIND, ObservedWorld

if TYPE_CHECKING:
    from jaxtyping import PRNGKeyArray

    from ffnca.simulation import Simulation
    from ffnca.systems.observed.observer import Observer
    from ffnca.trainer import Trainer


class ObservedSystem(LearnedSystem):
    """Rules that are learned by watching another world."""

    kind = KIND
    spec = ObservedWorld

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

    def simulated(self, name: str, trainee: "Observer", request: Request) -> "Simulation":
        """Where the world that it watched starts.

        Raises:
            InputError: If the size does not hold the start.
        """
        from ffnca.systems.observed.simulated import observed_simulation

        return observed_simulation(name, trainee, request)

    def evaluate(
        self, simulation: "Simulation", *, key: "PRNGKeyArray", witness: Callable[..., None] = lambda *shown: None
    ) -> dict[str, Any]:
        """Neighbourhoods right, steps of a rollout that are exact, how well goodness finds flipped cells."""
        from ffnca.systems.learned_simulation import LearnedSimulation
        from ffnca.systems.observed.measuring import evaluate

        assert isinstance(simulation, LearnedSimulation)
        return evaluate(simulation.trainee, key=key)

    def evaluation_rows(self, table: dict[str, Any]) -> list[tuple[str, str]]:
        """The same for people."""
        rows = []
        if table["neighbourhoods"] is not None:
            rows.append(("neighbourhoods right", f"{table['neighbourhoods_right']} of {table['neighbourhoods']}"))
        rows.append(("exact steps of a rollout", str(table["rollout_exact_steps"])))
        return [*rows, ("AUROC of wrong cells by goodness", f"{table['anomaly_auroc']:.4f}")]


OBSERVED = ObservedSystem()
