"""What is being learned behind the window: the learner, its newest rule, and whether that is on disk."""

import time
from pathlib import Path

from ffnca.errors import InputError
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.target import target_name
from ffnca.view.learner import Learner, News
from ffnca.view.recorder import unused_path

USUAL_START = 18.0
"""Seconds until the first rule on two idle CPU cores, by `scripts/bench_view.py`: jax is imported, a round compiled."""


class Study:
    """One learner at a time; its newest rule is never lost.

    Attributes:
        learned: The newest rule heard, None before the first.
        times_heard: How many rules came since learning began.
    """

    def __init__(self, folder: Path, minutes: float) -> None:
        """Nothing is learned yet.

        Args:
            folder: Where rules are written.
            minutes: How long a rule learns.
        """
        self.folder, self.minutes = folder, minutes
        self.learned: Creature | None = None
        self.times_heard = 0
        self._learner: Learner | None = None
        self._name, self._unsaved = "", False
        self._began, self._usual_start = 0.0, USUAL_START

    @property
    def learning(self) -> bool:
        """Whether a rule learns now."""
        return self._learner is not None and self._learner.learning

    @property
    def news(self) -> News | None:
        """What the learner said last."""
        return None if self._learner is None else self._learner.news

    @property
    def active(self) -> bool:
        """Whether there is a learner, learning or at rest."""
        return self._learner is not None and self._learner.alive

    @property
    def starting(self) -> str:
        """How far a learner is that has not sent a rule yet, in words."""
        passed, usual = time.monotonic() - self._began, self._usual_start
        left = f"about {usual - passed:.0f} s left" if passed < usual else "longer than usual"
        return f"learner is compiling, {passed:.0f} s, {left}"

    @property
    def started_share(self) -> float:
        """How far it is, from 0 to 1."""
        return min((time.monotonic() - self._began) / self._usual_start, 1.0)

    @property
    def verdict(self) -> str:
        """What became of the learning when its time was over."""
        record = {} if self.learned is None else self.learned.record
        errors = [value for key, value in record.items() if key.startswith("rel_mse_") and not isinstance(value, str)]
        if not errors:
            return "has learned for its time; S saves, L goes on"
        worst = max(errors)
        if self.learned is not None and worst <= self.learned.need.error:
            return f"has learned it, relative MSE {worst:.4f}; S saves, L goes on"
        return f"has not learned it yet, relative MSE {worst:.2f}; L goes on, S saves"

    def begin(self, creature: Creature, name: str, *, seed: int) -> list[str]:
        """Learn a creature from nothing; what was learned before is written, one line a file."""
        lines = self.end()
        self._learner, self._name = Learner(creature, seed=seed, minutes=self.minutes), name
        self._began = time.monotonic()
        return lines

    def toggle(self) -> bool:
        """Rest or go on; False if there is no learner."""
        if self._learner is None or not self.active:
            return False
        self._learner.toggle()
        return True

    def hear(self) -> Creature | None:
        """The newest rule since the last call; never waits.

        Raises:
            InputError: If the learner broke off.
        """
        heard = None if self._learner is None else self._learner.hear()
        if heard is not None:
            if self.times_heard == 0:
                self._usual_start = time.monotonic() - self._began  # the next one starts alike
            self.learned, self._unsaved = heard, True
            self.times_heard += 1
        return heard

    def save(self, creature: Creature | None, name: str) -> str:
        """Write a trained rule under a name that is not taken.

        Raises:
            InputError: If it is not trained or cannot be written.
        """
        if creature is None or not creature.record:
            raise InputError("there is no trained rule to save; L learns one")
        path = unused_path(self.folder, target_name(name), ".safetensors")
        creature.save(path)
        if self.learned is not None and creature.record is self.learned.record:  # perhaps turned
            self._unsaved = False
        return f"saved {path}"

    def end(self) -> list[str]:
        """End the learner; a rule that is not on disk is written."""
        if self._learner is not None:
            self._learner.close()
        lines = [self.save(self.learned, f"{self._name}-learned")] if self._unsaved else []
        self._learner, self.learned, self._unsaved, self.times_heard = None, None, False, 0
        return lines
