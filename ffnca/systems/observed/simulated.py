"""An observed rule as a simulation: its views, measures and brushes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.automata.lenia import mapped
from ffnca.automata.life import COLOURS
from ffnca.automata.observed import Observed, mass, started
from ffnca.brushes import Brush, Touch, binary_brushes, number_brushes
from ffnca.lattice import Lattice, Value
from ffnca.render import heat
from ffnca.systems.base import Request
from ffnca.systems.learned_simulation import LearnedSimulation, mean_goodness
from ffnca.systems.observed.observer import Observer
from ffnca.systems.observed.watching import opened_watched
from ffnca.views import Level, View, heat_legend

_LEVELS = 256


def observed_simulation(name: str, observer: Observer, request: Request) -> LearnedSimulation:
    """A learned rule where the world that it watched starts.

    Raises:
        InputError: If something is to be chosen or turned, or the watched world cannot start on this grid.
    """
    request.refuse_choices(observer.world)
    world, rule = observer.world.of_size(request.size), observer.automaton.rule

    def start(seed: int) -> Float[Array, "H W twice"]:
        return started(opened_watched(observer.watched, world.grid.size, seed).start)

    reseeds = opened_watched(observer.watched, world.grid.size, request.seed).reseeded is not None
    words = f"{rule.well:g}", f"{(rule.well * rule.ill) ** 0.5:.1g}", f"{rule.ill:g}"
    legend = heat_legend("as foreseen", "not", words)
    colours = np.array(COLOURS, np.uint8) if observer.binary else mapped(np.linspace(0, 1, _LEVELS))
    brushes = binary_brushes() if observer.binary else number_brushes(0.0, 1.0)
    return LearnedSimulation(
        name,
        world,
        observer.automaton,
        start(request.seed),
        own_views={
            "colour": View(Observed.render, level=Level(_described_colour, colours)),
            "health": View(drawn_anomaly, legend, level=Level(_described_anomaly, legend.colours)),
        },
        own_measures={("population" if observer.binary else "mass"): mass, "mean_goodness": mean_goodness},
        brushes={which: _of_the_present(brush, observer.channels) for which, brush in brushes.items()},
        reseeded=(lambda simulation, seed: replace(simulation, start=start(seed))) if reseeds else None,
        trainee=observer,
    )


def _of_the_present(brush: Brush, channels: int) -> Brush:
    """The same brush on the present frame alone, so that what it did is seen beside the frame before."""

    def change(state: Float[np.ndarray, "H W twice"], touch: Touch) -> None:
        brush.change(state[..., :channels], touch)

    data = None if brush.data is None else dict(brush.data) | {"channels": channels}
    return brush._replace(change=change, data=data)


def _log_level(rule: Any) -> Callable[[Any], Any]:
    low, high = np.log(rule.well), np.log(rule.ill)
    return lambda logarithm: (logarithm - float(low)) / float(high - low)


def drawn_anomaly(automaton: Observed, state: Float[Array, "H W twice"]) -> UInt8[np.ndarray, "H W 3"]:
    """Goodness that cells lack, light where they became what the rule foresaw."""
    rule = automaton.rule
    lacking = np.log(np.maximum(np.asarray(automaton.deficit(state)), rule.well))
    return heat(_log_level(rule)(lacking), 0.0, 1.0)


def _described_anomaly(automaton: Observed, lattice: Lattice) -> Value:
    rule = automaton.rule
    return _log_level(rule)(automaton.described_deficit(lattice).maximum(rule.well).log())


def _described_colour(automaton: Observed, lattice: Lattice) -> Value:
    half = lattice.state.channels // 2
    return lattice.state[half - 1 : half]
