"""A rule that classifies as a simulation: figures on a grid, the views, measures and brushes."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from ffnca.automata.classifier import ALIVE, COLOURS, NONE, Classifier, painted
from ffnca.brushes import NOISE, Brush, Touch, put
from ffnca.errors import InputError
from ffnca.lattice import Lattice, Value
from ffnca.systems.base import Request
from ffnca.systems.classifier.cells import brightness
from ffnca.systems.classifier.figures import Figures
from ffnca.systems.learned_simulation import LearnedSimulation
from ffnca.views import Legend, Level, View

LEGEND = Legend("", "", tuple(str(label) for label in range(len(COLOURS))), COLOURS)
_TINY = 1e-12


def classifier_simulation(name: str, figures: Figures, request: Request) -> LearnedSimulation:
    """Figures whose cells have not heard anything yet.

    Raises:
        InputError: If something is to be chosen or turned, or the grid does not hold one figure.
    """
    request.refuse_choices(figures.world)
    world, side = figures.world.of_size(request.size), figures.samples.shape[-1]
    if min(world.grid.size) < side:
        height, width = world.grid.size
        raise InputError(f"{request.text}: {height}x{width} cells; allowed: at least {side}x{side}, one figure")

    def start(seed: int) -> Float[Array, "H W C"]:
        return figures.automaton.started(laid_out(figures.samples, world.grid.size, seed))

    return LearnedSimulation(
        name,
        world,
        figures.automaton,
        start(request.seed),
        own_views={
            "colour": View(Classifier.render, LEGEND, level=Level(_described_said, COLOURS)),
            "alone": View(drawn_alone, LEGEND, level=Level(_described_alone, COLOURS)),
        },
        own_measures={"living_cells": living, "agreement": agreement},
        brushes={"erase": put(0.0), "noise": Brush(_disturb), "seed": _brighten(single=True), "paint": _brighten()},
        reseeded=lambda simulation, seed: replace(simulation, start=start(seed)),
        trainee=figures,
    )


def laid_out(
    samples: UInt8[np.ndarray, "sample side side"], size: tuple[int, int], seed: int
) -> Float[np.ndarray, "H W"]:
    """As many figures as there is room for, in rows: 0 to 9 and again by seed 0, others by others."""
    side, bright = samples.shape[-1], np.zeros(size, np.float32)
    rows, columns = size[0] // side, size[1] // side
    top, left = (size[0] - rows * side) // 2, (size[1] - columns * side) // 2
    order = np.random.default_rng(seed).permutation(len(samples)) if seed else np.arange(len(samples))
    for place in range(rows * columns):
        row, column = top + place // columns * side, left + place % columns * side
        bright[row : row + side, column : column + side] = brightness(samples[order[place % len(order)]])
    return bright


def _brighten(*, single: bool = False) -> Brush:
    def change(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
        state[touch.cells, 0] = 1.0

    return Brush(change, single=single, data={"kind": "set", "values": [1.0], "channels": 1})


def _disturb(state: Float[np.ndarray, "H W C"], touch: Touch) -> None:
    """Noise on what living cells have found and heard; their brightness stays."""
    cells = touch.cells & (state[..., 0] > ALIVE)
    noise = touch.generator.standard_normal((int(cells.sum()), state.shape[-1] - 1))
    state[cells, 1:] += NOISE * noise.astype(np.float32)


@jax.jit
def living(automaton: Classifier, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """How many cells live."""
    return jnp.sum((state[..., 0] > ALIVE).astype(jnp.float32))


@jax.jit
def agreement(automaton: Classifier, state: Float[Array, "H W C"]) -> Float[Array, ""]:
    """Share of the pairs of living neighbours, along rows and columns, that say the same; 1 if there is none."""
    label, pairs, same = automaton.label(state), 0.0, 0.0
    for one, other in ((label[1:], label[:-1]), (label[:, 1:], label[:, :-1])):
        both = (one > NONE) & (other > NONE)
        pairs, same = pairs + jnp.sum(both), same + jnp.sum(both & (one == other))
    return jnp.where(pairs > 0, same / jnp.maximum(pairs, 1), 1.0)


def drawn_alone(automaton: Classifier, state: Float[Array, "H W C"]) -> UInt8[np.ndarray, "H W 3"]:
    """The colour of what each cell would say had it heard nothing."""
    alone = np.asarray(jnp.argmax(automaton.alone(state), -1))
    return painted(np.where(np.asarray(state[..., 0]) > ALIVE, alone, NONE))


def _level(lattice: Lattice, goodness: Value) -> Value:
    """0 to 1 for the first to the last label, by the place of the greatest; -1 where nothing lives."""
    count = goodness.channels
    most = (goodness * -1.0).least() * -1.0
    first = (goodness - most + _TINY) > 0.0
    return lattice.where(lattice.state[:1] > ALIVE, first.dense(np.arange(count)[:, None] / (count - 1)), -1.0)


def _described_said(automaton: Classifier, lattice: Lattice) -> Value:
    end, count = lattice.state.channels, automaton.num_labels
    return _level(lattice, lattice.state[end - 2 * count : end - count])


def _described_alone(automaton: Classifier, lattice: Lattice) -> Value:
    return _level(lattice, automaton.described_alone(lattice))
