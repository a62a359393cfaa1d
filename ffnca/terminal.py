"""What the command line says: in one line that can be printed, whatever the streams are."""

import os
import sys
from contextlib import suppress

from ffnca.errors import safe_line

PIPE_CLOSED = 141
"""As of a program that SIGPIPE ended: who was to read went away, and there is nobody to tell."""


def make_ready() -> None:
    """Make the standard streams safe to write to: call it first.

    Characters that a stream cannot encode are written with backslashes. Streams that are closed are given to the null
    device, so that no file that is opened later gets their numbers, and with them what libraries print.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]


def keep_stdout(*, silent: bool) -> None:
    """Leave stdout to this program, and what libraries print there to stderr; if silent, to nobody."""
    own = os.dup(sys.stdout.fileno())  # stays open if silent: nobody is told that a pipe was closed
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    to = os.open(os.devnull, os.O_WRONLY) if silent else own
    sys.stdout = os.fdopen(to, "w", encoding=sys.stdout.encoding, errors="backslashreplace")


def say(message: str) -> None:
    """One line on stderr; nothing if nobody can read it."""
    try:
        sys.stderr.write(f"ffnca: {safe_line(message)}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _give_up(sys.stderr)


def flushed(code: int) -> int:
    """The exit code once everything was written that can be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
        return PIPE_CLOSED
    except (OSError, ValueError) as error:
        _give_up(sys.stdout)
        if not code:
            say(f"standard output: {getattr(error, 'strerror', None) or error}")
        return code or 2
    return code


def _give_up(stream: object) -> None:
    """What is still in its buffer goes to the null device, where Python would otherwise fail again at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # pyright: ignore[reportAttributeAccessIssue]
        stream.flush()  # pyright: ignore[reportAttributeAccessIssue]
