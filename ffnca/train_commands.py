"""The commands that train: what is kept, whether it learned, and how to go on."""

import itertools
import math
import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from ffnca.atomic import made_folder, writable
from ffnca.budget import MAX_MINUTES, Budget
from ffnca.commands import story
from ffnca.errors import InputError, Stopped, whole_number
from ffnca.notes import tell
from ffnca.opening import trainee
from ffnca.progress import training_bar, updates_bar
from ffnca.run_folder import RunFolder
from ffnca.systems.base import DETAILS
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.cutout import is_opaque
from ffnca.systems.growth.detail_training import UPDATES, NothingLives, train_detail
from ffnca.systems.growth.target import load_target, target_name
from ffnca.systems.trainee import Trainee
from ffnca.trainer import Report
from ffnca.training import Interrupted, Trained, train_rule, worst_error
from ffnca.world import find_world

GROW_MINUTES = 10.0
ANIMATIONS = (".gif", ".webp", ".apng")
RUN_SUFFIX = ".run"
ATTRIBUTION = "All emojis designed by OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0"
"""What the licence of an emoji's picture asks to be said."""


class Outcome(NamedTuple):
    """What a training came to.

    Attributes:
        line: Files and figures.
        shortfall: Why it did not learn, and the command that goes on; None if it did.
    """

    line: str
    shortfall: str | None


class Wanted(NamedTuple):
    """What is to grow, and how it is to look.

    Attributes:
        target: What the user named: an emoji or a picture file.
        size: Longer side in cells.
        cut_background: Remove the plain background of a picture.
        detail: Pixels a cell for which a decoder is trained beside the rule; None for no decoder.
    """

    target: str
    size: int = 40
    cut_background: bool = False
    detail: int | None = None


def checked_budget(minutes: float | None, updates: int | None) -> Budget | None:
    """The budget that the options ask for, None if they ask for nothing.

    Raises:
        InputError: If both are given, or one is out of range.
    """
    if minutes is not None and updates is not None:
        raise InputError("--minutes and --updates: give one of the two")
    if minutes is None and updates is None:
        return None
    try:
        return Budget(minutes, updates)
    except InputError as error:
        raise InputError(f"--{error}") from error


def train_world(
    text: str,
    out: Path | None,
    budget: Budget | None,
    seed: int,
    objective: str | None,
    resume: bool,
) -> Outcome:
    """Train a growth world in a run folder.

    Args:
        text: What the user named.
        out: The run folder; one of its name in `runs` if None.
        budget: In all; that of the run, or the world's time, if None.
        seed: Of everything random.
        objective: In place of the world's own.
        resume: Go on with what is in the run folder.

    Raises:
        InputError: If the world, an option or the folder cannot be used.
        Stopped: On Ctrl-C, after everything was saved.
    """
    path, pupil = find_world(text), trainee(text)
    if objective is not None:
        pupil = pupil.retrained_by(objective)
    elif pupil.remark is not None:
        tell(f"{pupil.world.title}: {pupil.remark}")
    run = RunFolder(out or Path("runs") / path.stem)
    budget = budget or (run.budget if resume else Budget(minutes=pupil.minutes))
    words = ["train", text, "--out", str(run.folder), *_if_not("--seed", seed, 0), *_if_not("--objective", objective)]
    best, spent = _train(pupil, budget, seed, run, resume, words, path.stem)
    return Outcome(f"{run.rule}: {_quality(best)}{spent}", _shortfall(best, budget, run, words))


