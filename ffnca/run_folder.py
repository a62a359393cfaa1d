"""A run's folder: the rule, its world, metrics, plots and checkpoints, each file whole at any moment."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from PIL import Image
from pydantic_core import to_json

from ffnca.atomic import locked, replacing
from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.render import enlarge
from ffnca.systems.trainee import Trainee
from ffnca.trainer import Report

PREVIEW_SCALE = 4
_MAX_SETTINGS = 2**20
_COUNTED = ("seconds", "updates")
_PICTURES = ("preview.png", "curve.png")


class RunFolder:
    """Writes what a training run leaves behind."""

    def __init__(self, folder: str | PathLike[str]) -> None:
        """Name the folder; `begun` makes it."""
        self.folder = Path(folder)
        self.rule, self.metrics = self.folder / "rule.safetensors", self.folder / "metrics.jsonl"
        self.checkpoints = self.folder / "checkpoints"
        self._settings, self._lock = self.folder / "run.json", self.folder / ".lock"

    @contextmanager
    def begun(self, trainee: Trainee, budget: Budget, seed: int, *, resume: bool) -> Iterator[None]:
        """Write down what is trained and how, or check that it is what was trained before; meanwhile nobody else can.

        A run goes on with any budget, which is written down in place of the one before.

        Raises:
            InputError: If a new run would overwrite another, a resumed one differs, the folder cannot be made, or
                another process trains in it.
        """
        settings = {**trainee.settings(), "seed": seed, "budget": asdict(budget)}
        self._check_begin(settings, resume)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be made ({error.strerror})") from error
        with locked(self._lock):
            self._check_begin(settings, resume)  # another may have begun and ended since
            self._write_text(self._settings, json.dumps(settings, indent=1))
            yield

    def _check_begin(self, settings: dict[str, Any], resume: bool) -> None:
        if resume:
            self._check_same(self._before(), settings)
        elif self.exists:
            raise InputError(f"{self.folder}: holds a run already; add --resume or name another folder")

    @property
    def exists(self) -> bool:
        """Whether a run has left something here."""
        return self.metrics.exists() or self.rule.exists()

    @property
    def budget(self) -> Budget:
        """The budget that the run was last given.

        Raises:
            InputError: If there is no run.
        """
        try:
            return Budget(**self._before()["budget"])
        except (TypeError, KeyError) as error:
            raise InputError(f"{self._settings}: names no budget") from error

    @property
    def spent(self) -> tuple[float, int]:
        """Seconds and updates so far, by the last line of the metrics."""
        lines = self._lines()
        return (lines[-1]["seconds"], lines[-1]["updates"]) if lines else (0.0, 0)

    def clear(self) -> None:
        """Remove a run, and nothing else that is in its folder.

        Raises:
            InputError: If another process trains in it.
        """
        with locked(self._lock):
            for path in (self.rule, self.metrics, self._settings, *map(self.folder.joinpath, _PICTURES)):
                path.unlink(missing_ok=True)
            shutil.rmtree(self.checkpoints, ignore_errors=True)

    def _before(self) -> dict[str, Any]:
        if not self._settings.exists():
            raise InputError(f"{self.folder}: holds no run to resume")
        try:
            before = json.loads(read_bounded(self._settings, _MAX_SETTINGS).decode("utf-8"))
        except InputError:
            raise
        except (ValueError, RecursionError) as error:
            raise InputError(f"{self._settings}: is not JSON ({str(error)[:100]})") from error
        if not isinstance(before, dict):
            raise InputError(f"{self._settings}: is not a table of what is trained")
        return before

    def _check_same(self, before: dict[str, Any], settings: dict[str, Any]) -> None:
        of_interest = settings.keys() - {"budget", "pictures"}
        mine, theirs = (_flat({key: given.get(key) for key in of_interest}) for given in (settings, before))
        for name in mine | theirs:
            if mine.get(name) != theirs.get(name):
                was, now = (f"{given.get(name)!r}"[:40] for given in (theirs, mine))
                raise InputError(f"{self.folder}: was begun with {name} {was}, not {now}; resume with the same")
        if before.get("pictures", settings.get("pictures")) != settings.get("pictures"):
            raise InputError(f"{self.folder}: was begun with another picture; resume with the same")

    def trim(self, updates: int) -> None:
        """Drop metrics past the checkpoint that a run resumes from."""
        if self.metrics.exists():
            kept = [line for line in self._lines() if line["updates"] <= updates]
            self._write_text(self.metrics, "".join(f"{_json(line)}\n" for line in kept))

    def _lines(self) -> list[dict[str, Any]]:
        """The metrics; lines that were cut off or are none of ours are left out."""
        if not self.metrics.exists():
            return []
        rows = []
        for line in self.metrics.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, RecursionError):
                row = json.loads(line)
                if isinstance(row, dict) and all(isinstance(row.get(key), int | float) for key in _COUNTED):
                    rows.append(row)
        return rows

    def log(self, report: Report) -> None:
        """Append one line of metrics."""
        line: dict[str, Any] = {
            "updates": report.updates,
            "seconds": round(report.progress.seconds, 2),
            "loss": report.loss,
            "pool_rel_mse": report.pool_mse,
            "learning_rate": report.learning_rate,
        }
        if report.quality is not None:
            line["measured"] = dict(report.quality)
        if report.event:
            line["event"] = report.event
        with self.metrics.open("a", encoding="utf-8") as lines:
            lines.write(f"{_json(line)}\n")

    def preview(self, report: Report, trainee: Trainee) -> None:
        """Write `preview.png`, a picture of what was measured, and `curve.png`."""
        if report.grown is None:
            return
        with replacing(self.folder / "preview.png") as path:
            Image.fromarray(enlarge(trainee.preview(jnp.asarray(report.grown)), PREVIEW_SCALE)).save(path)
        self._curve()

    def _curve(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        rows = self._lines()
        figure = Figure(figsize=(7, 4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        pool_errors = np.array([row.get("pool_rel_mse") for row in rows], float)  # null becomes a gap in the line
        axes.semilogy([row["updates"] for row in rows], pool_errors, label="in the pool")
        measured = [row for row in rows if isinstance(row.get("measured"), dict)]
        for name in measured[-1]["measured"] if measured else ():
            errors = np.array([row["measured"].get(name) for row in measured], float)
            axes.semilogy([row["updates"] for row in measured], errors, ".-", label=name.replace("_", " "))
        axes.set(xlabel="updates", ylabel="error, such as relative MSE (1 = nothing grown)")
        axes.legend()
        axes.grid(alpha=0.3, which="both")
        with replacing(self.folder / "curve.png") as path:
            figure.savefig(path, dpi=110)

    @staticmethod
    def _write_text(path: Path, text: str) -> None:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as one, keys joined by dots."""
    flat = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _json(value: object) -> str:
    return to_json(value, inf_nan_mode="null").decode()
