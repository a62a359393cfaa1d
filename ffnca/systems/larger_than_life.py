"""Larger than Life as a system: Life's idea with a wide neighbourhood."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ffnca.automata.life_pattern import header_rule, parse_pattern
from ffnca.automata.life_rule import canonical_rule
from ffnca.automata.range_rule import RANGE_RULES_ALLOWED, range_rule
from ffnca.automata.state_pattern import pattern_text, rle_states
from ffnca.errors import InputError
from ffnca.spec import OneOfTwo, Spec
from ffnca.systems.base import Request, System
from ffnca.systems.pattern_file import MAX_PATTERN, is_rule, pattern_file, read_pattern
from ffnca.world import World

if TYPE_CHECKING:
    from ffnca.simulation import Simulation


def _spelt(text: str) -> str:
    return str(range_rule(text))


class RangeSpec(Spec):
    """The rule."""

    notation: str = Field(
        default="R5,C0,M1,S34..58,B34..45,NM",
        description=RANGE_RULES_ALLOWED,
        title="radius, states, and living neighbours with which a cell is born and survives",
    )

    @field_validator("notation")
    @classmethod
    def _spelt_alike(cls, notation: str) -> str:
        return _spelt(notation)


class RangeStart(OneOfTwo):
    """How it starts: random cells, or a pattern in the middle."""

    usual = "density", 0.5
    instead = "rle"

    density: float | None = Field(
        default=None, ge=0, le=1, description="a number from 0 to 1", title="share of cells that live, at random"
    )
    rle: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_PATTERN,
        description="RLE as Golly's: . or b dead, A or o alive, B and on fading",
        title="a pattern in the middle",
    )


class LargerThanLifeWorld(World):
    """A Larger than Life automaton: a cell is born and survives by the living cells of a wide neighbourhood.

    A pattern file (`.rle`) of such a rule is such a world by itself.
    """

    kind: Literal["larger_than_life"]
    rule: RangeSpec = RangeSpec()
    start: RangeStart = RangeStart(density=0.5)

    @model_validator(mode="after")
    def _fits_its_grid(self) -> Self:
        rule, side = range_rule(self.rule.notation), min(self.grid.size)
        if self.grid.boundary == "reflect" and rule.radius >= side:
            raise ValueError(f"radius {rule.radius} with reflect; allowed: less than the grid's shorter side")
        if self.start.rle is not None:
            try:
                pattern = parse_pattern(self.start.rle, _spelt)
                pattern.check_states(self.rule.notation, rule.num_states)
            except InputError as error:
                raise InputError(f"start.rle, {error}") from error
            if pattern.rule not in (None, self.rule.notation):
                raise ValueError(f"start.rle is of rule {pattern.rule}; allowed: that of rule.notation, {rule}")
        return self


class LargerThanLifeSystem(System):
    """Larger than Life."""

    kind = "larger_than_life"
    spec = LargerThanLifeWorld

    def settings_in(self, path: Path) -> dict[str, Any] | None:
        """The world of a pattern whose header names such a rule, and no Life-like one.

        Raises:
            InputError: If the pattern cannot be read.
        """
        text = read_pattern(path)
        name = header_rule(text)
        if not name or is_rule(name, canonical_rule) or not is_rule(name, _spelt):
            return None
        found = pattern_file(path, text, name, lambda rule: range_rule(rule).num_states, _spelt)
        return found.settings(self.kind) | {"rule": {"notation": found.rule}}

    def open(self, world: LargerThanLifeWorld, request: Request, path: Path) -> "Simulation":
        """Random cells, or its pattern in the middle.

        Raises:
            InputError: If something is to be chosen or turned, or the grid does not hold the pattern.
        """
        import jax
        import numpy as np

        from ffnca.automata.larger_than_life import LargerThanLife, colours, population
        from ffnca.brushes import binary_brushes, state_brushes
        from ffnca.grid.seeds import centred, soup
        from ffnca.simulation import Simulation
        from ffnca.views import state_view

        request.refuse_choices(world)
        world = world.of_size(request.size)
        automaton = LargerThanLife.from_notation(world.rule.notation, boundary=world.grid.boundary)
        size, start, num_states = world.grid.size, world.start, automaton.rule.num_states

        def begun(seed: int):
            if start.rle is None:
                return soup(size, start.density or 0.0, key=jax.random.key(seed))
            states = rle_states(start.rle, num_states, _spelt)
            return centred(np.array(states, np.float32)[..., None], size, world.title)

        return Simulation(
            path.stem,
            world,
            automaton,
            begun(request.seed),
            own_views={"colour": state_view(colours(automaton))},
            own_measures={"population": population},
            brushes=binary_brushes() if num_states == 2 else state_brushes(num_states),
            pattern=lambda state: pattern_text(
                state[..., 0].astype(int), world.title, world.rule.notation, world.grid.boundary, num_states
            ),
            reseeded=None if start.density is None else lambda simulation, seed: replace(simulation, start=begun(seed)),
        )


LARGER_THAN_LIFE = LargerThanLifeSystem()
