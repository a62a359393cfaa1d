"""Quality of a rule: relative MSE at several ages, healing after each kind of wound, and how well goodness warns."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ffnca import draws
from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.errors import InputError
from ffnca.systems.auroc import auroc
from ffnca.systems.growth.body import Bodies, Body
from ffnca.systems.growth.stress import STRESSES

AGES = (100, 200, 500, 1000, 2000)
NUM_SEEDS = 8
HEALING_STEPS = 200
HEALED_MSE = 0.02
GROWN_AT = 500
"""Age at which bodies are wounded."""


def ages_of(
    automaton: NCA, body: Body | Bodies, ages: tuple[int, ...], num_seeds: int, *, key: PRNGKeyArray
) -> list[Float[Array, "seed H W C"]]:
    """States of several bodies grown side by side, at each age.

    Args:
        automaton: The rule.
        body: What it grows; gives the initial state. Several take turns.
        ages: Steps, ascending.
        num_seeds: How many bodies, each with its own fire masks.
        key: Source of the fire masks.
    """
    states, age, found = body.starts(num_seeds), 0, []
    for next_age in ages:
        states = rollout(automaton, states, next_age - age, key=key, first_step=age)
        found.append(states)
        age = next_age
    return found


def corrupted_cells(
    states: Float[Array, "trial H W C"], body: Body, *, alive_threshold: float, key: PRNGKeyArray
) -> tuple[Float[Array, "trial H W C"], Bool[Array, "trial H W"]]:
    """Corrupt some living cells of each state and say which.

    In the first half of the states 3 in 10 living cells get Gaussian noise of 0.3 on every channel. In the others
    the living cells within 4 cells of a random one each take the state of a random other place of the body.

    Returns:
        The states and which cells were changed.
    """
    choice_key, noise_key, place_key, source_key = jax.random.split(key, 4)
    trials, rows, columns = states.shape[:3]
    living = states[..., 3] > alive_threshold
    struck = living & draws.bernoulli(choice_key, 0.3, living.shape)
    noisy = states + 0.3 * draws.normal(noise_key, states.shape) * struck[..., None]
    cells = jnp.asarray(np.argwhere(body.alive))
    centre = cells[jax.random.randint(place_key, (trials,), 0, cells.shape[0])]
    row, column = jnp.mgrid[0:rows, 0:columns]
    near = jnp.square(row - centre[:, 0, None, None]) + jnp.square(column - centre[:, 1, None, None]) <= 16
    source = cells[draws.randint(source_key, living.shape, 0, cells.shape[0])]
    foreign = states[jnp.arange(trials)[:, None, None], source[..., 0], source[..., 1]]
    moved = living & near & (foreign != states).any(-1)
    swapped = jnp.where(moved[..., None], foreign, states)
    first = jnp.arange(trials)[:, None, None] < trials // 2
    return jnp.where(first[..., None], noisy, swapped), jnp.where(first, struck, moved)


def goodness_auroc(automaton: NCA, states: Float[Array, "trial H W C"], body: Body, *, key: PRNGKeyArray) -> float:
    """How well the goodness deficit of a cell tells corrupted living cells from healthy ones."""
    changed, struck = corrupted_cells(states, body, alive_threshold=automaton.alive_threshold, key=key)
    living = np.asarray(changed[..., 3] > automaton.alive_threshold)
    return auroc(np.asarray(automaton.deficit(changed))[living], np.asarray(struck)[living])


def heal(
    automaton: NCA, grown: Float[Array, "trial H W C"], body: Body, name: str, *, key: PRNGKeyArray
) -> tuple[Float[Array, "trial H W C"], Float[Array, "trial H W C"]]:
    """Wound grown bodies in one way and let them heal.

    Args:
        automaton: The rule.
        grown: Grown states, one a trial.
        body: What they should be.
        name: A key of `STRESSES`.
        key: Source of wounds and fire masks.

    Returns:
        The states just wounded and `HEALING_STEPS` later.
    """
    wound_key, step_key = jax.random.split(key)
    wounded = STRESSES[name].wound(grown, body, wound_key)
    return wounded, rollout(automaton, wounded, HEALING_STEPS, key=step_key)


Witness = Callable[[str, Array, Array, Array], None]
"""Is shown every wound: its name, the states just wounded, the same states healed, their relative MSE."""


def evaluate(
    automaton: NCA, body: Body, *, key: PRNGKeyArray, witness: Witness = lambda *shown: None
) -> dict[str, Any]:
    """The whole table, as `ffnca eval --json` prints it.

    Args:
        automaton: The rule.
        body: What it should grow, on the grid it is measured on.
        key: Source of everything random.
        witness: Called once a wound.

    Raises:
        InputError: If one is not what it is called.
    """
    if not isinstance(automaton, NCA) or not isinstance(body, Body):
        raise InputError("evaluate takes the automaton and the body of a creature: creature.automaton, creature.body()")
    grow_key, stress_key, health_key = jax.random.split(key, 3)
    states = ages_of(automaton, body, AGES, NUM_SEEDS, key=grow_key)
    quality = {
        str(age): round(float(jnp.median(body.relative_mse(state))), 6) for age, state in zip(AGES, states, strict=True)
    }
    grown = states[AGES.index(GROWN_AT)]
    table = {}
    for number, (name, stress) in enumerate(STRESSES.items()):
        in_turn = grown[jnp.arange(stress.num_trials) % NUM_SEEDS]
        wounded, healed = heal(automaton, in_turn, body, name, key=jax.random.fold_in(stress_key, number))
        errors = body.relative_mse(healed)
        witness(name, wounded, healed, errors)
        table[name] = {
            "trials": stress.num_trials,
            "healed": int(jnp.sum(errors <= HEALED_MSE)),
            "median_rel_mse": round(float(jnp.median(errors)), 6),
        }
    return {
        "empty_mse": body.empty_mse,
        "rel_mse": quality,
        "stress": table,
        "goodness_auroc": round(goodness_auroc(automaton, grown, body, key=health_key), 4),
        "params": num_params(automaton),
    }


def num_params(automaton: NCA) -> int:
    """How many numbers the rule holds."""
    return sum(int(leaf.size) for leaf in jax.tree.leaves(automaton.rule))
