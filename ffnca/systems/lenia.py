"""Lenia as a system: a world file with a rule and an animal, drawn, measured and touched."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ffnca.spec import Spec, above_zero, several_of, shown, whole
from ffnca.systems.base import Request, System
from ffnca.world import MAX_SIDE, World

if TYPE_CHECKING:
    from ffnca.simulation import Simulation

MAX_CELLS = 200_000
_TOKEN = re.compile(r"(\d{0,5})([p-y]?[A-X]|[bo.$])")
_FORM = "cells as Lenia's animals have them: ., A to X, pA to yO, counts before them, $ between rows, ! at the end"
Peak = Annotated[float, Field(ge=0, le=1)]
Shape = Literal["polynomial", "exponential"]
_SHAPES = '"polynomial" or "exponential"'


class LeniaSpec(Spec):
    """The rule: a kernel of rings, a growth, and how much of it a step adds."""

    radius: int = whole(13, 2, 128, "of the kernel, in cells")
    kernel_peaks: tuple[Peak, ...] = several_of(
        (1.0,), "1 to 8 numbers from 0 to 1 in a list, one above 0", 8, "heights of the kernel's rings, from the middle"
    )
    kernel: Shape = Field(default="polynomial", description=_SHAPES, title="shape of a ring")
    growth: Shape = Field(default="polynomial", description=_SHAPES, title="shape of the growth curve")
    growth_centre: float = above_zero(0.15, 1, "weighted mean of the neighbours at which a cell grows most")
    growth_width: float = above_zero(0.015, 1, "how far from there growth falls")
    time_resolution: float = Field(
        default=10.0, ge=1, le=1000, description="a number from 1 to 1000", title="steps in a unit of time"
    )
    method: Literal["fft", "slices"] = Field(
        default="fft",
        description='"fft" or "slices"',
        title="how neighbours are summed: by Fourier transform, or one by one for a small radius",
    )

    @field_validator("kernel_peaks")
    @classmethod
    def _weighs_something(cls, peaks: tuple[float, ...]) -> tuple[float, ...]:
        if not any(peaks):
            raise ValueError("no ring has a weight; allowed: at least one number above 0")
        return peaks


class LeniaStart(Spec):
    """How it starts: as an animal in the middle, or at random in the middle half."""

    cells: str | None = Field(
        default=None, min_length=1, max_length=MAX_CELLS, description=_FORM, title="an animal in the middle"
    )
    density: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="a number above 0, at most 1",
        title="share of the cells in the middle half that are random",
    )

    @field_validator("cells")
    @classmethod
    def _readable(cls, cells: str | None) -> str | None:
        if cells is not None:
            parse_cells(cells)
        return cells

    @model_validator(mode="before")
    @classmethod
    def _default_density(cls, given: Any) -> Any:
        return {"density": 0.5} if given == {} else given

    @model_validator(mode="after")
    def _cells_or_density(self) -> Self:
        if (self.cells is None) == (self.density is None):
            raise ValueError("one of cells and density is allowed, not both")
        return self


class LeniaWorld(World):
    """A Lenia world."""

    kind: Literal["lenia"]
    rule: LeniaSpec = LeniaSpec()
    start: LeniaStart = LeniaStart(density=0.5)

    @model_validator(mode="after")
    def _mirrors_what_is_there(self) -> Self:
        if self.grid.boundary == "reflect" and self.rule.radius >= min(self.grid.size):
            raise ValueError(
                f"rule.radius = {self.rule.radius} with reflect; allowed: less than the grid's shorter side"
            )
        return self


def parse_cells(text: str) -> list[list[float]]:
    """States of an animal from 0 to 1, row by row, from the run-length code of Lenia's animals.

    Reference:
        Chan, https://github.com/Chakazul/Lenia, `animals.json`.

    Raises:
        ValueError: If the text is no such code, or is more than 1024 cells a side.
    """
    body = "".join(text.split()).removesuffix("!")
    tokens = list(_TOKEN.finditer(body))
    if "".join(token[0] for token in tokens) != body:
        raise ValueError(f"{shown(text)} is no animal; allowed: {_FORM}")
    rows: list[list[float]] = [[]]
    for token in tokens:
        count, tag = int(token[1] or 1), token[2]
        if count + (len(rows) if tag == "$" else len(rows[-1])) > MAX_SIDE:
            raise ValueError(f"the animal is larger than {MAX_SIDE} cells a side")
        if tag == "$":
            rows += [[] for _ in range(count)]
        else:
            rows[-1] += count * [_level(tag)]
    width = max(map(len, rows))
    return [row + (width - len(row)) * [0.0] for row in rows]


def _level(tag: str) -> float:
    if tag in ".b":
        return 0.0
    high = 255 if tag == "o" else 24 * ("pqrstuvwxy".find(tag[0]) + 1) * (len(tag) > 1) + ord(tag[-1]) - ord("A") + 1
    return min(high, 255) / 255


class LeniaSystem(System):
    """Lenia with one kernel and one channel."""

    kind = "lenia"
    spec = LeniaWorld

    def open(self, world: LeniaWorld, request: Request, path: Path) -> "Simulation":
        """Its animal in the middle of the grid, or random cells.

        Raises:
            InputError: If something is to be chosen or turned, or the grid does not hold the animal.
        """
        import jax
        import numpy as np

        from ffnca.automata import lenia
        from ffnca.automata.lenia import Lenia
        from ffnca.brushes import number_brushes, stamp
        from ffnca.grid.seeds import centred, soup
        from ffnca.simulation import Simulation
        from ffnca.views import Level, View, rendered, signed_legend

        request.refuse_choices(world)
        world = world.of_size(request.size)
        rule, size = world.rule, world.grid.size
        animal = None if world.start.cells is None else np.array(parse_cells(world.start.cells), np.float32)[..., None]

        def start(seed: int):
            if animal is not None:
                return centred(animal, size, world.title)
            key, (height, width) = jax.random.key(seed), size
            inner = jax.random.uniform(key, (height // 2, width // 2, 1))
            inner *= soup((height // 2, width // 2), world.start.density or 0.0, key=jax.random.fold_in(key, 1))
            return centred(np.asarray(inner), size, world.title)

        colours = lenia.mapped(np.linspace(0, 1, 256))
        levels = {
            "colour": Level(lambda automaton, lattice: lattice.state, colours),
            "potential": Level(lambda automaton, lattice: automaton.described_mean(lattice), colours),
            "growth": Level(lenia.described_growth, signed_legend().colours),
        }
        brushes = number_brushes(0.0, 1.0)
        if animal is not None:
            brushes["seed"] = stamp(animal)
        return Simulation(
            path.stem,
            world,
            Lenia.of(
                lenia.ring_kernel(rule.radius, rule.kernel_peaks, rule.kernel),
                centre=rule.growth_centre,
                width=rule.growth_width,
                time_step=1 / rule.time_resolution,
                growth=rule.growth,
                boundary=world.grid.boundary,
                fourier_size=size if rule.method == "fft" else None,
            ),
            start(request.seed),
            own_views={
                "colour": View(rendered, level=levels["colour"]),
                "potential": View(lenia.drawn_potential, level=levels["potential"]),
                "growth": View(lenia.drawn_growth, signed_legend(), level=levels["growth"]),
            },
            own_measures={"mass": lenia.mass, "population": lenia.population},
            brushes=brushes,
            reseeded=None if animal is not None else lambda simulation, seed: replace(simulation, start=start(seed)),
        )


LENIA = LeniaSystem()
