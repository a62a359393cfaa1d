"""A run's folder: the rule, its world, metrics, plots and checkpoints, each file whole at any moment."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ffnca.atomic import replacing
from ffnca.creature import Creature
from ffnca.errors import InputError
from ffnca.growth.schedule import Budget
from ffnca.growth.train import MEASURED_AGES, Report
from ffnca.render import enlarge, over
from ffnca.strict_json import dumped
from ffnca.world import dump_world

PREVIEW_SCALE = 4


class RunFolder:
    """Writes what a training run leaves behind."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; `begin` makes it."""
        self.folder = folder
        self.rule, self.metrics = folder / "rule.safetensors", folder / "metrics.jsonl"
        self.checkpoints = folder / "checkpoints"
        self._settings = folder / "run.json"

    def begin(self, creature: Creature, budget: Budget, seed: int, *, resume: bool) -> None:
        """Write down what is trained and how, or check that it is what was trained before.

        Raises:
            InputError: If a new run would overwrite another, a resumed one differs, or the folder cannot be made.
        """
        settings = {"world": json.loads(dump_world(creature.world)), "seed": seed, "budget": budget._asdict()}
        if not resume:
            if self.metrics.exists() or self.rule.exists():
                raise InputError(f"{self.folder}: holds a run already; add --resume or name another folder")
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"{self.folder}: cannot be made ({error.strerror})") from error
            self._write_text(self._settings, json.dumps(settings, indent=1))
            return
        if not self._settings.exists():
            raise InputError(f"{self.folder}: holds no run to resume")
        try:
            before = json.loads(self._settings.read_text())
        except ValueError as error:
            raise InputError(f"{self._settings}: is not JSON ({error})") from error
        for name, value in settings.items():
            if before.get(name) != json.loads(json.dumps(value)):
                raise InputError(f"{self.folder}: was begun with another {name}; resume with the same")

    def trim(self, updates: int) -> None:
        """Drop metrics past the checkpoint that a run resumes from."""
        if self.metrics.exists():
            lines = [line for line in self.metrics.read_text().splitlines() if line.endswith("}")]
            kept = [line for line in lines if json.loads(line)["updates"] <= updates]
            self._write_text(self.metrics, "".join(f"{line}\n" for line in kept))

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
            line["rel_mse"] = {str(age): value for age, value in zip(MEASURED_AGES, report.quality, strict=True)}
        if report.event:
            line["event"] = report.event
        with self.metrics.open("a", encoding="utf-8") as lines:
            lines.write(f"{dumped(line)}\n")

    def preview(self, report: Report, creature: Creature) -> None:
        """Write `preview.png`: what grew beside what should, and `curve.png`."""
        if report.grown is None:
            return
        body = creature.training_body()
        targets = body.picture.reshape(-1, *body.picture.shape[-3:])
        frames = np.concatenate([*over(report.grown[: max(3, body.count)]), *over(targets)], axis=1)
        with replacing(self.folder / "preview.png") as path:
            Image.fromarray(enlarge(frames, PREVIEW_SCALE)).save(path)
        self._curve()

    def _curve(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        rows = [json.loads(line) for line in self.metrics.read_text().splitlines()]
        figure = Figure(figsize=(7, 4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        pool_errors = np.array([row["pool_rel_mse"] for row in rows], float)  # null becomes a gap in the line
        axes.semilogy([row["updates"] for row in rows], pool_errors, label="in the pool")
        measured = [row for row in rows if "rel_mse" in row]
        for age in MEASURED_AGES:
            errors = np.array([row["rel_mse"][str(age)] for row in measured], float)
            axes.semilogy([row["updates"] for row in measured], errors, ".-", label=f"grown to step {age}")
        axes.set(xlabel="updates", ylabel="relative MSE (1 = nothing grown)")
        axes.legend()
        axes.grid(alpha=0.3, which="both")
        with replacing(self.folder / "curve.png") as path:
            figure.savefig(path, dpi=110)

    @staticmethod
    def _write_text(path: Path, text: str) -> None:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
