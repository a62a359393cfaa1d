"""Elementary automata as a system: one of Wolfram's 256 rules, drawn row under row."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from ffnca.spec import OneOfTwo, Spec
from ffnca.systems.base import Request, System
from ffnca.world import MAX_SIDE, World

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Array, Float, UInt8

    from ffnca.simulation import Simulation

_THUMBNAIL = 48, 97


class ElementarySpec(Spec):
    """The rule."""

    number: int = Field(
        ge=0, le=255, description="a whole number from 0 to 255", title="Wolfram's number; 30, 90, 110 are well known"
    )


class RowSpec(OneOfTwo):
    """The first row: cells in the middle, or random ones."""

    usual = "cells", "1"
    instead = "density"

    cells: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SIDE,
        pattern="^[01]+$",
        description=f"0 and 1, up to {MAX_SIDE} of them",
        title='cells in the middle; "1" if nothing is said',
    )
    density: float | None = Field(
        default=None, ge=0, le=1, description="a number from 0 to 1", title="share of cells that are 1, at random"
    )


class ElementaryWorld(World):
    """An elementary automaton; the grid is a sheet that a step writes one row of, and that scrolls once it is full."""

    kind: Literal["elementary"]
    rule: ElementarySpec
    start: RowSpec = RowSpec(cells="1")

    @model_validator(mode="after")
    def _holds_its_cells(self) -> Self:
        if len(self.start.cells or "") > self.grid.size[1]:
            raise ValueError(
                f"start.cells has {len(self.start.cells or '')} cells; allowed: {self.grid.size[1]}, a row"
            )
        return self


class ElementarySystem(System):
    """Elementary automata."""

    kind = "elementary"
    spec = ElementaryWorld

    def open(self, world: ElementaryWorld, request: Request, path: Path) -> "Simulation":
        """The first row on an empty sheet.

        Raises:
            InputError: If something is to be chosen or turned, or the row does not hold its cells.
        """
        import jax

        from ffnca.automata.elementary import COLOURS, Elementary, first_cells, first_row, population, written_on
        from ffnca.brushes import FLIPPED, Brush, Touch
        from ffnca.simulation import Simulation
        from ffnca.views import Level, View, rendered

        request.refuse_choices(world)
        world = world.of_size(request.size)
        size, first = world.grid.size, world.start

        def begun(seed: int) -> "Float[Array, 'H W 2']":
            return first_row(size, first_cells(size[1], first.density, first.cells, key=jax.random.key(seed)))

        def flip(state: "Float[np.ndarray, 'H W C']", touch: Touch) -> None:
            flipped = touch.cells & (touch.generator.random(touch.cells.shape) < FLIPPED)
            state[flipped, 0] = 1 - state[flipped, 0]

        def pen(value: float) -> Brush:
            def write(state: "Float[np.ndarray, 'H W C']", touch: Touch) -> None:
                state[touch.cells, 0] = value  # which row is the newest stays

            return Brush(write, data={"kind": "set", "values": [value], "channels": 1})

        level = Level(lambda automaton, lattice: lattice.state[:1], COLOURS)
        return Simulation(
            path.stem,
            world,
            Elementary(world.rule.number, size, world.grid.boundary),
            begun(request.seed),
            own_views={"colour": View(rendered, draw_on=written_on, level=level)},
            own_measures={"population": population},
            brushes={
                "erase": pen(0.0),
                "noise": Brush(flip, data={"kind": "flip", "share": FLIPPED}),
                "seed": pen(1.0)._replace(single=True),
                "paint": pen(1.0),
            },
            reseeded=None if first.density is None else lambda simulation, seed: replace(simulation, start=begun(seed)),
        )

    def thumbnail(self, world: ElementaryWorld, path: Path) -> "UInt8[np.ndarray, 'height width 3']":
        """Its first rows, since the start is one row on an empty sheet."""
        import numpy as np

        from ffnca.automata.elementary import COLOURS, Elementary, rows_after

        height, width = _THUMBNAIL[0], min(_THUMBNAIL[1], world.grid.size[1])
        start = self.open(world.of_size((height, width)), Request(path.stem), path).start
        automaton = Elementary(world.rule.number, (height, width), world.grid.boundary)
        return COLOURS[rows_after(automaton, np.asarray(start)[0, :, 0].astype(int), height)]


ELEMENTARY = ElementarySystem()
