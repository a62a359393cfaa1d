"""A rollout as an animation that a notebook shows."""

import base64
import html
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Array, Float

from ffnca.errors import InputError
from ffnca.export.animation import write_animation
from ffnca.export.timing import Timing
from ffnca.simulation import Simulation


class Animation:
    """States of a simulation, one frame each; as the last line of a cell of a notebook it plays.

    Example:
        >>> lizard = ffnca.make("lizard")
        >>> states = ffnca.rollout(lizard.automaton, lizard.start, 200, key=jax.random.key(0), every=2)
        >>> ffnca.Animation(lizard, states)
    """

    def __init__(
        self,
        simulation: Simulation,
        states: Float[Array, "time H W C"] | Iterable[Float[Array, "H W C"]],
        *,
        show: str = "colour",
        fps: float = 25.0,
    ) -> None:
        """Draw them.

        Args:
            simulation: Whose states they are.
            states: As `rollout` with `every` gives them, or `Simulation.states`; an iterator is read once.
            show: The view, as in `Simulation.view`.
            fps: Frames a second.

        Raises:
            InputError: If there is no such view, there are no states or they are not of this simulation, or `fps` is
                out of range.
        """
        self._name, self._timing, view = simulation.name, Timing(fps), simulation.view(show)
        frames = []
        for state in states:
            if np.ndim(state) != 3 or state.shape[-1] != simulation.num_channels:
                allowed = f"(height, width, {simulation.num_channels}) each"
                raise InputError(f"states: one of shape {np.shape(state)}; allowed for {simulation.name}: {allowed}")
            frames.append(view.draw(simulation.automaton, state))
        if not frames:
            raise InputError("states: there are none; allowed: at least 1")
        self._frames = np.stack(frames)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file.

        Args:
            path: Its ending says how, as in `ffnca export`: `.gif`, `.apng`, `.webp`, `.mp4`, or `.png` for a sheet.

        Raises:
            InputError: If it cannot be written so, or there.
        """
        write_animation(Path(path), self._frames, self._timing, scale=None)

    def __repr__(self) -> str:
        """One line."""
        return f"Animation({self._name!r}, {len(self._frames)} frames)"

    def _repr_html_(self) -> str:
        """In a notebook: a GIF within the document."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "it.gif"
            self.save(path)
            data = base64.b64encode(path.read_bytes()).decode()
        return f'<img alt="{html.escape(repr(self))}" src="data:image/gif;base64,{data}">'
