"""What a cell can see of itself and its neighbours: a table of names."""

import functools
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

from ffnca.errors import InputError
from ffnca.packages import found, loaded
from ffnca.spec import shown

FIRST_HIDDEN = 4
"""The first hidden channel of a state, where a code begins: before it are colour and alpha."""
GROUP = "ffnca.perceptions"
"""Entry points of packages; each names a perception and is a `Perception`."""
_KERNELS, _DATA = "ffnca.grid.perceive", "ffnca.grid.described"


class Perception(NamedTuple):
    """One thing that a cell sees.

    Attributes:
        see: Gives (..., H, W, numbers) for a `ffnca.grid.perceive.Surroundings`; or where that function is, as in
            "module:function".
        per_channel: Numbers that it gives for every channel of the state.
        more: Numbers besides.
        of_code: Whether it needs to know the waves of the position code.
        describe: Gives the same as a `ffnca.lattice.Value`, for a `ffnca.grid.described.Described`; or where that
            function is. Rules with a perception that has none run, but are not exported as pages or for other tools.
        local: Whether it looks at nothing beyond `padded`. Grids are then computed in pieces, and what is empty is not.
    """

    see: Callable[[Any], Any] | str
    per_channel: int = 1
    more: int = 0
    of_code: bool = False
    describe: Callable[[Any], Any] | str | None = None
    local: bool = False


def _own(name: str, **counts: Any) -> Perception:
    return Perception(f"{_KERNELS}:{name}", describe=f"{_DATA}:{name}", local=True, **counts)


PERCEPTIONS: dict[str, Perception] = {
    "identity": _own("identity"),
    "sobel": _own("sobel", per_channel=2),
    "laplacian": _own("laplacian"),
    "neighbour_mean": _own("neighbour_mean"),
    "neighbour_slope": _own("neighbour_slope", per_channel=2),
    "alive": _own("alive", per_channel=0, more=4),
    "patch": _own("patch", per_channel=9),
    "transported": _own("transported", more=-FIRST_HIDDEN, of_code=True),
    "agreement": _own("agreement", per_channel=0, more=1, of_code=True),
}


def register_perception(name: str, perception: Perception) -> None:
    """Add one for as long as this process runs.

    Raises:
        InputError: If there is one of this name.
    """
    if name in perception_names():
        raise InputError(f"perception {shown(name)} exists already; allowed: another name")
    PERCEPTIONS[name] = perception


@functools.cache
def _of_packages() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def perception_names() -> tuple[str, ...]:
    """All that can be named in a world file."""
    return (*PERCEPTIONS, *(name for name in _of_packages() if name not in PERCEPTIONS))


def perception_of(name: str) -> Perception:
    """The perception of this name.

    Raises:
        InputError: If there is none, or its package cannot be used.
    """
    if name not in PERCEPTIONS:
        if name not in _of_packages():
            raise InputError(f"perception {shown(name)}; allowed: {', '.join(perception_names())}, or one of a package")
        PERCEPTIONS[name] = loaded(_of_packages()[name], f"perception {shown(name)}")
    return PERCEPTIONS[name]


def seeing(name: str) -> Callable[[Any], Any]:
    """The function of a perception."""
    return found(perception_of(name).see)


def perception_size(names: tuple[str, ...], num_channels: int) -> int:
    """How many numbers a cell sees by these names."""
    return sum(one.per_channel * num_channels + one.more for one in map(perception_of, names))


def all_local(names: tuple[str, ...]) -> bool:
    """Whether what a cell sees by these names depends on the cell and its eight neighbours alone."""
    return all(perception_of(name).local for name in names)
