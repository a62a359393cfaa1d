"""States of cells by Golly's numbers: their values here, their letters in RLE, and patterns written so."""

import re
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from ffnca.automata.life_rule import parse_rule

MAX_STATE = 255
_RLE_LINE = 70


def values_of(numbers: UInt8[np.ndarray, "h w"], num_states: int) -> Float[np.ndarray, "h w"]:
    """States by their numbers in Golly: 0 dead, 1 alive and 1.0 here, more for the dying, who go down to 0."""
    levels = np.where(numbers > 0, num_states - numbers.astype(int), 0)
    return levels.astype(np.float32) / np.float32(num_states - 1)


def numbers_of(values: Float[np.ndarray, "h w"], num_states: int) -> UInt8[np.ndarray, "h w"]:
    """The same the other way."""
    levels = np.clip(np.rint(values * (num_states - 1)), 0, num_states - 1).astype(int)
    return np.where(levels > 0, num_states - levels, 0).astype(np.uint8)


def state_letter(state: int, several: bool) -> str:
    """How RLE writes a state, by a rule of several states or of two."""
    if not several:
        return "bo"[state]
    return "." if state == 0 else f"{' pqrstuvwxy'[(state - 1) // 24]}{chr(65 + (state - 1) % 24)}".strip()


def state_number(tag: str) -> int | None:
    """The number of a state by its letters, None if there is none."""
    if tag in "b.o":
        return int(tag == "o")
    letter, prefix = ord(tag[-1]) - 64, "pqrstuvwxy".find(tag[0]) + 1 if len(tag) == 2 else 0
    state = 24 * prefix + letter
    return state if 1 <= letter <= 24 and state <= MAX_STATE else None


def to_rle(pattern: Shaped[np.ndarray, "h w"], notation: str = "B3/S23", num_states: int | None = None) -> str:
    """A pattern in Golly's RLE, with a header.

    Args:
        pattern: True where a cell lives; or the number of each cell's state, as Golly counts them.
        notation: The rule, which may name a bounded grid.
        num_states: How many states the rule has; of a Life-like one it is known.
    """
    several = (num_states or parse_rule(notation.partition(":")[0]).num_states) > 2
    rows = []
    for row in pattern.astype(np.uint8):
        edges = np.flatnonzero(np.diff(row)) + 1
        starts = [0, *edges.tolist(), len(row)]
        runs = [(stop - start, int(row[start])) for start, stop in pairwise(starts)]
        if runs and runs[-1][1] == 0:
            runs.pop()
        rows.append("".join(f"{length if length > 1 else ''}{state_letter(state, several)}" for length, state in runs))
    body = re.sub(r"\${2,}", lambda ends: f"{len(ends[0])}$", "$".join(rows).rstrip("$")) + "!"
    lines = [f"x = {pattern.shape[1]}, y = {pattern.shape[0]}, rule = {notation}", ""]
    for token in re.findall(r"[0-9]*[p-y]?[A-Z.bo$!]", body):
        if len(lines[-1]) + len(token) > _RLE_LINE:
            lines.append("")
        lines[-1] += token
    return "\n".join([*lines, ""])
