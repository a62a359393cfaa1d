"""Open anything by its name: a shipped world, a world file, a pattern, a rule file."""

import os
from pathlib import Path
from typing import Any

from ffnca.errors import InputError
from ffnca.rule_file import read_rule
from ffnca.simulation import Simulation
from ffnca.systems.base import Request, System
from ffnca.systems.registry import system_of
from ffnca.world import RULE_SUFFIX, find_world
from ffnca.world_file import load_world


def make(
    text: str | os.PathLike[str],
    size: tuple[int, int] | None = None,
    *,
    seed: int = 0,
    which: str | None = None,
    angle: float = 0.0,
) -> Simulation:
    """Open a shipped name, a world file, a pattern file or a rule file.

    Args:
        text: What the user named.
        size: Height and width in cells instead of the world's own.
        seed: For worlds that start at random.
        which: The target to grow, where a world names several; the first if None.
        angle: By which what grows is turned, in degrees clockwise.

    Raises:
        InputError: If it cannot be opened, or the size does not hold it.

    Example:
        >>> lizard = ffnca.make("lizard")
        >>> state = ffnca.rollout(lizard.automaton, lizard.start, 200, key=jax.random.key(0))
        >>> lizard.measured(state)["relative_mse"]
    """
    return opened(Request(os.fspath(text), size, seed, which, angle))


def opened(request: Request) -> Simulation:
    """The same of a request.

    Raises:
        InputError: If it cannot be opened, or the size does not hold it.
    """
    path = find_world(request.text)
    if path.suffix.lower() == RULE_SUFFIX:
        return _system_of_rule(path).open_rule(path, request)
    world = load_world(path)
    return system_of(world.kind).open(world, request, path)


def _system_of_rule(path: Path) -> System:
    """The system whose rule is in a file.

    Raises:
        InputError: If it is no rule file, or of a kind that is not installed.
    """
    kind = read_rule(path).kind
    try:
        return system_of(kind)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def trainee(text: str | os.PathLike[str]) -> Any:
    """What training starts from: a blank rule for a world, or the rule in a rule file.

    Raises:
        InputError: If there is no such world or file, or nothing to train in it.
    """
    path = find_world(text)
    if path.suffix.lower() == RULE_SUFFIX:
        return _system_of_rule(path).load_rule(path)
    world = load_world(path)
    return system_of(world.kind).untrained(world, path.parent)


def open_creature(text: str | os.PathLike[str], which: str | None = None, angle: float = 0.0) -> Any:
    """A trained creature by shipped name, world file or rule file.

    Args:
        text: What the user named.
        which: The target to grow, where the world names several; the first if None.
        angle: By which it is turned, in degrees clockwise.

    Raises:
        InputError: If there is no such world or target, it grows nothing, or it has no trained rule.
    """
    creature = opened(Request(os.fspath(text), which=which, angle=angle)).creature
    if creature is None:
        raise InputError(f"{text}: grows nothing; allowed here: growth worlds and rule files")
    return creature
