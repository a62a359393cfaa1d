"""The README's Python example runs as it stands, and its commands exist."""

import re
from pathlib import Path

from ffnca.cli import app

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path: Path, capsys) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {"folder": tmp_path})
    out = capsys.readouterr().out
    assert float(re.search(r"relative MSE ([\d.e-]+)", out)[1]) < 0.05  # pyright: ignore[reportOptionalSubscript]
    assert "'budget': '200 updates'" in out


def test_every_command_in_the_readme_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # pyright: ignore
    used = set(re.findall(r"^(?:.*&& )?ffnca (\w+)", README, re.MULTILINE))
    assert used == known


def test_every_picture_in_the_readme_is_there() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (Path(__file__).resolve().parent.parent / name).exists(), name
