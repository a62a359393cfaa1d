"""Progress bars on stderr: rate and time left for long work, silence where stderr is no terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TypeVar, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from ffnca.trainer import Report

Item = TypeVar("Item")


class _Spoken:
    """Stderr for as long as it can be written: no work ends because a terminal was closed."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _bar(*columns: ProgressColumn) -> Progress:
    console = Console(file=cast(IO[str], _Spoken()))
    shown = (TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn())
    return Progress(*shown, console=console, disable=not console.is_terminal, transient=True)


def counted(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """The same items, counted on a bar."""
    with _bar(TextColumn("{task.completed:.0f}/{task.total:.0f}")) as progress:
        yield from progress.track(items, total=total, description=label)


@contextmanager
def steps_bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told which step was come to."""
    with _bar(TextColumn("{task.completed:.0f}/{task.total:.0f}")) as progress:
        task = progress.add_task(label, total=total)
        yield lambda step: progress.update(task, completed=step)


@contextmanager
def updates_bar(label: str, total: int) -> Iterator[Callable[[int, float], None]]:
    """A bar that is told how many updates of a training are done, and the loss."""
    with steps_bar(label, total) as show:
        yield lambda done, loss: show(done)


@contextmanager
def training_bar(label: str) -> Iterator[Callable[[Report], None]]:
    """A bar that shows loss, relative MSE, learning rate and time left of a training run."""
    with _bar(TextColumn("{task.fields[figures]}")) as progress:
        task = progress.add_task(label, total=1.0, figures="compiling")
        measured = ""

        def show(report: Report) -> None:
            nonlocal measured
            if report.quality is not None:
                pairs = ((name, name.rpartition("_")[2], error) for name, error in report.quality.items())
                measured = " " + " ".join(
                    f"{f'T={age}' if age.isdigit() else name}: {error:.4f}" for name, age, error in pairs
                )
            if report.event:
                progress.console.print(f"{label}: {report.event}")
            figures = f"loss {report.loss:.4f}, pool {report.pool_mse:.3f}, rate {report.learning_rate:.1e}{measured}"
            progress.update(task, completed=min(report.fraction, 1.0), figures=figures)

        yield show
