"""What ends a command, as one line on stderr and an exit code."""

import os
from collections.abc import Callable

import typer
from typer.exceptions import TyperException

from ffnca import terminal
from ffnca.errors import InputError, Stopped
from ffnca.processes import another_is_gone, leave_at_once
from ffnca.signals import stop_as_ctrl_c

FAILED, BAD_INPUT, ALONE, INTERRUPTED = 1, 2, 3, 130


def exit_code(run: Callable[[], int | None]) -> int:
    """Run a command and say in one line what stopped it: 2 for bad input, 130 for Ctrl-C, 1 for what nobody foresaw."""
    try:
        stop_as_ctrl_c()
        code = run() or 0
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return leave_at_once(_said(error), linger=not another_is_gone(error))
    if code == INTERRUPTED:
        terminal.say("interrupted")
    return code


def _said(error: BaseException) -> int:
    """The code for what stopped a command, after the line that says it; raises what ends the program otherwise."""
    match error:
        case InputError():
            return _fail(str(error))
        case TyperException():
            return _fail(error.format_message())
        case Stopped():
            terminal.say(str(error))
            return INTERRUPTED
        case KeyboardInterrupt() | typer.Abort():
            terminal.say("interrupted")
            return INTERRUPTED
        case BrokenPipeError():
            return terminal.PIPE_CLOSED
        case SystemExit():  # how rich ends on a closed pipe
            if isinstance(error.__context__, BrokenPipeError):
                return terminal.PIPE_CLOSED
            raise error
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return _fail(f"{where}{error.strerror or error}")
        case Exception() if another_is_gone(error):
            terminal.say("another process is gone; a training goes on from its newest checkpoint with --resume")
            return ALONE
        case Exception():
            return _unforeseen(error)
    raise error


def _unforeseen(error: Exception) -> int:
    """No traceback reaches who did not ask for one."""
    from ffnca.computing import settings_of_jax

    text = str(error)
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text:
        return _fail(f"not enough memory: {text[:200] or 'a smaller size, scale or number of steps needs less'}")
    settings = settings_of_jax()
    hint = f"; it may be what the environment says ({settings})" if settings else ""
    if isinstance(error, FloatingPointError):
        return _fail(f"{text[:400]}{hint if 'JAX_DEBUG' in settings else ''}")
    if os.environ.get("FFNCA_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    lines = text.splitlines() or [""]
    terminal.say(f"{type(error).__name__}: {lines[0][:300]}{hint}; FFNCA_TRACEBACK=1 shows where")
    return FAILED


def _fail(message: str) -> int:
    terminal.say(message)
    return BAD_INPUT
