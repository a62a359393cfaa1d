"""Where the command line keeps compiled code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffnca.computing import cache_folder


def test_the_folder_is_the_users_own_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / "home" / ".cache" / "ffnca" / "compiled"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache" / "ffnca" / "compiled"
    (tmp_path / "file").touch()
    for nowhere in ("/dev/null", str(tmp_path / "file")):
        monkeypatch.setenv("XDG_CACHE_HOME", nowhere)
        assert cache_folder() is None


@pytest.mark.parametrize("given", [None, "given"])
def test_a_command_keeps_what_it_compiled_and_the_users_choice_wins(given: str | None, tmp_path: Path) -> None:
    settings = {key: value for key, value in os.environ.items() if not key.startswith("JAX_COMPILATION")}
    settings |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    kept = tmp_path / "cache" / "ffnca" / "compiled"
    if given:
        kept = tmp_path / given
        settings["JAX_COMPILATION_CACHE_DIR"] = str(kept)
    command = [sys.executable, "-m", "ffnca", "run", "life", "--steps", "1"]
    subprocess.run(command, env=settings, check=True, capture_output=True)
    assert any(kept.iterdir())
    assert (tmp_path / "cache").exists() == (given is None)


def test_imports_touch_no_cache(tmp_path: Path) -> None:
    code = (
        "import os, sys, ffnca\nbefore = dict(os.environ)\n"
        "for name in ffnca.__all__: getattr(ffnca, name)\nimport ffnca.cli, ffnca.train_commands\n"
        "sys.exit(0 if {name for name in os.environ if 'CACHE_DIR' in name} <= set(before) else 1)"
    )
    settings = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert subprocess.run([sys.executable, "-c", code], env=settings, check=False).returncode == 0
    assert not any(tmp_path.iterdir())
