"""Kinds of worlds from outside: registered in a session, and found in installed packages."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toy import MEAN, MeanSystem

from ffnca.errors import InputError
from ffnca.systems.registry import BUILT_IN, register, registered, system_of, systems

WORLD = 'kind = "mean"\ntitle = "Mean of rows"\n[grid]\nsize = [8, 12]\n'


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "rows.toml"
    path.write_text(WORLD)
    return path


def test_a_toy_system_runs_everywhere(ffnca, world: Path) -> None:
    with registered(MEAN):
        code, out, err = ffnca("worlds", "--json")
        assert code == 0, err
        code, out, err = ffnca("run", world, "--steps", 1, "--out", "s.npz", "--json")
        assert code == 0, err
        assert json.loads(out)["measures"] == {}
        state = np.load("s.npz")["state"]
        np.testing.assert_allclose(state, np.broadcast_to(state.mean(1, keepdims=True), state.shape), atol=1e-6)
        code, out, err = ffnca("export", world, "rows.gif", "--steps", 2)
        assert (code, Path("rows.gif").exists()) == (0, True), err
        code, out, err = ffnca("view", world, "--headless-frames", 2, "--out", ".")
        assert code == 0, err
        for words in (("eval", world), ("train", world), ("run", world, "--angle", 5), ("run", world, "--which", "a")):
            code, out, err = ffnca(*words)
            assert code in (0, 2), (words, err)
            assert err.count("\n") <= 1
    code, out, err = ffnca("run", world)
    assert (code, err.count("\n")) == (2, 1)
    assert f'kind = "mean"; allowed: {", ".join(sorted(BUILT_IN))}' in err


def test_a_name_that_is_taken_is_refused() -> None:
    class Impostor(MeanSystem):
        kind = "life"

    with pytest.raises(InputError, match='kind "life" exists already'):
        register(Impostor())
    with registered(MEAN), pytest.raises(InputError, match='kind "mean" exists already'):
        register(MEAN)
    assert "mean" not in systems()
    with pytest.raises(InputError, match=f"allowed: {', '.join(sorted(BUILT_IN))}"):
        system_of("mean")


def _install(site: Path, name: str, code: str, points: str) -> None:
    """As pip leaves a package: its code, and what its wheel says of it."""
    package, about = site / name, site / f"{name}-1.0.dist-info"
    package.mkdir(parents=True)
    about.mkdir()
    (package / "__init__.py").write_text(code)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(points)


_IN_TURN = """
import contextlib, io, json, sys
sys.path.insert(0, {site!r})
from ffnca.cli import main
ends = []
for words in {commands!r}:
    sys.argv = ["ffnca", *words]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            ends.append((int(end.code or 0), *(one.buffer.getvalue().decode() for one in (out, err))))
print(json.dumps(ends))
"""


def _ffnca(site: Path, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of each command, in turn in one process that finds the packages."""
    code = _IN_TURN.format(site=str(site), commands=commands)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=site, check=True)
    return json.loads(done.stdout)


def test_installed_packages_bring_kinds_and_worlds(tmp_path: Path) -> None:
    toy = (Path(__file__).parent / "toy.py").read_text()
    points = "[ffnca.systems]\nmean = rows:MEAN\nbroken = rows:NOTHING\n[ffnca.worlds]\nrows = rows\n"
    _install(tmp_path, "rows", toy, points)
    (tmp_path / "rows" / "worlds").mkdir()
    (tmp_path / "rows" / "worlds" / "meanest.toml").write_text(WORLD)
    (tmp_path / "broken.toml").write_text(WORLD.replace("mean", "broken", 1))
    (tmp_path / "odd.toml").write_text(WORLD.replace("mean", "odd", 1))
    listed, ran, broken, odd = _ffnca(
        tmp_path,
        ("worlds", "--json"),
        ("run", "meanest", "--steps", "1"),
        ("run", "broken.toml"),
        ("run", "odd.toml"),
    )
    code, out, err = listed
    assert code == 0, err
    row = next(row for row in json.loads(out) if row["name"] == "meanest")
    facts = {"size": [8, 12], "trained": None, "hand_wired": None}
    assert row == {"name": "meanest", "title": "Mean of rows", "kind": "mean"} | facts
    assert ran[0] == 0, ran[2]
    for code, _, err in (broken, odd):
        assert (code, err.count("\n")) == (2, 1)
    assert 'kind "broken": rows:NOTHING cannot be imported' in broken[2]
    assert f"allowed: {', '.join(sorted([*BUILT_IN, 'broken', 'mean']))}" in odd[2]


def test_two_packages_with_one_kind_are_named(tmp_path: Path) -> None:
    for name in ("first", "second"):
        _install(tmp_path, name, "raise RuntimeError('never imported')", f"[ffnca.systems]\nmean = {name}:MEAN\n")
    (tmp_path / "rows.toml").write_text(WORLD)
    (code, _, err), listed = _ffnca(tmp_path, ("run", "rows.toml"), ("worlds",))
    assert (code, err.count("\n")) == (2, 1)
    assert 'kind "mean" is claimed by first (first:MEAN) and second (second:MEAN)' in err
    assert listed[0] == 0
