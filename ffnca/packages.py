"""Code that is named by where it is: in a table of ffnca's own, or in the entry points of an installed package."""

from importlib.metadata import EntryPoint
from typing import Any

from ffnca.errors import InputError


def found(place: Any) -> Any:
    """What `module:name` names; anything but text is the thing itself."""
    return EntryPoint(place, place, "ffnca").load() if isinstance(place, str) else place


def loaded(point: EntryPoint, what: str) -> Any:
    """What an entry point of a package is.

    Args:
        point: Where it is.
        what: What it should be, for the error.

    Raises:
        InputError: If it cannot be imported.
    """
    try:
        return point.load()
    except Exception as error:  # whatever a package does when it is imported
        raise InputError(f"{what}: {point.value} cannot be imported ({error})") from error
