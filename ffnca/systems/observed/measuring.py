"""How well a rule was learned: neighbourhoods right, steps of a rollout that are exact, flipped cells found."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.automata.base import Automaton
from ffnca.automata.observed import Observed, started
from ffnca.systems.auroc import auroc
from ffnca.systems.observed.observer import Observer
from ffnca.systems.observed.watching import episodes, neighbourhoods, opened_watched, soup

SIDE, GENERATIONS = 256, 1000
FLIPPED, NUM_TRIALS, TRIAL_SIDE, TRIAL_STEPS = 0.02, 8, 64, 8
EXACT = 0.5
"""Cells that are 0 or 1 are exact within this."""
NEAR = 0.01
"""Numbers are called exact within this."""


def evaluate(observer: Observer, *, key: PRNGKeyArray, side: int = SIDE) -> dict[str, Any]:
    """The table of `ffnca eval`.

    Args:
        observer: A trained rule.
        key: Source of everything random.
        side: Of the grid of the rollout.

    Returns:
        `neighbourhoods_right` of `neighbourhoods` that become what they become in the watched world (None where there
        are not 512 of them), `rollout_exact_steps` of up to `GENERATIONS` from a random start on a grid of `side`,
        and `anomaly_auroc`: by the goodness that cells lack, those that are wrong in a frame against the others.
    """
    seed = int(jax.random.randint(key, (), 0, 2**31 - 1))
    right, number = neighbourhoods_right(observer)
    return {
        "neighbourhoods_right": right,
        "neighbourhoods": number,
        "rollout_exact_steps": exact_steps(observer, seed, side, GENERATIONS),
        "anomaly_auroc": round(anomaly_auroc(observer, seed), 6),
    }


def neighbourhoods_right(observer: Observer) -> tuple[int | None, int | None]:
    """Of all 512 neighbourhoods of cells that are 0 or 1, how many become what they should; None for numbers."""
    if not observer.binary:
        return None, None
    world = opened_watched(observer.watched, (TRIAL_SIDE, TRIAL_SIDE), 0)
    cells, after = neighbourhoods(world.automaton)
    best = observer.automaton.rule.best(jnp.asarray(cells), jnp.asarray(cells[:, 4:5]))
    return int(np.sum(np.asarray(best)[:, 0] == after)), len(cells)


def start_for(observer: Observer, side: int, seed: int) -> tuple[Automaton, Float[Array, "H W C"]]:
    """The watched world on a grid, and a start that was not seen: a soup, or its own where that is watched."""
    world = opened_watched(observer.watched, (side, side), seed)
    if observer.world.observed.starts == "own":
        return world.automaton, world.start
    generator = np.random.default_rng(seed)
    return world.automaton, jnp.asarray(soup(generator, (side, side), observer.channels, binary=observer.binary))


def exact_steps(observer: Observer, seed: int, side: int, num_steps: int) -> int:
    """Steps after which the learned rule and the watched world have still been the same all the time."""
    world, start = start_for(observer, side, seed)
    learned = Observed(
        observer.automaton.rule, boundary=observer.watched.grid.boundary, radius=observer.automaton.radius
    )
    within = EXACT if observer.binary else NEAR
    return int(steps_alike(learned, world, start, within, num_steps))


@jax.jit
def steps_alike(
    learned: Automaton, world: Automaton, start: Float[Array, "H W C"], within: float, num_steps: int
) -> Int[Array, ""]:
    """Steps after which two automata have still been the same all the time, within so much in every cell."""

    def same(carry: tuple) -> Array:
        step, mine, theirs = carry
        return (step <= num_steps) & (jnp.max(jnp.abs(mine[..., : theirs.shape[-1]] - theirs)) < within)

    def advance(carry: tuple) -> tuple:
        step, mine, theirs = carry
        key = jax.random.fold_in(jax.random.key(0), step)
        return step + 1, learned.step(mine, key), world.step(theirs, key)

    step, _, _ = jax.lax.while_loop(same, advance, (jnp.int32(0), started(start), start))
    return step - 1


def anomaly_auroc(observer: Observer, seed: int) -> float:
    """How well the goodness that cells lack tells those that were made wrong in a frame from the others."""
    generator = np.random.default_rng(seed)
    scores, wrong = [], []
    for trial in range(NUM_TRIALS):
        world, start = start_for(observer, TRIAL_SIDE, (seed + trial) % 2**31)
        before, now = episodes(world, np.asarray(start)[None], TRIAL_STEPS)[0, -2:]
        struck = generator.random(now.shape[:2]) < FLIPPED
        other = 1 - now if observer.binary else generator.random(now.shape, np.float32)
        changed = np.where(struck[..., None], other, now)
        scores.append(np.asarray(observer.automaton.deficit(jnp.asarray(np.concatenate([changed, before], -1)))))
        wrong.append(struck)
    return auroc(np.ravel(scores), np.ravel(wrong))
