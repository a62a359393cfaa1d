"""Keep freed memory in the process: on Linux, fresh pages for every call cost more than the computation itself."""

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8  # names of malloc.h
_NEVER = 2**31 - 1


@cache
def keep_memory() -> bool:
    """Tell glibc's malloc not to give freed memory back to the system; it costs memory up to the peak, no more.

    XLA takes its temporaries anew in every call. Where malloc maps them from the system each time, a call starts with
    thousands of page faults. Threads share one arena: one of their own would give its heap back, whatever the
    threshold, as soon as it is empty. Call this once, before computing; it holds for the whole process.

    Returns:
        Whether it was done: False where the C library has no `mallopt`.

    Reference:
        mallopt(3), M_TRIM_THRESHOLD, M_MMAP_MAX and M_ARENA_MAX.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _NEVER) and mallopt(_MMAP_MAX, 0) and mallopt(_ARENA_MAX, 1))
