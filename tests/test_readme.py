"""The documents: examples run as they are printed; commands, options, links and pictures that they name exist."""

import ast
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from ffnca.cli import app
from ffnca.systems.growth import creature, measuring
from ffnca.systems.growth.fitted_world import fitted_recipe

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
report = pytest.importorskip("report")

FOLDERS = ("ffnca", "gallery", "scripts", "worlds")
_PATHS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(path for at in FOLDERS for path in ROOT.glob(f"{at}/**/*.md")),
]
DOCUMENTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in _PATHS}
README = DOCUMENTS["README.md"]


@pytest.mark.computes
@pytest.mark.parametrize(
    "recipe",
    [
        {"pool_batch": 2, "teacher_batch": 2, "cells": 64, "displaced_share": 0.0},
        pytest.param({}, marks=pytest.mark.slow),
    ],
    ids=["with less to compute", "as printed"],
)
def test_the_python_example_of_the_readme_runs(
    recipe: dict, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows a creature and trains one; nothing but what is printed is there for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(creature, "fitted_recipe", lambda *given: replace(fitted_recipe(*given), **recipe))
    if recipe:
        monkeypatch.setattr(measuring, "NUM_MEASURED", 1)
        monkeypatch.setattr(measuring, "FEWEST_OF_EACH", 1)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    out = capsys.readouterr().out
    assert float(re.search(r"'relative_mse': ([\d.e-]+)", out)[1]) < 0.05  # pyright: ignore[reportOptionalSubscript]
    assert "'budget': '100 updates'" in out


def test_the_readme_is_short_and_so_is_the_page_on_the_window() -> None:
    assert len(README.splitlines()) <= 200
    assert len(DOCUMENTS["ffnca/view/README.md"].splitlines()) <= 80


def test_every_key_of_the_window_is_on_its_page() -> None:
    from ffnca.view.actions import ACTIONS

    page = DOCUMENTS["ffnca/view/README.md"]
    listed = " ".join(row.split("|")[1] for row in page.splitlines() if row.startswith("| "))
    shown = {key for action in ACTIONS for key in action.shown.split(" or ")}
    assert len(shown) > 30
    assert [key for key in sorted(shown) if key not in re.split(r"[ ,]+", listed)] == []


def test_every_command_is_in_the_readme() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # pyright: ignore
    used = set(re.findall(r"^(?:.*&& )?ffnca (\w+)", README, re.MULTILINE))
    assert used == known


def _command_lines() -> list[str]:
    everything = "\n".join(DOCUMENTS.values())
    in_blocks = [line for block in re.findall(r"```sh\n(.*?)```", everything, re.DOTALL) for line in block.splitlines()]
    in_text = re.findall(r"`([^`\n]*(?:ffnca|python scripts/)[^`\n]*)`", everything)
    parts = [part.strip() for line in in_blocks + in_text for part in line.split("&&")]
    return sorted({part for part in parts if re.match(r"ffnca [a-z]|python scripts/", part)})


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


def _anchors(text: str) -> set[str]:
    """Of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.strip().lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_picture_leads_somewhere(document: str) -> None:
    text = re.sub(r"```.*?```", "", DOCUMENTS[document], flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    lost = []
    for target in targets:
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        path = (ROOT / document).parent / place if place else ROOT / document
        if not path.exists() or (anchor and anchor not in _anchors(path.read_text(encoding="utf-8"))):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    """What begins with a folder of the repository; names in capitals stand for the reader's own."""
    codes = re.findall(r"`([^`\n]+)`", DOCUMENTS[document])
    pattern = rf"(?<![\w/.~])(?:tests|{'|'.join(FOLDERS)})/[\w./-]+"
    names = {name for code in codes for name in re.findall(pattern, code)}
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def _blocks_written_by(script: Path) -> list[tuple[str, str]]:
    """Pattern of the name, and document, of every block that a script writes."""
    calls = [node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    found = []
    for call in (node for node in calls if ast.unparse(node.func) in ("publish", "publish_rows")):
        document = next((ast.unparse(word.value) for word in call.keywords if word.arg == "document"), "STUDIES")
        if document.startswith("BLOCKS["):  # the script has several, each with its document
            blocks = pytest.importorskip(script.stem).BLOCKS.items()
        else:
            blocks = [(call.args[0], getattr(report, document))]
        found += [(_pattern(name), str(place.relative_to(ROOT))) for name, place in blocks]
    return found


def _pattern(name: ast.expr | str) -> str:
    """Of the names that an expression may have: a number may stand in the place of what is filled in."""
    parts = name.values if isinstance(name, ast.JoinedStr) else [name]
    texts = [part.value if isinstance(part, ast.Constant) else part for part in parts]
    return "".join(re.escape(text) if isinstance(text, str) else r"\d+" for text in texts)


def test_every_block_that_a_script_writes_is_in_its_document_and_nowhere_else() -> None:
    scripts = [path for path in sorted((ROOT / "scripts").glob("*.py")) if path.stem != "report"]
    written = {block for path in scripts for block in _blocks_written_by(path)}
    assert len(written) >= 15
    marked = [
        (name, document)
        for document, text in DOCUMENTS.items()
        for name, _ in re.findall(r"<!-- begin (.+?) -->(.*?)<!-- end \1 -->", text, re.DOTALL)
    ]
    assert len({name for name, _ in marked}) == len(marked), "a block is in two places"
    for pattern, document in written:
        places = {place for name, place in marked if re.fullmatch(pattern, name)}
        assert places == ({document} if document in DOCUMENTS else set()), pattern
