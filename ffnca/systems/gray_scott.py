"""Gray-Scott as a system: two chemicals, whose regime is named or given by its numbers."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ffnca.spec import Spec, above_zero, shown, whole
from ffnca.systems.base import Request, System
from ffnca.world import World

if TYPE_CHECKING:
    from ffnca.simulation import Simulation

REGIMES: dict[str, tuple[float, float]] = {
    "alpha": (0.010, 0.047),
    "beta": (0.026, 0.051),
    "gamma": (0.022, 0.051),
    "delta": (0.042, 0.059),
    "epsilon": (0.022, 0.059),
    "zeta": (0.022, 0.061),
    "eta": (0.034, 0.063),
    "theta": (0.030, 0.057),
    "iota": (0.046, 0.0594),
    "kappa": (0.050, 0.063),
    "lambda": (0.034, 0.065),
    "mu": (0.046, 0.065),
    "bubbles": (0.098, 0.057),
    "chaos": (0.026, 0.051),
    "coral": (0.0545, 0.062),
    "fingerprints": (0.037, 0.060),
    "holes": (0.039, 0.058),
    "maze": (0.029, 0.057),
    "mitosis": (0.0367, 0.0649),
    "solitons": (0.030, 0.062),
    "spirals": (0.018, 0.051),
    "uskate": (0.062, 0.0609),
    "waves": (0.014, 0.045),
    "worms": (0.058, 0.065),
}
"""Feed and kill of a point in each class of patterns.

References:
    Pearson (1993), Science 261, 189-192, figure 3: the classes alpha to mu.
    Munafo, "Pearson's Classification (Extended) of Gray-Scott System Parameter Values",
    http://mrob.com/pub/comp/xmorphia/pearson-classes.html: points within them, and most of the named ones.
    Sims, "Reaction-Diffusion Tutorial", https://www.karlsims.com/rd.html: mitosis and coral.
"""
_REGIMES = ", ".join(f'"{name}"' for name in REGIMES)
_MOST_MIXED = {"5-point": 0.25, "9-point": 0.3}
"""Diffusion times time step above which a lattice oscillates."""


class ReactionSpec(Spec):
    """The chemistry: a regime by its name, or feed and kill; and how the chemicals spread."""

    regime: str | None = Field(default=None, description=_REGIMES, title="a class of patterns, instead of feed, kill")
    feed: float | None = Field(
        default=None, ge=0, le=0.2, description="a number from 0 to 0.2", title="rate F at which U is brought back to 1"
    )
    kill: float | None = Field(
        default=None, ge=0, le=0.2, description="a number from 0 to 0.2", title="rate k at which V decays besides"
    )
    diffusion_u: float = above_zero(0.2097, 0.3, "of U, in cells squared in a unit of time (Pearson's)")
    diffusion_v: float = above_zero(0.1049, 0.3, "of V, in cells squared in a unit of time (Pearson's)")
    time_step: float = above_zero(1.0, 1, "units of time in a step")
    laplacian: Literal["5-point", "9-point"] = Field(
        default="5-point",
        description='"5-point" or "9-point"',
        title="neighbours that a chemical spreads to; nine are more even",
    )

    @field_validator("regime")
    @classmethod
    def _known(cls, regime: str | None) -> str | None:
        if regime is not None and regime not in REGIMES:
            raise ValueError(f"regime = {shown(regime)}; allowed: {_REGIMES}")
        return regime

    @model_validator(mode="before")
    @classmethod
    def _default_regime(cls, given: Any) -> Any:
        is_open = isinstance(given, dict) and not {"regime", "feed", "kill"} & set(given)
        return given | {"regime": "mitosis"} if is_open else given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        numbers = self.feed is not None, self.kill is not None
        if (self.regime is None) != all(numbers) or (self.regime is not None and any(numbers)):
            raise ValueError("allowed: regime alone, or both feed and kill")
        most, mixed = _MOST_MIXED[self.laplacian], max(self.diffusion_u, self.diffusion_v) * self.time_step
        if mixed > most:
            raise ValueError(
                f"diffusion times time_step = {mixed:g}; allowed with {self.laplacian}: at most {most:g}, for it to be "
                "stable"
            )
        return self

    @property
    def rates(self) -> tuple[float, float]:
        """Feed and kill."""
        return (self.feed or 0.0, self.kill or 0.0) if self.regime is None else REGIMES[self.regime]


class DropsSpec(Spec):
    """How it starts: drops of V in U."""

    drops: int = whole(1, 1, 200, "of V; the first in the middle, the others anywhere")
    side: int = whole(10, 1, 100, "of a drop, in cells")
    noise: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="a number from 0 to 1",
        title="share by which numbers are less, at most",
    )


class GrayScottWorld(World):
    """A reaction and diffusion of two chemicals after Gray and Scott."""

    kind: Literal["gray_scott"]
    rule: ReactionSpec = ReactionSpec(regime="mitosis")
    start: DropsSpec = DropsSpec()

    @model_validator(mode="after")
    def _holds_a_drop(self) -> Self:
        if self.start.side > min(self.grid.size):
            raise ValueError(f"start.side = {self.start.side}; allowed: at most the grid's shorter side")
        return self


class GrayScottSystem(System):
    """Gray-Scott."""

    kind = "gray_scott"
    spec = GrayScottWorld

    def open(self, world: GrayScottWorld, request: Request, path: Path) -> "Simulation":
        """Drops of V in U.

        Raises:
            InputError: If something is to be chosen or turned.
        """
        import jax
        import numpy as np

        from ffnca.automata.gray_scott import BRIGHTEST, COLOURS, DROP, GrayScott, drops, mean_u, mean_v
        from ffnca.brushes import number_brushes, put, stamp
        from ffnca.render import in_colours
        from ffnca.simulation import Simulation
        from ffnca.views import Legend, Level, View, rendered

        request.refuse_choices(world)
        world = world.of_size(request.size)
        rule, start = world.rule, world.start
        side = min(start.side, *world.grid.size)

        def begun(seed: int):
            return drops(world.grid.size, start.drops, side, start.noise, key=jax.random.key(seed))

        def chemical(channel: int, most: float) -> View:
            level = Level(lambda automaton, lattice: lattice.state[[channel]] * (1 / most), COLOURS)
            legend = Legend("none", "much", ("0", f"{most / 2:g}", f"{most:g}"), COLOURS)
            return View(lambda automaton, state: in_colours(state[..., channel] / most, COLOURS), legend, level=level)

        drop = np.full((6, 6, 2), DROP, np.float32)
        return Simulation(
            path.stem,
            world,
            GrayScott.of(
                *rule.rates,
                diffusion=(rule.diffusion_u, rule.diffusion_v),
                time_step=rule.time_step,
                laplacian=rule.laplacian,
                boundary=world.grid.boundary,
            ),
            begun(request.seed),
            own_views={
                "colour": View(rendered, level=chemical(1, BRIGHTEST).level),
                "u": chemical(0, 1.0),
                "v": chemical(1, BRIGHTEST),
            },
            own_measures={"mean_u": mean_u, "mean_v": mean_v},
            brushes=number_brushes(0.0, 1.0) | {"seed": stamp(drop), "paint": put(drop[0, 0])},
            reseeded=lambda simulation, seed: replace(simulation, start=begun(seed)),
        )


GRAY_SCOTT = GrayScottSystem()
