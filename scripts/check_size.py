"""Refuse files that are too large for the repository: what is committed once stays in its history.

    python scripts/check_size.py FILE...

Run by pre-commit on what is about to be committed.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

MAX_BYTES = 250_000
LARGE = {"worlds/rules": 500_000, "tests/golden_states.npz": 500_000, "gallery/index.html": 1_500_000}
"""Files and folders, from the root of the repository, that may hold more, and how much."""


def too_large(names: Iterable[str], root: Path = Path()) -> list[str]:
    """A line for each file that is too large."""
    found = []
    for name in names:
        most = max((LARGE.get(str(place), 0) for place in (Path(name), *Path(name).parents)), default=0) or MAX_BYTES
        size = (root / name).stat().st_size
        if size > most:
            found.append(f"{name}: {size:,} bytes, at most {most:,}")
    return found


if __name__ == "__main__":
    lines = too_large(sys.argv[1:])
    print(*lines, sep="\n", end="\n" if lines else "")
    sys.exit(bool(lines))
