import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ffnca import atomic
from ffnca.atomic import made_folder, replacing
from ffnca.errors import InputError


def _write(path: Path, text: str = "new") -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_appears_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.txt") as path:
        path.write_text("whole")
        assert not (tmp_path / "a.txt").exists()
        assert path.suffix == ".txt"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "whole"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError(28, os.strerror(28))])
def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path, error) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises((ValueError, KeyboardInterrupt, InputError)), replacing(tmp_path / "a.txt") as path:  # noqa: PT012
        path.write_text("half")
        raise error
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def _odd_places(folder: Path) -> None:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo.gif")
    (folder / "null.gif").symlink_to(os.devnull)
    (folder / "circle.gif").symlink_to(folder / "circle.gif")


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with a name")
@pytest.mark.parametrize(
    "name", ["missing/a.txt", "folder", "fifo.gif", "null.gif", "circle.gif", "nul\0.gif", f"{'long' * 70}.gif"]
)
def test_where_nothing_can_be_written_is_found_at_once(tmp_path: Path, name: str) -> None:
    _odd_places(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=name.split("/")[0][:3]), replacing(tmp_path / name):
        pytest.fail("must not get this far")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("is_there", [True, False])
def test_the_file_that_a_link_leads_to_is_written(tmp_path: Path, is_there: bool) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "real.txt", tmp_path / "link.txt"
    if is_there:
        target.write_text("old")
    link.symlink_to(Path("store") / "real.txt")
    _write(link)
    assert link.is_symlink()
    assert target.read_text() == link.read_text() == "new"


def test_a_new_file_gets_what_the_umask_leaves_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        _write(tmp_path / "private.txt")
        os.umask(0o002)
        _write(tmp_path / "shared.txt")
    finally:
        os.umask(before)
    assert (_mode(tmp_path / "private.txt"), _mode(tmp_path / "shared.txt")) == (0o600, 0o664)
    for mode in (0o600, 0o640, 0o666):
        (tmp_path / "private.txt").chmod(mode)
        _write(tmp_path / "private.txt")
        assert _mode(tmp_path / "private.txt") == mode


@pytest.mark.parametrize("error", [PermissionError(1, "not permitted"), OSError(95, "no"), NotImplementedError()])
def test_a_refused_change_of_mode_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error) -> None:
    def refuse(*given: object, **options: object) -> None:
        raise error

    for name in ("chmod", "fchmod"):
        monkeypatch.setattr(os, name, refuse)
    _write(tmp_path / "a.txt", "first")
    _write(tmp_path / "a.txt", "second")
    assert (tmp_path / "a.txt").read_text() == "second"


def test_where_renaming_over_a_file_is_refused_it_is_written_in_place(tmp_path: Path, monkeypatch) -> None:
    def refuse(*given: object) -> None:
        raise OSError(16, os.strerror(16))  # as for a file that is mounted by itself

    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    _write(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "new"
    with pytest.raises(InputError):
        _write(tmp_path / "b.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_names_are_as_long_as_the_system_takes(tmp_path: Path) -> None:
    for name in (f"{'a' * 251}.gif", "🐟" * 62 + ".gif", f"a.{'b' * 253}"):
        _write(tmp_path / name)
        assert (tmp_path / name).read_text() == "new"


@pytest.mark.skipif(atomic.fcntl is None, reason="no locks")
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom ffnca.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as path:\n"
        "    path.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.gif")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "half"
    (tmp_path / ".ffnca-notes").write_text("mine")
    with replacing(tmp_path / "b.gif") as living:
        _write(tmp_path / "a.gif")
        assert living.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".ffnca-notes", "a.gif", "b.gif"]


def test_a_folder_is_made_and_removed_again_if_nothing_came_of_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), made_folder(tmp_path / "a" / "b"):
        raise ValueError("no")
    assert not list(tmp_path.iterdir())
    with made_folder(tmp_path / "a" / "b"):
        pass
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file"), made_folder(tmp_path / "file"):
        pytest.fail("must not get this far")


def test_messages_are_one_line() -> None:
    assert str(InputError("two\nlines  here")) == "two lines here"
