"""What each command does, for the command line and for scripts: figures and files in, one line of text out."""

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.atomic import replacing
from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.errors import InputError
from ffnca.export.animation import SUFFIXES, write_animation
from ffnca.export.look import Look
from ffnca.export.scene import STORY_STEPS, STORY_WOUND, DiscWound, Scene
from ffnca.export.stress_sheet import StressSheet
from ffnca.export.timing import Timing
from ffnca.growth.evaluate import evaluate
from ffnca.progress import counted
from ffnca.signals import stop_noted
from ffnca.simulation import Simulation, open_creature, open_simulation
from ffnca.world import MAX_SIDE, MIN_SIDE

SHEET_SCALE = 4
EXPORT_STEPS = 200
STORY_HOLD = 2.0
"""Seconds that the last frame of a story stays."""
CELLS_PER_PIECE = 2**21
"""Cells stepped between two looks at Ctrl-C: half a second or so."""
DEMO_WORLD = "lizard"


def parsed_size(text: str) -> tuple[int, int]:
    """Height and width from N or HxW.

    Raises:
        InputError: If the text is neither, or a side is out of range.
    """
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and len(side) <= 5 for side in sides):
        raise InputError(f"--size {text[:40]!r}: allowed is N or HxW, in cells")
    height, width = int(sides[0]), int(sides[-1])
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (height, width)):
        raise InputError(f"--size {text!r}: allowed is {MIN_SIDE} to {MAX_SIDE} cells a side")
    return height, width


def run_world(
    text: str,
    num_steps: int,
    size: str | None,
    seed: int,
    out: Path | None,
    which: str | None = None,
    angle: float = 0.0,
) -> dict[str, Any]:
    """Run a world and say how fast; write the last state if asked."""
    simulation = open_simulation(text, parsed_size(size) if size else None, seed=seed, which=which, angle=angle)
    if out is not None and out.suffix.lower() != ".npz":
        raise InputError(f"--out {out}: allowed is a name that ends in .npz")
    with _replacing_if_asked(out) as path:
        state, seconds = _timed(simulation, num_steps, key=jax.random.key(seed))
        if path is not None:
            arrays: dict[str, Any] = {"state": np.asarray(state, np.float32), "step": num_steps, "seed": seed}
            if simulation.body is not None:
                arrays["target"] = simulation.body.picture
            with path.open("wb") as file:
                np.savez(file, **arrays)
    rate = num_steps / seconds if seconds > 0 else 0.0
    return {
        "world": simulation.name,
        "steps": num_steps,
        "seconds": seconds,
        "steps_per_second": rate,
        "cell_updates_per_second": rate * state.shape[0] * state.shape[1],
        "rel_mse": simulation.relative_mse(state),
        "measures": measures(simulation, state),
    }


