"""What a pattern, and a rule with a bounded grid, say of the world that they are in."""

from collections.abc import Mapping
from typing import Any

from ffnca.automata.life_pattern import Pattern, parse_pattern
from ffnca.automata.life_rule import canonical_rule, parse_rule
from ffnca.automata.life_universe import Universe, rule_and_universe
from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.spec import shown

_NOTATION, _HEADER = "rule.notation", "the header of start.rle"


def pattern_notes(pattern: Pattern) -> list[str]:
    """What is wrong with a pattern that can be read all the same."""
    notes = []
    if pattern.claimed:
        claimed, found = ("x".join(map(str, size)) for size in (pattern.claimed, pattern.size))
        notes.append(f"its header says {claimed} (height x width), its rows {found}; the rows count")
    if not pattern.ended:
        notes.append("it has no final !, as if it were cut off; what is there counts")
    if pattern.has_history:
        notes.append("its rule has a history; marks and former cells are left out")
    return notes


def settings_by_pattern(given: Mapping[str, Any], text: str | None, sides: tuple[int, int]) -> Mapping[str, Any]:
    """Settings of a world with what its pattern and its rule say: the rule that is left open, and a bounded grid.

    What can be read but is not as it should be is told of.

    Args:
        given: Settings as read, not checked.
        text: The pattern, None if there is none.
        sides: Fewest and most cells of a side of a grid.

    Raises:
        InputError: If the text is no pattern, contradicts the settings, or asks for a grid that is not allowed.
    """
    given, named = _without_universe(given)
    if text is None:
        return _with_universe(given, named, None, sides, _NOTATION)
    try:
        pattern = parse_pattern(text)
    except InputError as error:
        raise InputError(f"start.rle: {error}") from error
    for note in pattern_notes(pattern):
        tell(f"start.rle: {note}")
    given = _with_rule(given, pattern)
    if named and pattern.universe and named != pattern.universe:
        raise InputError(
            f"{_NOTATION} ends {named}, but {_HEADER} says {pattern.universe}; allowed: the same in both, or in one"
        )
    universe, source = (pattern.universe, _HEADER) if pattern.universe else (named, _NOTATION)
    return _with_universe(given, universe, pattern, sides, source)


def _without_universe(given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Universe | None]:
    """Settings whose rule is only that, and the bounded grid behind it."""
    table = given.get("rule")
    notation = table.get("notation") if isinstance(table, Mapping) else None
    if not isinstance(table, Mapping) or not isinstance(notation, str) or ":" not in notation:
        return given, None
    try:
        rule, universe = rule_and_universe(notation)
    except InputError as error:
        raise InputError(f"{_NOTATION} = {shown(notation)}: {error}") from error
    return {**given, "rule": {**table, "notation": rule or ""}}, universe


def _with_rule(given: Mapping[str, Any], pattern: Pattern) -> Mapping[str, Any]:
    table = given.get("rule", {})
    if not isinstance(table, Mapping):
        return given
    notation = table.get("notation", pattern.rule)
    if not isinstance(notation, str):
        return given
    canonical = canonical_rule(notation)
    if pattern.rule not in (None, canonical):
        raise InputError(
            f"{_NOTATION} = {shown(notation)}, but {_HEADER} says rule = {pattern.rule}; "
            "allowed: the same in both, or in one of them"
        )
    try:
        pattern.check_states(canonical, parse_rule(canonical).num_states)
    except InputError as error:
        raise InputError(f"start.rle: {error}") from error
    return {**given, "rule": {**table, "notation": notation}}


def _with_universe(
    given: Mapping[str, Any], universe: Universe | None, pattern: Pattern | None, sides: tuple[int, int], source: str
) -> Mapping[str, Any]:
    """A bounded grid is the grid: its size cannot be left out of a world, so it counts for more."""
    table = given.get("grid", {})
    if universe is None or not isinstance(table, Mapping):
        return given
    height, width = universe.size
    asks = f"{source} asks for a grid {width} wide and {height} high"
    if not all(sides[0] <= side <= sides[1] for side in universe.size):
        raise InputError(f"{asks}; allowed: sides of {sides[0]} to {sides[1]}")
    if pattern and (height < pattern.size[0] or width < pattern.size[1]):
        raise InputError(f"{asks}, which does not hold its pattern")
    boundary = table.get("boundary", universe.boundary)
    if boundary != universe.boundary:
        raise InputError(
            f'grid.boundary = {shown(boundary)}, but {source} asks for "{universe.boundary}"; '
            "allowed: the same in both, or in one of them"
        )
    return {**given, "grid": {**table, "size": [height, width], "boundary": boundary}}
