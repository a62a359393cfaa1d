"""Lenia as a system: a world file with a rule and an animal, drawn, measured and touched."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ffnca.automata.lenia_cells import CELLS_ALLOWED, MAX_CHANNELS, parse_channels
from ffnca.errors import InputError
from ffnca.spec import OneOfTwo, Spec, above_zero, several_of, whole
from ffnca.systems.base import Request, System
from ffnca.world import World

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Array, Float, UInt8

    from ffnca.automata.base import Automaton
    from ffnca.automata.lenia_growth import Growth
    from ffnca.simulation import Simulation
    from ffnca.views import View

MAX_CELLS = 200_000
MAX_KERNELS = 64
_RINGS = "1 to 8 numbers from 0 to 1 in a list, one above 0"
Peak = Annotated[float, Field(ge=0, le=1)]
Ring = Literal["polynomial", "exponential", "gaussian", "step", "life"]
Curve = Literal["polynomial", "exponential", "step"]


def _weighs_something(peaks: tuple[float, ...]) -> tuple[float, ...]:
    if not any(peaks):
        raise ValueError("no ring has a weight; allowed: at least one number above 0")
    return peaks


GrowthWidth: Any = Field(
    default=0.015,
    ge=1e-6,  # its square is a number of 32 bits
    le=1,
    description="a number from 0.000001 to 1",
    title="how far from there growth falls",
)


class KernelSpec(Spec):
    """One of several kernels, in place of the one that the rule has: what it sums, and what grows by it."""

    source: int = whole(0, 0, MAX_CHANNELS - 1, "channel that it sums")
    target: int = whole(0, 0, MAX_CHANNELS - 1, "channel that grows by it")
    radius_share: float = above_zero(1.0, 1, "its radius as a share of the rule's")
    kernel_peaks: tuple[Peak, ...] = several_of((1.0,), _RINGS, 8, "heights of its rings, from the middle")
    growth_centre: float = above_zero(0.15, 1, "weighted mean of the neighbours at which a cell grows most")
    growth_width: float = GrowthWidth
    weight: float = Field(
        default=1.0, ge=-10, le=10, description="a number from -10 to 10", title="by which its growth is multiplied"
    )

    _weighing = field_validator("kernel_peaks")(_weighs_something)


class NeighbourhoodSpec(Spec):
    """What a cell reads of its surroundings."""

    channels: int = whole(1, 1, MAX_CHANNELS, "numbers in a cell; several need [[kernels]]")
    radius: int = whole(13, 2, 128, "of the kernel, in cells; of several kernels the largest")
    kernel_peaks: tuple[Peak, ...] = several_of((1.0,), _RINGS, 8, "heights of the kernel's rings, from the middle")
    kernel: Ring = Field(
        default="polynomial",
        description='"polynomial", "exponential", "gaussian", "step" or "life"',
        title="shape of a ring",
    )
    growth: Curve = Field(
        default="polynomial",
        description='"polynomial", "exponential" or "step"',
        title="shape of the growth curve",
    )
    growth_centre: float = above_zero(0.15, 1, "weighted mean of the neighbours at which a cell grows most")
    growth_width: float = GrowthWidth
    time_resolution: float = Field(
        default=10.0, ge=1, le=10_000, description="a number from 1 to 10000", title="steps in a unit of time"
    )
    method: Literal["auto", "fft", "slices"] = Field(
        default="auto",
        description='"auto", "fft" or "slices"',
        title="how neighbours are summed: by Fourier transform, one by one for a small radius, or what is quicker",
    )

    _weighing = field_validator("kernel_peaks")(_weighs_something)


class LeniaSpec(NeighbourhoodSpec):
    """The rule: a kernel of rings, a growth, and how much of it a step adds."""

    update: Literal["growth", "asymptotic"] = Field(
        default="growth",
        description='"growth" or "asymptotic"',
        title="whether a cell adds its growth, or approaches the state from 0 to 1 that it stands for",
    )


class LeniaStart(OneOfTwo):
    """How it starts: as an animal in the middle, or at random in the middle half."""

    usual = "density", 0.5
    instead = "cells"

    cells: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_CELLS,
        description=CELLS_ALLOWED,
        title="an animal in the middle; of several channels one after the other",
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
            parse_channels(cells)
        return cells


Kernels = Annotated[
    tuple[KernelSpec, ...],
    Field(strict=False, max_length=MAX_KERNELS, description=f"at most {MAX_KERNELS} tables [[kernels]]"),
]
_OF_ONE_KERNEL = ("kernel_peaks", "growth_centre", "growth_width")


class KernelWorld(World):
    """What worlds with such neighbourhoods have in common."""

    rule: NeighbourhoodSpec = NeighbourhoodSpec()
    kernels: Kernels = ()
    start: LeniaStart = LeniaStart(density=0.5)

    @model_validator(mode="after")
    def _mirrors_what_is_there(self) -> Self:
        if self.grid.boundary == "reflect" and self.rule.radius >= min(self.grid.size):
            raise ValueError(
                f"rule.radius = {self.rule.radius} with reflect; allowed: less than the grid's shorter side"
            )
        return self

    @model_validator(mode="after")
    def _channels_that_there_are(self) -> Self:
        channels = self.rule.channels
        if self.kernels:
            for key in _OF_ONE_KERNEL:
                if getattr(self.rule, key) != type(self.rule).model_fields[key].default:
                    raise ValueError(f"rule.{key} beside [[kernels]]; allowed: in each of them")
        for place, kernel in enumerate(self.kernels):
            for key in ("source", "target"):
                if getattr(kernel, key) >= channels:
                    raise ValueError(
                        f"kernels[{place}].{key} = {getattr(kernel, key)} with rule.channels = {channels}; allowed: "
                        f"less than that"
                    )
        if channels > 1 and not self.kernels:
            raise ValueError(
                f"rule.channels = {channels} without [[kernels]]; allowed: 1, or [[kernels]] that say more"
            )
        if self.start.cells is not None and (found := len(parse_channels(self.start.cells))) != channels:
            raise ValueError(f"start.cells has {found} channels; allowed: {channels}, as rule.channels says")
        return self


class LeniaWorld(KernelWorld):
    """A Lenia world."""

    kind: Literal["lenia"]
    rule: LeniaSpec = LeniaSpec()


def growth_of(world: KernelWorld, path: Path) -> "Growth":
    """What every cell grows by.

    Raises:
        InputError: If a kernel has no weight in any cell.
    """
    from ffnca.automata.lenia_growth import Growth, Kernel, ring_kernel
    from ffnca.grid.convolution import slices_are_quicker

    rule, size, boundary = world.rule, world.grid.size, world.grid.boundary
    said = world.kernels or [KernelSpec(**{key: getattr(rule, key) for key in _OF_ONE_KERNEL})]
    kernels = []
    for place, one in enumerate(said):
        try:
            weights = ring_kernel(rule.radius, one.kernel_peaks, rule.kernel, one.radius_share)
        except ValueError as error:
            name = f"kernels[{place}]" if world.kernels else "rule"
            raise InputError(f"{path}: [{name}] {error}; allowed: rings that hold a cell") from error
        kernels.append(Kernel(weights, one.growth_centre, one.growth_width, one.weight, one.source, one.target))
    sliced = slices_are_quicker(rule.radius, size, boundary) if rule.method == "auto" else rule.method == "slices"
    return Growth.of(
        kernels,
        channels=rule.channels,
        shape=rule.growth,
        boundary=boundary,
        fourier_size=None if sliced else size,
    )


def animal_of(world: KernelWorld) -> "Float[np.ndarray, 'h w C'] | None":
    """The animal of its start, if it has one."""
    import numpy as np

    if world.start.cells is None:
        return None
    return np.moveaxis(np.array(parse_channels(world.start.cells), np.float32), 0, -1)


def start_of(world: KernelWorld, seed: int) -> "Float[Array, 'H W C']":
    """Its animal in the middle of the grid, or random cells in the middle half.

    Raises:
        InputError: If the grid does not hold the animal.
    """
    import jax
    import numpy as np

    from ffnca.grid.seeds import centred, soup

    size, animal = world.grid.size, animal_of(world)
    if animal is not None:
        return centred(animal, size, world.title)
    key, (height, width) = jax.random.key(seed), size
    inner = jax.random.uniform(key, (height // 2, width // 2, world.rule.channels))
    inner *= soup((height // 2, width // 2), world.start.density or 0.0, key=jax.random.fold_in(key, 1))
    return centred(np.asarray(inner), size, world.title)


def lenia_views(channels: int) -> "Mapping[str, View]":
    """Colour, what each cell sees, and where it grows."""
    from ffnca.automata import lenia
    from ffnca.views import Level, View, rendered, signed_legend

    colours, potentials = lenia.colours_of(channels), lenia.colours_of(1)
    return {
        "colour": View(rendered, level=Level(lenia.described_colour, colours)),
        "potential": View(lenia.drawn_potential, level=Level(lenia.described_potential, potentials)),
        "growth": View(
            lenia.drawn_growth, signed_legend(), level=Level(lenia.described_growth, signed_legend().colours)
        ),
    }


def simulation_of(
    world: KernelWorld, automaton: "Automaton", request: Request, path: Path, most: float
) -> "Simulation":
    """A world of the wanted size with its automaton; a noise brush leaves cells from 0 to `most`.

    Raises:
        InputError: If the grid does not hold the animal.
    """
    from ffnca.automata.lenia import mass, population
    from ffnca.brushes import number_brushes, stamp
    from ffnca.simulation import Simulation

    animal, brushes = animal_of(world), number_brushes(0.0, most)
    if animal is not None:
        brushes["seed"] = stamp(animal)
    return Simulation(
        path.stem,
        world,
        automaton,
        start_of(world, request.seed),
        own_views=lenia_views(world.rule.channels),
        own_measures={"mass": mass, "population": population},
        brushes=brushes,
        reseeded=None if animal is not None else lambda one, seed: replace(one, start=start_of(world, seed)),
    )


class LeniaSystem(System):
    """Lenia with one kernel and channel or several."""

    kind = "lenia"
    spec = LeniaWorld

    def thumbnail(self, world: KernelWorld, path: Path) -> "UInt8[np.ndarray, 'height width 3']":
        """How it starts, without its kernels."""
        import numpy as np

        from ffnca.automata.lenia import coloured

        animal = animal_of(world)
        if animal is None:
            return coloured(np.asarray(start_of(world, 0)))
        beside = [max(side - had, 0) for side, had in zip(world.grid.size, animal.shape[:2], strict=True)]
        return coloured(np.pad(animal, [*((room // 2, room - room // 2) for room in beside), (0, 0)]))

    def open(self, world: LeniaWorld, request: Request, path: Path) -> "Simulation":
        """Its animal in the middle of the grid, or random cells.

        Raises:
            InputError: If something is to be chosen or turned, the grid does not hold the animal, or a kernel has no
                weight.
        """
        import jax.numpy as jnp

        from ffnca.automata.lenia import Lenia

        request.refuse_choices(world)
        world = world.of_size(request.size)
        time_step = jnp.float32(1 / world.rule.time_resolution)
        automaton = Lenia(growth_of(world, path), time_step, world.rule.update == "asymptotic")
        return simulation_of(world, automaton, request, path, 1.0)


LENIA = LeniaSystem()
