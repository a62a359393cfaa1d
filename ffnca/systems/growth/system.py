"""Growing creatures as a system: how their worlds and rule files are opened, measured and listed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.errors import InputError
from ffnca.packages import found
from ffnca.spec import shown
from ffnca.systems.base import Request
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.systems.learned import LearnedSystem
from ffnca.world import rule_path_for

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import PRNGKeyArray, UInt8

    from ffnca.simulation import Simulation
    from ffnca.systems.growth.creature import Creature
    from ffnca.trainer import Trainer


_WIRED = {"exact": "transport", "learned": None}


class Growth(LearnedSystem):
    """Rules that grow a target from one cell."""

    kind = "growth"
    spec = GrowthWorld

    def hand_wired(self, world: GrowthWorld, path: Path) -> str | None:
        """Transport of codes, where it is exact: of its rule if there is one, or of the one that is to be trained."""
        if not self.is_trained(world, path):
            return _WIRED[world.rule.transport]
        from ffnca.systems.growth.rule_file import load_rule

        return _WIRED[load_rule(rule_path_for(path)).model.rule.transport]

    def untrained(self, world: GrowthWorld, folder: Path) -> "Creature":
        """A creature with a blank rule.

        Raises:
            InputError: If a target is neither an emoji nor a usable picture.
        """
        from ffnca.systems.growth.creature import Creature

        return Creature.untrained(world, folder)

    def trainer(self, trainee: "Creature") -> "Trainer":
        """By the objective of its world.

        Raises:
            InputError: If its rule was trained by an objective that is not known here.
        """
        from ffnca.systems.growth.objective import OBJECTIVES

        told = trainee.record.get("objective")
        if told is not None and told not in OBJECTIVES:
            allowed = f"{', '.join(OBJECTIVES)} by --objective, or the package that brings it"
            raise InputError(f"{trainee.world.title}: was trained by objective {shown(told)}; allowed: {allowed}")
        plan = trainee.plan()
        return found(plan.objective.trainer)(plan, trainee.training_bodies())

    def load_rule(self, path: Path) -> "Creature":
        """The creature in a rule file.

        Raises:
            InputError: If it cannot be read or does not fit its world.
        """
        from ffnca.systems.growth.creature import Creature

        return Creature.load(path)

    def simulated(self, name: str, trainee: "Creature", request: Request) -> "Simulation":
        """At its first cell.

        Raises:
            InputError: If it has no such target, or the size does not hold it.
        """
        from ffnca.systems.growth.simulated import creature_simulation

        chosen = trainee.choosing(request.which).turned(request.angle)
        return creature_simulation(name, chosen, request.size, request.detail)

    def evaluate(
        self, simulation: "Simulation", *, key: "PRNGKeyArray", witness: Callable[..., None] = lambda *shown: None
    ) -> dict[str, Any]:
        """Error by age, healing by wound, and how well goodness tells what is corrupted."""
        from ffnca.systems.growth.evaluate import evaluate

        creature = simulation.creature
        return evaluate(creature.automaton, creature.body(), key=key, witness=witness)

    def evaluation_rows(self, table: dict[str, Any]) -> list[tuple[str, str]]:
        """The same for people."""
        rows = [(f"relative MSE at step {age}", f"{error:.4f}") for age, error in table["rel_mse"].items()]
        for name, stress in table["stress"].items():
            healed = f"{stress['healed']} of {stress['trials']} healed, median {stress['median_rel_mse']:.4f}"
            rows.append((f"wound: {name}", healed))
        return [*rows, ("goodness AUROC", f"{table['goodness_auroc']:.3f}"), ("parameters", str(table["params"]))]

    def thumbnail(self, world: GrowthWorld, path: Path) -> "UInt8[np.ndarray, 'height width 3']":
        """The targets of its rule, without computing anything; nothing if it is not trained."""
        import numpy as np

        from ffnca.render import mosaic, over
        from ffnca.systems.growth.rule_file import load_rule

        if not self.is_trained(world, path):
            return np.full((8, 8, 3), 255, np.uint8)
        targets = over(load_rule(rule_path_for(path)).target)
        return mosaic(targets.reshape(-1, *targets.shape[-3:]))


GROWTH = Growth()
