"""The examples of the Forward-Forward library's page run as they are printed, each by itself."""

import importlib
import re
from pathlib import Path

import pytest

import ffnca.ff

PAGE = (Path(ffnca.ff.__file__).parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PLACES = ("ffnca.ff", "ffnca.ff.images")
LEAST = {"test accuracy": 0.9, "positive above negative:": 0.97}
"""What each prints, and the least that it must be."""


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs_and_learns(number: int, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLES[number], "README.md", "exec"), {"__name__": "__main__"})
    found = re.search(rf"({'|'.join(LEAST)}) ([\d.]+)", capsys.readouterr().out)
    assert float(found[2]) > LEAST[found[1]]  # pyright: ignore[reportOptionalSubscript]
    assert len(EXAMPLES[number].splitlines()) < 30


def test_every_name_in_the_tables_of_parts_exists() -> None:
    for place in PLACES:
        table = PAGE.partition(f"in `{place}`:\n\n")[2].partition("\n\n")[0]
        names = re.findall(r"`(\w+)(?:\.(\w+))?`", table)
        assert len(names) > 5
        for module, name in names:
            assert hasattr(importlib.import_module(f"{place}.{module}"), name or "__doc__"), (module, name)