def grow_target(
    wanted: Wanted, budget: Budget | None, seed: int = 0, out: str | None = None, resume: bool = False
) -> Outcome:
    """Train on an emoji or a picture in a run folder, then write its rule, its animation and its contact sheet.

    Args:
        wanted: What grows.
        budget: In all; that of the run, or 10 minutes, if None.
        seed: Of everything random.
        out: Name of the animation, or a folder for it; a name of its own that is free if None.
        resume: Go on with what is in the run folder.

    Raises:
        InputError: If the target or an option cannot be used, or a place cannot be written.
        Stopped: On Ctrl-C, after everything was saved.
    """
    target, size, cut_background, detail = wanted
    if detail is not None:
        whole_number(detail, "--detail", *DETAILS)
    is_file = Path(target).is_file()
    name = f"{target_name(target)}{'-grown' if is_file else ''}"
    path, is_open = (Path(f"{name}.gif"), True) if out is None else _animation_in(out, name)
    creature = Creature.for_target(target, size, cut_background=cut_background)
    words = ["grow", target, "--size", str(size), *["--cut-background"] * cut_background, *_if_not("--seed", seed, 0)]
    words += _if_not("--detail", detail)
    with made_folder(path.parent):
        animation = _free(path, resume=resume) if is_open else path
        if is_opaque(creature.picture) and not resume:
            tell(f"{target}: has no transparency, so all of its rectangle lives; --cut-background frees what it shows")
        if creature.remark is not None:
            tell(f"{creature.world.title}: {creature.remark}")
        grown = _grown(creature, wanted, animation, budget, seed, resume, [*words, "--out", str(animation)])
    if not is_file:
        tell(ATTRIBUTION)
    return grown


def _grown(
    creature: Creature,
    wanted: Wanted,
    animation: Path,
    budget: Budget | None,
    seed: int,
    resume: bool,
    words: list[str],
) -> Outcome:
    target, detail = wanted.target, wanted.detail
    rule, sheet = animation.with_suffix(".safetensors"), animation.with_suffix(".png")
    run, replaced = RunFolder(animation.with_suffix(RUN_SUFFIX)), []
    for path in (animation, sheet, rule):  # what cannot be written is found now, not after the training
        writable(path)
        if path.exists():
            replaced.append(str(path))
            if os.path.exists(target) and path.samefile(target):
                raise InputError(f"--out {animation}: would overwrite the picture {target}; name another")
    if run.exists and not resume:
        if not rule.exists():
            hint = "add --resume to go on, or name another --out"
            raise InputError(f"{run.folder}: holds a run that has not ended; {hint}")
        run.clear()
        replaced.append(str(run.folder))
    budget = budget or (run.budget if resume else Budget(minutes=GROW_MINUTES))
    best, spent = _train(creature, budget, seed, run, resume, words, animation.stem)
    if spent and len(replaced) == 3 and detail is None:  # all is there already
        replaced = []
    else:
        best.save(rule)
        if detail is not None:
            try:
                best = _with_detail(best, wanted, seed, animation.stem)
                best.save(rule)
            except NothingLives as error:  # the rule has not learned, which is said below
                tell(f"{error}; no decoder was trained")
                detail = None
            except KeyboardInterrupt as stop:
                command = _command([*words, *_options(budget), "--resume"])
                raise Stopped(f"interrupted; {rule} has no decoder yet; go on with: {command}") from stop
        story(str(rule), [animation, sheet], seed=seed, detail=detail)
    said = f"; replaced: {', '.join(replaced)}" if replaced else ""
    sharp = "" if detail is None else f"; drawn at {detail} pixels a cell, PSNR {best.record['detail_psnr']:.1f} dB"
    line = f"{animation}, {sheet}, {rule}: {_quality(best)}{sharp}{spent}{said}"
    return Outcome(line, _shortfall(best, budget, run, words))


def _with_detail(creature: Creature, wanted: Wanted, seed: int, label: str) -> Creature:
    """The creature with a decoder for the picture of its target."""
    target, size, cut_background, detail = wanted
    assert detail is not None
    fine = load_target(target, size, cut_background=cut_background, detail=detail)
    with updates_bar(f"{label}, decoder", UPDATES) as show:
        return train_detail(creature, detail, fine=fine[None], updates=UPDATES, seed=seed, show=show)


