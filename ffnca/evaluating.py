"""What `ffnca eval` measures of a world: as its kind is measured, or at great ages."""

from pathlib import Path
from typing import Any, NamedTuple

import jax

from ffnca.atomic import replacing_if_asked
from ffnca.errors import InputError
from ffnca.export.stress_sheet import StressSheet
from ffnca.opening import opened
from ffnca.progress import steps_bar
from ffnca.signals import stop_noted
from ffnca.stability import REST, Moved, Stability, certified
from ffnca.systems.base import Request
from ffnca.systems.registry import system_of


class Evaluation(NamedTuple):
    """What was measured of a world.

    Attributes:
        table: As `ffnca eval --json` prints it.
        rows: A measure and its value each, for people.
    """

    table: dict[str, Any]
    rows: list[tuple[str, str]]


def evaluate_world(request: Request, out: Path | None = None) -> Evaluation:
    """Measure a world as its kind is measured, and write the picture if asked."""
    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: allowed is a name that ends in .png")
    simulation, sheet = opened(request), StressSheet()
    system = system_of(simulation.world.kind)
    with replacing_if_asked(out) as path:
        table = system.evaluate(simulation, key=jax.random.key(request.seed), witness=sheet.add)
        if path is not None:
            sheet.write(path)
    return Evaluation(table, system.evaluation_rows(table))


def certify_world(request: Request, num_steps: int) -> Evaluation:
    """Run a world for long: its measures at great ages, and whether it rests, recurs or wanders."""
    simulation = opened(request)
    with stop_noted() as stopped, steps_bar(simulation.name, num_steps) as show:

        def pause(step: int) -> None:
            show(step)
            if stopped():
                raise KeyboardInterrupt

        found = certified(simulation, num_steps, key=jax.random.key(request.seed), pause=pause)
    errors = {str(age): measures.get("relative_mse") for age, measures in found.measures.items()}
    table = {
        "world": simulation.name,
        "grid": list(simulation.start.shape[:2]),
        "seed": request.seed,
        "steps": num_steps,
        "rel_mse": errors if simulation.target is not None else None,
        "measures": {str(age): measures for age, measures in found.measures.items()},
        "state": found.verdict,
        "exact": found.exact,
        "since": found.since,
        "period": found.period,
        "largest_change": found.largest_change,
        "moved": found.moved._asdict() if found.moved else None,
    }
    rows = [
        (f"{name.replace('_', ' ').replace('relative mse', 'relative MSE')} at step {age}", f"{value:.4g}")
        for age, measures in found.measures.items()
        for name, value in measures.items()
    ]
    return Evaluation(table, [*rows, ("state", _in_a_sentence(found))])


def _in_a_sentence(found: Stability) -> str:
    """What became of a state, for people."""
    if found.exact:
        period = f", period {found.period}" if found.period else ", nothing changes any more"
        return f"{found.verdict} from step {found.since} on{period}"
    since = f" since step {found.since}" if found.since is not None else ""
    moved = found.moved or Moved()
    most = "" if found.largest_change is None else f", and a step could change one by {found.largest_change:.2g}"
    return (
        f"{found.verdict}{since}: in the last nine tenths numbers moved by up to {moved.most:.2g}, in {moved.cells} "
        f"cells by more than {REST:g}, colours by up to {moved.drawn} of 255{most}"
    )
