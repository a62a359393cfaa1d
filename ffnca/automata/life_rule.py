"""Life-like rules as people write them: B3/S23, b3s23, 23/3, Life."""

import re

from ffnca.errors import InputError
from ffnca.spec import shown

RULES_ALLOWED = 'born and survive counts from 0 to 8 as in "B3/S23" or "23/3", or a name such as "Life"'
_SPELLINGS = re.compile(
    r"b(?P<b1>[0-8]{0,18})/?s(?P<s1>[0-8]{0,18})|s(?P<s2>[0-8]{0,18})/?b(?P<b2>[0-8]{0,18})"
    r"|(?P<s3>[0-8]{0,18})/(?P<b3>[0-8]{0,18})",
    re.ASCII,
)
_NAMES = {
    "life": "B3/S23",
    "conwayslife": "B3/S23",
    "conway": "B3/S23",
    "gameoflife": "B3/S23",
    "conwaysgameoflife": "B3/S23",
    "2x2": "B36/S125",
    "34life": "B34/S34",
    "anneal": "B4678/S35678",
    "coral": "B3/S45678",
    "dayandnight": "B3678/S34678",
    "diamoeba": "B35678/S5678",
    "drylife": "B37/S23",
    "flock": "B3/S12",
    "gnarl": "B1/S1",
    "highlife": "B36/S23",
    "inkspot": "B3/S012345678",
    "lifewithoutdeath": "B3/S012345678",
    "livefreeordie": "B2/S0",
    "longlife": "B345/S5",
    "maze": "B3/S12345",
    "mazectric": "B3/S1234",
    "morley": "B368/S245",
    "move": "B368/S245",
    "pedestrianlife": "B38/S23",
    "replicator": "B1357/S1357",
    "seeds": "B2/S",
    "serviettes": "B234/S",
    "walledcities": "B45678/S2345",
}


def canonical_rule(text: str) -> str:
    """The rule in its one spelling, counts in order: "B3/S23".

    Args:
        text: Counts with B and S in either order and case, with or without the stroke; survive and born counts
            without letters, as in "23/3"; or the name of a well-known rule. Spaces do not matter.

    Raises:
        InputError: If it is none of these.
    """
    spelt = "".join(text.split()).lower() if isinstance(text, str) and len(text) <= 100 else ""
    spelt = _NAMES.get(re.sub(r"[^a-z0-9]", "", spelt.replace("&", "and")), spelt).lower()
    match = _SPELLINGS.fullmatch(spelt)
    if match is None or spelt == "/":
        raise InputError(f"{shown(text)} is no Life-like rule; allowed: {RULES_ALLOWED}")
    born, survive = (next(filter(None, (match[f"{part}{way}"] for way in "123")), "") for part in "bs")
    return f"B{''.join(sorted(set(born)))}/S{''.join(sorted(set(survive)))}"
