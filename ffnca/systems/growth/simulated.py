"""A creature as a simulation: its views, measures and brushes."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8

from ffnca.automata.exact_transport import ExactTransport
from ffnca.automata.nca import NCA
from ffnca.brushes import colour_brushes
from ffnca.ff.ascent import AscentLayer
from ffnca.lattice import Lattice, Value
from ffnca.render import TRANSPARENT, Background, heat, laid_on, over, straight
from ffnca.simulation import Simulation, Target
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.sharpener import needed
from ffnca.systems.growth.spec import NcaSpec
from ffnca.views import Level, View, heat_legend

WELL, ILL = 1e-3, 1.0
"""Goodness that a cell lacks, at the light and the hot end of the map, logarithmic between. A healthy cell lacks less
than the first; beside a fresh wound it is 0.02 to 0.3, under noise of 0.3 on 16 channels about 0.7."""
ERROR_TOP = 0.5
"""Error of a cell, root mean square over RGBA, drawn at the hot end of the map of differences."""
SEEN_ERROR = 0.02
"""Error from which on an empty cell is drawn in the map of differences."""


def creature_simulation(
    name: str, creature: Creature, size: tuple[int, int] | None = None, detail: int | None = None
) -> Simulation:
    """A creature at its first cell, in the middle of a grid.

    Args:
        name: How the user called it.
        creature: What grows.
        size: Of the grid, None for the world's own.
        detail: Pixels a cell in which its decoder draws its colours; None draws cells.

    Raises:
        InputError: If the grid does not hold it, or it has no decoder to draw it so.
    """
    body, targets = creature.body(size), creature.world.targets
    choices = tuple(targets or ())
    row, column = body.seed_at
    return Simulation(
        name,
        creature.world,
        creature.automaton,
        jax.device_put(body.start),
        own_views={
            "colour": View(NCA.render, draw_on=_on_ground) if detail is None else _sharp_view(name, creature, detail),
            "health": _health_view(),
            "difference": View(
                partial(_drawn_difference, picture=body.picture),
                heat_legend("right", "wrong", ("0", f"{ERROR_TOP / 2:g}", f"{ERROR_TOP:g}")),
            ),
        },
        own_measures={
            "population": _population,
            "mean_goodness": _mean_goodness,
            "relative_mse": partial(_relative_mse, jax.device_put(body.picture), body.empty_mse),
        },
        brushes=colour_brushes(np.asarray(body.start[row, column], np.float32), creature.automaton.alive_threshold),
        choices=choices,
        which=choices[creature.which] if choices else None,
        chosen=partial(_chosen, detail=detail) if choices else None,
        angle=creature.angle,
        turned=partial(_turned, detail=detail),
        target=Target(creature.picture, body.picture),
        coloured=True,
        creature=creature,
        teachable=_is_usual(creature),
    )


def _is_usual(creature: Creature) -> bool:
    """Whether its rule has the form that a page trains, whatever its width."""
    usual, rule, code = NcaSpec(), creature.automaton.rule, creature.automaton.code
    same = creature.world.rule.model_copy(update={"hidden": usual.hidden}) == usual
    ascends = isinstance(rule, ExactTransport) and isinstance(rule.colour, AscentLayer)
    return same and ascends and code is not None and math.isclose(code.amplitude, Recipe().code_amplitude, rel_tol=1e-6)


def _health_view() -> View:
    legend = heat_legend("well", "ill", ("0.001", "0.01", "0.1", "1"))
    return View(drawn_health, legend, _health_on_ground, level=Level(_described_health, legend.colours))


def _described_health(automaton: NCA, lattice: Lattice) -> Value:
    """`drawn_health` as data."""
    lacking = automaton.described_deficit(lattice).maximum(WELL).log()
    level = (lacking - float(np.log(WELL))) / float(np.log(ILL) - np.log(WELL))
    return lattice.where(lattice.state[3:4] > automaton.alive_threshold, level, -1.0)


def _chosen(simulation: Simulation, which: str, *, detail: int | None) -> Simulation:
    height, width, _ = simulation.start.shape
    return creature_simulation(simulation.name, simulation.creature.choosing(which), (height, width), detail)


def _turned(simulation: Simulation, angle: float, *, detail: int | None) -> Simulation:
    height, width, _ = simulation.start.shape
    return creature_simulation(simulation.name, simulation.creature.turned(angle), (height, width), detail)


def _sharp_view(name: str, creature: Creature, detail: int) -> View:
    """The colours of a creature, drawn by its decoder."""
    sharpener = needed(creature.sharpener, detail, name)
    drawn, over_white = (
        partial(draw, detail=detail, angle=creature.angle) for draw in (sharpener.drawn, sharpener.over_white)
    )
    return View(
        lambda automaton, state: over_white(state),
        draw_on=lambda automaton, state, background: _on_ground(automaton, drawn(state), background),
        detail=detail,
        decoder=sharpener.as_data(),
    )


def _living(automaton: NCA, state: Float[Array, "H W C"]) -> Bool[Array, "H W"]:
    return state[..., 3] > automaton.alive_threshold


@jax.jit
def _population(automaton: NCA, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Living cells."""
    return jnp.sum(_living(automaton, state), dtype=jnp.float32)


def _mean_goodness(automaton: NCA, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Mean over living cells. A cell's counts from the best that it could step to, so it is at most 0."""
    return _mean_of_living(automaton, state, automaton.deficit(state))  # the map of health is of the same program


@jax.jit
def _mean_of_living(automaton: NCA, state: Float[Array, "H W C"], lacking: Float[Array, "H W"]) -> Float[Array, ""]:
    living = _living(automaton, state)
    return -jnp.sum(lacking * living) / jnp.maximum(jnp.sum(living), 1)


@jax.jit
def _relative_mse(picture: Array, empty_mse: Array, automaton: NCA, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Mean squared error over premultiplied RGBA, divided by that of an empty grid."""
    return jnp.mean(jnp.square(state[..., :4] - picture)) / empty_mse


def drawn_health(automaton: NCA, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "H W 3"]:
    """Goodness that living cells lack, light where all is well."""
    lacking = np.log10(np.maximum(np.asarray(automaton.deficit(state)), WELL))
    return heat(lacking, np.log10(WELL), np.log10(ILL), np.asarray(_living(automaton, state)))


def _drawn_difference(
    automaton: NCA, state: Float[Array, "H W C"], *, picture: Float[np.ndarray, "H W 4"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Root mean square over RGBA of the difference from the target, cell by cell."""
    error = np.sqrt(np.mean(np.square(np.asarray(state)[..., :4] - picture), -1))
    return heat(error, 0.0, ERROR_TOP, ~(error < SEEN_ERROR) | (picture[..., 3] > 0))


def _on_ground(automaton: NCA, state: Float[Any, "H W C"], background: Background) -> UInt8[np.ndarray, "H W channel"]:
    return straight(state) if background == TRANSPARENT else over(state, background)


def _health_on_ground(
    automaton: NCA, state: Float[Array, "H W C"], background: Background
) -> UInt8[np.ndarray, "H W channel"]:
    return laid_on(drawn_health(automaton, state), np.asarray(_living(automaton, state)), background)
