"""Animals of Lenia, as its `animals.json` keeps them, as worlds.

Reference:
    Chan (2019), arXiv:1812.05433; https://github.com/Chakazul/Lenia.
"""

import difflib
import re
from typing import Any

from ffnca.automata.lenia_cells import MAX_CHANNELS, parse_channels
from ffnca.errors import InputError
from ffnca.interchange.world_text import world_text
from ffnca.notes import tell
from ffnca.spec import shown
from ffnca.systems.lenia import MAX_KERNELS
from ffnca.world import MAX_SIDE

SHAPES = {
    "kn": {1: "polynomial", 2: "exponential", 3: "step", 4: "life"},
    "gn": {1: "polynomial", 2: "exponential", 3: "step"},
}
"""Kernels (`kn`) and growths (`gn`) that a world can have."""
LEAST_SIDE, SIDES_OF = 64, 8
_NEEDED = {"R", "T", "b", "m", "s"}
_KEYS = _NEEDED | {"kn", "gn", "r", "h", "c"}
_FRACTION = re.compile(r"\s*(\d{1,6}(?:\.\d{1,12})?)(?:/([1-9]\d{0,5}))?\s*", re.ASCII)
MAX_WEIGHT = 1000
_ROW = 110
"""Most characters in a line of cells, as far as its rows allow."""


