"""What each command does, for the command line and for scripts: figures and files in, one line of text out."""

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.atomic import replacing
from ffnca.automata.base import rollout
from ffnca.errors import InputError
from ffnca.export.animation import SUFFIXES, Texts, write_animation
from ffnca.export.look import Look
from ffnca.export.scene import STORY_STEPS, STORY_WOUND, DiscWound, Scene
from ffnca.export.stress_sheet import StressSheet
from ffnca.export.timing import Timing
from ffnca.interchange import exporting
from ffnca.opening import opened
from ffnca.progress import counted
from ffnca.signals import stop_noted
from ffnca.simulation import Simulation
from ffnca.systems.base import Request
from ffnca.systems.registry import system_of

SHEET_SCALE = 4
EXPORT_STEPS = 200
STORY_HOLD = 2.0
"""Seconds that the last frame of a story stays."""
CELLS_PER_PIECE = 2**21
"""Cells stepped between two looks at Ctrl-C: half a second or so."""
DEMO_WORLD = "lizard"


def run_world(request: Request, num_steps: int, out: Path | None) -> dict[str, Any]:
    """Run a world and say how fast; write the last state if asked."""
    simulation = opened(request)
    if out is not None and out.suffix.lower() != ".npz":
        raise InputError(f"--out {out}: allowed is a name that ends in .npz")
    with _replacing_if_asked(out) as path:
        state, seconds = _timed(simulation, num_steps, key=jax.random.key(request.seed))
        if path is not None:
            arrays: dict[str, Any] = {"state": np.asarray(state, np.float32), "step": num_steps, "seed": request.seed}
            if simulation.target is not None:
                arrays["target"] = simulation.target.laid_out
            with path.open("wb") as file:
                np.savez(file, **arrays)
    rate = num_steps / seconds if seconds > 0 else 0.0
    measures = simulation.measured(state)
    return {
        "world": simulation.name,
        "steps": num_steps,
        "seconds": seconds,
        "steps_per_second": rate,
        "cell_updates_per_second": rate * state.shape[0] * state.shape[1],
        "rel_mse": measures.get("relative_mse"),
        "measures": {name: int(value) if value.is_integer() else value for name, value in measures.items()},
    }


def _replacing_if_asked(out: Path | None) -> AbstractContextManager[Path | None]:
    """A place to write to, opened before long work, so that an unwritable folder is found then."""
    return nullcontext() if out is None else replacing(out)


