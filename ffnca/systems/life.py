"""Life-like automata as a system: cells are born and survive by their living neighbours; a pattern is a world too."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from ffnca.automata.life_pattern import header_rule
from ffnca.automata.life_rule import RULES_ALLOWED, canonical_rule, parse_rule
from ffnca.automata.life_settings import settings_by_pattern
from ffnca.automata.life_states import numbers_of
from ffnca.automata.state_pattern import pattern_text
from ffnca.errors import InputError, OtherKind
from ffnca.spec import OneOfTwo, Spec
from ffnca.systems.base import Request, System
from ffnca.systems.pattern_file import MAX_PATTERN, is_rule, pattern_file, read_pattern
from ffnca.world import MAX_SIDE, MIN_SIDE, World

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Array, Float, UInt8

    from ffnca.simulation import Simulation

DEFAULT_DENSITY = 0.3
DEFAULT_RULE = "B3/S23"


class LifeSpec(Spec):
    """A Life-like rule; a bounded grid behind it, as in "B3/S23:T64,32", is the grid."""

    notation: str = Field(description=RULES_ALLOWED, title="living neighbours with which a cell is born and survives")

    @field_validator("notation")
    @classmethod
    def _spelt_alike(cls, notation: str) -> str:
        return canonical_rule(notation)


class LifeStart(OneOfTwo):
    """How a Life-like world starts: at random with this share of living cells, or as a pattern in the middle."""

    usual = "density", DEFAULT_DENSITY
    instead = "rle"

    density: float | None = Field(
        default=None, ge=0, le=1, description="a number from 0 to 1", title="share of cells that live, at random"
    )
    rle: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_PATTERN,
        description=f"RLE, Life 1.05, Life 1.06 or plain text, up to {MAX_PATTERN} characters in a file of its own",
        title="a pattern in the middle; its header may give rule and grid",
    )


class LifeWorld(World):
    """A Life-like automaton; a pattern file (`.rle`, `.cells`, `.lif`) is such a world by itself."""

    kind: Literal["life"]
    rule: LifeSpec
    start: LifeStart = LifeStart()

    @model_validator(mode="before")
    @classmethod
    def _as_its_pattern_says(cls, given: Any) -> Any:
        """The header of a pattern fills in the rule that is left open, and brings its bounded grid along."""
        if not isinstance(given, Mapping):
            return given
        start = given.get("start")
        text = start.get("rle") if isinstance(start, Mapping) else None
        is_pattern = isinstance(text, str) and 0 < len(text) <= MAX_PATTERN
        return settings_by_pattern(given, text if is_pattern else None, (MIN_SIDE, MAX_SIDE))

    @property
    def num_states(self) -> int:
        """Of its rule."""
        return parse_rule(self.rule.notation).num_states


def start_state(world: LifeWorld, seed: int) -> "Float[Array, 'H W 1']":
    """How a world starts: its pattern in the middle of the grid, or random cells of its density.

    Raises:
        InputError: If the pattern is none that can be read, or the grid does not hold it.
    """
    import jax

    from ffnca.automata.life import initial_state

    size, start, key = world.grid.size, world.start, jax.random.key(seed)
    return initial_state(start.rle, start.density, size, world.title, world.num_states, key=key)


def _num_states(notation: str) -> int:
    return parse_rule(notation).num_states


class LifeSystem(System):
    """Life-like automata."""

    kind = "life"
    spec = LifeWorld

    def settings_in(self, path: Path) -> dict[str, Any]:
        """The world of a pattern: its own grid if it names one, else a plane of twice its size.

        Raises:
            OtherKind: If its rule is not Life-like.
            InputError: If the file cannot be read, or holds no pattern that a world can.
        """
        text = read_pattern(path)
        try:
            found = pattern_file(path, text, DEFAULT_RULE, _num_states)
        except InputError as error:
            name = header_rule(text)
            if name and not is_rule(name, canonical_rule):
                raise OtherKind(str(error)) from error
            raise
        return found.settings(self.kind) | {"rule": {"notation": found.rule}}

    def open(self, world: LifeWorld, request: Request, path: Path) -> "Simulation":
        """Its pattern in the middle of the grid, or random cells.

        Raises:
            InputError: If something is to be chosen or turned, or the grid does not hold the pattern.
        """
        from ffnca.automata.life import Life, living_on, population
        from ffnca.automata.life_isotropic import dying, glowing_on, life_automaton, living
        from ffnca.brushes import binary_brushes
        from ffnca.simulation import Simulation
        from ffnca.views import Level, View, rendered

        request.refuse_choices(world)
        world = world.of_size(request.size)
        automaton = life_automaton(world.rule.notation, boundary=world.grid.boundary)
        measures, draw_on = {"population": population}, living_on
        if not isinstance(automaton, Life):
            measures, draw_on = {"population": living, "dying": dying}, glowing_on
        level = Level(lambda automaton, lattice: lattice.state, automaton.colours)
        return Simulation(
            path.stem,
            world,
            automaton,
            start_state(world, request.seed),
            own_views={"colour": View(rendered, draw_on=draw_on, level=level)},
            own_measures=measures,
            brushes=binary_brushes(),
            reseeded=lambda simulation, seed: replace(simulation, start=start_state(world, seed)),
            pattern=lambda state: pattern_text(
                numbers_of(state[..., 0], world.num_states),
                world.title,
                world.rule.notation,
                world.grid.boundary,
                world.num_states,
            ),
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