def measures(simulation: Simulation, state: Float[Array, "H W C"]) -> dict[str, float]:
    """What can be measured of a state: population (living cells), and of what grows relative MSE and mean goodness.

    The goodness of a cell counts from the best that it could step to, so its mean over living cells is at most 0.
    """
    if not isinstance(simulation.automaton, NCA):
        return {"population": int((state[..., 0] > 0.5).sum())}
    living = state[..., 3] > simulation.automaton.alive_threshold
    lacking = (simulation.automaton.deficit(state) * living).sum() / jnp.maximum(living.sum(), 1)
    found: dict[str, float] = {"population": int(living.sum()), "mean_goodness": -float(lacking)}
    error = simulation.relative_mse(state)
    return found if error is None else found | {"relative_mse": error}


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
    text: str,
    out: Path,
    play: Play,
    look: Look,
    timing: Timing,
    *,
    scale: int | None = None,
    seed: int = 0,
    which: str | None = None,
    angle: float = 0.0,
    poster: Path | None = None,
) -> str:
    """Write one animation of a world, and its last frame as a still if asked.

    Args:
        text: What the user named.
        out: Where to; its ending says in which format.
        play: What happens.
        look: How it is drawn.
        timing: How fast, how often, how it ends.
        scale: Pixels a cell; None for about 400 in all.
        seed: Of the run.
        which: The target to grow, where the world names several.
        angle: By which what grows is turned, in degrees clockwise.
        poster: A `.png` for the last frame.

    Raises:
        InputError: If anything of it cannot be used, or a file cannot be written.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out}: allowed endings are {', '.join(SUFFIXES)}")
    simulation = open_simulation(text, seed=seed, which=which, angle=angle)
    wounds = tuple(map(DiscWound.parsed, play.wounds))
    if play.story:
        scene = Scene.story(simulation, STORY_STEPS if play.num_steps is None else play.num_steps, wounds, look)
        is_sheet = out.suffix.lower() == ".png"
        timing = timing if is_sheet or timing.hold is not None else replace(timing, hold=STORY_HOLD)
    else:
        scene = Scene(simulation, EXPORT_STEPS if play.num_steps is None else play.num_steps, wounds, look)
    write_scene(scene, out, timing=timing, scale=scale, seed=seed, poster=poster)
    return f"{out}{f', {poster}' if poster else ''}: {scene.num_steps + 1} frames"


def write_scene(
    scene: Scene, out: Path, *, timing: Timing, scale: int | None, seed: int, poster: Path | None = None
) -> None:
    """Play a scene and write it in the format of the file's ending."""
    frames: Iterable[np.ndarray] = counted(scene.frames(key=jax.random.key(seed)), scene.num_steps + 1, "drawing")
    labels, captions = scene.labels, scene.captions
    if out.suffix.lower() == ".png":
        scale = scale or SHEET_SCALE
        if scene.is_story:
            moments = scene.moments
            frames = (frame for step, frame in enumerate(frames) if step in moments)
            labels = [labels[step] for step in moments]
            captions = captions and scene.look.caption and [captions[step] for step in moments]
    write_animation(
        out, frames, timing, labels, scale, captions=captions or None, paper=scene.look.paper, poster=poster
    )


def story(
    text: str, outs: list[Path], *, seed: int = 0, num_steps: int = STORY_STEPS, wound_at: int = STORY_WOUND
) -> None:
    """Grow, wound and heal a creature: an animation, and a contact sheet of the moments that tell the most."""
    scene = Scene.story(open_simulation(text, seed=seed), num_steps, (DiscWound(wound_at),))
    frames = np.stack(list(counted(scene.frames(key=jax.random.key(seed)), num_steps + 1, "drawing")))
    for out in outs:
        if out.suffix.lower() == ".png":
            labels = [scene.labels[step] for step in scene.moments]
            write_animation(out, frames[scene.moments], 25.0, labels, SHEET_SCALE)
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


def evaluate_world(
    text: str, seed: int, out: Path | None = None, which: str | None = None, angle: float = 0.0
) -> dict[str, Any]:
    """The table of `ffnca eval`, and its picture if asked."""
    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"--out {out}: allowed is a name that ends in .png")
    creature, sheet = open_creature(text, which, angle), StressSheet()
    with _replacing_if_asked(out) as path:
        table = evaluate(creature.automaton, creature.body(), key=jax.random.key(seed), witness=sheet.add)
        if path is not None:
            sheet.write(path)
    return table


def evaluation_table(text: str, table: dict[str, Any]) -> Any:
    """The same for people, as a rich table."""
    from rich.table import Table

    rows = Table("measure", "value", title=f"{text}: {table['params']} parameters", box=None, title_justify="left")
    for age, error in table["rel_mse"].items():
        rows.add_row(f"relative MSE at step {age}", f"{error:.4f}")
    for name, stress in table["stress"].items():
        healed = f"{stress['healed']} of {stress['trials']} healed, median {stress['median_rel_mse']:.4f}"
        rows.add_row(f"wound: {name}", healed)
    rows.add_row("goodness AUROC", f"{table['goodness_auroc']:.3f}")
    return rows