def _train(
    pupil: Trained, budget: Budget, seed: int, run: RunFolder, resume: bool, words: list[str], label: str
) -> tuple[Trained, str]:
    """The best rule, and a remark if there was nothing left to do; `words` is the command without budget."""
    seconds, updates = run.spent if resume else (0.0, 0)
    num_reports = 0

    def show(report: Report) -> None:
        nonlocal num_reports
        num_reports += 1
        draw(report)

    with training_bar(label) as draw:
        try:
            best = train_rule(pupil, budget, seed=seed, run=run, resume=resume, show=show)
        except Interrupted as stop:
            command = _command([*words, *_options(budget), "--resume"])
            raise Stopped(f"interrupted; the rule so far is {run.rule}; go on with: {command}") from stop
    if num_reports:
        return best, ""
    done = f"{updates} updates" if budget.updates is not None else f"{seconds / 60:.3g} minutes"
    return best, f"; nothing left to do: had run for {done}, the budget is {budget}; give it more to go on"


def _animation_in(out: str, name: str) -> tuple[Path, bool]:
    """The animation that `--out` asks for, and whether it names a folder for it."""
    path = Path(out)
    if out.endswith(("/", os.sep)) or not path.suffix or path.is_dir():
        if path.exists() and not path.is_dir():
            raise InputError(f"--out {out}: is neither a folder nor a name that ends in {', '.join(ANIMATIONS)}")
        return path / f"{name}.gif", True
    if path.suffix.lower() not in ANIMATIONS:
        raise InputError(f"--out {out}: allowed is a folder, or a name that ends in {', '.join(ANIMATIONS)}")
    return path, False


def _free(path: Path, *, resume: bool) -> Path:
    """The first name that is free with all that goes beside it, or to resume, the last that has a run."""
    names = (path.with_stem(f"{path.stem}{f'-{number}' if number > 1 else ''}") for number in itertools.count(1))
    if not resume:
        suffixes = (path.suffix, ".png", ".safetensors", RUN_SUFFIX)
        return next(one for one in names if not any(os.path.lexists(one.with_suffix(end)) for end in suffixes))
    runs = list(itertools.takewhile(lambda one: one.with_suffix(RUN_SUFFIX).exists(), names))
    return runs[-1] if runs else path


def _if_not(option: str, value: object, default: object = None) -> list[str]:
    return [] if value == default else [option, str(value)]


def _options(budget: Budget) -> list[str]:
    if budget.updates is not None:
        return ["--updates", str(budget.updates)]
    return ["--minutes", f"{budget.minutes:.6g}"]


def _command(words: list[str]) -> str:
    """As it is typed into a shell; what is not ASCII needs no quotes there."""
    plain = (re.sub(r"[^\x00-\x7f]", "a", word) for word in words)
    pairs = zip(words, plain, strict=True)
    return " ".join(["ffnca", *(word if shlex.quote(one) == one else shlex.quote(word) for word, one in pairs)])


def _shortfall(best: Trainee, budget: Budget, run: RunFolder, words: list[str]) -> str | None:
    """Why a rule has not learned and what goes on, None if it has."""
    error, need = worst_error(best), best.need
    if error < need.error:
        return None
    seconds, updates = run.spent
    wanted = need.updates if updates < need.updates else 2 * updates
    if budget.minutes is None:
        more = Budget(updates=wanted)
    else:
        minutes = max(1.2 * wanted * seconds / max(updates, 1) / 60, 1.5 * budget.minutes)
        more = Budget(minutes=min(math.ceil(minutes), MAX_MINUTES))
    measured = f"{need.measure} {error:.4f}" if math.isfinite(error) else f"{need.measure} not finite"
    return (
        f"has not learned yet: {measured}, where under {need.error:g} is learned, after {updates} updates of about "
        f"{need.updates} that {need.of} need; go on with: {_command([*words, *_options(more), '--resume'])}"
    )


def _quality(best: Trainee) -> str:
    shown = ", ".join(
        f"{error:.4f}{f' at {name}' if len(best.errors) > 1 else ''}" for name, error in best.errors.items()
    )
    if not shown:
        return "not measured"
    return f"{'learned, ' if worst_error(best) < best.need.error else ''}{best.need.measure} {shown}"
