"""The benchmark of the classic worlds runs without CAX, and leaves out what is not there."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
bench_worlds = pytest.importorskip("bench_worlds")


def test_ours_is_timed_alone(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = bench_worlds.ROWS["Lenia, R = 13, 128x128"]._replace(steps=2, size=(32, 32))
    rows = {"Lenia, small": quick, "None such": quick._replace(kind=("none such",)), "Other": quick}
    monkeypatch.setattr(bench_worlds, "ROWS", rows)
    monkeypatch.setattr(sys, "argv", ["bench_worlds.py", "small", "such", "--repeats", "1", "--cax", sys.executable])
    bench_worlds.main()
    out, err = capsys.readouterr()
    heads, _, row = out.strip().splitlines()
    assert heads == "| world | ours, cells/s | CAX, cells/s | ratio |"
    assert row.startswith("| Lenia, small | ")
    assert float(row.split("|")[2].split()[0]) > 0
    assert "has no cax that runs; only ours is timed" in err
    assert "None such: no kind none such here; left out" in err


@pytest.mark.parametrize("name", bench_worlds.ROWS)
def test_every_row_of_a_kind_that_is_there_opens(name: str) -> None:
    row = bench_worlds.ROWS[name]
    simulation = bench_worlds.opened(row)
    assert (simulation is not None) == any(kind in bench_worlds.kinds() for kind in row.kind)
    if simulation is not None:
        assert bench_worlds.state_of(row, simulation).shape == (*row.size, simulation.num_channels)
