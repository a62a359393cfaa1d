"""One loop for all that learns: rounds, measurements and reports within a budget, as a generator.

The caller prints, plots and saves. What learns is behind the protocol `Trainer`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.budget import Budget
from ffnca.processes import any_of_all, as_first_says

ROUNDS_PER_REPORT = 25
SMALLEST_RATE = 2**-10
"""Share of the learning rate under which a run whose loss is not finite is given up."""
SECONDS_PER_MEASUREMENT = 12.0
TIMES_A_MEASUREMENT = 8.0
"""With minutes: training goes on this many times as long as the last measurement took, at least the seconds above."""
MEASUREMENTS = 10
"""With updates, where the clock has no say in the result: this many in all, at equal distances."""


class RoundFigures(NamedTuple):
    """What a round shows.

    Attributes:
        loss: Mean of its updates.
        pool_mse: Error of the samples that it learned from, before it did.
    """

    loss: Float[Array, ""]
    pool_mse: Float[Array, ""]


class Trainer(Protocol):
    """What learns. Its states are trees of arrays with a field `round`, the number of rounds done.

    Attributes:
        updates_per_round: Steps of its optimisers in a round.
    """

    @property
    def updates_per_round(self) -> int: ...  # noqa: D102

    def begin(self, *, key: PRNGKeyArray) -> Any:
        """The state before the first round."""
        ...

    def rate(self, fraction: float, num_rounds: int) -> float:
        """The learning rate after a share of the budget and so many rounds."""
        ...

    def round(self, state: Any, rate: float, *, key: PRNGKeyArray) -> tuple[Any, RoundFigures]:
        """The state after one more round; what is given may be used up. The round's own key is folded in."""
        ...

    def measure(self, state: Any, *, key: PRNGKeyArray) -> tuple[Mapping[str, float], Array]:
        """Errors of what was learned by their names, and samples to look at."""
        ...

    def learned(self, state: Any) -> Any:
        """What was learned, in the form that is kept."""
        ...


@runtime_checkable
class Shareable(Protocol):
    """A trainer whose work several devices can share."""

    def over(self, mesh: Mesh, /) -> Trainer:
        """The same on a mesh with an axis `states`; what it gives is the same on each device."""
        ...


class Progress(NamedTuple):
    """What a run carries besides its trainer's state, so that it can go on where it stopped.

    Attributes:
        seconds: On the clock so far, measuring and saving included, compiling not.
        rate_scale: Halved by every rollback.
        best: Lowest measurement so far, by the largest of its errors.
    """

    seconds: float = 0.0
    rate_scale: float = 1.0
    best: float = math.inf


class Report(NamedTuple):
    """Where a run stands.

    Attributes:
        state: The trainer's, on the host, so that it outlives the next round.
        progress: See `Progress`.
        fraction: Share of the budget used.
        updates: Done so far.
        loss: Mean since the last report.
        pool_mse: Mean of the rounds' `RoundFigures.pool_mse`.
        learning_rate: In use.
        quality: Measured errors by name, or None where it was not measured.
        grown: The measured samples, or None.
        improved: Whether this is the best measurement so far.
        event: Something the user should know, in one line, or None.
    """

    state: Any
    progress: Progress
    fraction: float
    updates: int
    loss: float
    pool_mse: float
    learning_rate: float
    quality: Mapping[str, float] | None
    grown: Float[np.ndarray, "sample ..."] | None
    improved: bool
    event: str | None


class _Clock:
    """Seconds of a run, by the clock of the first process.

    It stands still while code is compiled, so that a budget of minutes is one of learning.
    """

    def __init__(self, seconds: float) -> None:
        self._before, self._since = seconds, None

    @property
    def seconds(self) -> float:
        return as_first_says(self._before + (0.0 if self._since is None else time.monotonic() - self._since))

    def start(self) -> None:
        if self._since is None:
            self._since = time.monotonic()

    def stop(self) -> None:
        self._before, self._since = self.seconds, None


