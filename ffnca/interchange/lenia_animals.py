"""Animals of Lenia, as its `animals.json` keeps them, as worlds.

Reference:
    Chan (2019), arXiv:1812.05433; https://github.com/Chakazul/Lenia.
"""

import difflib
import re
from typing import Any

from ffnca.errors import InputError
from ffnca.interchange.world_text import world_text
from ffnca.notes import tell
from ffnca.spec import shown
from ffnca.systems.lenia import parse_cells
from ffnca.world import MAX_SIDE

SHAPES = {1: "polynomial", 2: "exponential"}
"""Kernels (`kn`) and growths (`gn`) that a world can have. Lenia's others are steps."""
LEAST_SIDE, SIDES_OF = 64, 8
_KEYS = {"R", "T", "b", "m", "s", "kn", "gn"}
_FRACTION = re.compile(r"\s*(\d{1,6}(?:\.\d{1,12})?)(?:/([1-9]\d{0,5}))?\s*", re.ASCII)
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
    rule, cells = _rule(animal["params"], name), animal["cells"]
    if not isinstance(cells, str):
        raise InputError(f"{name}: cells are not text, as of several channels; allowed: text of one channel")
    try:
        rows = parse_cells(cells)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
    room = max(len(rows), len(rows[0])) + 3 * rule["radius"]
    side = min(MAX_SIDE, max(LEAST_SIDE, -(-room // SIDES_OF) * SIDES_OF))
    settings = {
        "kind": "lenia",
        "title": (" ".join(str(title).split()) or str(code) or "Lenia")[:200],
        "grid": {"size": [side, side]},
        "rule": rule,
        "start": {"cells": _in_lines(cells)},
    }
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


def _rule(params: Any, name: str) -> dict[str, Any]:
    """The [rule] table; what is out of range is found with the world."""
    if not isinstance(params, dict):
        raise InputError(f"{name}: params is no table, as of several kernels; allowed: one kernel")
    if missing := sorted({"R", "T", "b", "m", "s"} - params.keys()):
        raise InputError(f"{name}: params has no {missing[0]}; allowed: R, T, b, m, s, and kn, gn")
    if surplus := sorted(params.keys() - _KEYS):
        raise InputError(f"{name}: params.{str(surplus[0])[:40]} is not supported; allowed: {', '.join(sorted(_KEYS))}")
    for key, what in (("kn", "kernel"), ("gn", "growth")):
        if type(params.get(key, 1)) is not int or params.get(key, 1) not in SHAPES:
            allowed = ", ".join(f"{number} ({shape})" for number, shape in SHAPES.items())
            raise InputError(
                f"{name}: {key} = {shown(params[key])}, a type of {what} that is not supported; allowed: {allowed}"
            )
    return {
        "radius": params["R"],
        "kernel_peaks": _peaks(params["b"], name),
        "kernel": SHAPES[params.get("kn", 1)],
        "growth": SHAPES[params.get("gn", 1)],
        "growth_centre": params["m"],
        "growth_width": params["s"],
        "time_resolution": params["T"],
    }


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
    for row in re.findall(r"[^$]*\$?", "".join(cells.split())):
        if lines[-1] and len(lines[-1]) + len(row) > _ROW:
            lines.append("")
        lines[-1] += row
    return "\n".join([*lines, ""])
