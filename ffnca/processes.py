"""Several processes that compute together, by `jax.distributed`: who writes files, and what all must agree on.

Each process runs the same program. What decides how the program goes on, such as a clock or Ctrl-C, must be the same in
all of them, or one would wait for ever for the others.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager as Context
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from ffnca.errors import InputError, Stopped
from ffnca.terminal import say

SECONDS_TO_MEET, SECONDS_OF_SILENCE = 120, 20
"""How long processes wait for each other at the start, and after how long a silent one counts as gone."""
SECONDS_TO_LEAVE = 3
MOST_PROCESSES = 100_000
_OWN: "Together | None" = None
"""What this process has joined."""


class Together(NamedTuple):
    """One of several processes.

    Attributes:
        coordinator: HOST:PORT of the first, which all can reach.
        number: How many there are.
        index: Which this is, from 0.
    """

    coordinator: str
    number: int
    index: int

    @classmethod
    def chosen(cls, coordinator: str | None, number: int | None, index: int | None) -> "Together | None":
        """As the options of the command line say; None if they say nothing.

        Raises:
            InputError: If some are missing, or a number is out of range.
        """
        given = {"--coordinator": coordinator, "--processes": number, "--process-id": index}
        if all(value is None for value in given.values()):
            return None
        if coordinator is None or number is None or index is None:
            missing = ", ".join(name for name, value in given.items() if value is None)
            raise InputError(f"{missing}: missing; several processes need {', '.join(given)}")
        host, _, port = coordinator.rpartition(":")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
            raise InputError(f"--coordinator {coordinator[:60]}: allowed is HOST:PORT of the first process")
        if not 1 <= number <= MOST_PROCESSES:
            raise InputError(f"--processes {number}: allowed are 1 to {MOST_PROCESSES}")
        if not 0 <= index < number:
            raise InputError(f"--process-id {index}: allowed with --processes {number} are 0 to {number - 1}")
        return cls(coordinator, number, index)

    def join(self) -> None:
        """Find the others; before jax computes anything. Where they do not come in time, this process ends, with 2.

        Raises:
            InputError: If the address cannot be used.
        """
        host, _, port = self.coordinator.rpartition(":")
        try:
            socket.getaddrinfo(host.strip("[]"), int(port))
        except (OSError, UnicodeError) as error:
            raise InputError(f"--coordinator {self.coordinator}: there is no such host ({error})") from error
        import jax

        global _OWN
        _OWN = self
        others = "the other" if self.number == 2 else f"the {self.number - 1} others"
        say(f"process {self.index} waits for {others} at {self.coordinator}, {SECONDS_TO_MEET} seconds at most")
        patience = threading.Timer(SECONDS_TO_MEET, self._leave_alone)
        patience.start()
        try:
            jax.distributed.initialize(
                *self,
                initialization_timeout=2 * SECONDS_TO_MEET,
                heartbeat_timeout_seconds=SECONDS_OF_SILENCE,
            )
        except (RuntimeError, ValueError) as error:
            raise InputError(f"--coordinator {self.coordinator}: the processes did not meet ({error})") from error
        finally:
            patience.cancel()

    def _leave_alone(self) -> None:
        """End before jax does, which would print the places in its code where it waited."""
        say(f"--coordinator {self.coordinator}: not all {self.number} processes came in {SECONDS_TO_MEET} seconds")
        os._exit(2)


def another_is_gone(error: BaseException) -> bool:
    """Whether an error says that one of the processes has ended, or cannot be reached any more."""
    if _OWN is None or "RESOURCE_EXHAUSTED" in str(error):
        return False
    # What carries bytes between processes is called Gloo; jax raises its errors as ValueError at times.
    return type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError") or "Gloo" in str(error)


def leave_at_once(code: int, *, linger: bool = True) -> int:
    """End this process, one of several, without waiting for the others; one that is alone gets its code back.

    The others are ended when the first is gone; so it lingers, to let them say what is wrong themselves.
    """
    if _OWN is None:
        return code
    sys.stdout.flush()
    sys.stderr.flush()
    if _OWN.index == 0 and linger:
        time.sleep(SECONDS_TO_LEAVE)
    os._exit(code)


def is_first() -> bool:
    """Whether this process is the one that writes files."""
    import jax

    return jax.process_index() == 0


def any_of_all(flag: bool) -> bool:
    """Whether any process says so; all must ask."""
    import jax
    import numpy as np

    if jax.process_count() == 1:
        return flag
    from jax.experimental.multihost_utils import process_allgather

    return bool(np.any(process_allgather(np.array(flag))))


def as_first_says(value: float) -> float:
    """A number of the first process, in all of them; all must ask."""
    import jax
    import numpy as np

    if jax.process_count() == 1:
        return value
    from jax.experimental.multihost_utils import broadcast_one_to_all

    return float(broadcast_one_to_all(np.float32(value)))


@contextmanager
def by_the_first(context: Callable[[], Context[None]]) -> Iterator[None]:
    """Enter what the first process alone is to do, and let all others wait until it has begun.

    Raises:
        InputError: In the first process, if it cannot begin.
        Stopped: In the others then.
    """
    with ExitStack() as stack:
        error = None
        if is_first():
            try:
                stack.enter_context(context())
            except InputError as found:
                error = found
        failed = any_of_all(error is not None)
        if error is not None:
            raise error
        if failed:
            raise Stopped("the first process cannot begin, and says why")
        yield
