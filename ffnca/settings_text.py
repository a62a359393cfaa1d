"""Settings of strangers in TOML and JSON: bounded before they are parsed, so that none keeps a parser busy."""

import json
import re
import tomllib
from typing import Any

from ffnca.errors import InputError

MAX_SIGNS = 1000
"""Of each of `_SIGNS` outside text. The parser of TOML takes time with the square of some of them."""
_SIGNS = ".=[{,"
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
"""Strings and comments; what is not closed counts as text, so that the search takes linear time."""


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Args:
        text: The whole text.
        name: What to call it in errors, e.g. the file.

    Raises:
        InputError: If it is not TOML, or has more keys, tables or values than any world.
    """
    _check_structure(text, f"{name}: is not TOML")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not TOML ({str(error)[:200]})") from error


def parse_json(text: str, name: str) -> Any:
    """The value of a JSON text.

    Args:
        text: The whole text.
        name: What to call it in errors, e.g. the file.

    Raises:
        InputError: If it is not JSON, or has more keys, lists or values than any settings.
    """
    _check_structure(text, f"{name}: is not JSON")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is not JSON ({str(error)[:100]})") from error


def _check_structure(text: str, refusal: str) -> None:
    structure = _TEXT.sub("", text)
    for sign in _SIGNS:
        if (count := structure.count(sign)) > MAX_SIGNS:
            raise InputError(f'{refusal} of ours: "{sign}" occurs {count} times outside text; allowed: {MAX_SIGNS}')
