"""Generated blocks of documents: what a script rewrites and what it leaves."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
report = pytest.importorskip("report")

HEADS = ["| method | figure |", "|---|---|"]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with one table of two methods, one of them in two rows."""
    path = tmp_path / "studies.md"
    path.write_text("before\n\n<!-- begin study -->\n<!-- end study -->\n\nafter\n")
    report.publish("study", [*HEADS, "| a | 1 |", "| a | 2 |", "| b | 3 |"], "study.py", document=path)
    return path


def _rows(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.startswith("|")]


def test_rows_of_the_same_name_are_replaced_and_new_ones_come_last(document: Path) -> None:
    report.publish_rows(
        "study", [*HEADS, "| c | 7 |", "| a | 8 |", "| a | 9 |"], "study.py --only a,c", document=document
    )
    assert _rows(document) == [*HEADS, "| a | 8 |", "| a | 9 |", "| b | 3 |", "| c | 7 |"]
    text = document.read_text()
    assert text.startswith("before\n\n<!-- begin study -->\n")
    assert text.endswith("<!-- end study -->\n\nafter\n")
    assert text.count("Printed by `python scripts/study.py --only a,c` on") == 1


def test_a_table_of_other_columns_is_replaced_whole(document: Path) -> None:
    lines = ["| method | time |", "|---|---|", "| b | 4 |"]
    report.publish_rows("study", lines, "study.py", document=document)
    assert _rows(document) == lines


def test_a_file_without_the_markers_is_refused_and_left_alone(document: Path) -> None:
    before = document.read_text()
    with pytest.raises(SystemExit, match="has no markers <!-- begin other -->"):
        report.publish_rows("other", HEADS, "study.py", document=document)
    assert document.read_text() == before


def test_rows_known_by_two_cells_are_replaced_one_by_one_and_stay_with_their_first(document: Path) -> None:
    report.publish("study", [*HEADS, "| a | 1 |", "| a | 2 |", "| b | 3 |"], "study.py", document=document)
    report.publish_rows("study", [*HEADS, "| a | 2 |", "| a | 5 |"], "study.py", num_cells=2, document=document)
    assert _rows(document) == [*HEADS, "| a | 1 |", "| a | 2 |", "| a | 5 |", "| b | 3 |"]


def test_runs_that_are_there_are_not_run_again_and_none_is_lost(tmp_path: Path) -> None:
    results, ran = tmp_path / "runs.jsonl", []

    def run(which: dict) -> dict:
        ran.append((which["name"], which["seed"]))
        return {"rel_mse": {"200": 0.1 * which["seed"]}}

    wanted = [{"name": name, "seed": seed} for seed in (0, 1) for name in "ab"]
    report.completed(results, wanted[:2], run)
    found = report.completed(results, wanted[1:], run)
    assert ran == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert [(line["name"], line["seed"]) for line in found] == ran
    assert report.recorded(results) == found
    (other,) = report.completed(results, wanted[:1], run, setting={"size": 9})
    assert (ran[-1], other["size"]) == (("a", 0), 9)
    assert report.recorded(results) == [*found, other]
