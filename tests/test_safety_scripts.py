"""The scripts that break runs and spoil files, and the table of certificates: what they count, and how."""

import gzip
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ffnca.errors import InputError

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
faults = pytest.importorskip("faults")
fuzz = pytest.importorskip("fuzz")
long_table = pytest.importorskip("long_table")


def test_a_trial_survives_only_if_nothing_was_wrong(capsys) -> None:
    tally = faults.Tally()
    tally.count(None, None)
    tally.count(None, "half a file", "left over")
    assert (tally.tried, tally.survived, tally.losses) == (2, 1, ["half a file", "left over"])
    assert faults.table({"kill -9": tally})[2:] == ["| kill -9 | 2 | 1 | 1 |", "| all | 2 | 1 | 1 |"]
    assert "lost: half a file" in capsys.readouterr().err


def test_a_change_in_a_folder_is_waited_for(tmp_path: Path) -> None:
    faults.put_inputs(tmp_path)
    seen = faults._entries(tmp_path)
    assert {Path(name).name for name, _ in seen} == {"ring.toml", "glider.rle", "ring.png"}
    (tmp_path / "glider.rle").write_text("x")
    assert faults._entries(tmp_path) != seen


def test_spoilt_files_are_the_same_for_the_same_seed_and_of_bounded_size() -> None:
    content = b'{"a": [1, 2, 3], "b": "text"}'
    found = [fuzz.spoilt(content, [content], random.Random(seed)) for seed in range(300)]
    assert found == [fuzz.spoilt(content, [content], random.Random(seed)) for seed in range(300)]
    assert len(set(found)) > 200
    assert max(map(len, found)) <= 4 * len(content) + 2**17


@pytest.mark.parametrize("kind", ["png", "npz", "gz"])
def test_what_is_packed_is_spoilt_inside_and_packed_again(kind: str, tmp_path: Path) -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Image.fromarray(picture).save(tmp_path / "a.png")
    np.savez(tmp_path / "a.npz", picture=picture)
    (tmp_path / "a.gz").write_bytes(gzip.compress(picture.tobytes()))
    whole = (tmp_path / f"a.{kind}").read_bytes()
    packing = {"png": fuzz.PNG, "npz": fuzz.ZIP, "gz": fuzz.GZIP}[kind]
    parts = packing.opened(whole)
    changed = [*parts[:-1], parts[-1][:-1] + b"\x07"] if kind != "png" else parts
    (tmp_path / f"a.{kind}").write_bytes(packing.closed(changed, whole))
    if kind == "png":
        assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture)
    elif kind == "npz":
        with np.load(tmp_path / "a.npz") as found:
            assert found["picture"][-1, -1].tolist() == [45, 46, 7]
    else:
        assert gzip.decompress((tmp_path / "a.gz").read_bytes())[-1] == 7


def _for_ever(path: Path) -> None:
    while True:
        pass


def _raising(error: BaseException):
    def read(path: Path) -> None:
        raise error

    return read


def test_what_a_reader_does_is_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    readers = {
        "read": lambda path: None,
        "refused": _raising(InputError("no")),
        "other": _raising(KeyError("no")),
        "large": _raising(MemoryError()),
        "slow": _for_ever,
    }
    found = {name: fuzz.tried(fuzz.Reader(read, {}), tmp_path)[0] for name, read in readers.items()}
    assert found == {name: name for name in readers}
    counts = Counter(read=3, refused=4, other=1)
    assert fuzz.table({"worlds": counts})[2] == "| worlds | 8 | 3 | 4 | 1 | 0 | 0 | 0 |"


def test_the_longest_run_of_each_creature_is_shown() -> None:
    run = {"creature": "fish", "target": None, "grid": [32, 32], "state": "fixed point", "exact": False}
    run |= {"largest_change": 3e-7, "moved": {"most": 4e-7, "cells": 0, "drawn": 0}}
    short, whole = {"10000": 1e-4}, {"10000": 1e-4, "100000": 2e-4, "1000000": 3e-4}
    exact = run | {"creature": "ghost", "exact": True, "moved": None, "largest_change": 0.0}
    runs = [run | {"steps": 10**6, "rel_mse": whole}, run | {"steps": 10**4, "rel_mse": short}]
    *_, fish, ghost = long_table.table([*runs, exact | {"steps": 10**4, "rel_mse": short}])
    assert fish == "| fish | 32x32 | 0.000100 | 0.000200 | 0.000300 | fixed point | 3.0e-07 | 4.0e-07 | 0 | 0 |"
    assert ghost == "| ghost | 32x32 | 0.000100 | not run | not run | fixed point, exact | 0.0e+00 | 0.0e+00 | 0 | 0 |"
