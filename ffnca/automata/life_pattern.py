"""Patterns of cells in states as other programs write them: RLE, Life 1.05, Life 1.06 and plain text (.cells)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from ffnca.automata.life_rule import canonical_rule
from ffnca.automata.life_states import state_letter, state_number
from ffnca.automata.life_universe import Universe, rule_and_universe
from ffnca.errors import InputError
from ffnca.spec import shown

MAX_PATTERN_SIDE = 2048
MAX_LINES = 2**20
"""As many as a text of the largest size has cells in Life 1.06."""
_MOST_RULE_LINES, _MOST_COMMENTS = 100, 1000
_HEADER = re.compile(r"x ?= ?(-?\d+) ?,? ?y ?= ?(-?\d+) ?(?:,? ?rule ?= ?(.*))?[ ,]*", re.ASCII | re.I)
"""Of a line whose white space is single spaces; longer ones than `_LONGEST_HEADER` are none."""
_LONGEST_HEADER = 1000
_RULE_LINE = re.compile(r"\s*#(r)\s+(.+)", re.I)
_LINE_105 = re.compile(r"#([pnr])(?![a-z])\s*(.*)", re.I)
_RUN = re.compile(r"([0-9]*)([p-y]?[A-X]|[A-Za-z.$!])", re.ASCII)
_PLAIN = re.compile(r"[.Oo*\s]*")
_LIFE_105 = re.compile(r"#life(\s*1\.05.*)?")
_PAIR = re.compile(r"\s*([-+]?\d{1,9})\s+([-+]?\d{1,9})\s*", re.ASCII)
_HISTORY = re.compile(r"(.+)history", re.I)
_OF_HISTORY = np.array([0, 1, 0, 1, 0, 1], np.uint8)
"""Whether each state of a rule with a history is alive: its cells are marked besides, or were alive before."""


class Place(NamedTuple):
    """Where in a text, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        """As errors name it."""
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, eq=False)
class Pattern:
    """What the text of a pattern says.

    Attributes:
        cells: The number of each cell's state, as Golly counts them: 0 dead, 1 alive, more for the dying.
        rule: Its rule in canonical spelling, None if it does not say.
        universe: The grid it wants, None if any or an infinite one.
        claimed: Height and width of its header where they are too small for its cells or beyond the limit, else None.
        ended: Whether RLE ends with a !, as it should.
        has_history: Whether marks of a rule with a history were left out.
        highest: Where a cell of the highest state is.
    """

    cells: UInt8[np.ndarray, "h w"]
    rule: str | None = None
    universe: Universe | None = None
    claimed: tuple[int, int] | None = None
    ended: bool = True
    has_history: bool = False
    highest: Place | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what it covers."""
        return self.cells.shape[0], self.cells.shape[1]

    def check_states(self, rule: str, num_states: int) -> None:
        """See whether a rule has all of its states.

        Raises:
            InputError: If not.
        """
        state = int(self.cells.max())
        if state >= num_states:
            raise InputError(
                f'{self.highest}: "{state_letter(state, True)}" is state {state}; allowed with {rule}: '
                f"{num_states} states, 0 to {num_states - 1}"
            )


def header_rule(text: str) -> str | None:
    """What the header of RLE calls its rule, whatever that is, without its grid; None if it has none or names none."""
    for line in islice(text.lstrip("\ufeff").splitlines(), _MOST_COMMENTS):
        if line.strip() and not line.lstrip().startswith("#"):
            header = _header(line)
            return None if header is None else (header[3] or "").strip(' ,"').partition(":")[0] or None
    return None


@lru_cache(8)
def parse_pattern(text: str, rule_of: Callable[[str], str] = canonical_rule) -> Pattern:
    """The pattern of a text; its format is told from the text.

    RLE may lack its header and its final !, as in Golly; the sizes of a header need not be right.

    Args:
        text: The pattern.
        rule_of: Gives the one spelling of the rule that the text may name, and raises InputError if it is none.

    Raises:
        InputError: If the text is of no such format, has no cell, names a rule or a topology that is not supported, has
            unknown states, more than `MAX_LINES` lines, or is larger than `MAX_PATTERN_SIDE` a side; says in which line
            and column.
    """
    lines = text.lstrip("\ufeff").splitlines()
    if len(lines) > MAX_LINES:
        raise InputError(f"the pattern has {len(lines)} lines; allowed: {MAX_LINES}")
    first = next((line.strip() for line in lines if line.strip()), "").lower()
    if first.startswith("#life 1.06"):
        pattern = _life_106(lines)
    elif _LIFE_105.fullmatch(first):
        pattern = _life_105(lines, rule_of)
    else:
        plain = [(number, line) for number, line in enumerate(lines, 1) if not line.lstrip().startswith("!")]
        is_plain = all(_PLAIN.fullmatch(line) for _, line in plain) and any(line.strip() for _, line in plain)
        pattern = _plain(plain) if is_plain or (first.startswith("!") and plain) else _rle(lines, rule_of)
    pattern.cells.flags.writeable = False
    return pattern


def _cells(height: int, width: int, place: Place | None = None) -> UInt8[np.ndarray, "h w"]:
    """Dead cells.

    Raises:
        InputError: If they are none or too many.
    """
    if max(height, width) > MAX_PATTERN_SIDE:
        where = f"{place}: " if place else ""
        raise InputError(f"{where}the pattern is larger than {MAX_PATTERN_SIDE}x{MAX_PATTERN_SIDE} cells, the limit")
    if not min(height, width):
        raise InputError("the pattern is empty; allowed: at least one cell")
    return np.zeros((height, width), np.uint8)


def _plain(lines: list[tuple[int, str]]) -> Pattern:
    rows = [line.rstrip() for _, line in lines]
    for number, line in lines:
        if not _PLAIN.fullmatch(line):
            column = next(column for column, cell in enumerate(line, 1) if not _PLAIN.fullmatch(cell))
            raise InputError(f"{Place(number, column)}: {shown(line[column - 1])} in plain text; allowed: . and O or *")
    cells = _cells(len(rows), max(map(len, rows)))
    for row, line in enumerate(rows):
        for start, stop in _living(line):
            cells[row, start:stop] = 1
    return Pattern(cells)


def _living(line: str) -> Iterator[tuple[int, int]]:
    """Where living cells in line begin and end."""
    for match in re.finditer(r"[Oo*]+", line):
        yield match.span()


def _rle(lines: list[str], rule_of: Callable[[str], str]) -> Pattern:
    said = _rule_lines(lines, rule_of)
    body = [
        (number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    header = _header(body[0][1]) if body else None
    has_history = False
    if header is not None:
        number, line = body.pop(0)
        text, has_history = _without_history((header[3] or "").strip(" ,"))
        said.append(_rule_and_universe(text, Place(number, line.lower().find("rule") + 1), rule_of))
    pattern = replace(_runs(body, has_history), has_history=has_history)
    rule, universe = _one_rule(said)
    pattern = replace(pattern, rule=rule, universe=universe)
    if header is None:
        return replace(pattern, cells=_cut(pattern.cells, *pattern.size))
    # Sides of many digits are cut: they are beyond any limit all the same.
    claimed = int(header[2].lstrip("0")[:9] or 0), int(header[1].lstrip("0")[:9] or 0)
    (height, width), most = pattern.size, MAX_PATTERN_SIDE
    if height <= claimed[0] <= most and width <= claimed[1] <= most and min(claimed) > 0:
        return replace(pattern, cells=_cut(pattern.cells, *claimed))
    return replace(pattern, cells=_cut(pattern.cells, height, width), claimed=claimed)


def _header(line: str) -> re.Match[str] | None:
    """The line as a header, None if it is none."""
    single = " ".join(line.split())
    return _HEADER.fullmatch(single) if len(single) <= _LONGEST_HEADER else None


def _cut(cells: UInt8[np.ndarray, "h w"], height: int, width: int) -> UInt8[np.ndarray, "high wide"]:
    """The cells in the upper left corner of so many."""
    whole = _cells(height, width)
    whole[: cells.shape[0], : cells.shape[1]] = cells
    return whole


def _without_history(text: str) -> tuple[str, bool]:
    """The rule of a rule with a history, as in LifeHistory, and whether it was one."""
    rule, colon, topology = text.partition(":")
    match = _HISTORY.fullmatch(rule.strip().strip('"'))
    return (f"{match[1]}{colon}{topology}", True) if match else (text, False)


def _rule_lines(lines: list[str], rule_of: Callable[[str], str]) -> list[tuple[str | None, Universe | None]]:
    """What comments of RLE say: `#r`, and `#R` where a rule follows, since to some programs that is a place."""
    said, found = [], 0
    for number, line in enumerate(lines, 1):
        match = _RULE_LINE.match(line)
        if match is None:
            continue
        found += 1
        if found > _MOST_RULE_LINES:
            raise InputError(
                f"{Place(number, 1)}: {shown(line)} is one rule more; allowed: {_MOST_RULE_LINES} lines #r"
            )
        try:
            said.append(_rule_and_universe(match[2], Place(number, match.start(2) + 1), rule_of))
        except InputError:
            if match[1] == "r":
                raise
    return said


def _rule_and_universe(text: str, place: Place, rule_of: Callable[[str], str]) -> tuple[str | None, Universe | None]:
    try:
        return rule_and_universe(text, rule_of)
    except InputError as error:
        raise InputError(f"{place}: the rule of its header: {error}") from error


def _one_rule(said: list[tuple[str | None, Universe | None]]) -> tuple[str | None, Universe | None]:
    """The rule and the grid of a text that says each in several places, or in none."""
    rules, universes = (list(dict.fromkeys(filter(None, parts))) for parts in zip(*said, (None, None), strict=True))
    if len(rules) > 1 or len(universes) > 1:
        raise InputError(f"says two rules or grids: {', '.join(map(str, rules + universes))[:100]}; allowed: one")
    return rules[0] if rules else None, universes[0] if universes else None


def _runs(lines: list[tuple[int, str]], has_history: bool) -> Pattern:
    """The cells of all runs, as many as these cover."""
    body = "".join("".join(line.split()) for _, line in lines)
    cells, most = np.zeros((MAX_PATTERN_SIDE, MAX_PATTERN_SIDE), np.uint8), MAX_PATTERN_SIDE
    row, column, height, width, highest, at, ended = 0, 0, 0, 0, 0, 0, False
    place = 0
    while run := _RUN.match(body, place):  # a search would read a text of nothing but digits again from each of them
        count, tag, place = run[1] and (run[1].lstrip("0") or "0"), run[2], run.end()
        if tag == "!":
            ended = True
            break
        length = int(count or 1) if len(count) <= 4 else most + 1
        if tag == "$":
            row, column = min(row + length, most + 1), 0
            continue
        state = state_number(tag)
        if state is None or (has_history and state >= len(_OF_HISTORY)):
            raise InputError(
                f"{_place(lines, run.start(2))}: {shown(run[0][-10:])} is no state; "
                "allowed: b or . and o, or A to X, and p to y before these"
            )
        column = min(column + length, most + 1)
        height, width = max(height, row + (length > 0)), max(width, column)
        if max(height, width) > most:
            _cells(height, width, _place(lines, run.start()))
        if state and length:
            cells[row, column - length : column] = state
            if state > highest:
                highest, at = state, run.start(2)
    if not ended and place != len(body):
        raise InputError(
            f"{_place(lines, place)}: {shown(body[place : place + 10])} where a run should be; allowed: b, o, $, ! and "
            "counts"
        )
    cells = cells[:height, :width]
    return Pattern(_OF_HISTORY[cells] if has_history else cells, ended=ended, highest=_place(lines, at))


def _place(lines: list[tuple[int, str]], place: int) -> Place:
    """Where a character of the body is, which has no white space."""
    last = Place(1, 1)
    for number, line in lines:
        if place >= len("".join(line.split())):
            place -= len("".join(line.split()))
            last = Place(number, len(line) + 1)
            continue
        for column, character in enumerate(line, 1):
            if not character.isspace():
                if place == 0:
                    return Place(number, column)
                place -= 1
    return last


def _life_105(lines: list[str], rule_of: Callable[[str], str]) -> Pattern:
    cells: list[tuple[int, int, int]] = []
    said, row, left = [], 0, 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LINE_105.fullmatch(line.strip())
        tag, rest = (match[1].upper(), match[2]) if match else ("", "")
        if tag == "P":
            pair = _PAIR.fullmatch(rest or "0 0")
            if pair is None:
                raise InputError(
                    f"{Place(number, 1)}: Life 1.05: {shown(line)}; allowed: #P and two whole numbers of up to 9 digits"
                )
            left, row = int(pair[1]), int(pair[2])
        elif tag == "N":
            said.append(("B3/S23", None))
        elif tag == "R":
            said.append(_rule_and_universe(rest, Place(number, 1), rule_of))
        elif not line.lstrip().startswith("#"):
            if not _PLAIN.fullmatch(line):
                column = next(column for column, cell in enumerate(line, 1) if not _PLAIN.fullmatch(cell))
                raise InputError(
                    f"{Place(number, column)}: Life 1.05: {shown(line)} where a row should be; allowed: . and *"
                )
            cells += [(row, left + start, left + stop) for start, stop in _living(line)]
            row += 1
    rule, universe = _one_rule(said)
    return replace(_placed(cells), rule=rule, universe=universe)


def _life_106(lines: list[str]) -> Pattern:
    cells = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            pair = _PAIR.fullmatch(line)
            if pair is None:
                raise InputError(
                    f"{Place(number, 1)}: Life 1.06: {shown(line)}; allowed: two whole numbers of up to 9 digits a line"
                )
            cells.append((int(pair[2]), int(pair[1]), int(pair[1]) + 1))
    return _placed(cells)


def _placed(runs: list[tuple[int, int, int]]) -> Pattern:
    """Runs of living cells (row, first column, column behind the last) anywhere, moved to where they begin."""
    if not runs:
        _cells(0, 0)
    top, left = min(row for row, _, _ in runs), min(start for _, start, _ in runs)
    cells = _cells(max(row for row, _, _ in runs) - top + 1, max(stop for _, _, stop in runs) - left)
    for row, start, stop in runs:
        cells[row - top, start - left : stop - left] = 1
    return Pattern(cells)
