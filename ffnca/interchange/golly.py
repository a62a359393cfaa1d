"""Patterns of Life-like automata, as Golly writes them, as worlds."""

import re
from pathlib import Path

from ffnca.automata.life_pattern import parse_pattern
from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.interchange.world_text import world_text
from ffnca.systems.life import MAX_RLE
from ffnca.world import MAX_SIDE

SUFFIXES = (".rle", ".cells", ".lif", ".life")
LEAST_SIDE = 64
DEFAULT_RULE = "B3/S23"
_TITLE = re.compile(r"^(?:#N|!Name:)[ \t]*(\S.{0,99})$", re.MULTILINE)


def pattern_world(path: Path) -> str:
    """The world file of a pattern: its own grid if it names one, else a plane of twice its size.

    Raises:
        InputError: If the file cannot be read, or holds no pattern that a world can.
    """
    try:
        text = read_bounded(path, MAX_RLE).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        pattern = parse_pattern(text)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except InputError as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    if max(pattern.size) > MAX_SIDE:
        raise InputError(
            f"{path}: the pattern has {pattern.size[0]}x{pattern.size[1]} cells; allowed: {MAX_SIDE} a side"
        )
    grid = {"size": [min(MAX_SIDE, max(LEAST_SIDE, 2 * side)) for side in pattern.size], "boundary": "zero"}
    if pattern.universe is not None:
        grid = {"size": list(pattern.universe.size), "boundary": pattern.universe.boundary}
    title = _TITLE.search(text)
    settings = {
        "kind": "life",
        "title": " ".join((title[1] if title else path.stem).split()) or "pattern",
        "grid": grid,
        "rule": {"notation": pattern.rule or DEFAULT_RULE},
        "start": {"rle": text.strip("\n") + "\n"},
    }
    return world_text(settings, f"A pattern from {path.name}.", str(path))
