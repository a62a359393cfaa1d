"""What a page needs of a simulation, as plain data."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ffnca.automata.base import described_automaton, step_program
from ffnca.errors import InputError
from ffnca.lattice import Lattice, Program
from ffnca.page.encoding import Arrays
from ffnca.simulation import Simulation
from ffnca.views import CHANNEL_TOP, View, signed_legend

ANGLES = range(15, 360, 15)
"""Degrees that a page offers besides 0."""
MOST_PIXELS = 2048
"""A side that a decoder draws in a page."""
VERSION = 1


def page_data(
    simulation: Simulation, choices: Mapping[str, Simulation], *, seed: int, turns: bool = True
) -> dict[str, Any]:
    """Everything that a page shows.

    Args:
        simulation: What it begins with.
        choices: The same growing each of its targets, if there is a choice.
        seed: Of the randomness that it begins with.
        turns: Whether it can be turned there, where it can be turned at all.

    Raises:
        InputError: If the simulation has no description as data, or its decoder draws too many pixels.
    """
    height, width, channels = simulation.start.shape
    program, arrays = step_program(simulation.automaton, channels), Arrays()
    views = {name: _view(one, simulation, arrays) for name, one in simulation.views.items() if one.level is not None}
    return {
        "version": VERSION,
        "name": simulation.name,
        "title": simulation.world.title,
        "kind": simulation.world.kind,
        "height": height,
        "width": width,
        "channels": channels,
        "coloured": simulation.coloured,
        "seed": seed,
        "which": simulation.which,
        "angle": simulation.angle,
        "teachable": simulation.teachable,
        "shuffled": simulation.reseeded is not None,
        "program": arrays.program(program),
        "bodies": {name: _body(one, arrays) for name, one in (choices or {"": simulation}).items()},
        "turns": _turns(simulation, choices, program, arrays) if turns and simulation.turned else {},
        "views": views,
        "decoder": _decoder(simulation.views["colour"], max(height, width), arrays),
        "signed": signed_legend().colours.tolist(),
        "top": CHANNEL_TOP,
        "brushes": {
            name: {**one.data, "single": one.single} for name, one in simulation.brushes.items() if one.data is not None
        },
        "arrays": arrays.encoded,
    }


def as_json(data: dict[str, Any]) -> str:
    """Data as text that can stand inside a page, whatever its names are."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _body(simulation: Simulation, arrays: Arrays) -> dict[str, Any]:
    """Where it starts and what it should become."""
    target = None if simulation.target is None else arrays.add(simulation.target.picture, "float16")
    return {"start": arrays.add_sparse(np.asarray(simulation.start)), "target": target}


def _turns(
    simulation: Simulation, choices: Mapping[str, Simulation], program: Program, arrays: Arrays
) -> dict[str, Any]:
    """For each angle what is other there: arrays of the step, and where each body starts."""
    assert simulation.turned is not None
    turns = {}
    for angle in ANGLES:
        try:
            turned = simulation.turned(simulation, float(angle))
            bodies = {
                name: one.turned(one, float(angle))
                for name, one in (choices or {"": simulation}).items()
                if one.turned is not None
            }
        except InputError:  # the grid does not hold every body at this angle
            continue
        moved = step_program(turned.automaton, simulation.num_channels)
        other = [
            [index, name, arrays.of(after, name)]
            for index, (before, after) in enumerate(zip(program.operations, moved.operations, strict=True))
            for name in after.arrays
            if not np.array_equal(before.arrays[name], after.arrays[name])
        ]
        starts = {name: arrays.add_sparse(np.asarray(body.start)) for name, body in bodies.items()}
        turns[str(angle)] = {"arrays": other, "starts": starts}
    return turns


def _decoder(view: View, longest: int, arrays: Arrays) -> dict[str, Any] | None:
    """What draws the colours finer than the cells, if anything does.

    Raises:
        InputError: If it draws more pixels than a page holds.
    """
    if view.decoder is None:
        return None
    if longest * view.detail > MOST_PIXELS:
        raise InputError(
            f"--detail {view.detail} of {longest} cells: a page draws up to {MOST_PIXELS} pixels on a side"
        )
    numbers, tensors = view.decoder
    named = {name: arrays.add(one, "float16" if one.ndim == 2 else "float32") for name, one in tensors.items()}
    return {"detail": view.detail, **numbers, "arrays": named}


def _view(view: View, simulation: Simulation, arrays: Arrays) -> dict[str, Any]:
    assert view.level is not None
    lattice = Lattice(simulation.num_channels, described_automaton(simulation.automaton).boundary)
    program = lattice.program(view.level.write(simulation.automaton, lattice))
    return {"program": arrays.program(program), "colours": view.level.colours.tolist()}
