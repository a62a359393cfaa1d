"""Rules of ants and turmites as people write them: RL, LLRR, {{{1,2,0},{0,8,0}}}."""

import re
from typing import NamedTuple

from ffnca.errors import InputError
from ffnca.spec import shown

MAX_COLOURS, MAX_STATES = 16, 8
TURMITE_RULES_ALLOWED = (
    f'a turn for each of 2 to {MAX_COLOURS} colours, R, L, N (none) or U, as in "RL"; or for each of up to '
    f"{MAX_STATES} inner states and each colour what it writes, how it turns (1 none, 2 right, 4 back, 8 left) and its "
    'next state, as in "{{{1,2,0},{0,8,0}}}"'
)
TURNS = {"N": 0, "R": 1, "U": 2, "L": 3}
"""Quarter turns to the right."""
_TURN_CODES = {1: 0, 2: 1, 4: 2, 8: 3}
_TRIPLE = r"\{\d{1,2},[1248],\d{1,2}\}"
_STATE = rf"\{{{_TRIPLE}(?:,{_TRIPLE}){{1,{MAX_COLOURS - 1}}}\}}"
_TABLE = re.compile(rf"\{{{_STATE}(?:,{_STATE}){{0,{MAX_STATES - 1}}}\}}", re.ASCII)
_MAX_TEXT = 4000


class Deed(NamedTuple):
    """What a turmite does on a cell.

    Attributes:
        writes: The new colour of the cell.
        turns: Quarter turns to the right, before it moves on by a cell.
        becomes: Its next inner state.
    """

    writes: int
    turns: int
    becomes: int


TurmiteRule = tuple[tuple[Deed, ...], ...]
"""A deed for each inner state and colour."""


def turmite_rule(text: str) -> TurmiteRule:
    """The rule of a text. In a row of turns every colour becomes the next one, and the last the first.

    Reference:
        Pegg, "Turmite", MathWorld, for the numbers of a table.

    Raises:
        InputError: If it is none.
    """
    spelt = "".join(text.split()).upper() if len(text) <= _MAX_TEXT else ""
    if 2 <= len(spelt) <= MAX_COLOURS and set(spelt) <= set(TURNS):
        return (tuple(Deed((colour + 1) % len(spelt), TURNS[turn], 0) for colour, turn in enumerate(spelt)),)
    if not _TABLE.fullmatch(spelt):
        raise InputError(f"{shown(text)} is no rule of an ant; allowed: {TURMITE_RULES_ALLOWED}")
    rule = tuple(
        tuple(
            Deed(int(writes), _TURN_CODES[int(turns)], int(becomes))
            for writes, turns, becomes in re.findall(r"\{(\d+),(\d+),(\d+)\}", state)
        )
        for state in re.findall(_STATE, spelt)
    )
    num_colours = len(rule[0])
    for number, state in enumerate(rule):
        if len(state) != num_colours:
            raise InputError(f"state {number} has {len(state)} colours, state 0 {num_colours}; allowed: as many in all")
        for colour, deed in enumerate(state):
            if deed.writes >= num_colours or deed.becomes >= len(rule):
                raise InputError(
                    f"state {number}, colour {colour}: writes {deed.writes}, becomes {deed.becomes}; allowed: colours "
                    f"below {num_colours}, states below {len(rule)}"
                )
    return rule


def spelt_rule(rule: TurmiteRule) -> str:
    """The rule in its one spelling: turns where every colour becomes the next one, else a table."""
    if len(rule) == 1 and all(deed.writes == (colour + 1) % len(rule[0]) for colour, deed in enumerate(rule[0])):
        return "".join("NRUL"[deed.turns] for deed in rule[0])
    states = (",".join(f"{{{deed.writes},{2**deed.turns},{deed.becomes}}}" for deed in state) for state in rule)
    return f"{{{','.join(f'{{{state}}}' for state in states)}}}"
