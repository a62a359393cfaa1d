"""Programs from their start to their end: time to the first frame, imports, and the most memory that one holds."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ffnca.bench import alone
from ffnca.bench.row import Measured, Pair, Row
from ffnca.computing import LEAST_SECONDS
from ffnca.errors import InputError

FIRST_FRAME = ("-m", "ffnca", "run", "lizard", "--steps", "1")
JAX_ALONE = ("-c", "import jax; jax.jit(lambda number: number + 1)(1.0).block_until_ready()")
PYTHON_ALONE = ("-c", "pass")
REPEATS = 3


class Ran(NamedTuple):
    """How a program ran.

    Attributes:
        milliseconds: From its start to its end.
        mebibytes: The most memory that it held; 0 where the system does not say.
    """

    milliseconds: float
    mebibytes: float


def process_rows(quick: bool) -> list[Row]:
    """Rows of programs; in a quick run only of what imports nothing heavy."""
    light = {"import ffnca": ("-c", "import ffnca"), "ffnca --help": ("-m", "ffnca", "--help")}
    imports = [
        Row(name, "Python alone", _pair(words, PYTHON_ALONE), 3 if quick else 11) for name, words in light.items()
    ]
    if quick:
        return imports
    frame, jax = "ffnca run lizard --steps 1", "Python and jax, one sum"
    rows = [
        Row(f"{frame}, nothing compiled yet", jax, _pair(FIRST_FRAME, JAX_ALONE, compiled=False), REPEATS),
        Row(f"{frame}, compiled before", jax, _pair(FIRST_FRAME, JAX_ALONE), REPEATS),
        *imports,
    ]
    if hasattr(os, "wait4"):
        peak = _pair(FIRST_FRAME, JAX_ALONE, figure="mebibytes")
        rows.append(Row(f"{frame}, peak memory", jax, peak, 3, unit="mebibytes"))
    return rows


def _pair(
    ours: tuple[str, ...], reference: tuple[str, ...], *, compiled: bool = True, figure: str = "milliseconds"
) -> Callable[[], Pair]:
    """What measures that figure of two programs; with what was compiled before, or without."""

    def measured(words: tuple[str, ...]) -> Measured:
        return lambda: getattr(ran(words) if compiled else ran_cold(words), figure)

    return lambda: Pair(measured(ours), measured(reference))


def ran_cold(words: tuple[str, ...]) -> Ran:
    """Run Python where no code was compiled before."""
    with tempfile.TemporaryDirectory(prefix="ffnca-bench-") as folder:
        return ran(words, JAX_COMPILATION_CACHE_DIR=folder, JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=LEAST_SECONDS)


def ran(words: tuple[str, ...], **settings: str) -> Ran:
    """Run Python with these arguments, in this environment and what is set besides.

    Raises:
        InputError: If it fails.
    """
    command = [sys.executable, "-P", str(alone.__file__), sys.executable, *words]
    process = subprocess.Popen(
        command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        out, err = process.communicate()
    except BaseException:  # Ctrl-C: what was started ends too
        _end(process)
        raise
    figures = out.split()
    if len(figures) != 3 or int(figures[2]):
        said = err.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise InputError(f"python {' '.join(words)}: failed ({said[-1][:200]})")
    return Ran(float(figures[0]), float(figures[1]))


def _end(process: subprocess.Popen) -> None:
    """End a process and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.communicate()
