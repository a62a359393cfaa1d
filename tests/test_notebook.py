"""The notebook runs from top to bottom, shows what it promises, and is stored without outputs."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ffnca.systems.growth import creature, measuring
from ffnca.systems.growth.fitted_world import fitted_recipe

NOTEBOOK = json.loads((Path(__file__).parent.parent / "gallery" / "tour.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_no_outputs_are_stored() -> None:
    assert (NOTEBOOK["nbformat"], len(CODE) >= 7) == (4, True)
    assert [(cell["outputs"], cell["execution_count"]) for cell in CODE] == [([], None)] * len(CODE)


def _shown(source: str, names: dict[str, Any]) -> Any:
    """What a cell shows when it has run: its last expression, as HTML where it can be."""
    *body, last = ast.parse(source).body
    exec(compile(ast.Module(body, []), "tour.ipynb", "exec"), names)
    if not isinstance(last, ast.Expr):
        return exec(compile(ast.Module([last], []), "tour.ipynb", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "tour.ipynb", "eval"), names)
    return value._repr_html_() if hasattr(value, "_repr_html_") else value


def test_it_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is printed, but for how much a round of training computes."""
    less = {"pool_batch": 2, "teacher_batch": 2, "cells": 64, "displaced_share": 0.0}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(creature, "fitted_recipe", lambda *given: replace(fitted_recipe(*given), **less))
    monkeypatch.setattr(measuring, "NUM_MEASURED", 1)
    monkeypatch.setattr(measuring, "FEWEST_OF_EACH", 1)
    names: dict[str, Any] = {"__name__": "__main__"}
    alive, grown, growing, errors, healing, record, learned, written = [
        _shown("".join(cell["source"]), names) for cell in CODE
    ]
    assert alive.startswith('<iframe title="Fish"')
    assert learned.startswith('<iframe title="mushroom"')
    assert all(shown.startswith("<img") and "data:image/gif;base64," in shown for shown in (growing, healing))
    assert grown["relative_mse"] < 0.01
    assert errors[0] > 0.1 > 0.01 > errors[1]
    assert record["rel_mse_200"] < 0.4
    assert written.startswith("mushroom.html: a page")
    assert "ffnca.ready" in (tmp_path / "mushroom.html").read_text(encoding="utf-8")
