"""How many updates a body needs and how the learning rate falls: quality comes with the falling rate."""

import math

from ffnca.systems.trainee import Need

LEARNED_MSE = 0.05
"""A rule has learned if its relative MSE is lower than this at each of the measured ages: no fog, nothing run away."""
UPDATES_TO_LEARN = ((16, 1000), (24, 1500), (42, 3000), (64, 6000), (128, 12_000))
"""Longer side in cells, and about how many updates a body of at most that size needs.

Enough for either transport; what they reach is in scripts/README.md. Larger bodies are known from single runs only.
"""


def need_of(longest: int, num_bodies: int) -> Need:
    """How much training so many bodies with this longer side, in cells, need."""
    several = f"{num_bodies} times " if num_bodies > 1 else ""
    return Need(updates_to_learn(longest, num_bodies), f"{several}{longest} cells", LEARNED_MSE)


def updates_to_learn(longest: int, num_bodies: int = 1) -> int:
    """About how many updates bodies of this size need until they grow as drawn, by `UPDATES_TO_LEARN`."""
    each = next((updates for size, updates in UPDATES_TO_LEARN if longest <= size), UPDATES_TO_LEARN[-1][1])
    return num_bodies * each


def falling_rate(learning_rate: float, fraction: float, final_share: float = 0.01) -> float:
    """Cosine from the full rate to a share of it, over the whole budget.

    Reference:
        Loshchilov and Hutter (2017), arXiv:1608.03983, equation 5, without restarts.
    """
    fall = 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    return learning_rate * (final_share + (1 - final_share) * fall)
