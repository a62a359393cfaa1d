"""Rules of Larger than Life as people write them: R5,C0,M1,S34..58,B34..45,NM; 5,34,45,34,58; Bosco."""

import re
from typing import NamedTuple

from ffnca.errors import InputError
from ffnca.spec import shown

MAX_RADIUS, MAX_STATES = 50, 64
NAMED = {
    "bosco": "R5,C0,M1,S34..58,B34..45,NM",
    "bugs": "R5,C0,M1,S34..58,B34..45,NM",
    "bugs movie": "R10,C0,M1,S123..212,B123..170,NM",
    "globe": "R8,C0,M0,S163..223,B74..252,NM",
    "life": "R1,C0,M0,S2..3,B3..3,NM",
    "majority": "R4,C0,M1,S41..81,B41..81,NM",
    "majorly": "R7,C0,M1,S113..225,B113..225,NM",
    "modern art": "R10,C64,M1,S2..3,B3..3,NM",
    "soldier bugs": "R7,C0,M1,S65..114,B65..95,NM",
    "waffle": "R7,C0,M1,S100..200,B75..170,NM",
}
"""Well-known rules; 64 states at most.

References:
    Evans (2001), "Larger than Life: Digital Creatures in a Family of Two-Dimensional Cellular Automata", Discrete
        Mathematics and Theoretical Computer Science Proceedings AA, 177-192: Bosco's rule.
    Wojtowicz, Mirek's Cellebration: the others.
"""
RANGE_RULES_ALLOWED = (
    f"radius 1 to {MAX_RADIUS}, states 0 or 2 to {MAX_STATES}, whether the middle counts, survival, birth and "
    f'neighbourhood (M, N, C) as in "R5,C0,M1,S34..58,B34..45,NM", or "5,34,45,34,58", or a name: {", ".join(NAMED)}'
)
_GOLLY = re.compile(
    r"R(\d{1,3}),C(\d{1,3}),(?:M([01]),)?S(\d{1,6})(?:(?:\.\.|-)(\d{1,6}))?,B(\d{1,6})(?:(?:\.\.|-)(\d{1,6}))?"
    r"(?:,N([MNC]))?",
    re.ASCII | re.I,
)
_EVANS = re.compile(r"(\d{1,3}),(\d{1,6}),(\d{1,6}),(\d{1,6}),(\d{1,6})", re.ASCII)


class RangeRule(NamedTuple):
    """A rule of Larger than Life.

    Attributes:
        radius: Of the neighbourhood, in cells.
        num_states: 2, or more where cells that die fade through states that neither live nor are born.
        counts_middle: Whether a cell counts itself.
        survive: Fewest and most living neighbours with which a living cell lives on.
        born: The same for a dead cell to come to life.
        shape: M (Moore), N (von Neumann) or C (circular).
    """

    radius: int
    num_states: int
    counts_middle: bool
    survive: tuple[int, int]
    born: tuple[int, int]
    shape: str

    def __str__(self) -> str:
        """The rule in its one spelling."""
        states = 0 if self.num_states == 2 else self.num_states
        (least, most), (fewest, highest) = self.survive, self.born
        middle = int(self.counts_middle)
        return f"R{self.radius},C{states},M{middle},S{least}..{most},B{fewest}..{highest},N{self.shape}"


def range_rule(text: str) -> RangeRule:
    """The rule that a text says; C0 and C1 stand for two states, the middle does not count where M is left out.

    Raises:
        InputError: If it says none.
    """
    spelt = "".join(text.split()) if len(text) <= 100 else ""
    spelt = NAMED.get(" ".join(text.lower().replace("_", " ").split()) if spelt else "", spelt)
    golly, evans = _GOLLY.fullmatch(spelt), _EVANS.fullmatch(spelt)
    if golly:
        radius, states, middle, least, most, fewest, highest, shape = golly.groups()
        survive, born = (int(least), int(most or least)), (int(fewest), int(highest or fewest))
        rule = RangeRule(int(radius), max(2, int(states)), middle == "1", survive, born, (shape or "M").upper())
    elif evans:  # radius, least and most for birth, least and most for survival; the middle counts
        radius, *numbers = map(int, evans.groups())
        rule = RangeRule(radius, 2, True, (numbers[2], numbers[3]), (numbers[0], numbers[1]), "M")
    else:
        raise InputError(f"{shown(text)} is no rule of Larger than Life; allowed: {RANGE_RULES_ALLOWED}")
    if not 1 <= rule.radius <= MAX_RADIUS or rule.num_states > MAX_STATES:
        raise InputError(f"{shown(text)} is out of range; allowed: {RANGE_RULES_ALLOWED}")
    if rule.survive[0] > rule.survive[1] or rule.born[0] > rule.born[1]:
        raise InputError(f"{shown(text)}: fewest above most; allowed: {RANGE_RULES_ALLOWED}")
    return rule
