"""Learning in a process of its own, so that no frame waits for it; the newest rule comes over a pipe."""

import multiprocessing
import os
import signal
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import jax
import numpy as np

from ffnca.allocation import keep_memory
from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.spec import GrowthWorld
from ffnca.trainer import Progress, train
from ffnca.training import trained, trainer_of

MINUTES = 5.0
"""How long a rule learns before it rests; the learning rate falls over this time."""
_NICE = 15
_PATIENCE = 5.0


class News(NamedTuple):
    """What the learner says after some rounds.

    Attributes:
        leaves: Arrays of the averaged rule as an automaton, in the order of `jax.tree.leaves`.
        record: Facts of the training, for the rule file.
        seconds: Learned so far.
        updates: Done so far.
        pool_mse: Median relative MSE in the pool.
        fraction: Of the time that it learns.
        error: One line if it broke off, else empty.
    """

    leaves: tuple[np.ndarray, ...] = ()
    record: dict[str, Any] | None = None
    seconds: float = 0.0
    updates: int = 0
    pool_mse: float = float("nan")
    fraction: float = 0.0
    error: str = ""


def _learn(
    pipe: Connection, world: GrowthWorld, pictures: np.ndarray, recipe: Recipe, seed: int, minutes: float
) -> None:
    """Train until told to stop; what runs in the other process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the window, which ends this process
    if hasattr(os, "nice"):
        os.nice(_NICE)  # the window comes first
    keep_memory()
    try:
        creature = Creature.blank(world, pictures, recipe)
        trainer, key = trainer_of(creature), jax.random.key(seed)
        state, progress, total = None, Progress(), minutes
        while True:
            budget = Budget(minutes=total)
            for report in train(trainer, budget, key=key, resumed=state, progress=progress):
                state, progress = report.state, report.progress
                rule = trained(creature, trainer, report, budget, seed)
                leaves = tuple(np.asarray(leaf) for leaf in jax.tree.leaves(rule.automaton))
                figures = (progress.seconds, report.updates, report.pool_mse, report.fraction)
                pipe.send(News(leaves, rule.record, *figures))
                command = pipe.recv() if pipe.poll() else ""
                if command == "stop":
                    return
                if command == "rest":
                    break
            while (command := pipe.recv()) != "go on":  # waits while it rests
                if command == "stop":
                    return
            if progress.seconds >= 60 * total:
                total += minutes
    except (EOFError, OSError):  # the window is gone
        return
    except Exception as error:  # whatever it is, the window says it and goes on
        pipe.send(News(error=f"{type(error).__name__}: {error}"))


class Learner:
    """Learns a creature from nothing, in the background.

    Attributes:
        creature: What learns; its rule is not used.
        learning: Whether it learns now rather than rests.
        news: The last that was heard, None at first.
    """

    def __init__(self, creature: Creature, *, seed: int = 0, minutes: float = MINUTES) -> None:
        """Start the process.

        Args:
            creature: Its world and picture.
            seed: Of everything random.
            minutes: How long until it rests.
        """
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        parts = (theirs, creature.world, np.asarray(creature.pictures), creature.recipe, seed, minutes)
        self._process = context.Process(target=_learn, args=parts, daemon=True, name="ffnca-learner")
        self._process.start()
        theirs.close()
        self._tree = jax.tree.structure(creature.automaton)
        self.creature, self.learning = creature, True
        self.news: News | None = None
        self._end: str | None = None  # why it ended; empty once that was said

    def hear(self) -> Creature | None:
        """The newest rule since the last call, None if there is none; never waits.

        Raises:
            InputError: If the learner broke off: once, and after the last rule that it sent.
        """
        heard: News | None = None
        try:
            while self._end is None and self._pipe.poll():
                news: News = self._pipe.recv()
                if news.error:
                    self._end = f"the learner has stopped: {news.error}"
                else:
                    heard = news
        except (EOFError, OSError):
            self._end = "the learner has stopped; L starts it again"
        if heard is None:
            if not self._end:
                return None
            end, self._end, self.learning = self._end, "", False
            raise InputError(end)
        self.news = heard
        if heard.fraction >= 1:
            self.learning = False
        leaves = [jax.numpy.asarray(leaf) for leaf in heard.leaves]
        return replace(self.creature, automaton=jax.tree.unflatten(self._tree, leaves), record=heard.record or {})

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    def toggle(self) -> None:
        """Rest, or go on."""
        try:
            self._pipe.send("rest" if self.learning else "go on")
        except OSError as error:
            self.learning = False
            raise InputError("the learner has stopped") from error
        self.learning = not self.learning

    def close(self) -> None:
        """End the process, whatever it does."""
        with suppress(OSError):
            self._pipe.send("stop")
        self._process.join(0.2)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()
