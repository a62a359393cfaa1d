"""A training run from start to end: reports shown, files kept, Ctrl-C answered."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from os import PathLike
from typing import TypeVar

import jax

from ffnca.automata.split import mesh_of
from ffnca.budget import Budget
from ffnca.checkpoint import Checkpoints
from ffnca.errors import MAX_SEED, InputError, Stopped, whole_number
from ffnca.part import Part
from ffnca.processes import any_of_all, by_the_first, is_first
from ffnca.run_folder import RunFolder
from ffnca.signals import stop_noted
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.registry import system_of
from ffnca.systems.trainee import Trainee
from ffnca.trainer import Progress, Report, Shareable, Trainer, train

SECONDS_PER_CHECKPOINT = 20.0
Trained = TypeVar("Trained", bound=Trainee)


class Interrupted(Stopped):
    """Ctrl-C, SIGTERM or SIGHUP during training, after everything was saved.

    Attributes:
        best: What has learned most so far.
    """

    def __init__(self, best: Trainee) -> None:
        """Carry what was saved."""
        super().__init__("interrupted")
        self.best = best


def trainer_of(trainee: Trainee) -> Trainer:
    """What trains it, as its system says."""
    return system_of(trainee.world.kind).trainer(trainee)


def shared_by_all(trainer: Trainer, kind: str) -> Trainer:
    """The same, shared by all devices of all processes if it can be.

    Raises:
        InputError: If there are several processes, and they would all do the same.
    """
    if jax.device_count() == 1:
        return trainer
    if isinstance(trainer, Shareable):
        return trainer.over(mesh_of(Part(states=jax.device_count())))
    if jax.process_count() > 1:
        raise InputError(f"--processes {jax.process_count()}: this training of kind {kind} is of one process")
    return trainer


def trained(trainee: Trained, trainer: Trainer, report: Report, budget: Budget, seed: int) -> Trained:
    """The same with what a report has learned and the facts of the training."""
    facts: dict[str, float | int | str] = {
        "updates": report.updates,
        "seconds": round(report.progress.seconds, 1),
        "seed": seed,
        "budget": str(budget),
    }
    facts |= report.quality or {}
    return trainee.taught(trainer.learned(jax.device_put(report.state)), facts)


def worst_error(trainee: Trainee) -> float:
    """The largest of its measured errors; infinite if it was not measured or one is not finite."""
    errors = trainee.errors.values()
    return max(errors) if errors and all(map(math.isfinite, errors)) else math.inf


def train_creature(
    creature: Creature,
    budget: Budget,
    *,
    seed: int = 0,
    recipe: Recipe | None = None,
    run: RunFolder | str | PathLike[str] | None = None,
    resume: bool = False,
    show: Callable[[Report], None] = lambda report: None,
) -> Creature:
    """Train a creature and keep its best rule.

    Args:
        creature: Its world and picture; its rule is not used.
        budget: Minutes or updates, in all. A run goes on with a larger one than before, at that one's learning rate.
        seed: Of everything random, 0 to 2^31 - 1.
        recipe: How it is trained, in all that no world file says; None for the creature's own.
        run: Folder where to keep rule, metrics, plots and checkpoints; nothing is written without.
        resume: Go on from the newest checkpoint in `run`.
        show: Called with every report.

    Returns:
        The creature with the best measured rule; `record` has its relative MSE at each of the measured ages.

    Raises:
        InputError: If an argument cannot be used, the result could not be saved, the run folder does not fit, or its
            rule is gone from a run that had ended.
        Interrupted: On Ctrl-C, after saving.
    """
    if not isinstance(creature, Creature):
        raise InputError(f"{str(creature)[:40]!r} is no Creature; make one by Creature.for_target")
    if recipe is not None:
        creature = creature.by_recipe(recipe)
    return train_rule(creature, budget, seed=seed, run=run, resume=resume, show=show)


def train_rule(
    trainee: Trained,
    budget: Budget,
    *,
    seed: int = 0,
    run: RunFolder | str | PathLike[str] | None = None,
    resume: bool = False,
    show: Callable[[Report], None] = lambda report: None,
) -> Trained:
    """Train whatever its system has a trainer for, and keep its best rule; see `train_creature`."""
    if not isinstance(budget, Budget):
        raise InputError(f"budget: {str(budget)[:40]!r}; allowed is Budget(minutes=...) or Budget(updates=...)")
    seed = whole_number(seed, "seed", 0, MAX_SEED)
    if resume and run is None:
        raise InputError("resume: there is no run folder to go on from; name it by run=")
    trainee.check_savable()
    run = run if isinstance(run, RunFolder) or run is None else RunFolder(run)
    with nullcontext() if run is None else by_the_first(lambda: run.begun(trainee, budget, seed, resume=resume)):
        return _trained_in(run, trainee, budget, seed, resume=resume, show=show)


def _trained_in(
    run: RunFolder | None,
    trainee: Trained,
    budget: Budget,
    seed: int,
    *,
    resume: bool,
    show: Callable[[Report], None],
) -> Trained:
    """The same in a run folder that has been begun, or in none."""
    trainer, key = shared_by_all(trainer_of(trainee), trainee.world.kind), jax.random.key(seed)
    state = progress = checkpoints = None
    best: Trained | None = None
    if run is not None:
        checkpoints = Checkpoints(run.checkpoints)
        if resume:
            if checkpoints.newest is not None:
                state, progress = checkpoints.load(trainer.begin(key=key))
            if run.rule.exists():  # without a checkpoint too: only a better rule replaces it
                kept: Trained = system_of(trainee.world.kind).load_rule(run.rule)
                best, progress = kept, progress or Progress()
                progress = progress._replace(best=min(progress.best, worst_error(kept)))
            if is_first():
                run.trim(0 if state is None else int(state.round) * trainer.updates_per_round)
    saved_at = -SECONDS_PER_CHECKPOINT
    with stop_noted() as interrupted:
        for report in train(trainer, budget, key=key, resumed=state, progress=progress, stop=interrupted):
            stopped = any_of_all(interrupted())
            last = stopped or report.fraction >= 1
            if report.improved or (last and best is None):
                best = trained(trainee, trainer, report, budget, seed)
            if run is not None and is_first():
                run.log(report)
                run.preview(report, trainee)
                if best is not None and (report.improved or not run.rule.exists()):
                    best.save(run.rule)
            is_due = last or report.progress.seconds - saved_at >= SECONDS_PER_CHECKPOINT
            if checkpoints is not None and is_due:
                checkpoints.save(report.state, report.progress)
                saved_at = report.progress.seconds
            if stopped and best is not None:
                raise Interrupted(best)
            show(report)
    if checkpoints is not None:
        checkpoints.close()
    if best is None:
        raise InputError(f"{run.rule if run else ''}: is missing, and its run had ended; train in another folder")
    return best
