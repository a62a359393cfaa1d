"""The benchmark as a whole: which rows there are, their figures, and the machine that they are of."""

import os
import platform
from importlib.metadata import version
from typing import Any, NamedTuple

import jax

from ffnca.bench.learning import learning_rows
from ffnca.bench.processes import process_rows
from ffnca.bench.row import Row
from ffnca.bench.steps import step_rows
from ffnca.bench.transports import transport_rows
from ffnca.bench.worlds import cax_version, world_rows
from ffnca.computing import settings_of_jax
from ffnca.errors import InputError
from ffnca.progress import counted
from ffnca.spec import shown

PACKAGES = ("ffnca", "jax", "flax", "optax", "numpy")


class Wanted(NamedTuple):
    """What is measured.

    Attributes:
        rows: One after the other.
        notes: A line for each that is left out.
    """

    rows: list[Row]
    notes: list[str]

    @classmethod
    def chosen(cls, only: tuple[str, ...] = (), *, quick: bool = False) -> "Wanted":
        """The rows whose names contain one of these texts; all without.

        Args:
            only: Parts of names, in small letters or large.
            quick: Small sizes and few repeats, to see that it works: no figure to compare.

        Raises:
            InputError: If a text is in no name.
        """
        (steps, too_large), (worlds, no_cax) = step_rows(quick), world_rows(quick)
        rows = [*steps, *transport_rows(quick), *learning_rows(quick), *worlds, *process_rows(quick)]
        for part in only:
            if not any(_matches(row, (part,)) for row in rows):
                raise InputError(f"--only {shown(part)}: in no name; names are {'; '.join(row.name for row in rows)}")
        if only:
            return cls([row for row in rows if _matches(row, only)], [])
        return cls(rows, too_large + no_cax)


def _matches(row: Row, parts: tuple[str, ...]) -> bool:
    return any(part.lower() in row.name.lower() for part in parts)


def measured(wanted: Wanted) -> dict[str, Any]:
    """Measure row by row, as `ffnca bench --json` prints it.

    Returns:
        `machine`, `rows` of milliseconds, and `memory`, rows of mebibytes.
    """
    figures = [row.figures() for row in counted(wanted.rows, len(wanted.rows), "measuring")]
    return {
        "machine": machine(),
        "rows": [row for row in figures if "milliseconds" in row],
        "memory": [row for row in figures if "mebibytes" in row],
    }


def machine() -> dict[str, Any]:
    """What figures are measured on."""
    devices = jax.devices()
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "device": devices[0].device_kind,
        "devices": len(devices),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "cax": cax_version(),
        "settings": settings_of_jax(),
    }


def in_words(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    """A row for people: name, figure, reference, its figure, ratio."""
    unit = "milliseconds" if "milliseconds" in row else "mebibytes"
    say = _time if unit == "milliseconds" else _size
    return row["name"], say(row[unit]), row["reference"], say(row[f"reference_{unit}"]), f"{row['ratio']:.3g}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.3g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.3g} s"


def _size(mebibytes: float) -> str:
    return f"{mebibytes:.0f} MiB"
