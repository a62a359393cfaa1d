"""Shared by the scripts: what a figure was measured on, and generated blocks in Markdown files."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def machine() -> str:
    """One line that says where figures come from."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("jax", "flax", "optax"))
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}, {packages}"


def publish(name: str, lines: list[str], command: str) -> None:
    """Rewrite the block of that name in the README, with the machine and the command that printed it."""
    note = f"Printed by `python scripts/{command}` on {machine()}."
    replace_block(ROOT / "README.md", name, "\n".join([*lines, "", note]))


def replace_block(path: Path, name: str, text: str) -> None:
    """Put generated text between the markers of `name`; the rest of the file is left alone."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{path}: has no markers {begin} and {end}")
    path.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
