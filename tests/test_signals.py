"""SIGTERM and SIGHUP are heard as Ctrl-C is."""

import os
import signal
from collections.abc import Iterator

import pytest

from ffnca.signals import STOPS, stop_as_ctrl_c, stop_noted


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_is_noted_once_and_handlers_come_back(number: signal.Signals) -> None:
    before, calls = [signal.getsignal(one) for one in STOPS], []
    with stop_noted(lambda: calls.append(1)) as stopped:
        assert not stopped()
        os.kill(os.getpid(), number)
        assert stopped()
        os.kill(os.getpid(), signal.SIGTERM)  # a closing terminal and a shutdown send several
    assert calls == [1]
    assert [signal.getsignal(one) for one in STOPS] == before


def test_a_second_ctrl_c_raises() -> None:
    with pytest.raises(KeyboardInterrupt), stop_noted() as stopped:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", [one for one in STOPS if one != signal.SIGINT])
def test_short_work_ends_as_by_ctrl_c(number: signal.Signals) -> None:
    stop_as_ctrl_c()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP")
def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop_as_ctrl_c()
    with stop_noted() as stopped:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not stopped()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
