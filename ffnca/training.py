"""A training run from start to end: reports shown, files kept, Ctrl-C answered."""

import math
from collections.abc import Callable
from dataclasses import replace
from os import PathLike

import jax

from ffnca.checkpoint import Checkpoints
from ffnca.errors import MAX_SEED, InputError, Stopped, whole_number
from ffnca.run_folder import RunFolder
from ffnca.signals import stop_noted
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.schedule import Budget
from ffnca.systems.growth.train import MEASURED_AGES, Progress, Report, begin, train

SECONDS_PER_CHECKPOINT = 20.0


class Interrupted(Stopped):
    """Ctrl-C, SIGTERM or SIGHUP during training, after everything was saved.

    Attributes:
        creature: The best rule so far.
    """

    def __init__(self, creature: Creature) -> None:
        """Carry what was saved."""
        super().__init__("interrupted")
        self.creature = creature


def trained(creature: Creature, report: Report, budget: Budget, seed: int) -> Creature:
    """The creature with the averaged rule of a report and the facts of its training."""
    state, recipe = jax.device_put(report.state), creature.recipe()
    record: dict[str, float | int | str] = {
        "updates": report.updates,
        "seconds": round(report.progress.seconds, 1),
        "seed": seed,
        "objective": recipe.train.objective,
        "budget": str(budget),
    }
    if report.quality is not None:
        record |= {f"rel_mse_{age}": value for age, value in zip(MEASURED_AGES, report.quality, strict=True)}
    rule = recipe.automaton(state.averaged, state.standardiser).rule
    return replace(Creature.with_rule(creature.world, creature.pictures, rule, record), which=creature.which)


def worst_error(creature: Creature) -> float:
    """The larger of its relative MSE at the measured ages; infinite if it was not measured or is not finite."""
    errors = [float(creature.record.get(f"rel_mse_{age}", math.inf)) for age in MEASURED_AGES]
    return max(errors) if all(map(math.isfinite, errors)) else math.inf


def train_creature(
    creature: Creature,
    budget: Budget,
    *,
    seed: int = 0,
    run: RunFolder | str | PathLike[str] | None = None,
    resume: bool = False,
    show: Callable[[Report], None] = lambda report: None,
) -> Creature:
    """Train a creature and keep its best rule.

    Args:
        creature: Its world, picture and recipe; its rule is not used.
        budget: Minutes or updates, in all. A run goes on with a larger one than before, at that one's learning rate.
        seed: Of everything random, 0 to 2^31 - 1.
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
    if not isinstance(budget, Budget):
        raise InputError(f"budget: {str(budget)[:40]!r}; allowed is Budget(minutes=...) or Budget(updates=...)")
    if not isinstance(creature, Creature):
        raise InputError(f"{str(creature)[:40]!r} is no Creature; make one by Creature.for_target")
    seed = whole_number(seed, "seed", 0, MAX_SEED)
    if resume and run is None:
        raise InputError("resume: there is no run folder to go on from; name it by run=")
    creature.check_savable()
    run = run if isinstance(run, RunFolder) or run is None else RunFolder(run)
    body, recipe, key = creature.training_body(), creature.recipe(), jax.random.key(seed)
    state = progress = checkpoints = None
    best: Creature | None = None
    if run is not None:
        run.begin(creature, budget, seed, resume=resume)
        checkpoints = Checkpoints(run.checkpoints)
        if resume:
            if checkpoints.newest is not None:
                state, progress = checkpoints.load(begin(body, recipe, key=key))
            if run.rule.exists():  # without a checkpoint too: only a better rule replaces it
                best, progress = Creature.load(run.rule), progress or Progress()
                progress = progress._replace(best=min(progress.best, worst_error(best)))
            run.trim(0 if state is None else int(state.round) * recipe.updates_per_round)
    saved_at = -SECONDS_PER_CHECKPOINT
    with stop_noted() as interrupted:
        for report in train(body, recipe, budget, key=key, resumed=state, progress=progress, stop=interrupted):
            last = interrupted() or report.fraction >= 1
            if report.improved or (last and best is None):
                best = trained(creature, report, budget, seed)
            if run is not None and checkpoints is not None:
                run.log(report)
                run.preview(report, creature)
                if best is not None and (report.improved or not run.rule.exists()):
                    best.save(run.rule)
                if last or report.progress.seconds - saved_at >= SECONDS_PER_CHECKPOINT:
                    checkpoints.save(report.state, report.progress)
                    saved_at = report.progress.seconds
            if interrupted() and best is not None:
                raise Interrupted(best)
            show(report)
    if checkpoints is not None:
        checkpoints.close()
    if best is None:
        raise InputError(f"{run.rule if run else ''}: is missing, and its run had ended; train in another folder")
    return best
