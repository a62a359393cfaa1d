"""A texture as a simulation: its views, measures and brushes."""

from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.automata.texture import NUM_COLOURS, Texture
from ffnca.brushes import Brush, Touch, number_brushes
from ffnca.lattice import Lattice, Value
from ffnca.render import heat
from ffnca.systems.base import Request
from ffnca.systems.learned_simulation import LearnedSimulation, mean_goodness
from ffnca.systems.texture.learner import TextureLearner
from ffnca.views import Level, View, heat_legend

WELL, ILL = 1e-2, 10.0
"""Goodness that a cell lacks, at the light and the hot end of the map, logarithmic between."""


def texture_simulation(name: str, learner: TextureLearner, request: Request) -> LearnedSimulation:
    """A learned texture where it starts, at noise.

    Raises:
        InputError: If something is to be chosen or turned.
    """
    request.refuse_choices(learner.world)
    world, automaton = learner.world.of_size(request.size), learner.automaton
    shape = (*world.grid.size, sum(automaton.sight.sizes))

    def start(seed: int) -> Float[Array, "H W C"]:
        return automaton.noise(shape, jax.random.key(seed))

    legend = heat_legend("well", "ill", ("0.01", "0.1", "1", "10"))
    return LearnedSimulation(
        name,
        world,
        automaton,
        start(request.seed),
        own_views={
            "colour": View(Texture.render),
            "health": View(drawn_health, legend, level=Level(_described_health, legend.colours)),
        },
        own_measures={"mean_goodness": mean_goodness},
        brushes=_brushes(automaton),
        reseeded=lambda simulation, seed: replace(simulation, start=start(seed)),
        trainee=learner,
    )


def _brushes(automaton: Texture) -> dict[str, Brush]:
    """Erased cells are 0, of the mean colour; noise is as strong as a texture; paint leaves the hidden channels."""
    mean, scale = (np.asarray(part) for part in (automaton.colours.mean, automaton.colours.scale))

    def disturb(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        state[touch.cells] += touch.generator.standard_normal((int(touch.cells.sum()), state.shape[-1]))

    def paint(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        state[touch.cells, :NUM_COLOURS] = (np.array(touch.colour) - mean) / scale

    noise = {"kind": "noise", "deviation": 1.0}
    return number_brushes() | {"noise": Brush(disturb, data=noise), "paint": Brush(paint, coloured=True)}


def _level(logarithm: Any) -> Any:
    return (logarithm - float(np.log(WELL))) / float(np.log(ILL) - np.log(WELL))


def drawn_health(automaton: Texture, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "H W 3"]:
    """Goodness that cells lack, light where all is well."""
    return heat(_level(np.log(np.maximum(np.asarray(automaton.deficit(state)), WELL))), 0.0, 1.0)


def _described_health(automaton: Texture, lattice: Lattice) -> Value:
    return _level(automaton.described_deficit(lattice).maximum(WELL).log())
