"""Langton's ant and other turmites as a system."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from ffnca.automata.turmite_rule import TURMITE_RULES_ALLOWED, spelt_rule, turmite_rule
from ffnca.spec import Spec, whole
from ffnca.systems.base import Request, System
from ffnca.world import World

if TYPE_CHECKING:
    from ffnca.simulation import Simulation


class AntSpec(Spec):
    """The rule of every ant."""

    notation: str = Field(
        default="RL",
        description=TURMITE_RULES_ALLOWED,
        title="how an ant turns on each colour, which then becomes the next; or a turmite's table",
    )

    @field_validator("notation")
    @classmethod
    def _spelt_alike(cls, notation: str) -> str:
        return spelt_rule(turmite_rule(notation))


class AntsSpec(Spec):
    """How it starts: ants on the first colour."""

    ants: int = whole(1, 1, 1000, "ants; the first in the middle, heading up, the others anywhere")


class AntWorld(World):
    """Langton's ant, or other turmites: walkers that read the colour under them, change it, turn and move on."""

    kind: Literal["ant"]
    rule: AntSpec = AntSpec()
    start: AntsSpec = AntsSpec()

    @model_validator(mode="after")
    def _keeps_its_ants(self) -> Self:
        if self.grid.boundary == "reflect":
            raise ValueError('grid.boundary = "reflect"; allowed for ants: "wrap", "zero"')
        return self


class AntSystem(System):
    """Ants and turmites."""

    kind = "ant"
    spec = AntWorld

    def open(self, world: AntWorld, request: Request, path: Path) -> "Simulation":
        """Its ants on an empty grid.

        Raises:
            InputError: If something is to be chosen or turned.
        """
        import jax
        import numpy as np

        from ffnca.automata import turmite
        from ffnca.brushes import Brush, Touch, put
        from ffnca.simulation import Simulation
        from ffnca.views import Level, View, rendered

        request.refuse_choices(world)
        world = world.of_size(request.size)
        automaton = turmite.Turmite.from_notation(world.rule.notation, boundary=world.grid.boundary)
        num_channels, num_ants = automaton.num_channels, world.start.ants

        def begun(seed: int):
            return turmite.ants_at(world.grid.size, num_channels, num_ants, key=jax.random.key(seed))

        def disturb(state: np.ndarray, touch: Touch) -> None:
            colours = touch.generator.integers(0, automaton.num_colours, int(touch.cells.sum()))
            state[touch.cells, 0] = colours.astype(np.float32)

        blank, ant = (np.zeros(num_channels, np.float32) for _ in range(2))
        blank[0], ant[1] = 1, 1
        level = Level(turmite.described_colour, turmite.colours(automaton))
        return Simulation(
            path.stem,
            world,
            automaton,
            begun(request.seed),
            own_views={"colour": View(rendered, level=level)},
            own_measures={"ants": turmite.num_ants, "painted": turmite.painted},
            brushes={
                "erase": put(0.0),
                "noise": Brush(disturb),
                "seed": put(ant, single=True),
                "paint": put(blank),
            },
            reseeded=None if num_ants == 1 else lambda simulation, seed: replace(simulation, start=begun(seed)),
        )


ANT = AntSystem()
