"""Cyclic automata as a system: a ring of states, or an excitable medium, from random cells."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from ffnca.spec import Spec, shown
from ffnca.systems.base import Request, System
from ffnca.world import World

if TYPE_CHECKING:
    from ffnca.simulation import Simulation

NAMED: dict[str, str] = {
    "313": "1/3/3/M",
    "boiling": "2/2/6/N",
    "cca": "1/1/14/N",
    "cyclic spirals": "3/5/8/M",
    "demons": "1/1/14/N",
    "diamond spirals": "1/1/15/N",
    "maps": "2/3/5/N",
    "perfect spirals": "1/3/4/M",
    "stripes": "3/4/5/N",
}
"""Well-known rules.

References:
    Griffeath, Wojtowicz, Rampe, as collected in https://github.com/setanarut/ccae and Mirek's Cellebration.
    Dewdney (1989), "A cellular universe of debris, droplets, defects and demons", Scientific American 261(2).
"""
_NOTATION = re.compile(r"R?(\d{1,2})/T?(\d{1,3})/C?(\d{1,2})/N?([MN])", re.ASCII | re.I)
MOST_REACH, MOST_STATES = 5, 32
_FORM = (
    f"range 1 to {MOST_REACH}, threshold, 2 to {MOST_STATES} states and M (Moore) or N (von Neumann), such as "
    f'"1/3/3/M", or a name: {", ".join(NAMED)}'
)


class CyclicSpec(Spec):
    """The rule."""

    notation: str = Field(
        default="1/1/14/N",
        description=_FORM,
        title="range of the neighbours, how many must be ahead, states, neighbourhood",
    )
    excitable: bool = Field(
        default=False,
        description="true or false",
        title="whether only cells at rest, 0, need neighbours, as Greenberg and Hastings's media",
    )

    @field_validator("notation")
    @classmethod
    def _spelt_alike(cls, notation: str) -> str:
        text = NAMED.get(" ".join(notation.lower().replace("_", " ").split()), "".join(notation.split()))
        match = _NOTATION.fullmatch(text)
        reach, threshold, states = map(int, match.groups()[:3]) if match else (0, 0, 0)
        if match is None or not (1 <= reach <= MOST_REACH and threshold >= 1 and 2 <= states <= MOST_STATES):
            raise ValueError(f"notation = {shown(notation)}; allowed: {_FORM}")
        neighbours = (2 * reach + 1) ** 2 - 1 if match[4].upper() == "M" else 2 * reach * (reach + 1)
        if threshold > neighbours:
            raise ValueError(
                f"notation = {shown(notation)}: no cell ever moves; allowed: a threshold up to {neighbours}"
            )
        return f"{reach}/{threshold}/{states}/{match[4].upper()}"


class RandomSpec(Spec):
    """How it starts: any state in every cell, at random."""

    density: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="a number from 0 to 1",
        title="share of the cells that are random; the others are 0",
    )


class CyclicWorld(World):
    """A cyclic automaton: a cell takes the next state of a ring once enough neighbours have it."""

    kind: Literal["cyclic"]
    rule: CyclicSpec = CyclicSpec()
    start: RandomSpec = RandomSpec()


class CyclicSystem(System):
    """Cyclic automata."""

    kind = "cyclic"
    spec = CyclicWorld

    def open(self, world: CyclicWorld, request: Request, path: Path) -> "Simulation":
        """Random cells.

        Raises:
            InputError: If something is to be chosen or turned.
        """
        import jax

        from ffnca.automata import cyclic
        from ffnca.brushes import state_brushes
        from ffnca.simulation import Simulation
        from ffnca.views import state_view

        request.refuse_choices(world)
        world = world.of_size(request.size)
        reach, threshold, states, neighbourhood = world.rule.notation.split("/")
        automaton = cyclic.Cyclic(
            int(states),
            int(threshold),
            int(reach),
            "moore" if neighbourhood == "M" else "von_neumann",
            world.rule.excitable,
            world.grid.boundary,
        )

        def begun(seed: int):
            key = jax.random.key(seed)
            return cyclic.random_states(world.grid.size, automaton.num_states, world.start.density, key=key)

        return Simulation(
            path.stem,
            world,
            automaton,
            begun(request.seed),
            own_views={"colour": state_view(cyclic.colours(automaton))},
            own_measures={"changing": cyclic.changing, "resting": cyclic.resting},
            brushes=state_brushes(automaton.num_states),
            reseeded=lambda simulation, seed: replace(simulation, start=begun(seed)),
        )


CYCLIC = CyclicSystem()
