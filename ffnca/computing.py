"""Make ready to compute: memory and compiled code are kept, and jax is started as it was told, if it can be."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

from ffnca import terminal
from ffnca.allocation import keep_memory
from ffnca.errors import InputError
from ffnca.processes import Together

LEAST_SECONDS = "0.1"
"""Code that took less to compile is not kept."""
_OF_JAX = ("JAX_", "XLA_", "LIBTPU_")
"""Environment variables with these beginnings change what jax does."""
_NOT_HEEDED = (
    "JAX_ENABLE_X64",
    "JAX_NUMPY_RANK_PROMOTION",
    "JAX_NUMPY_DTYPE_PROMOTION",
    "JAX_TRANSFER_GUARD",
    "JAX_DEFAULT_PRNG_IMPL",
    "JAX_RANDOM_SEED_OFFSET",
    "JAX_THREEFRY_PARTITIONABLE",
)
"""Beginnings of those that check a program which was written for them, or change its numbers: rules are float32, and
the same seed gives the same result."""


def make_ready(together: Together | None = None) -> None:
    """Set up memory and the cache of compiled code, and start jax; only the command line does this.

    Args:
        together: This process as one of several; None if it is alone. All but the first print nothing.

    The cache is `JAX_COMPILATION_CACHE_DIR` if that is set, otherwise a per-user folder; none where that cannot be
    written.

    Raises:
        InputError: If jax cannot start on what `JAX_PLATFORMS` or `XLA_FLAGS` name, or other processes do not come.
    """
    keep_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ and (folder := cache_folder()) is not None:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", LEAST_SECONDS)
    # An entry that a killed process left half-written is compiled again; nobody needs to know.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")
    if "jax" not in sys.modules:
        for name in [name for name in os.environ if name.startswith(_NOT_HEEDED)]:
            terminal.say(f"{name}={os.environ.pop(name)[:40]} is not heeded")
        _check_flags()
    if together is not None:
        terminal.keep_stdout(silent=together.index > 0)  # from what connects processes, which prints
        together.join()
    _check_platform()


def cache_folder() -> Path | None:
    """Where compiled code is kept for this user, None if there is no place that can be written."""
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "ffnca" / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a home that is missing or may not be written
        return None
    return folder if folder.is_absolute() and os.access(folder, os.W_OK | os.X_OK) else None


def settings_of_jax() -> str:
    """What the environment tells jax beyond our own, for messages: `NAME=value, ...`, or nothing."""
    ours = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS")
    names = sorted(name for name in os.environ if name.startswith(_OF_JAX) and name not in ours)
    return ", ".join(f"{name}={os.environ[name][:60]}" for name in names[:6])


def _check_flags() -> None:
    """XLA ends the process that gives it a flag which it does not know, so another process tries first."""
    flags = os.environ.get("XLA_FLAGS", "").strip()
    if not flags:
        return
    tried = subprocess.run([sys.executable, "-c", "import jax; jax.devices('cpu')"], capture_output=True, text=True)
    if tried.returncode < 0 or "XLA_FLAGS" in tried.stderr:
        lines = [line for line in tried.stderr.splitlines() if "XLA_FLAGS" in line]
        said = lines[0].partition("] ")[2] or lines[0] if lines else "XLA ended the process"
        raise InputError(f"XLA_FLAGS={flags[:80]}: cannot be used ({said[:200]})")


def _check_platform() -> None:
    try:
        import jax
    except (RuntimeError, ValueError, AssertionError) as error:
        raise InputError(f"{settings_of_jax()}: cannot be used ({str(error)[:200]})") from error
    try:
        jax.devices()
    except (RuntimeError, ValueError, AssertionError) as error:
        names = [name for name in ("JAX_PLATFORMS", "JAX_PLATFORM_NAME", "JAX_NUM_CPU_DEVICES") if os.environ.get(name)]
        asked = ", ".join(f"{name}={os.environ[name][:60]}" for name in names)
        if asked:
            raise InputError(f"{asked}: not on this machine; here is {_platforms()}") from error
        if settings := settings_of_jax():
            raise InputError(f"{settings}: cannot be used ({str(error)[:200]})") from error
        raise


def _platforms() -> str:
    import jax

    try:
        jax.config.update("jax_platform_name", "")
        jax.config.update("jax_platforms", None)
        return ", ".join(sorted({device.platform for device in jax.devices()}))
    except (RuntimeError, ValueError):
        return "nothing that jax can use"
