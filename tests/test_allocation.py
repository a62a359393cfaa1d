"""Freed memory stays in the process: nothing that was there before is faulted in again."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource, threading
import numpy as np
from ffnca.allocation import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for megabytes in (40, 100):
        np.ones(megabytes * 2**17)
    found.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

found = []
assert keep_memory()
for _ in range(3):
    thread = threading.Thread(target=faults)
    thread.start()
    thread.join()
print(*found)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
def test_large_arrays_of_any_thread_are_taken_from_what_is_there() -> None:
    small_pages = os.environ | {"NUMPY_MADVISE_HUGEPAGE": "0"}
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, env=small_pages)
    first, *later = map(int, done.stdout.split())
    assert first > 20_000
    assert max(later) < 200
