"""Pattern files as worlds: what they call themselves, their rule, and the grid that they lie on."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ffnca.automata.life_pattern import parse_pattern
from ffnca.automata.life_rule import canonical_rule
from ffnca.automata.life_settings import pattern_notes
from ffnca.automata.life_states import to_rle
from ffnca.errors import InputError, safe_line
from ffnca.files import read_bounded
from ffnca.notes import tell
from ffnca.world import MAX_SIDE

MAX_PATTERN = 2**22
"""Characters of a pattern."""
LEAST_SIDE = 64
"""Of the grid of a pattern that does not name one."""
_LONGEST_TITLE = 200
_TITLE = re.compile(r"^(?:#N|!Name:)[ \t]*(\S.{0,99})$", re.MULTILINE | re.IGNORECASE)


class PatternFile(NamedTuple):
    """What a pattern file says.

    Attributes:
        title: Its own, or the name of the file.
        grid: The settings of its grid: the one that it names, else a plane of twice its size.
        rule: Its rule, in its one spelling.
        text: Its pattern, without what had to be left out.
    """

    title: str
    grid: dict[str, Any]
    rule: str
    text: str

    def settings(self, kind: str) -> dict[str, Any]:
        """Of a world that starts as this pattern, but for its rule."""
        return {"kind": kind, "title": self.title, "grid": self.grid, "start": {"rle": self.text}}


def read_pattern(path: Path) -> str:
    r"""The text of a pattern file, with \n at the end of lines.

    Raises:
        InputError: If it cannot be read, is too large, or is no text.
    """
    try:
        text = read_bounded(path, MAX_PATTERN).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_rule(text: str, rule_of: Callable[[str], str]) -> bool:
    """Whether a text names a rule."""
    try:
        return bool(rule_of(text))
    except InputError:
        return False


def pattern_file(
    path: Path,
    text: str,
    usual: str,
    num_states: Callable[[str], int],
    rule_of: Callable[[str], str] = canonical_rule,
) -> PatternFile:
    """What a text says; tells of what is odd about it.

    Args:
        path: Where it is from.
        text: The pattern.
        usual: Its rule if it names none.
        num_states: How many states a rule has.
        rule_of: Gives the one spelling of a rule, and raises InputError if it is none.

    Raises:
        InputError: If it is no pattern, is too large, or has states that its rule does not have.
    """
    try:
        pattern = parse_pattern(text, rule_of)
        rule = pattern.rule or usual
        states = num_states(rule)
        pattern.check_states(rule, states)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    if max(pattern.size) > MAX_SIDE:
        raise InputError(
            f"{path}: the pattern has {pattern.size[0]}x{pattern.size[1]} cells; allowed: {MAX_SIDE} a side"
        )
    named, notes = _TITLE.search(text), pattern_notes(pattern)
    title = safe_line(named[1] if named else path.stem)[:_LONGEST_TITLE] or "pattern"
    for note in notes:
        tell(f"{path}: {note}")
    grid = {"size": [min(MAX_SIDE, max(LEAST_SIDE, 2 * side)) for side in pattern.size], "boundary": "zero"}
    if pattern.universe is not None:
        grid = {"size": list(pattern.universe.size), "boundary": pattern.universe.boundary}
    return PatternFile(title, grid, rule, to_rle(pattern.cells, rule, states) if notes else text)
