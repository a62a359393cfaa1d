"""What each command does, for the command line and for scripts: figures and files in, one line of text out."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.atomic import replacing, replacing_if_asked
from ffnca.automata.base import rollout
from ffnca.automata.split import Split, gathered
from ffnca.errors import MAX_SEED, InputError
from ffnca.export.animation import SUFFIXES, Texts, write_animation
from ffnca.export.caption import drawable
from ffnca.export.look import Look
from ffnca.export.scene import DiscWound, Scene
from ffnca.export.story import GROW_STEPS, HEAL_STEPS, Acts
from ffnca.export.timing import Timing
from ffnca.export.wall import MAX_COMPARED, MAX_TILES, Wall
from ffnca.interchange import exporting
from ffnca.opening import opened
from ffnca.page.writing import write_page
from ffnca.part import Part
from ffnca.processes import any_of_all, as_first_says, is_first
from ffnca.progress import counted, steps_bar
from ffnca.signals import stop_noted
from ffnca.simulation import Simulation
from ffnca.systems.base import Request

SHEET_SCALE = 4
EXPORT_STEPS = 200
PAGE, PATTERN = ".html", ".rle"
STORY_HOLD = 2.0
"""Seconds that the last frame of a story stays."""
CELLS_PER_PIECE = 2**21
"""Cells stepped before the first look at Ctrl-C."""
SECONDS_PER_PIECE = 0.5
"""Between two later ones, about."""
DEMO_WORLD = "lizard"


def run_world(request: Request, num_steps: int, out: Path | None, part: Part | None = None) -> dict[str, Any]:
    """Run a world and say how fast; write the last state if asked.

    Args:
        request: What the user named.
        num_steps: How far.
        out: Where to write the last state.
        part: Into how many parts its grid is split over devices; None for one device.

    Raises:
        InputError: If anything of it cannot be used, or the file cannot be written.
    """
    simulation = opened(request)
    if out is not None and out.suffix.lower() != ".npz":
        raise InputError(f"--out {out}: allowed is a name that ends in .npz")
    check_shared(part)
    with replacing_if_asked(out if is_first() else None) as path:
        state, seconds = _timed(simulation, num_steps, part, key=jax.random.key(request.seed))
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


def check_shared(part: Part | None) -> None:
    """Refuse several processes that would all do the same.

    Raises:
        InputError: If there are several, and the grid is not split over the devices of all.
    """
    if jax.process_count() > 1 and math.prod(part or Part()) != jax.device_count():
        number, all_devices = jax.process_count(), jax.device_count()
        raise InputError(f"--processes {number}: allowed with --split into {all_devices}, as many as they have devices")


def _timed(
    simulation: Simulation, num_steps: int, part: Part | None = None, *, key: PRNGKeyArray
) -> tuple[Float[Array, "H W C"], float]:
    """The state after some steps, and the seconds that they took; in pieces, between which Ctrl-C is heard."""
    automaton, state = simulation.automaton, simulation.start
    height, width, _ = state.shape
    if part is not None:
        automaton = Split.over(automaton, part)
        state = automaton.placed(state)
    step, piece = 0, max(1, CELLS_PER_PIECE // (height * width))
    with stop_noted() as stopped, steps_bar(simulation.name, num_steps) as show:
        state = rollout(automaton, state, 0, key=key).block_until_ready()  # compile
        began = now = time.perf_counter()
        while step < num_steps:
            number = min(piece, num_steps - step)
            state = rollout(automaton, state, number, key=key, first_step=step).block_until_ready()
            if any_of_all(stopped()):
                raise KeyboardInterrupt
            step, before, now = step + number, now, time.perf_counter()
            show(step)
            took = as_first_says(now - before)
            quick, slow = took < SECONDS_PER_PIECE / 2, took > 2 * SECONDS_PER_PIECE
            piece = 2 * piece if quick else max(1, piece // 2) if slow else piece
        seconds = time.perf_counter() - began
    return (state if part is None else jnp.asarray(gathered(state))), seconds


@dataclass(frozen=True)
class Play:
    """What happens in an animation.

    Attributes:
        num_steps: How far it runs; None for as long as usual.
        wounds: Each STEP or STEP:X,Y,R.
        story: Whether it is told in acts, with a wound if none is given, and stays a while at the end.
        acts: Those of the story, where they are not those of the demonstration.
        every: Steps from frame to frame.
        tiles: From how many seeds it is played side by side, the first of them the one that was asked for.
        compare: Other worlds, played beside it.
    """

    num_steps: int | None = None
    wounds: tuple[str, ...] = ()
    story: bool = False
    acts: Acts | None = None
    every: int = 1
    tiles: int = 1
    compare: tuple[str, ...] = ()


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
    suffix = out.suffix.lower()
    still = (PAGE, *exporting.SUFFIXES, PATTERN)
    if suffix not in (*SUFFIXES, *still):
        raise InputError(f"{out}: allowed endings are {', '.join((*SUFFIXES, *still))}")
    if suffix in still:
        steps = play.num_steps if suffix == PATTERN else None
        no_frames = (play, look, timing) == (Play(steps), Look(), Timing())
        no_detail = suffix == PAGE or request.detail is None
        if not (no_frames and no_detail) or (scale, poster) != (None, None):
            also = ", --detail" if suffix == PAGE else ""
            raise InputError(
                f"{out}: holds one state and no frames; allowed with it: --steps, --seed"
                if suffix == PATTERN
                else f"{out}: holds a rule and no frames; allowed with it: --seed, --which, --angle{also}"
            )
        if suffix == PATTERN:
            return _write_pattern(request, out, steps or 0)
        return write_page(request, out) if suffix == PAGE else exporting.write_step(opened(request), out)
    wall = _compared(request, play, look) if play.compare else _tiled(request, play, look)
    if play.story and timing.hold is None and suffix != ".png":
        timing = replace(timing, hold=STORY_HOLD)
    num_frames = write_wall(wall, out, timing=timing, scale=scale, poster=poster)
    return f"{out}{f', {poster}' if poster else ''}: {num_frames} frames"


def _write_pattern(request: Request, out: Path, num_steps: int) -> str:
    """Write a state as a pattern.

    Raises:
        InputError: If states of this kind are no patterns, or the file cannot be written.
    """
    simulation = opened(request)
    if simulation.pattern is None:
        raise InputError(f"{out}: the states of kind {simulation.world.kind} are no patterns; allowed: .png, .gif")
    with replacing(out) as temporary:
        state, _ = _timed(simulation, num_steps, key=jax.random.key(request.seed))
        temporary.write_text(simulation.pattern(np.asarray(state)), encoding="utf-8")
    return f"{out}: {simulation.name} after {num_steps} steps"


def _scene(simulation: Simulation, request: Request, play: Play, look: Look) -> Scene:
    """What happens in one simulation."""
    if request.detail is not None and simulation.view(look.show).detail == 1:
        raise InputError(f"--show {look.show} with --detail: allowed is colour, which the decoder draws")
    wounds = tuple(map(DiscWound.parsed, play.wounds))
    if play.story:
        return Scene.story(simulation, play.num_steps, wounds, look, acts=play.acts, every=play.every)
    num_steps = EXPORT_STEPS if play.num_steps is None else play.num_steps
    return Scene(simulation, num_steps, wounds, look, every=play.every)


def _tiled(request: Request, play: Play, look: Look) -> Wall:
    """One world from as many seeds as were asked for."""
    most = min(MAX_TILES, MAX_SEED - request.seed + 1)
    if not 1 <= play.tiles <= most:
        raise InputError(f"--tiles {play.tiles}: allowed from seed {request.seed} on are 1 to {most}")
    first, seeds = opened(request), tuple(range(request.seed, request.seed + play.tiles))
    same = first.reseeded is None
    simulations = [first, *(first if same else opened(replace(request, seed=seed)) for seed in seeds[1:])]
    return Wall(tuple(_scene(simulation, request, play, look) for simulation in simulations), seeds)


def _compared(request: Request, play: Play, look: Look) -> Wall:
    """Several worlds from one seed; one that is named twice is shown once."""
    texts = list(dict.fromkeys([request.text, *play.compare]))
    if play.tiles != 1:
        raise InputError(f"--tiles {play.tiles} with --compare: allowed is one of the two")
    if not 2 <= len(texts) <= MAX_COMPARED:
        raise InputError(
            f"--compare {' '.join(play.compare)[:60]}: names {len(texts) - 1} other worlds; "
            f"allowed are 1 to {MAX_COMPARED - 1}"
        )
    simulations = [opened(replace(request, text=text)) for text in texts]
    scenes = tuple(_scene(simulation, request, play, look) for simulation in simulations)
    return Wall(scenes, (request.seed,) * len(scenes), _names(simulations, texts))


def _names(simulations: list[Simulation], texts: list[str]) -> tuple[str, ...]:
    """What to call worlds that are compared: their titles, and where these do not tell them apart their files."""
    titles = []
    for simulation, text in zip(simulations, texts, strict=True):
        try:
            titles.append(drawable(simulation.world.title))
        except InputError:
            titles.append(drawable(Path(text).stem))
    if len(set(titles)) == len(titles):
        return tuple(titles)
    ways = ([Path(text).stem for text in texts], [Path(text).name for text in texts])
    files = next((files for files in ways if len(set(files)) == len(files)), texts)
    return tuple(f"{title} ({drawable(file)})" for title, file in zip(titles, files, strict=True))


def write_wall(wall: Wall, out: Path, *, timing: Timing, scale: int | None, poster: Path | None = None) -> int:
    """Play scenes and write them in the format of the file's ending.

    Returns:
        How many frames were played.

    Raises:
        InputError: If they have several pixels a cell and `scale` is no multiple of them, or a file cannot be written.
    """
    scale = _frame_scale(scale, wall.detail)
    frames: Iterable[np.ndarray] = counted(wall.frames(), wall.num_frames, "drawing")
    scene, captions = wall.scenes[0], wall.captions
    labels = scene.labels
    if out.suffix.lower() == ".png":
        scale = scale or (SHEET_SCALE if len(wall.scenes) == 1 else max(1, (wall.scale or 1) // 2))
        if scene.is_story:
            moments = scene.moments
            frames = (frame for number, frame in enumerate(frames) if number in moments)
            labels = [labels[number] for number in moments]
            captions = captions and (scene.look.caption or wall.names) and [captions[number] for number in moments]
    texts = Texts(captions or None, labels, wall.gap)
    write_animation(out, frames, timing, texts, scale or wall.scale, paper=scene.look.paper, poster=poster)
    return wall.num_frames


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
    num_steps: int = GROW_STEPS + HEAL_STEPS,
    wound_at: int = GROW_STEPS,
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
