"""Textures as a system: how their worlds and rule files are opened, trained and measured."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffnca.systems.base import Request
from ffnca.systems.learned import LearnedSystem
from ffnca.systems.texture.spec import KIND, TextureWorld

if TYPE_CHECKING:
    from jaxtyping import PRNGKeyArray

    from ffnca.simulation import Simulation
    from ffnca.systems.texture.learner import TextureLearner
    from ffnca.trainer import Trainer


class TextureSystem(LearnedSystem):
    """Textures that are learned from a picture and grow from noise."""

    kind = KIND
    spec = TextureWorld

    def hand_wired(self, world: TextureWorld, path: Path) -> str:
        """What the hidden channels mean."""
        return "descriptor"

    def untrained(self, world: TextureWorld, folder: Path) -> "TextureLearner":
        """A blank rule, and its exemplar.

        Raises:
            InputError: If the exemplar cannot be used.
        """
        from ffnca.systems.texture.learner import TextureLearner

        return TextureLearner.untrained(world, folder)

    def trainer(self, trainee: "TextureLearner") -> "Trainer":
        """The layer by its own goodness."""
        return trainee.trained_by

    def load_rule(self, path: Path) -> "TextureLearner":
        """The rule in a file, and its exemplar.

        Raises:
            InputError: If it cannot be read, or anything in it is missing, surplus or out of range.
        """
        from ffnca.systems.texture.learner import TextureLearner

        return TextureLearner.load(path)

    def simulated(self, name: str, trainee: "TextureLearner", request: Request) -> "Simulation":
        """At noise.

        Raises:
            InputError: If something is to be chosen or turned.
        """
        from ffnca.systems.texture.simulated import texture_simulation

        return texture_simulation(name, trainee, request)

    def evaluate(
        self, simulation: "Simulation", *, key: "PRNGKeyArray", witness: Callable[..., None] = lambda *shown: None
    ) -> dict[str, Any]:
        """Distance to the exemplar, beside that of noise and of the exemplar's other half."""
        from ffnca.systems.learned_simulation import LearnedSimulation
        from ffnca.systems.texture.measuring import evaluate

        assert isinstance(simulation, LearnedSimulation)
        return evaluate(simulation.trainee, key=key)

    def evaluation_rows(self, table: dict[str, Any]) -> list[tuple[str, str]]:
        """The same for people."""
        one = table["self_distance"]

        def told(distance: float) -> str:
            return f"{distance:.4f}, {distance / max(one, 1e-6):.1f} times that of the halves"

        return [
            ("distance between the exemplar's halves", f"{one:.4f}"),
            *((f"distance at step {age}", told(distance)) for age, distance in table["distances"].items()),
            ("distance with a wound", told(table["wounded_distance"])),
            ("distance when healed", told(table["healed_distance"])),
            ("distance of noise", told(table["noise_distance"])),
            ("parameters", f"{table['params']:,}"),
        ]


TEXTURE = TextureSystem()