def _timed(simulation: Simulation, num_steps: int, *, key: PRNGKeyArray) -> tuple[Float[Array, "H W C"], float]:
    """The state after some steps, and the seconds that they took; in pieces, between which Ctrl-C is heard."""
    height, width, _ = simulation.start.shape
    piece = max(1, CELLS_PER_PIECE // (height * width))
    with stop_noted() as stopped:
        state = rollout(simulation.automaton, simulation.start, 0, key=key).block_until_ready()  # compile
        began = time.perf_counter()
        for state in counted(simulation.states(num_steps, piece, key=key), 1 - num_steps // -piece, simulation.name):
            state.block_until_ready()
            if stopped():
                raise KeyboardInterrupt
        return state, time.perf_counter() - began


@dataclass(frozen=True)
class Play:
    """What happens in an animation.

    Attributes:
        num_steps: How far it runs; None for as long as usual.
        wounds: Each STEP or STEP:X,Y,R.
        story: Whether it is told in acts, with a wound if none is given, and stays a while at the end.
    """

    num_steps: int | None = None
    wounds: tuple[str, ...] = ()
    story: bool = False


def export_world(
    request: Request,
    out: Path,
    play: Play,
    look: Look,
    timing: Timing,
    *,
    scale: int | None = None,
    poster: Path | None = None,
) -> str:
    """Write one animation of a world, and its last frame as a still if asked.

    Args:
        request: What the user named.
        out: Where to; its ending says in which format.
        play: What happens.
        look: How it is drawn.
        timing: How fast, how often, how it ends.
        scale: Pixels a cell; None for about 400 in all.
        poster: A `.png` for the last frame.

    Raises:
        InputError: If anything of it cannot be used, or a file cannot be written.
    """
    if out.suffix.lower() not in (*SUFFIXES, *exporting.SUFFIXES):
        raise InputError(f"{out}: allowed endings are {', '.join((*SUFFIXES, *exporting.SUFFIXES))}")
    if out.suffix.lower() in exporting.SUFFIXES:
        if play != Play() or scale is not None or poster is not None or request.detail is not None:
            options = "--steps, --wound, --story, --scale, --poster, --detail"
            raise InputError(f"{out}: holds a single step and no picture; not allowed with it: {options}")
        return exporting.write_step(opened(request), out)
    simulation = opened(request)
    if request.detail is not None and simulation.view(look.show).detail == 1:
        raise InputError(f"--show {look.show} with --detail: allowed is colour, which the decoder draws")
    wounds = tuple(map(DiscWound.parsed, play.wounds))
    if play.story:
        scene = Scene.story(simulation, STORY_STEPS if play.num_steps is None else play.num_steps, wounds, look)
        is_sheet = out.suffix.lower() == ".png"
        timing = timing if is_sheet or timing.hold is not None else replace(timing, hold=STORY_HOLD)
    else:
        scene = Scene(simulation, EXPORT_STEPS if play.num_steps is None else play.num_steps, wounds, look)
    write_scene(scene, out, timing=timing, scale=scale, seed=request.seed, poster=poster)
    return f"{out}{f', {poster}' if poster else ''}: {scene.num_steps + 1} frames"


def write_scene(
    scene: Scene, out: Path, *, timing: Timing, scale: int | None, seed: int, poster: Path | None = None
) -> None:
    """Play a scene and write it in the format of the file's ending.

    Raises:
        InputError: If it has several pixels a cell and `scale` is no multiple of them, or a file cannot be written.
    """
    scale = _frame_scale(scale, scene.detail)
    frames: Iterable[np.ndarray] = counted(scene.frames(key=jax.random.key(seed)), scene.num_steps + 1, "drawing")
    labels, captions = scene.labels, scene.captions
    if out.suffix.lower() == ".png":
        scale = scale or SHEET_SCALE
        if scene.is_story:
            moments = scene.moments
            frames = (frame for step, frame in enumerate(frames) if step in moments)
            labels = [labels[step] for step in moments]
            captions = captions and scene.look.caption and [captions[step] for step in moments]
    texts = Texts(captions or None, labels)
    write_animation(out, frames, timing, texts, scale, paper=scene.look.paper, poster=poster)


def _frame_scale(scale: int | None, detail: int) -> int | None:
    """How many pixels high and wide each pixel of a frame is drawn, where users count them by the cell."""
    if detail == 1:
        return scale
    scale = scale or detail
    if scale % detail:
        raise InputError(f"--scale {scale} with --detail {detail}: allowed are multiples of {detail}, pixels a cell")
    return scale // detail


def story(
    text: str,
    outs: list[Path],
    *,
    seed: int = 0,
    num_steps: int = STORY_STEPS,
    wound_at: int = STORY_WOUND,
    detail: int | None = None,
) -> None:
    """Grow, wound and heal a creature: an animation, and a contact sheet of the moments that tell the most."""
    simulation = opened(Request(text, seed=seed, detail=detail))
    scene = Scene.story(simulation, num_steps, (DiscWound(wound_at),))
    frames = np.stack(list(counted(scene.frames(key=jax.random.key(seed)), num_steps + 1, "drawing")))
    for out in outs:
        if out.suffix.lower() == ".png":
            labels, scale = [scene.labels[step] for step in scene.moments], SHEET_SCALE if scene.detail == 1 else 1
            write_animation(out, frames[scene.moments], 25.0, Texts(labels=labels), scale)
        else:
            write_animation(out, frames, 25.0, scale=None)


def demonstrate(num_steps: int, wound_at: int) -> str:
    """The shipped creature grows, is wounded and heals."""
    outs = [Path("demo.gif"), Path("demo.png")]
    story(DEMO_WORLD, outs, num_steps=num_steps, wound_at=wound_at)
    return (
        f"demo.gif, demo.png: the {DEMO_WORLD} grows from one cell, loses a disc at step {wound_at} "
        f"and has healed by step {num_steps}"
    )


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
    with _replacing_if_asked(out) as path:
        table = system.evaluate(simulation, key=jax.random.key(request.seed), witness=sheet.add)
        if path is not None:
            sheet.write(path)
    return Evaluation(table, system.evaluation_rows(table))
