"""Patterns of cells in several states as text: as Golly writes them, and drawings of one character a cell."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Integer

from ffnca.automata.life_pattern import parse_pattern
from ffnca.automata.life_states import to_rle
from ffnca.automata.life_universe import Universe
from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.spec import shown

MAX_PATTERN_CELLS = 1024
"""A side at most."""
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


def rle_states(text: str, num_states: int, rule_of: Callable[[str], str]) -> Rows:
    """States row by row, of equal width, from a pattern: . or b is 0, A or o is 1, B is 2, and so on.

    Args:
        text: The pattern.
        num_states: How many states its rule has.
        rule_of: Gives the one spelling of the rule that it may name, and raises InputError if it is another.

    Raises:
        InputError: If the text is no pattern, has states beyond `num_states`, or is empty or too large.
    """
    pattern = parse_pattern(text, rule_of)
    pattern.check_states(pattern.rule or "this rule", num_states)
    return tuple(map(tuple, pattern.cells.tolist()))


def pattern_text(states: Integer[np.ndarray, "h w"], title: str, rule: str, boundary: str, num_states: int) -> str:
    """States in RLE, with their title, rule and grid; an edge that mirrors is told of, since Golly has none."""
    if boundary == "reflect":
        tell("RLE knows no edge that mirrors; it is left out")
    else:
        rule += str(Universe((states.shape[0], states.shape[1]), "wrap" if boundary == "wrap" else "zero"))
    return f"#N {title}\n{to_rle(states, rule, num_states)}"


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
