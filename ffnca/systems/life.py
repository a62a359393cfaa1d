"""Life-like automata as a system: cells are born and survive by the number of their living neighbours."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ffnca.automata.life_pattern import settings_by_pattern
from ffnca.automata.life_rule import RULES_ALLOWED, canonical_rule
from ffnca.spec import Spec
from ffnca.systems.base import Request, System
from ffnca.world import MAX_SIDE, MIN_SIDE, World

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Array, Float, UInt8

    from ffnca.simulation import Simulation

MAX_RLE = 100_000
DEFAULT_DENSITY = 0.3


class LifeSpec(Spec):
    """A Life-like rule."""

    notation: str = Field(description=RULES_ALLOWED, title="living neighbours with which a cell is born and survives")

    @field_validator("notation")
    @classmethod
    def _spelt_alike(cls, notation: str) -> str:
        return canonical_rule(notation)


class LifeStart(Spec):
    """How a Life-like world starts: at random with this share of living cells, or as a pattern in the middle."""

    density: float | None = Field(
        default=None, ge=0, le=1, description="a number from 0 to 1", title="share of cells that live, at random"
    )
    rle: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_RLE,
        description=f"a pattern in RLE, Life 1.05, Life 1.06 or plain text, up to {MAX_RLE} characters",
        title="a pattern in the middle; its header may give rule and grid",
    )

    @model_validator(mode="before")
    @classmethod
    def _default_density(cls, given: Any) -> Any:
        return {"density": DEFAULT_DENSITY} if given == {} else given

    @model_validator(mode="after")
    def _density_or_pattern(self) -> Self:
        if (self.density is None) == (self.rle is None):
            raise ValueError("one of density and rle is allowed, not both")
        return self


class LifeWorld(World):
    """A Life-like automaton."""

    kind: Literal["life"]
    rule: LifeSpec
    start: LifeStart = LifeStart()

    @model_validator(mode="before")
    @classmethod
    def _as_its_pattern_says(cls, given: Any) -> Any:
        """The header of a pattern fills in the rule that is left open, and brings its bounded grid along."""
        start = given.get("start") if isinstance(given, dict) else None
        text = start.get("rle") if isinstance(start, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= MAX_RLE:
            return given
        return settings_by_pattern(given, text, (MIN_SIDE, MAX_SIDE))


def start_state(world: LifeWorld, seed: int) -> "Float[Array, 'H W 1']":
    """How a world starts: its pattern in the middle of the grid, or random cells of its density.

    Raises:
        InputError: If the pattern is none that can be read, or the grid does not hold it.
    """
    import jax

    from ffnca.automata.life import initial_state

    pattern, density = world.start.rle, world.start.density
    return initial_state(pattern, density, world.grid.size, world.title, key=jax.random.key(seed))


class LifeSystem(System):
    """Life-like automata."""

    kind = "life"
    spec = LifeWorld

    def open(self, world: LifeWorld, request: Request, path: Path) -> "Simulation":
        """Its pattern in the middle of the grid, or random cells.

        Raises:
            InputError: If something is to be chosen or turned, or the grid does not hold the pattern.
        """
        import numpy as np

        from ffnca.automata.life import COLOURS, Life, living_on, population
        from ffnca.brushes import binary_brushes
        from ffnca.simulation import Simulation
        from ffnca.views import Level, View, rendered

        request.refuse_choices(world)
        world = world.of_size(request.size)
        level = Level(lambda automaton, lattice: lattice.state, np.array(COLOURS, np.uint8))
        return Simulation(
            path.stem,
            world,
            Life.from_notation(world.rule.notation, boundary=world.grid.boundary),
            start_state(world, request.seed),
            own_views={"colour": View(rendered, draw_on=living_on, level=level)},
            own_measures={"population": population},
            brushes=binary_brushes(),
            reseeded=lambda simulation, seed: replace(simulation, start=start_state(world, seed)),
        )

    def thumbnail(self, world: LifeWorld, path: Path) -> "UInt8[np.ndarray, 'height width 3']":
        """What lives at the start, with a margin."""
        import jax.numpy as jnp
        import numpy as np

        simulation = self.open(world, Request(path.stem), path)
        start = np.asarray(simulation.start)
        rows, columns = (np.flatnonzero(start.any((axis, 2))) for axis in (1, 0))
        if rows.size:
            start = start[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        margin = max(1, max(start.shape[:2]) // 4)
        start = np.pad(start, ((margin, margin), (margin, margin), (0, 0)))
        return np.asarray(simulation.automaton.render(jnp.asarray(start)))


LIFE = LifeSystem()
