"""What is being learned behind the window: the learner, its newest rule, and whether that is on disk."""

from pathlib import Path

from ffnca.creature import Creature
from ffnca.errors import InputError
from ffnca.growth.target import target_name
from ffnca.view.learner import Learner, News
from ffnca.view.recorder import unused_path


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

    @property
    def learning(self) -> bool:
        """Whether a rule learns now."""
        return self._learner is not None and self._learner.learning

    @property
    def news(self) -> News | None:
        """What the learner said last."""
        return None if self._learner is None else self._learner.news

    def begin(self, creature: Creature, name: str, *, seed: int) -> list[str]:
        """Learn a creature from nothing; what was learned before is written, one line a file."""
        lines = self.end()
        self._learner, self._name = Learner(creature, seed=seed, minutes=self.minutes), name
        return lines

    def toggle(self) -> bool:
        """Rest or go on; False if there is no learner."""
        if self._learner is None or not self._learner.alive:
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
