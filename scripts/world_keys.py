"""Print worlds/README.md: every key of a world file by kind, with its meaning, what is allowed and its default.

python scripts/world_keys.py            # print
python scripts/world_keys.py --write    # rewrite worlds/README.md
"""

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_json

from ffnca.spec import Spec, spec_in
from ffnca.systems.base import System
from ffnca.systems.registry import systems
from ffnca.world import World, shipped_patterns, shipped_worlds
from ffnca.world_file import load_world

DOCUMENT = Path(__file__).parent.parent / "worlds" / "README.md"
_HEAD = """# World files

A world is a TOML file: its kind, a title, a grid, and the tables of its kind. Only what differs from the default has to
be written. A key that is unknown, or a value that is not allowed, is refused by name. A world file is data: nothing in
it can run code.

```toml
{example}```

Every kind has `kind`, `title` and the table `[grid]`. This page is printed by `python scripts/world_keys.py --write`.
"""


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=False)
    if value is PydanticUndefined:
        return "needed"
    return "" if value is None else f"`{to_json(value).decode()}`"


def tables(spec: type[Spec], name: str = "") -> Iterator[tuple[str, str, list[tuple[str, FieldInfo]]]]:
    """The tables of a world file: name, what the table is for, its keys."""
    inner, keys = [], []
    for key, field in spec.model_fields.items():
        table = spec_in(field.annotation)
        if table is None:
            keys.append((key, field))
            continue
        named = ".NAME" if "dict" in str(field.annotation) else ""
        inner.append((f"{name}.{key}".strip(".") + named, table))
    yield name, inspect.getdoc(spec) or "", keys
    for below, table in inner:
        yield from tables(table, below)


def described(system: System) -> list[str]:
    """The section of a kind."""
    lines = [f'## `kind = "{system.kind}"`', ""]
    worlds = [name for name, path in shipped_worlds().items() if load_world(path).kind == system.kind]
    patterns = [name for name, path in shipped_patterns().items() if load_world(path).kind == system.kind]
    ships = f"{', '.join(worlds)}{'; the patterns ' if patterns else ''}{', '.join(patterns)}"
    lines += [f"{inspect.getdoc(system.spec)} Ships: {ships}.", ""]
    for name, purpose, keys in tables(system.spec):
        if name.partition(".")[0] in World.model_fields or not name:
            continue
        table = (
            f"[[{name}]]"
            if "tuple" in str(system.spec.model_fields[name.partition(".")[0]].annotation)
            else f"[{name}]"
        )
        lines += [f"`{table}`: {purpose[0].lower()}{purpose[1:]}", ""]
        lines += _table(keys)
    return lines


def _table(keys: list[tuple[str, FieldInfo]]) -> list[str]:
    rows = ["| key | meaning | allowed | default |", "|---|---|---|---|"]
    for key, field in keys:
        rows.append(f"| `{key}` | {field.title or ''} | {field.description or ''} | {_default(field)} |")
    return [*rows, ""]


def page() -> str:
    """The whole document."""
    example = (DOCUMENT.parent / "lizard.toml").read_text(encoding="utf-8")
    lines = [_HEAD.format(example=example), "## Every kind", ""]
    lines += _table([(key, field) for key, field in World.model_fields.items() if spec_in(field.annotation) is None])
    for name, purpose, keys in list(tables(World))[1:]:
        lines += [f"`[{name}]`: {purpose[0].lower()}{purpose[1:]}", "", *_table(keys)]
    for system in systems().values():
        lines += described(system)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="rewrite worlds/README.md")
    if parser.parse_args().write:
        DOCUMENT.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")


if __name__ == "__main__":
    main()
