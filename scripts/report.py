"""Shared by the scripts: what a figure was measured on, runs kept as lines of a file, and generated Markdown."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
STUDIES = ROOT / "scripts" / "README.md"
IMAGES = ROOT / "ffnca" / "ff" / "README.md"
"""The documents that hold generated blocks; each block is in one of them."""


def machine() -> str:
    """One line that says where figures come from."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "flax", "optax"))
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}, {packages}"


def recorded(results: Path) -> list[dict[str, Any]]:
    """Runs that a study has already done, a line each."""
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


def record(results: Path, run: dict[str, Any]) -> None:
    """Add a run as the last line."""
    with results.open("a") as file:
        file.write(json.dumps(run) + "\n")


def completed(
    results: Path,
    wanted: Iterable[dict[str, Any]],
    run: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    setting: dict[str, Any] | None = None,
    show: str = "rel_mse",
) -> list[dict[str, Any]]:
    """All runs of a study, those done that are wanted and not there yet; none of its setting is dropped.

    Args:
        results: A line a run.
        wanted: What tells a run from the others.
        run: Gives its figures.
        setting: What all runs of the study have in common; others stay in the file and are not returned.
        show: The figure of a run that is printed when it is done.
    """
    setting = setting or {}
    found = [line for line in recorded(results) if setting.items() <= line.items()]
    for which in (setting | one for one in wanted):
        if any(which.items() <= line.items() for line in found):
            continue
        found.append(run(which) | which)
        print(*which.values(), found[-1][show], file=sys.stderr, flush=True)
        record(results, found[-1])
    return found


def chosen(option: str, text: str, allowed: Iterable[str], separator: str = ",") -> list[str]:
    """The names in an option of a script; ends it where one is not allowed."""
    names = [name for name in text.split(separator) if name]
    if unknown := set(names) - set(allowed):
        sys.exit(f"{option} {min(unknown)}: allowed are {f'{separator} '.join(allowed)}")
    return names


def seeds_of(runs: Iterable[dict[str, Any]]) -> str:
    """Every training seed among some runs, as a script takes them."""
    return ",".join(map(str, sorted({run["seed"] for run in runs})))


def publish(name: str, lines: list[str], command: str, *, document: Path = STUDIES) -> None:
    """Rewrite the block of that name in a document, with the machine and the command that printed it."""
    note = f"Printed by `python scripts/{command}` on {machine()}."
    replace_block(document, name, "\n".join([*lines, "", note]))


def publish_rows(name: str, lines: list[str], command: str, *, num_cells: int = 1, document: Path = STUDIES) -> None:
    """Rewrite some rows of the table of that name in a document; rows that begin otherwise stay as printed.

    Args:
        name: Of the block.
        lines: Heads, rule and rows; the rows take the place of those that begin with the same cells, or come last
            among those with the same first cell.
        command: That printed them.
        num_cells: How many cells at the beginning say which row it is.
        document: That holds the block.
    """
    printed = [line for line in block(document, name).splitlines() if line.startswith("|")]
    if printed[:2] != lines[:2]:
        publish(name, lines, command, document=document)
        return
    rows: dict[tuple[str, ...], list[str]] = {}
    for row in printed[2:]:
        rows.setdefault(_cells(row, num_cells), []).append(row)
    rows |= {
        first: [row for row in lines[2:] if _cells(row, num_cells) == first]
        for first in (_cells(row, num_cells) for row in lines[2:])
    }
    firsts = list(dict.fromkeys(cells[0] for cells in rows))
    together = sorted(rows, key=lambda cells: firsts.index(cells[0]))
    publish(name, [*lines[:2], *(row for cells in together for row in rows[cells])], command, document=document)


def _cells(row: str, count: int) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.split("|")[1 : 1 + count])


def block(path: Path, name: str) -> str:
    """The generated text between the markers of `name`."""
    return _parts(path, name)[1]


def replace_block(path: Path, name: str, text: str) -> None:
    """Put generated text between the markers of `name`; the rest of the file is left alone."""
    before, _, after = _parts(path, name)
    begin, end = _markers(name)
    path.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- begin {name} -->", f"<!-- end {name} -->"


def _parts(path: Path, name: str) -> tuple[str, str, str]:
    begin, end = _markers(name)
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    inside, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{path}: has no markers {begin} and {end}")
    return before, inside, after
