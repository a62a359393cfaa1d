"""Being told to stop: SIGTERM and SIGHUP mean what Ctrl-C means."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def stop_as_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt too, from now on; one that is ignored (nohup) stays so."""
    for number in STOPS:
        if number != signal.SIGINT and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def stop_noted(then: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C, SIGTERM and SIGHUP instead of ending, and call `then` at the first; a second Ctrl-C raises.

    An exception out of a signal can be lost, where it falls into a callback of a library. A SIGHUP that is ignored
    stays ignored.

    Yields:
        Whether to stop.
    """
    noted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal noted
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not noted:
            noted = True
            then()

    before = {}
    try:
        for number in STOPS:
            if number != getattr(signal, "SIGHUP", None) or signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, note)
    except ValueError:  # not the main thread, where signals cannot be caught
        yield lambda: False
        return
    try:
        yield lambda: noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
