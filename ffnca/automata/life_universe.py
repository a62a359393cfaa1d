"""Bounded grids as Golly writes them behind a rule: B3/S23:T64,32 is a torus, B3/S23:P64,32 a plane with an edge."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ffnca.automata.life_rule import canonical_rule
from ffnca.errors import InputError
from ffnca.spec import shown

_BOUNDED = re.compile(r"([TP])(\d{1,9})(?:,(\d{1,9}))?", re.I | re.ASCII)


@dataclass(frozen=True)
class Universe:
    """A bounded grid.

    Attributes:
        size: Height and width.
        boundary: "wrap" for a torus, "zero" for a plane with dead cells around it.
    """

    size: tuple[int, int]
    boundary: Literal["wrap", "zero"]

    def __str__(self) -> str:
        """As it is written behind a rule."""
        return f":{'T' if self.boundary == 'wrap' else 'P'}{self.size[1]},{self.size[0]}"


def rule_and_universe(text: str, rule_of: Callable[[str], str] = canonical_rule) -> tuple[str | None, Universe | None]:
    """A rule in its one spelling, None if nothing is said, and the bounded grid behind its colon, None if endless.

    Args:
        text: Both, as they are written.
        rule_of: Gives the one spelling of a rule.

    Raises:
        InputError: If the rule is none, or the topology is not supported.
    """
    rule, colon, topology = text.strip().strip('"').partition(":")
    canonical = rule_of(rule) if rule.strip() else None
    if not colon:
        return canonical, None
    bounded = _BOUNDED.fullmatch("".join(topology.split()))
    if bounded is None:
        raise InputError(
            f"the topology {shown(topology)} is not supported; allowed: :T (torus) and :P (plane) with width, height "
            "as in :T64,32"
        )
    width, height = int(bounded[2]), int(bounded[3] or bounded[2])
    if (width == 0) != (height == 0):
        raise InputError(f"the topology {shown(topology)} is infinite one way; allowed: both or none")
    boundary: Literal["wrap", "zero"] = "wrap" if bounded[1] in "Tt" else "zero"
    return canonical, Universe((height, width), boundary) if width else None
