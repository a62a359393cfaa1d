"""Opening worlds in the background, and noticing when a world file that is open changes."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import jax

from ffnca.errors import InputError
from ffnca.opening import opened
from ffnca.simulation import Simulation
from ffnca.systems.base import Request
from ffnca.view.session import Session
from ffnca.world import find_world

SECONDS_PER_LOOK = 0.5
KINDS_COMPILED = 8
"""Kinds of worlds whose compiled code is kept; each takes some thirty megabytes, and nothing else gives them back."""


def opened_session(request: Request) -> Session:
    """Open a world and compile it.

    Raises:
        InputError: If it cannot be opened, or the size does not hold it.
    """
    return warm_session(opened(request), request.seed)


def reopened_session(request: Request) -> Session:
    """The same for a world whose choices were made for what was there before: those that it has no use for are dropped.

    Raises:
        InputError: If it cannot be opened; names the file without its folder.
    """
    try:
        try:
            return opened_session(request)
        except InputError:
            if request.which is None and not request.angle and request.detail is None:
                raise
            return opened_session(replace(request, which=None, angle=0.0, detail=None))
    except InputError as error:
        raise shortly(error, request.text) from error


def shortly(error: InputError, path: str) -> InputError:
    """The same error with the name of a file in place of its whole path."""
    folder = " ".join(f"{Path(path).parent}{os.sep}".split())  # as in a message, which is one line
    return InputError(str(error).replace(folder, "") if Path(path).parent.name else str(error))


def warm_session(simulation: Simulation, seed: int) -> Session:
    """A session with all that a window calls compiled."""
    session = Session(simulation, seed=seed)
    session.warm_up()
    return session


class Opener:
    """Makes sessions in a thread; the window goes on with the old one until the new one is ready."""

    def __init__(self, *, patient: bool = False) -> None:
        """Nothing asked for yet.

        Args:
            patient: Open at once and let the window wait, so that frames follow from events alone.
        """
        self._pool = ThreadPoolExecutor(1, "ffnca-opener")
        self._patient = patient
        self._asked: Future[Session] | None = None
        self._kinds: set[object] = set()

    @property
    def busy(self) -> bool:
        """Whether a world is being opened."""
        return self._asked is not None

    def ask(self, make: Callable[[], Session]) -> None:
        """Begin to open; what was asked for before is forgotten."""
        if self._asked is not None:
            self._asked.cancel()
        elif len(self._kinds) > KINDS_COMPILED:
            self._kinds.clear()
            jax.clear_caches()
        self._asked = self._pool.submit(make)

    def answer(self) -> Session | None:
        """The session once it is ready, None before.

        Raises:
            InputError: If it could not be opened.
        """
        if self._asked is None or not (self._patient or self._asked.done()):
            return None
        asked, self._asked = self._asked, None
        try:
            session = asked.result()
            self._kinds.add((jax.tree.structure(session.simulation.automaton), session.state.shape))
            return session
        except (OSError, MemoryError, ValueError) as error:
            raise error if isinstance(error, InputError) else InputError(f"cannot be opened: {error}") from error

    def close(self) -> None:
        """Wait for the thread."""
        self._pool.shutdown(cancel_futures=True)


class Watch:
    """The time at which the file of a world last changed."""

    def __init__(self, text: str | None) -> None:
        """Watch the file behind a name, or nothing."""
        self.text = text
        self._path = None if text is None else find_world(text)
        self._waited, self._seen = 0.0, None
        self._seen = self._stamp()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = None if self._path is None else Path(self._path).stat()
        except OSError:  # while an editor replaces it
            return self._seen
        return None if found is None else (found.st_mtime_ns, found.st_size)

    def changed(self, seconds: float) -> bool:
        """Whether it changed, `seconds` after the last call; looks twice a second."""
        self._waited += seconds
        if self._waited < SECONDS_PER_LOOK:
            return False
        self._waited, stamp = 0.0, self._stamp()
        differs, self._seen = stamp != self._seen, stamp
        return differs
