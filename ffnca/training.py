"""A training run from start to end: reports shown, files kept, Ctrl-C answered."""

import math
from collections.abc import Callable
from os import PathLike

import jax

from ffnca.budget import Budget
from ffnca.checkpoint import Checkpoints
from ffnca.errors import MAX_SEED, InputError, Stopped, whole_number
from ffnca.run_folder import RunFolder
from ffnca.signals import stop_noted
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.fitted_world import chosen_by_size
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.registry import system_of
from ffnca.trainer import Progress, Report, Trainer, train

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


def trainer_of(creature: Creature) -> Trainer:
    """What trains it, as its system says."""
    return system_of(creature.world.kind).trainer(creature)


def trained(creature: Creature, trainer: Trainer, report: Report, budget: Budget, seed: int) -> Creature:
    """The creature with the rule of a report and the facts of its training."""
    objective = creature.world.train.objective
    record: dict[str, float | int | str] = {
        "updates": report.updates,
        "seconds": round(report.progress.seconds, 1),
        "seed": seed,
        "objective": objective,
        "budget": str(budget),
    }
    if (why := chosen_by_size(objective, max(creature.pictures.shape[1:3]))) is not None:
        record["note"] = why
    record |= report.quality or {}
    return creature.taught(trainer.learned(jax.device_put(report.state)), record)


def worst_error(creature: Creature) -> float:
    """The largest of its measured relative MSE; infinite if it was not measured or one is not finite."""
    errors = measured_errors(creature).values()
    return max(errors) if errors and all(map(math.isfinite, errors)) else math.inf


def measured_errors(creature: Creature) -> dict[str, float]:
    """Relative MSE by the age at which it was measured."""
    prefix = "rel_mse_"
    found = {name: value for name, value in creature.record.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): float(value) for name, value in found.items() if not isinstance(value, str)}


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
    if not isinstance(budget, Budget):
        raise InputError(f"budget: {str(budget)[:40]!r}; allowed is Budget(minutes=...) or Budget(updates=...)")
    if not isinstance(creature, Creature):
        raise InputError(f"{str(creature)[:40]!r} is no Creature; make one by Creature.for_target")
    seed = whole_number(seed, "seed", 0, MAX_SEED)
    if resume and run is None:
        raise InputError("resume: there is no run folder to go on from; name it by run=")
    if recipe is not None:
        creature = creature.by_recipe(recipe)
    creature.check_savable()
    run = run if isinstance(run, RunFolder) or run is None else RunFolder(run)
    trainer, key = trainer_of(creature), jax.random.key(seed)
    state = progress = checkpoints = None
    best: Creature | None = None
    if run is not None:
        run.begin(creature, budget, seed, resume=resume)
        checkpoints = Checkpoints(run.checkpoints)
        if resume:
            if checkpoints.newest is not None:
                state, progress = checkpoints.load(trainer.begin(key=key))
            if run.rule.exists():  # without a checkpoint too: only a better rule replaces it
                best, progress = Creature.load(run.rule), progress or Progress()
                progress = progress._replace(best=min(progress.best, worst_error(best)))
            run.trim(0 if state is None else int(state.round) * trainer.updates_per_round)
    saved_at = -SECONDS_PER_CHECKPOINT
    with stop_noted() as interrupted:
        for report in train(trainer, budget, key=key, resumed=state, progress=progress, stop=interrupted):
            last = interrupted() or report.fraction >= 1
            if report.improved or (last and best is None):
                best = trained(creature, trainer, report, budget, seed)
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
