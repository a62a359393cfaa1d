"""Wireworld as a system: a circuit that is drawn in its world file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ffnca.automata.life_pattern import header_rule
from ffnca.automata.state_pattern import Rows, drawn_states, pattern_text, rle_states
from ffnca.errors import InputError
from ffnca.spec import Spec, shown
from ffnca.systems.base import Request, System
from ffnca.systems.pattern_file import MAX_PATTERN, is_rule, pattern_file, read_pattern
from ffnca.world import World

if TYPE_CHECKING:
    from ffnca.simulation import Simulation

DRAWN = {".": 0, " ": 0, "@": 1, "~": 2, "#": 3}
"""The state of each character of a drawing."""
MAX_TEXT = 200_000
RULE, NUM_STATES = "WireWorld", 4
"""As Golly calls it."""


def wireworld_rule(text: str) -> str:
    """The one spelling of the rule's name.

    Raises:
        InputError: If it is another rule.
    """
    if text.strip().lower() != RULE.lower():
        raise InputError(f"rule = {shown(text)}; allowed: {RULE}")
    return RULE


class CircuitSpec(Spec):
    """The circuit, in the middle of the grid."""

    circuit: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_TEXT,
        description="a drawing: # conductors, @ heads and ~ tails of electrons, . or space nothing",
        title="a drawing of one character a cell",
    )
    rle: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_PATTERN,
        description="RLE as Golly's: . nothing, A heads, B tails, C conductors",
        title="the same in RLE, instead",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.circuit is None) == (self.rle is None):
            raise ValueError("one of circuit and rle is needed, not both")
        self.states()
        return self

    def states(self) -> Rows:
        """States row by row.

        Raises:
            InputError: If the text is no circuit; names its line and column.
        """
        try:
            if self.circuit is not None:
                return drawn_states(self.circuit, DRAWN)
            return rle_states(self.rle or "", NUM_STATES, wireworld_rule)
        except InputError as error:
            raise InputError(f"{'rle' if self.circuit is None else 'circuit'}, {error}") from error


class WireworldWorld(World):
    """Wireworld: electrons on wires; a pattern file (`.rle`) whose rule is WireWorld is such a world by itself."""

    kind: Literal["wireworld"]
    start: CircuitSpec


class WireworldSystem(System):
    """Wireworld."""

    kind = "wireworld"
    spec = WireworldWorld

    def settings_in(self, path: Path) -> dict[str, Any] | None:
        """The world of a pattern whose header names this rule.

        Raises:
            InputError: If the pattern cannot be read.
        """
        text = read_pattern(path)
        name = header_rule(text)
        if not name or not is_rule(name, wireworld_rule):
            return None
        return pattern_file(path, text, RULE, lambda rule: NUM_STATES, wireworld_rule).settings(self.kind)

    def open(self, world: WireworldWorld, request: Request, path: Path) -> "Simulation":
        """Its circuit in the middle of the grid.

        Raises:
            InputError: If something is to be chosen or turned, or the grid does not hold the circuit.
        """
        import numpy as np

        from ffnca.automata.wireworld import COLOURS, CONDUCTOR, HEAD, Wireworld, electrons
        from ffnca.brushes import state_brushes
        from ffnca.grid.seeds import centred
        from ffnca.simulation import Simulation
        from ffnca.views import state_view

        request.refuse_choices(world)
        world = world.of_size(request.size)
        circuit = np.array(world.start.states(), np.float32)[..., None]
        return Simulation(
            path.stem,
            world,
            Wireworld(world.grid.boundary),
            centred(circuit, world.grid.size, world.title),
            own_views={"colour": state_view(COLOURS)},
            own_measures={"electrons": electrons},
            brushes=state_brushes(len(COLOURS), drawn=CONDUCTOR, seeded=HEAD),
            pattern=lambda state: pattern_text(
                state[..., 0].astype(int), world.title, RULE, world.grid.boundary, NUM_STATES
            ),
        )


WIREWORLD = WireworldSystem()
