import os
from pathlib import Path

import pytest

from ffnca.atomic import replacing
from ffnca.errors import InputError


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


@pytest.mark.parametrize("name", ["missing/a.txt", "folder"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=name.split("/")[0]), replacing(tmp_path / name):
        pytest.fail("must not get this far")


def test_messages_are_one_line() -> None:
    assert str(InputError("two\nlines  here")) == "two lines here"