class _Measuring:
    """When to measure: by the clock if the budget is minutes, else by updates, and always at the end."""

    def __init__(self, budget: Budget, progress: Progress, reported: int) -> None:
        self._budget, self._last, self._pause = budget, progress.seconds, SECONDS_PER_MEASUREMENT
        self._part = int(MEASUREMENTS * budget.fraction(progress.seconds, reported))

    def is_due(self, seconds: float, fraction: float, *, stopped: bool) -> bool:
        """Whether it is time; a run that goes on measures where one that never stopped does."""
        if self._budget.updates is None or stopped:
            return seconds - self._last >= self._pause
        part, self._part = self._part, int(MEASUREMENTS * fraction)
        return self._part > part

    def took(self, seconds: float, now: float) -> None:
        """Note when it was done and how long it took."""
        self._last, self._pause = now, max(SECONDS_PER_MEASUREMENT, TIMES_A_MEASUREMENT * seconds)


def _is_finite(state: Any) -> bool:
    """Whether all numbers of a state on the host are."""
    leaves = map(np.asarray, jax.tree.leaves(state))
    return all(np.isfinite(leaf).all() for leaf in leaves if np.issubdtype(leaf.dtype, np.inexact))


def train(
    trainer: Trainer,
    budget: Budget,
    *,
    key: PRNGKeyArray,
    resumed: Any = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Report]:
    """Train until the budget is used up; a loss or a state that is not finite goes back to the last report.

    It goes on from there at half the rate.

    The clock starts when the first round has run, and stands still for the first measurement: both compile.

    Args:
        trainer: What learns.
        budget: Minutes or updates.
        key: The run's key; resume with the same.
        resumed: State to go on from, as found in a report.
        progress: The same report's.
        stop: Asked after every round; a report comes at once if it says so.

    Yields:
        A report after every `ROUNDS_PER_REPORT` rounds of the run, and at the end, where it is always measured.

    Raises:
        FloatingPointError: If it stays not finite however small the rate.
    """
    round_key, measure_key, start_key = jax.random.split(key, 3)
    state = trainer.begin(key=start_key) if resumed is None else jax.device_put(resumed)
    progress = progress or Progress()
    per_round = trainer.updates_per_round
    kept = jax.device_get(state)
    updates = int(kept.round) * per_round
    fraction = budget.fraction(progress.seconds, updates)
    measuring = _Measuring(budget, progress, updates - updates % (ROUNDS_PER_REPORT * per_round))
    clock, measured = _Clock(progress.seconds), False
    while fraction < 1:
        losses, event = [], None
        rate, stopped = 0.0, False
        for _ in range(ROUNDS_PER_REPORT - updates // per_round % ROUNDS_PER_REPORT):
            rate = progress.rate_scale * trainer.rate(fraction, updates // per_round)
            state, figures = trainer.round(state, rate, key=round_key)
            losses.append(figures)
            updates += per_round
            jax.block_until_ready(figures)
            clock.start()  # from now on all of it counts, the caller's saving too
            fraction = budget.fraction(clock.seconds, updates)
            stopped = any_of_all(stop())
            if fraction >= 1 or stopped:
                break
        loss = float(np.mean([figures.loss for figures in losses]))
        progress = progress._replace(seconds=clock.seconds)
        found = jax.device_get(state)
        if not (math.isfinite(loss) and _is_finite(found)):
            progress = progress._replace(rate_scale=progress.rate_scale / 2)
            found, state = kept, jax.device_put(kept)
            updates = int(kept.round) * per_round
            fraction = budget.fraction(progress.seconds, updates)
            what = "state" if math.isfinite(loss) else "loss"
            event = f"the {what} was not finite: back to update {updates} at {progress.rate_scale:g} of the rate"
            if progress.rate_scale < SMALLEST_RATE:
                raise FloatingPointError(f"the {what} is not finite however small the learning rate")
        quality = grown = None
        improved = False
        due = measuring.is_due(progress.seconds, fraction, stopped=stopped)
        if fraction >= 1 or (event is None and due and not stopped):
            if not measured:
                clock.stop()
            begun = clock.seconds
            quality, samples = trainer.measure(state, key=measure_key)
            measuring.took(clock.seconds - begun, progress.seconds)
            clock.start()
            measured = True
            grown = np.asarray(samples)
            worst = float(np.max(list(quality.values())))  # not a number if one of them is not
            improved = worst < progress.best
            progress = progress._replace(best=worst if improved else progress.best)
        kept = found
        pool_mse = float(np.mean([figures.pool_mse for figures in losses]))
        yield Report(kept, progress, fraction, updates, loss, pool_mse, rate, quality, grown, improved, event)
