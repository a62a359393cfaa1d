"""Flow Lenia as a system: Lenia whose matter flows, and is neither made nor lost."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from ffnca.spec import Spec, above_zero, whole
from ffnca.systems.base import Request
from ffnca.systems.lenia import KernelWorld, LeniaSystem, NeighbourhoodSpec, growth_of, simulation_of

if TYPE_CHECKING:
    from ffnca.simulation import Simulation

MOST_MATTER = 10.0
"""In a cell, that a noise brush leaves there."""


class FlowRuleSpec(NeighbourhoodSpec):
    """The rule: kernels of rings, and the growth towards which matter flows."""

    time_resolution: float = Field(
        default=5.0, ge=1, le=10_000, description="a number from 1 to 10000", title="steps in a unit of time"
    )


class FlowSpec(Spec):
    """How matter flows: towards growth, and apart where there is much of it."""

    critical_mass: float = Field(
        default=1.0,
        ge=0.001,
        le=100,
        description="a number from 0.001 to 100",
        title="sum of a cell's channels at which matter only spreads",
    )
    power: float = above_zero(2.0, 10, "how suddenly it comes to that")
    spread: float = Field(
        default=0.65,
        ge=0.1,
        le=1,
        description="a number from 0.1 to 1",
        title="half the side of the square that the matter of a cell becomes, in cells",
    )
    reach: int = whole(2, 1, 5, "the furthest cell that gets something of a cell, in rows and in columns")

    @model_validator(mode="after")
    def _moves_at_all(self) -> Self:
        if self.spread >= self.reach:
            raise ValueError(f"spread = {self.spread:g} with reach = {self.reach}; allowed: spread less than reach")
        return self


class FlowLeniaWorld(KernelWorld):
    """A Flow Lenia world."""

    kind: Literal["flow_lenia"]
    rule: FlowRuleSpec = FlowRuleSpec()
    flow: FlowSpec = FlowSpec()

    @model_validator(mode="after")
    def _has_sides_or_walls(self) -> Self:
        if self.grid.boundary == "reflect":
            raise ValueError('grid.boundary = "reflect"; allowed here: "wrap", or "zero" for walls')
        return self


class FlowLeniaSystem(LeniaSystem):
    """Flow Lenia."""

    kind = "flow_lenia"
    spec = FlowLeniaWorld

    def open(self, world: FlowLeniaWorld, request: Request, path: Path) -> "Simulation":
        """Its matter in the middle of the grid, or random cells.

        Raises:
            InputError: If something is to be chosen or turned, the grid does not hold the matter, or a kernel has no
                weight.
        """
        import jax.numpy as jnp

        from ffnca.automata.flow_lenia import FlowLenia

        request.refuse_choices(world)
        world = world.of_size(request.size)
        flow = world.flow
        numbers = (1 / world.rule.time_resolution, flow.critical_mass, flow.power, flow.spread)
        automaton = FlowLenia(growth_of(world, path), *map(jnp.float32, numbers), reach=flow.reach)
        return simulation_of(world, automaton, request, path, MOST_MATTER)


FLOW_LENIA = FlowLeniaSystem()
