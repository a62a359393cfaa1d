"""The step of a world as a file for other programs, by the file's ending."""

from pathlib import Path

import numpy as np

from ffnca.atomic import replacing
from ffnca.automata.base import step_program
from ffnca.simulation import Simulation

SUFFIXES = (".onnx", ".h")


def write_step(simulation: Simulation, out: Path) -> str:
    """Write one step of a world.

    Args:
        simulation: The world; its automaton must have a description.
        out: Ends `.onnx` or `.h`.

    Returns:
        A line of what was written.

    Raises:
        InputError: If its step has no description, a package is missing, or the file cannot be written.
    """
    with replacing(out) as temporary:
        program = step_program(simulation.automaton, simulation.num_channels)
        height, width, channels = simulation.start.shape
        said = f"{out}: one step of {simulation.name}, {channels} channels"
        if out.suffix.lower() == ".onnx":
            from ffnca.interchange.onnx_graph import onnx_bytes

            temporary.write_bytes(onnx_bytes(program, simulation.world.title))
            return f"{said}; state{' and random' if program.is_random else ''} in, next_state out"
        from ffnca.interchange.c_header import EXAMPLE, header

        temporary.write_text(header(program, np.asarray(simulation.start), simulation.world.title), encoding="ascii")
        return f"{said}, {height}x{width} cells; cc -O2 -I {out.parent} {EXAMPLE} -o grow -lm && ./grow"
