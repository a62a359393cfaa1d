"""Anything that can be run: a world or a rule file opened as an automaton with its initial state."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.base import Automaton, rollout
from ffnca.automata.life import Life, initial_state
from ffnca.creature import Creature
from ffnca.errors import MAX_SEED, InputError, whole_number
from ffnca.growth.body import Body
from ffnca.spec import shown
from ffnca.world import (
    MAX_SIDE,
    MIN_SIDE,
    RULE_SUFFIX,
    GrowthWorld,
    LifeWorld,
    World,
    find_world,
    load_world,
    rule_path_for,
    shipped_worlds,
)


@dataclass(frozen=True, eq=False, repr=False)
class Simulation:
    """An automaton, where it starts and, if it grows something, what that is.

    Attributes:
        name: How the user called it.
        world: Its description.
        automaton: The rule on its lattice.
        start: Initial state (H, W, C).
        body: What it should become, None for worlds without a target.
        creature: The trained creature behind it, None for other worlds.
    """

    name: str
    world: World
    automaton: Automaton
    start: Float[Array, "H W C"]
    body: Body | None = None
    creature: Creature | None = None

    def __repr__(self) -> str:
        """One line: what it is and how large, without its arrays."""
        height, width, channels = self.start.shape
        return f"Simulation({self.name!r}, {self.world.kind}, {height}x{width} cells, {channels} channels)"

    @property
    def which(self) -> str | None:
        """Name of the target that it grows, None where there is no choice."""
        if self.creature is None or self.creature.world.targets is None:
            return None
        return list(self.creature.world.targets)[self.creature.which]

    def states(self, num_steps: int, stride: int = 1, *, key: PRNGKeyArray) -> Iterator[Float[Array, "H W C"]]:
        """The initial state and every `stride`-th after it, up to `num_steps`; one compilation for all."""
        state = self.start
        yield state
        for step in range(0, num_steps, stride):
            state = rollout(self.automaton, state, min(stride, num_steps - step), key=key, first_step=step)
            yield state

    def relative_mse(self, state: Float[Array, "H W C"]) -> float | None:
        """Distance from the target, 1 for an empty grid; None where there is no target."""
        return None if self.body is None else float(np.asarray(self.body.relative_mse(state)))


def open_creature(text: str | os.PathLike[str], which: str | None = None, angle: float = 0.0) -> Creature:
    """A trained creature by shipped name, world file or rule file.

    Args:
        text: What the user named.
        which: The target to grow, where the world names several; the first if None.
        angle: By which it is turned, in degrees clockwise.

    Raises:
        InputError: If there is no such world or target, it grows nothing, or it has no trained rule.
    """
    path = find_world(text)
    if path.suffix.lower() == RULE_SUFFIX:
        return Creature.load(path).choosing(which).turned(angle)
    world = load_world(path)
    if not isinstance(world, GrowthWorld):
        raise InputError(f"{text}: is a {world.kind} world; allowed here: growth worlds and rule files")
    if not _has_rule(path):
        raise InputError(f"{text}: has no trained rule yet; train it with: ffnca train {text}, then name the rule file")
    return Creature.load(rule_path_for(path.stem)).choosing(which).turned(angle)


def open_simulation(
    text: str | os.PathLike[str],
    size: tuple[int, int] | None = None,
    *,
    seed: int = 0,
    untrained: bool = False,
    which: str | None = None,
    angle: float = 0.0,
) -> Simulation:
    """Open a shipped name, a world file or a rule file.

    Args:
        text: What the user named.
        size: Height and width instead of the world's own.
        seed: For worlds that start at random.
        which: The target to grow, where a world names several; the first if None.
        angle: By which what grows is turned, in degrees clockwise.
        untrained: Open a growth world that has no trained rule with a blank one, instead of refusing it.

    Raises:
        InputError: If it cannot be opened, or the size does not hold it.
    """
    size, seed = None if size is None else _checked_size(size), whole_number(seed, "seed", 0, MAX_SEED)
    path = find_world(text)
    world = None if path.suffix.lower() == RULE_SUFFIX else load_world(path)
    if isinstance(world, LifeWorld):
        if which is not None:
            raise InputError(f"--which {shown(which)}: {text} is a {world.kind} world; allowed for growth worlds")
        if angle:
            raise InputError(f"--angle {shown(angle)}: {text} is a {world.kind} world; allowed for growth worlds")
        if size is not None:
            world = world.model_copy(update={"grid": world.grid.model_copy(update={"size": size})})
        automaton = Life.from_notation(world.rule.notation, boundary=world.grid.boundary)
        return Simulation(path.stem, world, automaton, initial_state(world, key=jax.random.key(seed)))
    if untrained and isinstance(world, GrowthWorld) and not _has_rule(path):
        creature = Creature.untrained(world, path.parent).choosing(which).turned(angle)
    else:
        creature = open_creature(text, which, angle)
    return creature_simulation(path.stem, creature, size)


def creature_simulation(name: str, creature: Creature, size: tuple[int, int] | None = None) -> Simulation:
    """A creature at its first cell, in the middle of a grid.

    Raises:
        InputError: If the grid does not hold it.
    """
    body = creature.body(size)
    return Simulation(name, creature.world, creature.automaton, jnp.asarray(body.start), body, creature)


def _checked_size(size: Iterable[int]) -> tuple[int, int]:
    try:
        height, width = (whole_number(side, "size", MIN_SIDE, MAX_SIDE) for side in size)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"size: {shown(size)}; allowed: height and width in cells, such as (48, 64)") from error
    return height, width


def _has_rule(path: Path) -> bool:
    return shipped_worlds().get(path.stem) == path and rule_path_for(path.stem).exists()
