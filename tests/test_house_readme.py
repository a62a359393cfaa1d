"""The examples of ffnca/README.md run as they are printed, in order, and are as short as it says."""

import os
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "ffnca" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_examples_are_short() -> None:
    assert len(EXAMPLES) >= 5
    assert all(example.count("\n") < 30 for example in EXAMPLES)


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    from ffnca import extras, perceptions
    from ffnca.systems import registry
    from ffnca.systems.growth import measuring
    from ffnca.systems.growth.objective import OBJECTIVES

    monkeypatch.setattr(measuring, "NUM_MEASURED", 1)  # what is trained for 8 updates has learned nothing yet
    monkeypatch.setattr(measuring, "FEWEST_OF_EACH", 1)

    tables = (registry._registered, perceptions.PERCEPTIONS, OBJECTIVES, *extras._registered.values())
    before = [dict(table) for table in tables]
    names: dict = {"__name__": "example"}
    try:
        for example in EXAMPLES:
            exec(compile(example, "ffnca/README.md", "exec"), names)
    finally:
        for table, kept in zip(tables, before, strict=True):
            table.clear()
            table.update(kept)
    assert names["picture"].shape == (64, 64, 3)
    assert "right_half" in capsys.readouterr().out
    assert names["creature"].record["updates"] == 8
