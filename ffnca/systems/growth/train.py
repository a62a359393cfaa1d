"""Training as a generator of reports: the caller prints, plots and saves."""

import math
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.systems.growth.body import Body
from ffnca.systems.growth.bptt import control_rate, control_round, start_control
from ffnca.systems.growth.evaluate import ages_of
from ffnca.systems.growth.round import Recipe, RoundFigures, TrainState, start, train_round
from ffnca.systems.growth.schedule import Budget, falling_rate

ROUNDS_PER_REPORT = 25
MEASURED_AGES = (200, 600)
LEARNED_MSE = 0.05
"""A rule has learned if its relative MSE is lower than this at each of the measured ages: no fog, nothing run away."""
_NUM_MEASURED = 8
_FEWEST_OF_EACH = 4
_SECONDS_PER_MEASUREMENT = 12.0
_TIMES_A_MEASUREMENT = 8.0
"""With minutes: training goes on this many times as long as the last measurement took, at least the seconds above."""
_MEASUREMENTS = 10
"""With updates, where the clock has no say in the result: this many in all, at equal distances."""


class Progress(NamedTuple):
    """What a run carries besides its `TrainState`, so that it can go on where it stopped.

    Attributes:
        seconds: On the clock so far, measuring and saving included, compiling not.
        rate_scale: Halved by every rollback.
        best: Lowest measured relative MSE so far, the larger of the two ages.
    """

    seconds: float = 0.0
    rate_scale: float = 1.0
    best: float = math.inf


class Report(NamedTuple):
    """Where a run stands.

    Attributes:
        state: On the host, so that it outlives the next round.
        progress: See `Progress`.
        fraction: Share of the budget used.
        updates: Done so far.
        loss: Mean since the last report.
        pool_mse: Mean of the rounds' `RoundFigures.pool_mse`.
        learning_rate: In use.
        quality: Median relative MSE at each of `MEASURED_AGES`, or None where it was not measured.
        grown: The measured states at the first age, or None.
        improved: Whether this is the best measurement so far.
        event: Something the user should know, in one line, or None.
    """

    state: TrainState
    progress: Progress
    fraction: float
    updates: int
    loss: float
    pool_mse: float
    learning_rate: float
    quality: tuple[float, ...] | None
    grown: Float[np.ndarray, "seed H W C"] | None
    improved: bool
    event: str | None


class _Clock:
    """Seconds of a run. It stands still while code is compiled, so that a budget of minutes is one of learning."""

    def __init__(self, seconds: float) -> None:
        self._before, self._since = seconds, None

    @property
    def seconds(self) -> float:
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)

    def start(self) -> None:
        if self._since is None:
            self._since = time.monotonic()

    def stop(self) -> None:
        self._before, self._since = self.seconds, None


def begin(body: Body, recipe: Recipe, *, key: PRNGKeyArray) -> TrainState:
    """Fresh layers, optimisers and pool."""
    return (start_control if recipe.train.objective == "bptt" else start)(body, recipe, key=key)


def _one_round(
    state: TrainState, body: Body, recipe: Recipe, fraction: float, rate_scale: float, *, key: PRNGKeyArray
) -> tuple[TrainState, RoundFigures, float]:
    """A round of the recipe's trainer, and the learning rate that it used."""
    if recipe.train.objective == "bptt":
        rate = rate_scale * control_rate(int(state.round))
        return *control_round(state, body, rate, recipe, key=key), rate
    rate = rate_scale * falling_rate(recipe.train.learning_rate, fraction)
    return *train_round(state, body, rate, recipe, key=key), rate


def measure(
    state: TrainState, body: Body, recipe: Recipe, *, key: PRNGKeyArray
) -> tuple[tuple[float, ...], Float[Array, "seed H W C"]]:
    """Median relative MSE of the averaged rule at `MEASURED_AGES`, and the states at the first of them.

    Of several bodies, the worst one's median; the states are of the bodies in turn.
    """
    automaton = recipe.automaton(state.averaged, state.standardiser)
    num_states = max(_NUM_MEASURED, _FEWEST_OF_EACH * body.count)
    states = ages_of(automaton, body, MEASURED_AGES, num_states, key=key)
    each = body.of(jnp.arange(num_states))
    errors = [each.relative_mse(grown).reshape(-1, body.count) for grown in states]
    return tuple(float(jnp.median(error, 0).max()) for error in errors), states[0]


