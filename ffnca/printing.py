"""How commands print figures on stdout: as JSON, or as tables for people."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import typer

_LEAST_WIDTH = 80
_TRAINED = {True: "yes", False: "no", None: "-"}


def print_json(value: object) -> None:
    """One line; numbers that are not finite as null."""
    from pydantic_core import to_json

    typer.echo(to_json(_printable(value), inf_nan_mode="null"))


def print_rows(columns: Sequence[Any], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """A table as wide as the terminal; on a narrow one lines wrap, where columns would be squeezed to nothing.

    Args:
        columns: Their heads, or columns of rich.
        rows: A text for each column.
        title: A line above.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title, box=None, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console(width=max(_LEAST_WIDTH, Console().width)).print(table)


def print_worlds(worlds: Iterable[dict[str, Any]], patterns: Iterable[dict[str, Any]]) -> None:
    """What ships, as `ffnca.listing` lists it: worlds by their kind, then patterns."""
    from rich.table import Column

    names = [Column("name", no_wrap=True), Column("kind", no_wrap=True)]
    listed = [
        (row["name"], row["kind"], row["title"], _size(row), _TRAINED[row["trained"]], row["hand_wired"] or "-")
        for row in sorted(worlds, key=itemgetter("kind"))
    ]
    print_rows([*names, "title", "size", "trained", "hand-wired"], listed)
    typer.echo()
    shapes = [(row["name"], row["title"], row["kind"], _size(row)) for row in patterns]
    print_rows(["pattern", "title", "kind", "size"], shapes)


def named_measures(measures: dict[str, float]) -> str:
    """A name and a number each, with a comma before it."""
    named = ((name.replace("_", " ").replace("relative mse", "relative MSE"), one) for name, one in measures.items())
    return "".join(f", {name} {one:.4g}" for name, one in named)


def _size(row: dict[str, Any]) -> str:
    return "x".join(map(str, row["size"]))


def _printable(value: Any) -> Any:
    """The same; of names, bytes that are no UTF-8 as they are written elsewhere."""
    if isinstance(value, dict):
        return {_printable(name): _printable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(one) for one in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
