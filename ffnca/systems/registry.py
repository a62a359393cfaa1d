"""Which kinds of worlds there are: those that ship, and those of installed packages.

A package adds kinds by the entry-point group `ffnca.systems`, each named by its kind. Only installed packages can run
code so; a world file never can.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from ffnca.errors import InputError, OtherKind
from ffnca.notes import tell
from ffnca.packages import loaded
from ffnca.spec import shown
from ffnca.systems.base import System

GROUP = "ffnca.systems"
BUILT_IN = {
    "ant": "ffnca.systems.ant:ANT",
    "classifier": "ffnca.systems.classifier.system:CLASSIFIER",
    "cyclic": "ffnca.systems.cyclic:CYCLIC",
    "elementary": "ffnca.systems.elementary:ELEMENTARY",
    "flow_lenia": "ffnca.systems.flow_lenia:FLOW_LENIA",
    "gray_scott": "ffnca.systems.gray_scott:GRAY_SCOTT",
    "growth": "ffnca.systems.growth.system:GROWTH",
    "larger_than_life": "ffnca.systems.larger_than_life:LARGER_THAN_LIFE",
    "lenia": "ffnca.systems.lenia:LENIA",
    "life": "ffnca.systems.life:LIFE",
    "observed": "ffnca.systems.observed.system:OBSERVED",
    "sandpile": "ffnca.systems.sandpile:SANDPILE",
    "texture": "ffnca.systems.texture.system:TEXTURE",
    "wireworld": "ffnca.systems.wireworld:WIREWORLD",
}
"""Where each kind that ships is."""
_registered: dict[str, System] = {}


def register(system: System) -> System:
    """Add a kind for as long as this process runs, e.g. from a notebook.

    Raises:
        InputError: If there is such a kind already.
    """
    if system.kind in (*_registered, *_places()):
        raise InputError(f"kind {shown(system.kind)} exists already; allowed: another name")
    _registered[system.kind] = system
    return system


@contextmanager
def registered(system: System) -> Iterator[System]:
    """Add a kind for a while."""
    try:
        yield register(system)
    finally:
        _registered.pop(system.kind, None)


@functools.cache
def _places() -> dict[str, tuple[EntryPoint, ...]]:
    """Where the code of each kind is; more than one place if several packages want its name."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for kind, value in BUILT_IN.items():
        found[kind] = (EntryPoint(kind, value, GROUP),)
    for point in entry_points(group=GROUP):
        if all(point.value != other.value for other in found.get(point.name, ())):
            found[point.name] = (*found.get(point.name, ()), point)
    return found


@functools.cache
def _loaded(kind: str) -> System:
    point, *others = _places()[kind]
    if others:
        places = sorted(f"{one.dist.name if one.dist else 'ffnca'} ({one.value})" for one in (point, *others))
        raise InputError(f"kind {shown(kind)} is claimed by {' and '.join(places)}; uninstall all but one of them")
    system = loaded(point, f"kind {shown(kind)}")
    if not isinstance(system, System):
        raise InputError(f"kind {shown(kind)}: {point.value} is no System, but {shown(type(system).__name__)}")
    if system.kind != kind:
        raise InputError(f"kind {shown(kind)}: {point.value} is the system of kind {shown(system.kind)}")
    return system


def kinds() -> list[str]:
    """Names of all kinds that are installed or registered, usable or not."""
    return sorted((*_registered, *_places()))


def system_of(kind: str) -> System:
    """The system of a kind.

    Raises:
        InputError: If no such kind is installed, or its package cannot be used.
    """
    if kind in _registered:
        return _registered[kind]
    if kind not in _places():
        raise InputError(f"kind = {shown(kind)}; allowed: {', '.join(kinds())}, or one of a package")
    return _loaded(kind)


def systems() -> dict[str, System]:
    """All kinds that can be used, by name; those that cannot are told of, and the others go on."""
    found = {}
    for kind in kinds():
        try:
            found[kind] = system_of(kind)
        except InputError as error:
            tell(str(error))
    return found


def pattern_settings(path: Path) -> dict[str, Any]:
    """The settings of the world that a pattern file is, by the first kind that can read it.

    Raises:
        InputError: If none can; says why the first that has its rule cannot.
    """
    refusals = []
    for system in systems().values():
        try:
            settings = system.settings_in(path)
        except InputError as error:
            refusals.append(error)
            continue
        if settings is not None:
            return settings
    refusals.sort(key=lambda error: isinstance(error, OtherKind))
    raise refusals[0] if refusals else InputError(f"{path}: no kind of world reads such files")
