"""Animals of Lenia as text: the run-length code in which its files keep their cells."""

import re

from ffnca.spec import shown
from ffnca.world import MAX_SIDE

MAX_CHANNELS = 8
CELLS_ALLOWED = (
    "cells as Lenia's animals have them: ., A to X, pA to yO, counts before them, $ between rows, ! at the end"
)
_TOKEN = re.compile(r"(\d{0,5})([p-y]?[A-X]|[bo.$])", re.ASCII)


def parse_channels(text: str) -> list[list[list[float]]]:
    """States of an animal of one or more channels, each ended by !, all of one size.

    Raises:
        ValueError: As `parse_cells`, or if there is no cell, or more than 8 channels.
    """
    parts = "".join(text.split()).removesuffix("!").split("!")
    if len(parts) > MAX_CHANNELS:
        raise ValueError(f"the animal has {len(parts)} channels; allowed: up to {MAX_CHANNELS}")
    each = [parse_cells(part) for part in parts]
    height, width = max(map(len, each)), max(len(rows[0]) for rows in each)
    if not width:
        raise ValueError("the animal is empty; allowed: at least one cell")
    return [
        [row + (width - len(row)) * [0.0] for row in rows] + [width * [0.0] for _ in range(height - len(rows))]
        for rows in each
    ]


def parse_cells(text: str) -> list[list[float]]:
    """States of an animal from 0 to 1, row by row, from the run-length code of Lenia's animals.

    Reference:
        Chan, https://github.com/Chakazul/Lenia, `animals.json`.

    Raises:
        ValueError: If the text is no such code, or is more than 1024 cells a side.
    """
    body = "".join(text.split()).removesuffix("!")
    tokens = list(_TOKEN.finditer(body))
    if "".join(token[0] for token in tokens) != body:
        raise ValueError(f"{shown(text)} is no animal; allowed: {CELLS_ALLOWED}")
    rows: list[list[float]] = [[]]
    for token in tokens:
        count, tag = int(token[1] or 1), token[2]
        if count + (len(rows) if tag == "$" else len(rows[-1])) > MAX_SIDE:
            raise ValueError(f"the animal is larger than {MAX_SIDE} cells a side")
        if tag == "$":
            rows += [[] for _ in range(count)]
        else:
            rows[-1] += count * [_level(tag)]
    width = max(map(len, rows))
    return [row + (width - len(row)) * [0.0] for row in rows]


def _level(tag: str) -> float:
    if tag in ".b":
        return 0.0
    high = 255 if tag == "o" else 24 * ("pqrstuvwxy".find(tag[0]) + 1) * (len(tag) > 1) + ord(tag[-1]) - ord("A") + 1
    return min(high, 255) / 255
