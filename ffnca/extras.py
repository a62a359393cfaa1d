"""Views and measures for systems that exist already: from a session, or from installed packages.

A package names its own in the entry-point groups `ffnca.views` and `ffnca.measures`; each is an `Extra`.
"""

import functools
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.spec import shown


class Extra(NamedTuple):
    """A view or a measure, and what it is for.

    Attributes:
        what: A `ffnca.views.View`, or a measure: a function of automaton and state that gives a number.
        suits: Whether a simulation can have it.
    """

    what: Any
    suits: Callable[[Any], bool]


_registered: dict[str, dict[str, Extra]] = {"views": {}, "measures": {}}


def register_view(name: str, view: Any, suits: Callable[[Any], bool] = lambda simulation: True) -> None:
    """Add a view to every simulation that it suits, for as long as this process runs.

    Args:
        name: As in `--show`.
        view: How it draws, a `View`.
        suits: Told the simulation.

    Raises:
        InputError: If one of this name was added already.
    """
    _register("views", name, Extra(view, suits))


def register_measure(
    name: str, measure: Callable[[Any, Any], Any], suits: Callable[[Any], bool] = lambda simulation: True
) -> None:
    """Add a measure to every simulation that it suits, for as long as this process runs.

    Args:
        name: As in the output of `ffnca run --json`.
        measure: Of automaton and state (H, W, C), gives a number.
        suits: Told the simulation.

    Raises:
        InputError: If one of this name was added already.
    """
    _register("measures", name, Extra(measure, suits))


def _register(group: str, name: str, extra: Extra) -> None:
    if name in _registered[group]:
        raise InputError(f"{shown(name)} is one of the {group} already; allowed: another name")
    _registered[group][name] = extra


@functools.cache
def _of_packages(group: str) -> dict[str, Extra]:
    found = {}
    for point in entry_points(group=f"ffnca.{group}"):
        try:
            found[point.name] = Extra(*point.load())
        except Exception as error:  # whatever a package does when it is imported
            tell(f"{point.name} of ffnca.{group}: {point.value} cannot be used ({error})")
    return found


def extras(group: str, simulation: Any) -> dict[str, Any]:
    """The views or measures besides its own that suit a simulation, by name."""
    found = _of_packages(group) | _registered[group]
    return {name: extra.what for name, extra in found.items() if extra.suits(simulation)}
