"""Untrained rules of about equal size for every way to train, so that studies compare like with like."""

from ffnca.creature import Creature

ASCENT_WIDTH = 352
"""Units of an ascent rule with as many parameters as a layered rule of the default width."""


def contender(objective: str, target: str, size: int, **settings: object) -> Creature:
    """A creature of about 25,000 parameters for this objective; `bptt` keeps its published 8,336.

    Args:
        objective: A name that a world file may give.
        target: An emoji or a path.
        size: Longer side in cells.
        settings: Other keys of [train].
    """
    creature = Creature.for_target(target, size, **settings).retrained_by(objective)
    return creature.with_hidden((ASCENT_WIDTH,)) if objective == "ascent" else creature
