"""Life-like rules as people write them: B3/S23, b3s23, 23/3, Life; Generations 345/2/4; Hensel's B2-a/S12."""

import re
from functools import cache
from typing import NamedTuple

from ffnca.automata.life_neighbourhoods import LETTERS, classes
from ffnca.errors import InputError
from ffnca.spec import shown

RULES_ALLOWED = (
    'born and survive counts from 0 to 8 as in "B3/S23" or "23/3", with letters as in "B2-a/S12", with a number of '
    'states as in "B2/S345/C4" or "345/2/4", or a name such as "Life"'
)
MAX_STATES = 256
_LONGEST = 300
_COUNTS = "(?:[0-8]-?[aceijknqrtwyz]*)*"
_STATES = "(?:(?:/[cg]?|g)(?P<c>[0-9]{1,9}))?"
_SPELLINGS = tuple(
    re.compile(spelling, re.ASCII)
    for spelling in (
        rf"b(?P<b>{_COUNTS})/?s(?P<s>{_COUNTS}){_STATES}",
        rf"s(?P<s>{_COUNTS})/?b(?P<b>{_COUNTS}){_STATES}",
        rf"[cg](?P<c>[0-9]{{1,9}})/?b(?P<b>{_COUNTS})/?s(?P<s>{_COUNTS})",
        rf"(?P<s>{_COUNTS})/(?P<b>{_COUNTS})(?:/(?P<c>[0-9]{{1,9}}))?",
    )
)
_NAMES = {
    "life": "B3/S23",
    "conwayslife": "B3/S23",
    "conway": "B3/S23",
    "gameoflife": "B3/S23",
    "conwaysgameoflife": "B3/S23",
    "2x2": "B36/S125",
    "34life": "B34/S34",
    "amoeba": "B357/S1358",
    "anneal": "B4678/S35678",
    "assimilation": "B345/S4567",
    "coagulations": "B378/S235678",
    "coral": "B3/S45678",
    "dayandnight": "B3678/S34678",
    "diamoeba": "B35678/S5678",
    "drylife": "B37/S23",
    "eightlife": "B3/S238",
    "flock": "B3/S12",
    "gnarl": "B1/S1",
    "highlife": "B36/S23",
    "hightlife": "B3678/S23",
    "inkspot": "B3/S012345678",
    "lifewithoutdeath": "B3/S012345678",
    "livefreeordie": "B2/S0",
    "longlife": "B345/S5",
    "lowdeath": "B368/S238",
    "maze": "B3/S12345",
    "mazectric": "B3/S1234",
    "morley": "B368/S245",
    "move": "B368/S245",
    "pedestrianlife": "B38/S23",
    "pseudolife": "B357/S238",
    "replicator": "B1357/S1357",
    "seeds": "B2/S",
    "serviettes": "B234/S",
    "stains": "B3678/S235678",
    "vote": "B5678/S45678",
    "walledcities": "B45678/S2345",
    "bombers": "B24/S345/C25",
    "brain6": "B246/S6/C3",
    "briansbrain": "B2/S/C3",
    "faders": "B2/S2/C25",
    "frogs": "B34/S12/C3",
    "rake": "B2678/S3467/C6",
    "softfreeze": "B38/S13458/C6",
    "starwars": "B2/S345/C4",
    "sticks": "B2/S3456/C6",
    "swirl": "B34/S23/C8",
    "transers": "B26/S345/C5",
    "justfriends": "B2-a/S12",
    "tlife": "B3/S2-i34q",
}

Shapes = tuple[frozenset[str], ...]
"""For 0 to 8 living neighbours, the letters of the neighbourhoods; the empty letter where there is one class."""


class LifeRule(NamedTuple):
    """A Life-like rule.

    Attributes:
        born: The neighbourhoods with which a dead cell comes to life.
        survive: The same for a living cell that stays alive.
        num_states: 2; more if cells die by degrees.
    """

    born: Shapes
    survive: Shapes
    num_states: int

    def __str__(self) -> str:
        """The rule in its one spelling."""
        states = f"/C{self.num_states}" if self.num_states > 2 else ""
        return f"B{_spelt(self.born)}/S{_spelt(self.survive)}{states}"

    @property
    def counts_only(self) -> bool:
        """Whether only the number of neighbours matters, and each cell is dead or alive."""
        whole = (not one or one == every for part in self[:2] for one, every in zip(part, _EVERY, strict=True))
        return self.num_states == 2 and all(whole)

    def fates(self) -> tuple[bool, ...]:
        """Whether a dead cell is born with each of the 256 neighbourhoods; then whether a living one survives."""
        return tuple(letter in part[count] for part in self[:2] for count, letter in classes())


_EVERY: Shapes = tuple(frozenset(letters) or frozenset({""}) for letters in LETTERS)


@cache
def parse_rule(text: str) -> LifeRule:
    """A rule from counts, or by the name of a well-known one; spaces and case do not matter.

    Args:
        text: Counts with B and S in either order, with or without the stroke; survive and born counts without letters,
            as in "23/3". A count may be followed by the letters of its neighbourhoods in Hensel's notation, or by a
            minus and those that are left out; a rule by a stroke, C or G and its number of states.

    Raises:
        InputError: If it is none of these.
    """
    spelt = "".join(text.split()).lower().replace("_", "/") if isinstance(text, str) and len(text) <= _LONGEST else ""
    spelt = _NAMES.get(re.sub(r"[^a-z0-9]", "", spelt.replace("&", "and")), spelt).lower()
    match = next(filter(None, (spelling.fullmatch(spelt) for spelling in _SPELLINGS)), None)
    if match is None or spelt == "/":
        raise InputError(f"{shown(text)} is no Life-like rule; allowed: {RULES_ALLOWED}")
    num_states = int(match["c"] or 2)
    if not 2 <= num_states <= MAX_STATES:
        raise InputError(f"{shown(text)} has {num_states} states; allowed: 2 to {MAX_STATES}")
    return LifeRule(_shapes(match["b"], text), _shapes(match["s"], text), num_states)


def canonical_rule(text: str) -> str:
    """The rule in its one spelling, counts and letters in order: "B3/S23".

    Raises:
        InputError: If it is no rule.
    """
    return str(parse_rule(text))


def _shapes(counts: str, text: str) -> Shapes:
    """What counts and letters name."""
    found = [frozenset[str]()] * 9
    for digit, minus, letters in re.findall("([0-8])(-?)([a-z]*)", counts):
        every = _EVERY[int(digit)]
        if (minus and not letters) or not every.issuperset(letters):
            allowed = f"the letters {LETTERS[int(digit)]}" if LETTERS[int(digit)] else "no letters"
            raise InputError(f"{shown(text)}: {digit}{minus}{letters} names no neighbourhoods; allowed: {allowed}")
        found[int(digit)] |= every.difference(letters) if minus else frozenset(letters) or every
    return tuple(found)


def _spelt(shapes: Shapes) -> str:
    """Counts in order, each with its letters, or with those that it lacks where these are fewer."""
    text = ""
    for count, (letters, every) in enumerate(zip(shapes, _EVERY, strict=True)):
        lacking = every - letters
        if letters:
            some = f"-{''.join(sorted(lacking))}" if len(lacking) < len(letters) else "".join(sorted(letters))
            text += f"{count}{some if lacking else ''}"
    return text
