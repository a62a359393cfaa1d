"""Runs a command and prints its milliseconds, the most memory that it held in MiB (0 if not known), and its exit code.

A process of its own, and a small one: Linux counts the memory of who started a program as the program's peak.
"""

import os
import subprocess
import sys
import time


def main() -> None:
    """Run what the command line names."""
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    peak = 0.0
    if hasattr(os, "wait4"):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    else:
        process.wait()
    print(1000 * (time.perf_counter() - began), peak, process.returncode)


if __name__ == "__main__":
    main()
