"""The Abelian sandpile as a system: how many grains lie where at the start."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ffnca.spec import Spec
from ffnca.systems.base import Request, System
from ffnca.world import World

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Array, Float

    from ffnca.simulation import Simulation

MOST_GRAINS = 1_000_000
_ONE = "one of pile, each, most and identity is allowed, and no more"


class SandSpec(Spec):
    """How it starts: a pile in the middle, as many grains everywhere, any number, or what becomes the identity."""

    pile: int | None = Field(
        default=None,
        ge=0,
        le=MOST_GRAINS,
        description=f"a whole number from 0 to {MOST_GRAINS}",
        title="grains in the middle",
    )
    each: int | None = Field(
        default=None, ge=0, le=1000, description="a whole number from 0 to 1000", title="grains in every cell"
    )
    most: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="a whole number from 0 to 1000",
        title="any number of grains in every cell, up to this, at random",
    )
    identity: bool | None = Field(
        default=None,
        description="true",
        title="a pile that topples to the identity of the grid's sandpile group",
    )

    @model_validator(mode="before")
    @classmethod
    def _default_pile(cls, given: Any) -> Any:
        return {"pile": 10_000} if given == {} else given

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(one is not None for one in (self.pile, self.each, self.most, self.identity)) != 1:
            raise ValueError(_ONE)
        if self.identity is False:
            raise ValueError("identity = false; allowed: true, or another start")
        return self


class SandpileWorld(World):
    """An Abelian sandpile: a cell with four grains or more gives one to each of its four neighbours."""

    kind: Literal["sandpile"]
    start: SandSpec = SandSpec(pile=10_000)

    @model_validator(mode="before")
    @classmethod
    def _falls_off(cls, given: Any) -> Any:
        """Grains fall off the edge where nothing else is said."""
        grid = given.get("grid") if isinstance(given, dict) else None
        if isinstance(grid, dict) and "boundary" not in grid:
            return given | {"grid": grid | {"boundary": "zero"}}
        return given

    @model_validator(mode="after")
    def _keeps_or_drops(self) -> Self:
        if self.grid.boundary == "reflect":
            raise ValueError('grid.boundary = "reflect"; allowed for a sandpile: "zero", "wrap"')
        if self.start.identity and self.grid.boundary == "wrap":
            raise ValueError('start.identity with grid.boundary = "wrap"; allowed: "zero"')
        return self


class SandpileSystem(System):
    """The Abelian sandpile."""

    kind = "sandpile"
    spec = SandpileWorld

    def open(self, world: SandpileWorld, request: Request, path: Path) -> "Simulation":
        """Its grains where they start.

        Raises:
            InputError: If something is to be chosen or turned.
        """
        import jax
        import jax.numpy as jnp

        from ffnca.automata import sandpile
        from ffnca.brushes import Brush, Touch, put
        from ffnca.simulation import Simulation
        from ffnca.views import Legend, state_view

        request.refuse_choices(world)
        world = world.of_size(request.size)
        size, start = world.grid.size, world.start

        def begun(seed: int) -> "Float[Array, 'H W 1']":
            if start.most is not None:
                return sandpile.random_grains(size, start.most, key=jax.random.key(seed))[..., None]
            if start.identity:
                return jnp.asarray(sandpile.identity_start(size))[..., None]
            if start.each is not None:
                return jnp.full((*size, 1), float(start.each))
            return jnp.zeros((*size, 1)).at[size[0] // 2, size[1] // 2].set(float(start.pile or 0))

        def added(most: int, *, any_number: bool = False) -> Brush:
            def change(state: "Float[np.ndarray, 'H W C']", touch: Touch) -> None:
                few = touch.generator.integers(0, most + 1, state.shape) if any_number else most
                state += touch.cells[..., None] * few

            return Brush(change)

        legend = Legend("no grain", "four or more", ("0", "1", "2", "3", "4"), sandpile.COLOURS)
        return Simulation(
            path.stem,
            world,
            sandpile.Sandpile(world.grid.boundary),
            begun(request.seed),
            own_views={"colour": state_view(sandpile.COLOURS, legend)},
            own_measures={"grains": sandpile.grains, "toppling": sandpile.toppling},
            brushes={
                "erase": put(0.0),
                "noise": added(3, any_number=True),
                "seed": put(256.0, single=True),
                "paint": added(1),
            },
            reseeded=None if start.most is None else lambda simulation, seed: replace(simulation, start=begun(seed)),
        )


SANDPILE = SandpileSystem()
