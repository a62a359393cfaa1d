"""Cells that classify as a system: how their worlds and rule files are opened, trained and measured."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.systems.base import Request
from ffnca.systems.classifier.spec import KIND, ClassifierWorld
from ffnca.systems.learned import LearnedSystem

if TYPE_CHECKING:
    from jaxtyping import PRNGKeyArray

    from ffnca.simulation import Simulation
    from ffnca.systems.classifier.figures import Figures
    from ffnca.trainer import Trainer

HAND_WIRED = "the spread of votes"


class ClassifierSystem(LearnedSystem):
    """Figures whose cells come to agree on their label."""

    kind = KIND
    spec = ClassifierWorld

    def hand_wired(self, world: ClassifierWorld, path: Path) -> str:
        """How the goodness that cells find spreads over a figure."""
        return HAND_WIRED

    def untrained(self, world: ClassifierWorld, folder: Path) -> "Figures":
        """A blank rule."""
        from ffnca.systems.classifier.figures import Figures

        return Figures.untrained(world, folder)

    def trainer(self, trainee: "Figures") -> "Trainer":
        """Each layer by the votes of its own activity.

        Raises:
            InputError: If the images are missing.
        """
        return trainee.trainer()

    def load_rule(self, path: Path) -> "Figures":
        """The rule in a file.

        Raises:
            InputError: If it cannot be read, or anything in it is missing, surplus or out of range.
        """
        from ffnca.systems.classifier.figures import Figures

        return Figures.load(path)

    def simulated(self, name: str, trainee: "Figures", request: Request) -> "Simulation":
        """Some of the figures that it keeps.

        Raises:
            InputError: If the grid does not hold a figure.
        """
        from ffnca.systems.classifier.simulated import classifier_simulation

        return classifier_simulation(name, trainee, request)

    def evaluate(
        self, simulation: "Simulation", *, key: "PRNGKeyArray", witness: Callable[..., None] = lambda *shown: None
    ) -> dict[str, Any]:
        """Shares of cells and figures that are right and agreed, of test images; images are looked for from here.

        Raises:
            InputError: If the images are not there.
        """
        from ffnca.systems.classifier.measuring import evaluate
        from ffnca.systems.learned_simulation import LearnedSimulation

        assert isinstance(simulation, LearnedSimulation)
        return evaluate(simulation.trainee.automaton, simulation.trainee.split.tested)

    def evaluation_rows(self, table: dict[str, Any]) -> list[tuple[str, str]]:
        """The same for people."""
        rows = [("test images", str(table["images"]))]
        for name, shares in table.items():
            if isinstance(shares, dict):
                when, steps = name.split("_")
                words = "after" if when == "at" else "edited into another, after"
                told = ", ".join(f"{key} {100 * share:.1f}%" for key, share in shares.items())
                rows.append((f"{words} {steps} steps", told))
        return rows


CLASSIFIER = ClassifierSystem()
