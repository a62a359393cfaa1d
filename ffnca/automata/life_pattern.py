"""Patterns of Life-like automata as other programs write them: RLE, Life 1.05, Life 1.06 and plain text (.cells)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ffnca.automata.life_rule import canonical_rule
from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.spec import shown

MAX_PATTERN_SIDE = 2048
_HEADER = re.compile(r"x ?= ?(-?\d+) ?,? ?y ?= ?(-?\d+) ?(?:,? ?rule ?= ?(.*))?[ ,]*", re.ASCII | re.I)
"""Of a line whose white space is single spaces; longer ones than `_LONGEST_HEADER` are none."""
_LONGEST_HEADER = 1000
_RULE_LINE = re.compile(r"\s*#(r)\s+(.+)", re.I)
_LINE_105 = re.compile(r"#([pnr])(?![a-z])\s*(.*)", re.I)
_RUN = re.compile(r"([0-9]*)([A-Za-z.$!])", re.ASCII)
_BOUNDED = re.compile(r"([TP])(\d{1,9})(?:,(\d{1,9}))?", re.I | re.ASCII)
_PLAIN = re.compile(r"[.Oo*\s]*")
_LIFE_105 = re.compile(r"#life(\s*1\.05.*)?")
_PAIR = re.compile(r"\s*([-+]?\d{1,9})\s+([-+]?\d{1,9})\s*", re.ASCII)
Run = tuple[int, int, int]
"""Row, first column, column behind the last of living cells in line."""


@dataclass(frozen=True)
class Universe:
    """The bounded grid that a pattern says it lives on.

    Attributes:
        size: Height and width.
        boundary: "wrap" for a torus, "zero" for a plane with dead cells around it.
    """

    size: tuple[int, int]
    boundary: Literal["wrap", "zero"]


@dataclass(frozen=True)
class Pattern:
    """What the text of a pattern says.

    Attributes:
        runs: Living cells.
        size: Height and width of what it covers.
        rule: Its rule in canonical spelling, None if it does not say.
        universe: The grid it wants, None if any or an infinite one.
        claimed: Height and width of its header where they are too small for its cells or beyond the limit, else None.
    """

    runs: tuple[Run, ...]
    size: tuple[int, int]
    rule: str | None = None
    universe: Universe | None = None
    claimed: tuple[int, int] | None = None


def parse_pattern(text: str) -> Pattern:
    """The pattern of a text; its format is told from the text.

    RLE may lack its header and its final !, as in Golly; the sizes of a header need not be right.

    Raises:
        InputError: If the text is of no such format, has no cell, names a rule or a topology that is not supported,
            has states besides dead and alive, or is larger than `MAX_PATTERN_SIDE` a side.
    """
    text = text.lstrip("\ufeff")
    lines = text.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "").lower()
    if first.startswith("#life 1.06"):
        return _placed(list(_pairs(lines)), None)
    if _LIFE_105.fullmatch(first):
        return _life_105(lines)
    plain = [line for line in lines if not line.lstrip().startswith("!")]
    if any(line.strip() for line in plain) and all(map(_PLAIN.fullmatch, plain)):
        runs = [run for row, line in enumerate(plain) for run in _living(row, line)]
        return _sized(runs, len(plain), max(len(line.rstrip()) for line in plain))
    return _rle(lines)


def _rle(lines: list[str]) -> Pattern:
    said = _rule_lines(lines)
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    first = " ".join(lines[0].split()) if lines else ""
    header = _HEADER.fullmatch(first) if len(first) <= _LONGEST_HEADER else None
    runs, height, width = _runs("".join("".join(lines[1 if header else 0 :]).split()))
    if header is None:
        return _sized(runs, height, width, *_one_rule(said))
    # Sides of many digits are cut: they are beyond any limit all the same.
    claimed = int(header[2].lstrip("0")[:9] or 0), int(header[1].lstrip("0")[:9] or 0)
    rule, universe = _one_rule([*said, _rule_and_universe((header[3] or "").strip(" ,"))])
    is_right = height <= claimed[0] <= MAX_PATTERN_SIDE and width <= claimed[1] <= MAX_PATTERN_SIDE and min(claimed) > 0
    if is_right:
        return _sized(runs, *claimed, rule, universe)
    return _sized(runs, height, width, rule, universe, claimed)


def _rule_lines(lines: list[str]) -> list[tuple[str | None, Universe | None]]:
    """What comments of RLE say: `#r`, and `#R` where a rule follows, since to some programs that is a place."""
    said = []
    for match in filter(None, map(_RULE_LINE.match, lines)):
        try:
            said.append(_rule_and_universe(match[2]))
        except InputError:
            if match[1] == "r":
                raise
    return said


def _one_rule(said: list[tuple[str | None, Universe | None]]) -> tuple[str | None, Universe | None]:
    """The rule and the grid of a text that says each in several places, or in none."""
    rules, universes = (list(dict.fromkeys(filter(None, parts))) for parts in zip(*said, (None, None), strict=True))
    if len(rules) > 1 or len(universes) > 1:
        raise InputError(f"says two rules or grids: {', '.join(map(str, rules + universes))[:100]}; allowed: one")
    return rules[0] if rules else None, universes[0] if universes else None


def _runs(body: str) -> tuple[list[Run], int, int]:
    """Living runs, and the height and width that all runs cover."""
    runs, place, row, column, height, width = [], 0, 0, 0, 0, 0
    while place < len(body):
        run = _RUN.match(body, place)
        if run is None:
            raise InputError(f"{shown(body[place : place + 10])} where a run should be; allowed: b, o, $, ! and counts")
        count, tag, place = run[1] and (run[1].lstrip("0") or "0"), run[2], run.end()
        if tag == "!":
            break
        length = int(count or 1) if len(count) <= 4 else MAX_PATTERN_SIDE + 1
        if tag == "$":
            row, column = min(row + length, MAX_PATTERN_SIDE + 1), 0
            continue
        if tag not in "boA.":
            raise InputError(f"{shown(run[0][-10:])} is a state that no Life-like rule has; allowed: b or . and o or A")
        if tag in "oA" and length:
            runs.append((row, column, column + length))
        column = min(column + length, MAX_PATTERN_SIDE + 1)
        height, width = max(height, row + (length > 0)), max(width, column)
        if max(height, width) > MAX_PATTERN_SIDE:
            break
    return runs, height, width


def _rule_and_universe(text: str) -> tuple[str | None, Universe | None]:
    """What the rule of a header says: the rule itself, and the bounded grid behind its colon."""
    rule, colon, topology = text.strip().strip('"').partition(":")
    try:
        canonical = canonical_rule(rule) if rule.strip() else None
    except InputError as error:
        raise InputError(f"the rule of its header: {error}") from error
    if not colon:
        return canonical, None
    bounded = _BOUNDED.fullmatch("".join(topology.split()))
    if bounded is None:
        raise InputError(
            f"the topology {shown(topology)} of its header is not supported; allowed: :T (torus) and :P (plane) with "
            "width, height as in :T64,32"
        )
    width, height = int(bounded[2]), int(bounded[3] or bounded[2])
    if (width == 0) != (height == 0):
        raise InputError(f"the topology {shown(topology)} of its header is infinite one way; allowed: both or none")
    boundary: Literal["wrap", "zero"] = "wrap" if bounded[1] in "Tt" else "zero"
    return canonical, Universe((height, width), boundary) if width else None


def _life_105(lines: list[str]) -> Pattern:
    cells, said, row, left = [], [], 0, 0
    for line in filter(str.strip, lines):
        match = _LINE_105.fullmatch(line.strip())
        tag, rest = (match[1].upper(), match[2]) if match else ("", "")
        if tag == "P":
            pair = _PAIR.fullmatch(rest)
            if pair is None:
                raise InputError(f"Life 1.05: {shown(line)}; allowed: #P and two whole numbers")
            left, row = int(pair[1]), int(pair[2])
        elif tag == "N":
            said.append(("B3/S23", None))
        elif tag == "R":
            said.append((canonical_rule(rest), None))
        elif not line.lstrip().startswith("#"):
            if not _PLAIN.fullmatch(line):
                raise InputError(f"Life 1.05: {shown(line)}; allowed: rows of . and *")
            cells += [(row, left + start, left + stop) for _, start, stop in _living(row, line)]
            row += 1
    return _placed(cells, _one_rule(said)[0])


def _pairs(lines: list[str]) -> Iterator[Run]:
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            pair = _PAIR.fullmatch(line)
            if pair is None:
                raise InputError(f"Life 1.06: {shown(line)}; allowed: column and row of a cell")
            yield int(pair[2]), int(pair[1]), int(pair[1]) + 1


def _living(row: int, line: str) -> Iterator[Run]:
    for match in re.finditer(r"[Oo*]+", line):
        yield row, match.start(), match.end()


def _placed(cells: list[Run], rule: str | None) -> Pattern:
    """Runs at any coordinates, moved to where they begin."""
    if not cells:
        return _sized([], 0, 0)
    top, left = min(row for row, _, _ in cells), min(start for _, start, _ in cells)
    runs = [(row - top, start - left, stop - left) for row, start, stop in cells]
    return _sized(runs, max(row for row, _, _ in runs) + 1, max(stop for _, _, stop in runs), rule)


def _sized(
    runs: list[Run],
    height: int,
    width: int,
    rule: str | None = None,
    universe: Universe | None = None,
    claimed: tuple[int, int] | None = None,
) -> Pattern:
    if max(height, width) > MAX_PATTERN_SIDE:
        raise InputError(f"the pattern is larger than {MAX_PATTERN_SIDE}x{MAX_PATTERN_SIDE} cells, the limit")
    if not min(height, width):
        raise InputError("the pattern is empty; allowed: at least one cell")
    return Pattern(tuple(runs), (height, width), rule, universe, claimed)


def settings_by_pattern(given: dict[str, Any], text: str, sides: tuple[int, int]) -> dict[str, Any]:
    """Settings of a world with what its pattern says of itself: the rule that they leave open, and its bounded grid.

    A header with wrong sizes is told of and not used.

    Args:
        given: Settings as read, not checked.
        text: The pattern.
        sides: Fewest and most cells of a side of a grid.

    Raises:
        InputError: If the text is no pattern, contradicts the settings, or asks for a grid that is not allowed.
    """
    try:
        pattern = parse_pattern(text)
    except InputError as error:
        raise InputError(f"start.rle: {error}") from error
    if pattern.claimed:
        claimed, found = ("x".join(map(str, size)) for size in (pattern.claimed, pattern.size))
        tell(f"start.rle: its header says {claimed} (height x width), its rows {found}; the rows count")
    return _with_universe(_with_rule(given, pattern), pattern, sides)


def _with_rule(given: dict[str, Any], pattern: Pattern) -> dict[str, Any]:
    table = given.get("rule", {})
    if pattern.rule is None or not isinstance(table, dict):
        return given
    notation = table.get("notation", pattern.rule)
    if isinstance(notation, str) and canonical_rule(notation) != pattern.rule:
        raise InputError(
            f"rule.notation = {shown(notation)}, but the header of start.rle says rule = {pattern.rule}; "
            "allowed: the same in both, or in one of them"
        )
    return given | {"rule": table | {"notation": notation}}


def _with_universe(given: dict[str, Any], pattern: Pattern, sides: tuple[int, int]) -> dict[str, Any]:
    """A bounded grid of the header is the grid: its size cannot be left out of a world, so it counts for more."""
    universe, table = pattern.universe, given.get("grid", {})
    if universe is None or not isinstance(table, dict):
        return given
    height, width = universe.size
    asks = f"the header of start.rle asks for a grid {width} wide and {height} high"
    if not all(sides[0] <= side <= sides[1] for side in universe.size):
        raise InputError(f"{asks}; allowed: sides of {sides[0]} to {sides[1]}")
    if height < pattern.size[0] or width < pattern.size[1]:
        raise InputError(f"{asks}, which does not hold its pattern")
    boundary = table.get("boundary", universe.boundary)
    if boundary != universe.boundary:
        raise InputError(
            f"grid.boundary = {shown(boundary)}, but the header of start.rle asks for "
            f'"{universe.boundary}"; allowed: the same in both, or in one of them'
        )
    return given | {"grid": table | {"size": [height, width], "boundary": boundary}}
