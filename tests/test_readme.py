"""The README's Python example runs as it stands, and its commands exist."""

import re
from pathlib import Path

import pytest

from ffnca.cli import app

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.computes
def test_the_python_examples_run(tmp_path: Path, capsys) -> None:
    """The first grows a creature, the second learns digits."""
    growth, digits = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(growth, "README.md", "exec"), {"folder": tmp_path})
    out = capsys.readouterr().out
    assert float(re.search(r"relative MSE ([\d.e-]+)", out)[1]) < 0.05  # pyright: ignore[reportOptionalSubscript]
    assert "'budget': '100 updates'" in out
    exec(compile(digits, "README.md", "exec"), {})
    found = re.search(r"test accuracy ([\d.]+)", capsys.readouterr().out)
    assert float(found[1]) > 0.92  # pyright: ignore[reportOptionalSubscript]


def test_every_command_in_the_readme_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # pyright: ignore
    used = set(re.findall(r"^(?:.*&& )?ffnca (\w+)", README, re.MULTILINE))
    assert used == known


def test_every_picture_in_the_readme_is_there() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (Path(__file__).resolve().parent.parent / name).exists(), name
