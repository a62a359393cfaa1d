"""Growing creatures as a system: how their worlds and rule files are opened, measured and listed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.errors import InputError
from ffnca.packages import found
from ffnca.spec import shown
from ffnca.systems.base import Request, System
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.world import rule_path_for, shipped_worlds

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import PRNGKeyArray, UInt8

    from ffnca.simulation import Simulation
    from ffnca.systems.growth.creature import Creature
    from ffnca.trainer import Trainer


_WIRED = {"exact": "transport", "learned": None}


class Growth(System):
    """Rules that grow a target from one cell."""

    kind = "growth"
    spec = GrowthWorld

    def open(self, world: GrowthWorld, request: Request, path: Path) -> "Simulation":
        """A shipped world with its trained rule, or, if the request allows it, any world with a blank one.

        Raises:
            InputError: If it has no rule yet, has no such target, or the size does not hold it.
        """
        if self.is_trained(world, path):
            return self.open_rule(rule_path_for(path), request, name=path.stem)
        if not request.untrained:
            text = request.text
            hint = f"train it with: ffnca train {text}, then name the rule file"
            raise InputError(f"{text}: has no trained rule yet; {hint}")
        return _simulated(path.stem, self.untrained(world, path.parent), request)

    def is_trained(self, world: GrowthWorld, path: Path) -> bool:
        """Whether it is a shipped world with a rule."""
        return path in shipped_worlds().values() and rule_path_for(path).exists()

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

    def open_rule(self, path: Path, request: Request, name: str | None = None) -> "Simulation":
        """The creature in a rule file, at its first cell.

        Raises:
            InputError: If it cannot be read, has no such target, or the size does not hold it.
        """
        return _simulated(name or path.stem, self.load_rule(path), request)

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


def _simulated(name: str, creature: "Creature", request: Request) -> "Simulation":
    from ffnca.systems.growth.simulated import creature_simulation

    return creature_simulation(
        name, creature.choosing(request.which).turned(request.angle), request.size, request.detail
    )


GROWTH = Growth()