def train(
    body: Body,
    recipe: Recipe,
    budget: Budget,
    *,
    key: PRNGKeyArray,
    resumed: TrainState | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Report]:
    """Train until the budget is used up; a loss that is not finite goes back to the last report at half the rate.

    The clock starts when the first round has run, and stands still for the first measurement: both compile.

    Args:
        body: What to grow, on the training grid.
        recipe: Everything fixed.
        budget: Minutes or updates.
        key: The run's key; resume with the same.
        resumed: State to go on from, as found in a report.
        progress: The same report's.
        stop: Asked after every round; a report comes at once if it says so.

    Yields:
        A report after every `ROUNDS_PER_REPORT` rounds of the run, and at the end, where it is always measured.

    Raises:
        FloatingPointError: If the loss stays not finite however small the rate.
    """
    round_key, measure_key, start_key = jax.random.split(key, 3)
    state: TrainState = begin(body, recipe, key=start_key) if resumed is None else jax.device_put(resumed)
    progress = progress or Progress()
    per_round = recipe.updates_per_round
    kept: TrainState = jax.device_get(state)
    updates = int(kept.round) * per_round
    last_measured, pause = progress.seconds, _SECONDS_PER_MEASUREMENT
    fraction = budget.fraction(progress.seconds, updates)
    reported = updates - updates % (ROUNDS_PER_REPORT * per_round)
    part = int(_MEASUREMENTS * budget.fraction(progress.seconds, reported))
    clock, measured = _Clock(progress.seconds), False
    while fraction < 1:
        losses, event = [], None
        rate, stopped = 0.0, False
        for _ in range(ROUNDS_PER_REPORT - updates // per_round % ROUNDS_PER_REPORT):
            state, figures, rate = _one_round(state, body, recipe, fraction, progress.rate_scale, key=round_key)
            losses.append(figures)
            updates += per_round
            jax.block_until_ready(figures)
            clock.start()  # from now on all of it counts, the caller's saving too
            fraction = budget.fraction(clock.seconds, updates)
            stopped = stop()
            if fraction >= 1 or stopped:
                break
        loss = float(np.mean([figures.loss for figures in losses]))
        progress = progress._replace(seconds=clock.seconds)
        if not math.isfinite(loss):
            progress = progress._replace(rate_scale=progress.rate_scale / 2)
            state = jax.device_put(kept)
            updates = int(kept.round) * per_round
            fraction = budget.fraction(progress.seconds, updates)
            event = f"the loss was not finite: back to update {updates} at {progress.rate_scale:g} of the rate"
            if progress.rate_scale < 2**-10:
                raise FloatingPointError("the loss is not finite however small the learning rate")
        quality = grown = None
        improved = False
        due = progress.seconds - last_measured >= pause
        if budget.updates is not None and not stopped:  # a run that goes on measures where one that never stopped does
            due, part = int(_MEASUREMENTS * fraction) > part, int(_MEASUREMENTS * fraction)
        if fraction >= 1 or (event is None and due and not stopped):
            if not measured:
                clock.stop()
            begun = clock.seconds
            quality, states = measure(state, body, recipe, key=measure_key)
            pause = max(_SECONDS_PER_MEASUREMENT, _TIMES_A_MEASUREMENT * (clock.seconds - begun))
            clock.start()
            measured = True
            grown, last_measured = np.asarray(states), progress.seconds
            worst = float(np.max(quality))  # not a number if one of them is not
            improved = worst < progress.best
            progress = progress._replace(best=worst if improved else progress.best)
        kept = jax.device_get(state)
        pool_mse = float(np.mean([figures.pool_mse for figures in losses]))
        yield Report(kept, progress, fraction, updates, loss, pool_mse, rate, quality, grown, improved, event)
