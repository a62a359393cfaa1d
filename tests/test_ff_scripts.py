"""`scripts/ff_images.py` as a user runs it: real digits, IDX files, bad input; and the table made of its lines."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
ff_images = pytest.importorskip("ff_images")
ff_data = pytest.importorskip("ff_data")
ff_table = pytest.importorskip("ff_table")

KEYS = [
    *("method", "data", "train_seconds", "epochs", "params", "validation_accuracy", "test_accuracy"),
    *("layer_accuracy", "dead_fraction"),
]


def _run(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["ff_images.py", *options])
    try:
        ff_images.main()
        code = 0
    except SystemExit as exit:
        code = int(exit.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four IDX files: each label is a bright row of its own."""
    generator = np.random.default_rng(0)
    for part, count in (("train", 5400), ("t10k", 300)):
        labels = generator.integers(0, 10, count, dtype=np.uint8)
        images = generator.integers(0, 60, (count, 28, 28), dtype=np.uint8)
        images[np.arange(count), 5 + 2 * labels] = 250
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(_idx(images))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(_idx(labels))
    return tmp_path


@pytest.mark.parametrize(("method", "layers"), [("distance", 2), ("scff", 2), ("backprop", 0)])
def test_a_run_on_digits_prints_the_figures(method: str, layers: int, capsys, monkeypatch) -> None:
    options = ("--method", method, "--data", "digits", "--epochs", "6", "--layers", "2x60", "--json")
    code, out, err = _run(capsys, monkeypatch, *options)
    assert code == 0
    figures = json.loads(out)
    assert list(figures) == KEYS
    assert (figures["method"], figures["data"], figures["epochs"]) == (method, "digits", 6)
    assert figures["test_accuracy"] > 0.8
    assert len(figures["layer_accuracy"]) == layers
    assert 0 <= figures["dead_fraction"] < 0.9
    assert "epoch" in err


def test_a_run_on_idx_files_learns_what_is_in_them(folder: Path, capsys, monkeypatch) -> None:
    options = ("--method", "symba", "--data", f"mnist:{folder}", "--epochs", "12", "--layers", "1x40", "--json")
    code, out, _ = _run(capsys, monkeypatch, *options)
    assert code == 0
    assert json.loads(out)["data"] == "mnist"
    assert json.loads(out)["test_accuracy"] > 0.7


def test_the_three_sets_share_no_image() -> None:
    split = ff_data.load_split("digits")
    assert [len(part.images) for part in split] == [1197, 240, 360]
    keys = [{image.tobytes() for image in np.asarray(part.images)} for part in split]
    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "hebb"), "--method 'hebb': allowed are ff, symba, scff, distance, hybrid, recurrent, backprop"),
        (("--method", "ff", "--data", "cifar"), "--data 'cifar': allowed are digits, mnist, mnist:FOLDER"),
        (("--method", "ff", "--data", "digits:x"), "allowed are digits, mnist"),
        (("--method", "ff", "--data", "mnist:/nowhere"), "/nowhere: has none of train-images-idx3-ubyte"),
        (("--method", "ff", "--layers", "two"), "--layers 'two': allowed is COUNTxWIDTH"),
        (("--method", "ff", "--layers", "0x100"), "--layers '0x100'"),
        (("--method", "ff", "--layers", "2x9000"), "--layers '2x9000'"),
        (("--method", "ff", "--epochs", "0"), "--epochs 0: allowed are 1 to 10000"),
        (("--method", "ff", "--seed", "-1"), "--seed -1: allowed are 0 to"),
    ],
)
def test_bad_options_end_in_one_line(options: tuple[str, ...], message: str, capsys, monkeypatch) -> None:
    code, out, err = _run(capsys, monkeypatch, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_truncated_files_end_in_one_line(folder: Path, capsys, monkeypatch) -> None:
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    code, _, err = _run(capsys, monkeypatch, "--method", "ff", "--data", f"mnist:{folder}")
    assert code == 2
    assert str(path) in err
    assert "the file has 235195" in err


def test_too_few_images_and_labels_that_do_not_match(folder: Path, capsys, monkeypatch) -> None:
    labels = folder / "train-labels-idx1-ubyte"
    labels.write_bytes(_idx(np.zeros(5399, np.uint8)))
    code, _, err = _run(capsys, monkeypatch, "--method", "ff", "--data", f"mnist:{folder}")
    assert code == 2
    assert "labels (5699,)" in err
    for part in ("images-idx3", "labels-idx1"):
        shape = (100, 28, 28) if "images" in part else (100,)
        (folder / f"train-{part}-ubyte").write_bytes(_idx(np.zeros(shape, np.uint8)))
    code, _, err = _run(capsys, monkeypatch, "--method", "ff", "--data", f"mnist:{folder}")
    assert code == 2
    assert "100 images to learn from" in err


def test_the_table_is_the_mean_of_its_lines() -> None:
    line = {"name": "symba", "data": "mnist", "layer_accuracy": [0.9, 0.8], "train_seconds": 10, "params": 2_500_000}
    found = [{**line, "seed": seed, "test_accuracy": 0.98 + 0.01 * seed, "dead_fraction": 0.1} for seed in (0, 1)]
    found.append({**found[0], "data": "digits", "test_accuracy": 0.5})
    row = ff_table.table(found, ["symba"])[-1]
    assert row == (
        "| symba | 50.00 ± 0.00 | 98.50 ± 0.50 | 90.00, 80.00 | 10 | 2.50 M | 10 % | 98.58, Lee and Song 2023 |"
    )


def test_every_run_of_the_study_is_planned_once_a_seed() -> None:
    runs = ff_table.planned(ff_table.ROWS)
    kinds = {(run["name"], run["data"], run["seed"]) for run in runs}
    assert len(kinds) == len(runs) == 3 * 15
    assert ("symba --quick", "mnist", 2) in kinds
