"""The bar is for who watches, and never in the way."""

import sys

import pytest

from ffnca.progress import counted


class Gone:
    """A terminal that was closed."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        self.write("")


def test_work_goes_on_when_the_terminal_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    monkeypatch.setenv("TERM", "xterm")
    assert list(counted(range(3), 3, "counting")) == [0, 1, 2]
