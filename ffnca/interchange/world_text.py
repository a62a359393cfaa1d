"""Settings of a world as the text of a world file."""

import json
from collections.abc import Mapping
from typing import Any

from ffnca.errors import InputError, safe_line
from ffnca.settings_text import parse_toml
from ffnca.systems.world_settings import MAX_WORLD_BYTES, build_world


def world_text(settings: Mapping[str, Any], about: str, name: str) -> str:
    """A world file.

    Args:
        settings: The keys of a world, its tables of keys and its lists of tables.
        about: What the first line says of it.
        name: What to call it in errors.

    Raises:
        InputError: If they are no settings of a world, or too many for a world file.
    """
    build_world(settings, name)
    tables = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lists = {key: value for key, value in settings.items() if isinstance(value, list) and value}
    lines = [f"# {safe_line(about)}"]
    lines += [f"{key} = {_value(value)}" for key, value in settings.items() if key not in (*tables, *lists)]
    for table, keys in [
        *((f"[{key}]", value) for key, value in tables.items()),
        *((f"[[{key}]]", one) for key, value in lists.items() for one in value),
    ]:
        lines += ["", table, *(f"{key} = {_value(value)}" for key, value in keys.items())]
    text = "\n".join(lines) + "\n"
    if len(text.encode()) > MAX_WORLD_BYTES:
        raise InputError(f"{name}: would be too large a world file; allowed: {MAX_WORLD_BYTES} bytes")
    parse_toml(text, name)  # the world itself is checked already, and what it tells is told once
    return text


def _value(value: Any) -> str:
    """In TOML, whose text and numbers are those of JSON but for lines and one character."""
    if isinstance(value, str) and "\n" in value:
        return '"""\n' + "\n".join(_text(line)[1:-1] for line in value.split("\n")) + '"""'
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