def animals_in(value: Any) -> list[dict[str, Any]]:
    """The animals in a value of JSON, without headings between them; none if it is no list of them."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict) and {"params", "cells"} <= entry.keys()]


def animal_world(animals: list[dict[str, Any]], wanted: str | None, file: str) -> str:
    """The world file of one animal, on a torus that leaves it room.

    Args:
        animals: One or more, from `animals_in`.
        wanted: Its code or its name; CODE:2 is the second of a code. None if there is one only.
        file: What they were read from.

    Raises:
        InputError: If there is no such animal, or something of it that a Lenia world cannot have.
    """
    animal = _chosen(animals, wanted, file)
    code, title = (animal.get(key) if isinstance(animal.get(key), str) else "" for key in ("code", "name"))
    name = f"{file}: {shown(code)}"
    cells, kernels = _cells(animal["cells"], name), _kernels(animal["params"], name)
    try:
        channels = parse_channels(cells)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    rule = _rule(kernels, len(channels), name)
    room = max(len(channels[0]), len(channels[0][0])) + 3 * rule["radius"]
    side = min(MAX_SIDE, max(LEAST_SIDE, -(-room // SIDES_OF) * SIDES_OF))
    settings = {
        "kind": "lenia",
        "title": (" ".join(str(title).split()) or str(code) or "Lenia")[:200],
        "grid": {"size": [side, side]},
        "rule": rule,
    }
    if len(kernels) > 1 or len(channels) > 1:
        settings["kernels"] = _weighed([_kernel(one, name) for one in kernels])
    settings["start"] = {"cells": _in_lines(cells)}
    return world_text(settings, f"{title} ({code}), an animal of Lenia.", name)


def _chosen(animals: list[dict[str, Any]], wanted: str | None, file: str) -> dict[str, Any]:
    """One of the animals."""
    if wanted is None:
        if len(animals) > 1:
            codes = ", ".join(shown(animal.get("code")) for animal in animals[:3])
            raise InputError(f"{file}: holds {len(animals)} animals; allowed: --name CODE, such as {codes}")
        return animals[0]
    code, colon, number = wanted.rpartition(":")
    numbered = colon and number.isascii() and number.isdigit() and len(number) < 6
    found = [one for one in animals if one.get("code") == wanted]
    found = found or [one for one in animals if str(one.get("name")).casefold() == wanted.casefold()]
    if not found and numbered:
        found = [one for one in animals if one.get("code") == code][max(0, int(number) - 1) : int(number)]
    if not found:
        names = [str(one.get(key)) for one in animals for key in ("code", "name")]
        near = difflib.get_close_matches(wanted[:100], names, 3)
        hint = f"; did you mean {' or '.join(map(shown, near))}" if near else ""
        raise InputError(f"{file}: has no animal {shown(wanted)}{hint}; allowed: its code or its name")
    if len(found) > 1:
        tell(f"{file}: has {len(found)} animals {shown(wanted)}; this is the first, --name {shown(wanted)}:2 the next")
    return found[0]


def _cells(cells: Any, name: str) -> str:
    """Those of all channels, one after the other."""
    each = cells if isinstance(cells, list) else [cells]
    if not 0 < len(each) <= MAX_CHANNELS or not all(isinstance(one, str) for one in each):
        raise InputError(
            f"{name}: cells are not text; allowed: text, or a list of it for up to {MAX_CHANNELS} channels"
        )
    return "".join(f"{one.strip().removesuffix('!')}!" for one in each)


def _kernels(params: Any, name: str) -> list[dict[str, Any]]:
    """What is said of each kernel; what is out of range is found with the world."""
    kernels = params if isinstance(params, list) else [params]
    if not 0 < len(kernels) <= MAX_KERNELS or not all(isinstance(one, dict) for one in kernels):
        raise InputError(f"{name}: params is no table; allowed: a table, or a list of up to {MAX_KERNELS} for kernels")
    for one in kernels:
        if missing := sorted(_NEEDED - one.keys()):
            raise InputError(f"{name}: params has no {missing[0]}; allowed: R, T, b, m, s, and kn, gn, r, h, c")
        if surplus := sorted(one.keys() - _KEYS):
            allowed = ", ".join(sorted(_KEYS))
            raise InputError(f"{name}: params.{str(surplus[0])[:40]} is not supported; allowed: {allowed}")
        for key in ("R", "T", "kn", "gn"):
            if one.get(key, 1) != kernels[0].get(key, 1):
                raise InputError(f"{name}: {key} differs between kernels; allowed: the same in all of them")
    return kernels


def _rule(kernels: list[dict[str, Any]], channels: int, name: str) -> dict[str, Any]:
    """The [rule] table."""
    first, shapes = kernels[0], {}
    for key, what in (("kn", "kernel"), ("gn", "growth")):
        number, known = first.get(key, 1), SHAPES[key]
        if type(number) is not int or number not in known:
            allowed = ", ".join(f"{number} ({shape})" for number, shape in known.items())
            raise InputError(
                f"{name}: {key} = {shown(number)}, a type of {what} that is not supported; allowed: {allowed}"
            )
        shapes[what] = known[number]
    rule = {"radius": first["R"]}
    if len(kernels) == channels == 1:
        rule |= _one_kernel(first, name)
    else:
        rule["channels"] = channels
    return rule | shapes | {"time_resolution": first["T"]}


def _one_kernel(params: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "kernel_peaks": _peaks(params["b"], name),
        "growth_centre": params["m"],
        "growth_width": params["s"],
    }


def _kernel(params: dict[str, Any], name: str) -> dict[str, Any]:
    """One of several kernels."""
    way = params.get("c", [0, 0])
    if not isinstance(way, list) or len(way) != 2:
        raise InputError(f"{name}: c = {shown(way)}; allowed: the numbers of two channels, such as [0, 1]")
    share, weight = params.get("r", 1), params.get("h", 1)
    for key, number in (("r", share), ("h", weight)):
        if type(number) not in (int, float) or not 0 < number <= MAX_WEIGHT:
            raise InputError(f"{name}: {key} = {shown(number)}; allowed: a number above 0, at most {MAX_WEIGHT}")
    return {"source": way[0], "target": way[1], "radius_share": share, **_one_kernel(params, name), "weight": weight}


def _weighed(kernels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Weights as shares of those of all kernels with the same target, as Lenia takes them."""
    totals: dict[str, float] = {}
    for kernel in kernels:
        totals[str(kernel["target"])] = totals.get(str(kernel["target"]), 0) + kernel["weight"]
    return [kernel | {"weight": kernel["weight"] / totals[str(kernel["target"])]} for kernel in kernels]


def _peaks(text: Any, name: str) -> list[float]:
    """Heights of the rings, which are written as fractions."""
    parts = text.split(",") if isinstance(text, str) else text if isinstance(text, list) else []
    found = [_FRACTION.fullmatch(str(part)[:40]) for part in parts[:100]]
    if not found or not all(found):
        raise InputError(f"{name}: b = {shown(text)}; allowed: numbers or fractions with commas, such as 1/2,1")
    return [float(match[1]) / float(match[2] or 1) for match in found if match]


def _in_lines(cells: str) -> str:
    """Rows of cells in lines that are not too long."""
    lines = [""]
    for row in re.findall(r"[^$!]*[$!]?", "".join(cells.split())):
        if lines[-1] and len(lines[-1]) + len(row) > _ROW:
            lines.append("")
        lines[-1] += row
    return "\n".join([*lines, ""])
