"""A story in acts: it grows, is wounded, heals."""

from dataclasses import dataclass
from typing import Self

from ffnca.errors import InputError

GROW, WOUND, HEAL = "grow", "wound", "heal"
GROW_STEPS, HEAL_STEPS = 100, 120
"""How long these acts are in the demonstration, and in proportion wherever a number of steps is given."""
WOUNDED_STEPS = 12
"""How long a story calls what was wounded so: half a second."""
MAX_ACTS = 32
_ALLOWED = f"allowed is {GROW}, then {WOUND} and {HEAL} as often as you like, such as {GROW},{WOUND},{HEAL}"


@dataclass(frozen=True)
class Acts:
    """What happens, one act after the other.

    Attributes:
        names: `grow` at the beginning, then `wound`, each followed by `heal` or the end.
    """

    names: tuple[str, ...] = (GROW, WOUND, HEAL)

    @classmethod
    def parsed(cls, text: str) -> Self:
        """From words with commas between them.

        Raises:
            InputError: If there is another word, or it is no story.
        """
        names = tuple(word.strip().lower() for word in text.split(","))
        follows = {"": (GROW,), GROW: (WOUND,), WOUND: (HEAL,), HEAL: (WOUND,)}
        known = len(names) <= MAX_ACTS and set(names) <= {GROW, WOUND, HEAL}
        if not known or any(name not in follows[before] for before, name in zip(("", *names), names, strict=False)):
            raise InputError(f"--story {text[:60]!r}: {_ALLOWED}")
        return cls(names)

    @property
    def num_steps(self) -> int:
        """How long it is if nothing else is said."""
        return sum(self._lengths)

    @property
    def _lengths(self) -> list[int]:
        """Steps of each act; a wound is done at once, and looked at where nothing follows."""
        ends = {len(self.names) - 1: WOUNDED_STEPS}
        steps = {GROW: GROW_STEPS, HEAL: HEAL_STEPS}
        return [steps.get(name, ends.get(place, 0)) for place, name in enumerate(self.names)]

    def wound_steps(self, num_steps: int) -> list[int]:
        """When the wounds come in so many steps."""
        begun = [sum(self._lengths[:place]) for place, name in enumerate(self.names) if name == WOUND]
        return [round(num_steps * step / self.num_steps) for step in begun]
