"""Patterns of cells in several states, from text: RLE as Golly writes it, and drawings of one character a cell."""

import re
from collections.abc import Mapping

from ffnca.automata.life_states import state_number
from ffnca.errors import InputError
from ffnca.spec import shown

MAX_PATTERN_CELLS = 1024
"""A side at most."""
_HEADER = re.compile(r"x ?= ?\d+ ?, ?y ?= ?\d+.*", re.I)
_RUN = re.compile(r"(\d*)([A-X.bo$!])", re.ASCII)
Rows = tuple[tuple[int, ...], ...]


def drawn_states(text: str, states: Mapping[str, int]) -> Rows:
    """States row by row, of equal width, from a drawing; what is left out at the end of a line is the first state.

    Args:
        text: Lines, the top row first; empty lines before and after are not counted.
        states: The state of each character.

    Raises:
        InputError: If a character stands for no state, or the drawing is empty or too large.
    """
    first, lines = _lines(text)
    rows = []
    for number, line in enumerate(lines, first):
        for column, character in enumerate(line[: MAX_PATTERN_CELLS + 1], 1):
            if character not in states:
                raise InputError(
                    f"line {number}, column {column}: {shown(character)} is no state; allowed: "
                    f"{' '.join(shown(one) for one in states)}"
                )
        rows.append([states[character] for character in line[: MAX_PATTERN_CELLS + 1]])
    return _squared(rows)


def rle_states(text: str, num_states: int) -> Rows:
    """States row by row, of equal width, from RLE: . or b is 0, A or o is 1, B is 2, and so on.

    A header and lines that begin with # are passed over; so is what follows the !.

    Raises:
        InputError: If the text is no such RLE, has states beyond `num_states`, or is empty or too large.
    """
    first, lines = _lines(text)
    rows: list[list[int]] = [[]]
    for number, line in enumerate(lines, first):
        place, is_header = 0, number == first and len(line) < 1000 and _HEADER.fullmatch(line.strip())
        if is_header or line.startswith("#"):
            continue
        while place < len(line):
            run = None if line[place].isspace() else _RUN.match(line, place)
            where = f"line {number}, column {place + 1}"
            if run is None and line[place].isspace():
                place += 1
                continue
            if run is None:
                raise InputError(
                    f"{where}: {shown(line[place : place + 10])}; allowed: counts and . or b, A to "
                    f"{chr(min(ord('A') + num_states - 2, ord('X')))}, o, $ and !"
                )
            tag, place = run[2], run.end()
            count = int(run[1] or 1) if len(run[1]) <= 5 else MAX_PATTERN_CELLS + 1
            if tag == "!":
                return _squared(rows)
            if count + len(rows if tag == "$" else rows[-1]) > MAX_PATTERN_CELLS + (tag == "$"):
                raise InputError(f"{where}: the pattern is larger than {MAX_PATTERN_CELLS} cells a side")
            if tag == "$":
                rows += [[] for _ in range(count)]
                continue
            state = state_number(tag)
            if state is None or state >= num_states:
                raise InputError(f"{where}: {shown(tag)} is no state; allowed: states 0 to {num_states - 1}")
            rows[-1] += count * [state]
    return _squared(rows)


def _lines(text: str) -> tuple[int, list[str]]:
    """The number of the first line that is not empty, and the lines from there to the last such."""
    lines = [line.rstrip() for line in text.splitlines()]
    filled = [number for number, line in enumerate(lines) if line]
    if not filled:
        raise InputError("the pattern is empty; allowed: at least one cell")
    return filled[0] + 1, lines[filled[0] : filled[-1] + 1]


def _squared(rows: list[list[int]]) -> Rows:
    width = max(map(len, rows))
    if max(width, len(rows)) > MAX_PATTERN_CELLS:
        raise InputError(f"the pattern is larger than {MAX_PATTERN_CELLS} cells a side")
    if not width:
        raise InputError("the pattern is empty; allowed: at least one cell")
    return tuple(tuple(row + (width - len(row)) * [0]) for row in rows)
