"""What the command line says reaches those who can read it, and fails nobody else."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ffnca import cli, terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell of Unix")


def _shell(words: str) -> tuple[int, str, str]:
    command = words.replace("ffnca", f"{sys.executable} -m ffnca")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "codes", "said"),
    [
        ("ffnca worlds --json | head -c 1", (0, terminal.PIPE_CLOSED), ""),
        ("ffnca worlds | true", (0, terminal.PIPE_CLOSED), ""),
        ("ffnca --help | true", (0, terminal.PIPE_CLOSED), ""),
        ("ffnca worlds >&-", (0,), ""),
        ("ffnca worlds >&- 2>&- <&-", (0,), ""),
        ("ffnca no-such 2>&-", (2,), ""),
        ("ffnca no-such 2>/dev/full", (2,), ""),
        ("ffnca worlds >/dev/full", (2,), "ffnca: No space left on device\n"),
        ("ffnca --help >/dev/full", (2,), "ffnca: No space left on device\n"),
    ],
)
def test_streams_that_are_closed_or_full(words: str, codes: tuple[int, ...], said: str) -> None:
    code, _, err = _shell(words)
    assert code in codes
    assert err.replace("standard output: ", "") == said


def test_no_file_gets_the_number_of_a_closed_stream() -> None:
    code = (
        "import os, sys\nfrom ffnca import terminal\nterminal.make_ready()\n"
        "sys.exit(0 if os.open(os.devnull, os.O_RDONLY) > 2 else 1)"
    )
    done = subprocess.run(["bash", "-c", f'{sys.executable} -c "$0" >&- 2>&- <&-', code], check=False)
    assert done.returncode == 0


def test_a_name_that_the_terminal_cannot_show_is_shown_with_escapes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "argv", ["ffnca", "export", "life", str(tmp_path / "魚🦎.gif"), "--steps", "1"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    assert rb"\u9b5a\U0001f98e.gif: 2 frames" in shown.buffer.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    assert os.listdir(tmp_path) == ["魚🦎.gif"]
