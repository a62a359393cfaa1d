"""Measure, and keep the figures as a file: JSON, or a plot of the ratios."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from ffnca.atomic import replacing
from ffnca.bench.table import Wanted, in_words, measured
from ffnca.errors import InputError
from ffnca.notes import tell


def benchmark(wanted: Wanted, out: Path | None = None) -> dict[str, Any]:
    """Measure what is wanted, say what is left out, and write a file if asked.

    Raises:
        InputError: If the name of the file has no ending that is known, or it cannot be written.
    """
    write = None if out is None else WRITERS.get(out.suffix.lower())
    if out is not None and write is None:
        raise InputError(f"--out {out}: allowed is a name that ends in {' or '.join(WRITERS)}")
    with nullcontext() if out is None else replacing(out) as path:  # a folder that cannot be written is found now
        for note in wanted.notes:
            tell(note)
        figures = measured(wanted)
        if write is not None and path is not None:
            write(figures, path)
    return figures


def _write_json(figures: dict[str, Any], path: Path) -> None:
    path.write_bytes(to_json(figures, indent=1))


def _plot(figures: dict[str, Any], path: Path) -> None:
    """A bar a row, as long as its ratio, on a scale of powers."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = (figures["rows"] + figures["memory"])[::-1]
    ratios = [row["ratio"] for row in rows]
    figure = Figure(figsize=(9, 1.2 + 0.4 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours = ["#2a7f8e" if ratio <= 1 else "#d9822b" for ratio in ratios]
    axes.barh(range(len(rows)), [ratio - 1 for ratio in ratios], left=1, color=colours, height=0.62)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    for place, row in enumerate(rows):
        _, mine, reference, theirs, ratio = in_words(row)
        said = f" {ratio}: {mine} beside {theirs}, {reference} "
        axes.annotate(said, (max(row["ratio"], 1), place), va="center", fontsize=8)
    low, high = min(0.5, *ratios) / 1.3, max(2.0, *ratios) * 1.3
    axes.set(xscale="log", xlim=(low, high * (high / low) ** 1.2), xlabel="ratio to the reference (1 = as long)")
    axes.axvline(1, color="#444444", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="png", dpi=110)


WRITERS: dict[str, Callable[[dict[str, Any], Path], None]] = {".json": _write_json, ".png": _plot}
