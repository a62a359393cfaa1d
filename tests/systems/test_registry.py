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
from ffnca.systems.registry import register, registered, system_of, systems

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
    assert 'kind = "mean"; allowed: growth, lenia, life' in err


def test_a_name_that_is_taken_is_refused() -> None:
    class Impostor(MeanSystem):
        kind = "life"

    with pytest.raises(InputError, match='kind "life" exists already'):
        register(Impostor())
    with registered(MEAN), pytest.raises(InputError, match='kind "mean" exists already'):
        register(MEAN)
    assert "mean" not in systems()
    with pytest.raises(InputError, match="allowed: growth, lenia, life"):
        system_of("mean")


def _install(site: Path, name: str, code: str, points: str) -> None:
    """As pip leaves a package: its code, and what its wheel says of it."""
    package, about = site / name, site / f"{name}-1.0.dist-info"
    package.mkdir(parents=True)
    about.mkdir()
    (package / "__init__.py").write_text(code)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(points)


def _ffnca(site: Path, *words: object) -> subprocess.CompletedProcess:
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from ffnca.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, cwd=site, check=False
    )


def test_installed_packages_bring_kinds_and_worlds(tmp_path: Path) -> None:
    toy = (Path(__file__).parent / "toy.py").read_text()
    points = "[ffnca.systems]\nmean = rows:MEAN\nbroken = rows:NOTHING\n[ffnca.worlds]\nrows = rows\n"
    _install(tmp_path, "rows", toy, points)
    (tmp_path / "rows" / "worlds").mkdir()
    (tmp_path / "rows" / "worlds" / "meanest.toml").write_text(WORLD)
    listed = _ffnca(tmp_path, "worlds", "--json")
    assert listed.returncode == 0, listed.stderr
    row = next(row for row in json.loads(listed.stdout) if row["name"] == "meanest")
    assert row == {"name": "meanest", "title": "Mean of rows", "kind": "mean", "size": [8, 12], "trained": None}
    ran = _ffnca(tmp_path, "run", "meanest", "--steps", 1)
    assert ran.returncode == 0, ran.stderr
    (tmp_path / "broken.toml").write_text(WORLD.replace("mean", "broken", 1))
    broken = _ffnca(tmp_path, "run", "broken.toml")
    assert (broken.returncode, broken.stderr.count("\n")) == (2, 1)
    assert 'kind "broken": rows:NOTHING cannot be imported' in broken.stderr
    (tmp_path / "odd.toml").write_text(WORLD.replace("mean", "odd", 1))
    odd = _ffnca(tmp_path, "run", "odd.toml")
    assert (odd.returncode, odd.stderr.count("\n")) == (2, 1)
    assert "allowed: broken, growth, lenia, life, mean" in odd.stderr


def test_two_packages_with_one_kind_are_named(tmp_path: Path) -> None:
    for name in ("first", "second"):
        _install(tmp_path, name, "raise RuntimeError('never imported')", f"[ffnca.systems]\nmean = {name}:MEAN\n")
    (tmp_path / "rows.toml").write_text(WORLD)
    ran = _ffnca(tmp_path, "run", "rows.toml")
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert 'kind "mean" is claimed by first (first:MEAN) and second (second:MEAN)' in ran.stderr
    assert _ffnca(tmp_path, "worlds").returncode == 0
