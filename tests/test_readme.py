"""The README's Python examples run as they are printed, and its commands exist with the options that they name."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from ffnca.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("gallery/**/*.md")])


@pytest.mark.computes
def test_the_python_examples_run(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first grows a creature, the second learns digits; nothing but what is printed is there for them."""
    monkeypatch.chdir(tmp_path)
    growth, digits = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(growth, "README.md", "exec"), {"__name__": "__main__"})
    out = capsys.readouterr().out
    assert float(re.search(r"relative MSE ([\d.e-]+)", out)[1]) < 0.05  # pyright: ignore[reportOptionalSubscript]
    assert "'budget': '100 updates'" in out
    exec(compile(digits, "README.md", "exec"), {"__name__": "__main__"})
    found = re.search(r"test accuracy ([\d.]+)", capsys.readouterr().out)
    assert float(found[1]) > 0.92  # pyright: ignore[reportOptionalSubscript]


def test_every_command_in_the_readme_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # pyright: ignore
    used = set(re.findall(r"^(?:.*&& )?ffnca (\w+)", README, re.MULTILINE))
    assert used == known


def _command_lines() -> list[str]:
    in_blocks = [line for block in re.findall(r"```sh\n(.*?)```", DOCUMENTS, re.DOTALL) for line in block.splitlines()]
    in_text = re.findall(r"`((?:ffnca|python scripts/)[^`\n]*)`", DOCUMENTS)
    parts = [part.strip() for line in in_blocks + in_text for part in line.split("&&")]
    return sorted({part for part in parts if part.startswith(("ffnca ", "python scripts/"))})


@pytest.mark.parametrize("line", _command_lines())
def test_every_option_that_a_document_names_exists(line: str) -> None:
    """As the command line reads it, without running it."""
    program, *words = shlex.split(line, comments=True)
    if program == "python":
        script = (ROOT / words[0]).read_text(encoding="utf-8")
        assert all(f'"{word}"' in script for word in words[1:] if word.startswith("--")), line
        return
    command = typer.main.get_command(app)
    if words and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]  # pyright: ignore[reportAttributeAccessIssue]
    options = {option for parameter in command.params for option in parameter.opts}
    assert all(word in options for word in words if word.startswith("--")), line


def test_every_picture_in_the_readme_is_there() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).exists(), name
