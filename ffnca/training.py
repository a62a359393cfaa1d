"""A training run from start to end: reports shown, files kept, Ctrl-C answered."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import jax

from ffnca.checkpoint import Checkpoints
from ffnca.creature import Creature
from ffnca.errors import InputError, Stopped
from ffnca.growth.schedule import Budget
from ffnca.growth.train import MEASURED_AGES, Report, begin, train
from ffnca.run_folder import RunFolder

SECONDS_PER_CHECKPOINT = 20.0


class Interrupted(Stopped):
    """Ctrl-C during training, after everything was saved.

    Attributes:
        creature: The best rule so far.
    """

    def __init__(self, creature: Creature) -> None:
        """Carry what was saved."""
        super().__init__("interrupted")
        self.creature = creature


@contextmanager
def ctrl_c_noted(then: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C instead of raising, and call `then`; the second one raises as usual.

    An exception out of a signal can be lost, where it falls into a callback of a library.
    """
    noted = False

    def note(number: int, frame: object) -> None:
        nonlocal noted
        noted = True
        then()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread, where signals cannot be caught
        yield lambda: False
        return
    try:
        yield lambda: noted
    finally:
        signal.signal(signal.SIGINT, before)


def trained(creature: Creature, report: Report, budget: Budget, seed: int) -> Creature:
    """The creature with the averaged rule of a report and the facts of its training."""
    state, recipe = jax.device_put(report.state), creature.recipe()
    record: dict[str, float | int | str] = {
        "updates": report.updates,
        "seconds": round(report.progress.seconds, 1),
        "seed": seed,
        "objective": recipe.train.objective,
        "budget": f"{budget.updates} updates" if budget.updates is not None else f"{budget.minutes:g} minutes",
    }
    if report.quality is not None:
        record |= {f"rel_mse_{age}": value for age, value in zip(MEASURED_AGES, report.quality, strict=True)}
    rule = recipe.automaton(state.averaged, state.standardiser).rule
    return replace(Creature.with_rule(creature.world, creature.pictures, rule, record), which=creature.which)


def train_creature(
    creature: Creature,
    budget: Budget,
    *,
    seed: int = 0,
    run: RunFolder | None = None,
    resume: bool = False,
    show: Callable[[Report], None] = lambda report: None,
) -> Creature:
    """Train a creature and keep its best rule.

    Args:
        creature: Its world, picture and recipe; its rule is not used.
        budget: Minutes or updates.
        seed: Of everything random.
        run: Where to keep rule, metrics, plots and checkpoints; nothing is written without.
        resume: Go on from the newest checkpoint in `run`.
        show: Called with every report.

    Returns:
        The creature with the best measured rule.

    Raises:
        InputError: If the run folder does not fit, or its rule is gone from a run that had ended.
        Interrupted: On Ctrl-C, after saving.
    """
    body, recipe, key = creature.training_body(), creature.recipe(), jax.random.key(seed)
    state = progress = checkpoints = None
    best: Creature | None = None
    if run is not None:
        run.begin(creature, budget, seed, resume=resume)
        checkpoints = Checkpoints(run.checkpoints)
        if resume and checkpoints.newest is not None:
            state, progress = checkpoints.load(begin(body, recipe, key=key))
            best = Creature.load(run.rule) if run.rule.exists() else None
            run.trim(int(state.round) * recipe.updates_per_round)
        elif resume:
            run.trim(0)
    saved_at = -SECONDS_PER_CHECKPOINT
    with ctrl_c_noted() as interrupted:
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
            show(report)
            if interrupted() and best is not None:
                raise Interrupted(best)
    if checkpoints is not None:
        checkpoints.close()
    if best is None:
        raise InputError(f"{run.rule if run else ''}: is missing, and its run had ended; train in another folder")
    return best
