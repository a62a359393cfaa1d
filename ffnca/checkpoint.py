"""Checkpoints of a run, by orbax: layers, optimisers, pool, standardiser, round and progress, whole or not at all."""

import errno
import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from jaxtyping import UInt8

from ffnca.errors import InputError
from ffnca.notes import tell
from ffnca.processes import another_is_gone
from ffnca.trainer import Progress

NUM_KEPT = 2
_BESIDE = 2**17
"""Bytes that a checkpoint takes besides its arrays, about three times as many as were seen."""
_SYSTEM_SAYS = re.compile(r": ([^:]+) \[os_error_code=")
_NUMBERED = "0000"
"""What the first array was called in checkpoints of older versions."""


def _leaves(state: Any, progress: Progress) -> dict[str, Any]:
    leaves = jax.tree_util.tree_leaves_with_path(state)
    found = {
        "state": {_name(path): np.asarray(leaf) for path, leaf in leaves},
        "progress": {name: np.float64(value) for name, value in progress._asdict().items()},
    }
    return {**found, "digest": _digest(found)}


def _digest(found: dict[str, dict[str, Any]]) -> UInt8[np.ndarray, " 32"]:
    """Of all arrays and what they are called: files keep no checksums of them, and a bit that flips changes a run."""
    digest = hashlib.blake2b(digest_size=32)
    for table in ("state", "progress"):
        for name, leaf in sorted(found[table].items()):
            array = np.asarray(leaf)
            digest.update(f"{table} {name} {array.dtype} {array.shape};".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _name(path: jax.tree_util.KeyPath) -> str:
    """Such as `layers.0.bias.value`: where an array is in the state."""
    return jax.tree_util.keystr(path, simple=True, separator=".")


@contextmanager
def _told_once() -> Iterator[None]:
    """Of what fails one line is said here: orbax logs each failure of its threads, and tensorstore prints those."""
    log, hook = logging.getLogger("absl"), sys.excepthook
    level = log.level

    def without_late_threads(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not (isinstance(error, RuntimeError) and str(error) == "Event loop is closed"):
            hook(kind, error, trace)

    log.setLevel(logging.CRITICAL)
    sys.excepthook = without_late_threads
    try:
        yield
        sys.excepthook = hook
    finally:  # what failed may go on to fail in threads
        log.setLevel(level)


class Checkpoints:
    """The last few checkpoints in a folder; the newest complete one counts."""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder.

        Raises:
            InputError: If it cannot be.
        """
        self._folder = folder
        try:
            self._manager = self._opened()
        except OSError as error:
            raise InputError(f"{folder}: cannot be made or read ({error.strerror or error})") from error
        except Exception:  # of damaged notes on when a checkpoint was written, which nothing else needs
            for notes in folder.glob("*/_CHECKPOINT_METADATA"):
                notes.unlink()
            self._manager = self._opened()

    def _opened(self) -> ocp.CheckpointManager:
        options = ocp.CheckpointManagerOptions(max_to_keep=NUM_KEPT, enable_async_checkpointing=False)
        handler = ocp.StandardCheckpointHandler()  # lets the names in a checkpoint be read without its arrays
        return ocp.CheckpointManager(self._folder.resolve(), item_handlers=handler, options=options)

    @property
    def newest(self) -> int | None:
        """Round of the newest complete checkpoint, None if there is none."""
        return self._manager.latest_step()

    def names(self) -> list[str]:
        """What the arrays of the newest checkpoint are called, in order; empty if there is none."""
        if self.newest is None:
            return []
        metadata: Any = self._manager.item_metadata(self.newest)
        return sorted(metadata["state"])

    def save(self, state: Any, progress: Progress) -> None:
        """Keep this state under its round; a round that is there already is left as it is.

        Raises:
            InputError: If it cannot be written; the checkpoints before it are as they were.
        """
        step = int(state.round)
        if self.newest is not None and step <= self.newest:
            return
        leaves = _leaves(state, progress)
        try:
            self._check_space(leaves)
            with _told_once():
                self._manager.save(step, args=ocp.args.StandardSave(leaves))  # pyright: ignore
        except Exception as error:  # of a full or a missing disk orbax says nearly anything
            if another_is_gone(error):
                raise
            found = _SYSTEM_SAYS.search(str(error))
            why = getattr(error, "strerror", None) or (found and found[1]) or str(error)[:200]
            raise InputError(f"{self._folder}: the checkpoint of round {step} cannot be written ({why})") from error

    def _check_space(self, leaves: Any) -> None:
        """Refuse at once what would not fit: threads that fail half-way say so on and on.

        Raises:
            OSError: If it would not.
        """
        needed = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(leaves)) + _BESIDE
        if shutil.disk_usage(self._folder).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def load(self, like: Any) -> tuple[Any, Progress]:
        """The newest checkpoint that can be read, in the shape of `like`; damaged ones after it are removed then.

        Raises:
            InputError: If there is none, or all are damaged or of another shape.
        """
        damaged: dict[int, Exception] = {}
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                with _told_once():
                    found = self._restored(step, like)
                break
            except Exception as error:  # of files that were cut off or changed orbax says nearly anything
                if another_is_gone(error):
                    raise
                damaged[step] = error
        else:
            why = next(iter(damaged.values()), None)
            if why is None:
                raise InputError(f"{self._folder}: no complete checkpoint to resume from")
            if self._is_numbered():
                raise InputError(f"{self._folder}: is of an older ffnca; train anew in another folder") from why
            raise InputError(f"{self._folder}: the checkpoint is damaged, or not of this world ({why})") from why
        for newer in damaged:
            tell(f"{self._folder}: the checkpoint of round {newer} is damaged; goes on from that of round {step}")
            self._manager.delete(newer)
        state = jax.tree_util.tree_map_with_path(lambda path, _: found["state"][_name(path)], like)
        return state, Progress(**{name: float(value) for name, value in found["progress"].items()})

    def _is_numbered(self) -> bool:
        """Whether the newest checkpoint is of an older version, as far as it can be told."""
        with suppress(Exception):  # damaged, of which orbax says nearly anything
            return _NUMBERED in self.names()
        return False

    def _restored(self, step: int, like: Any) -> dict[str, Any]:
        template = _leaves(like, Progress())
        metadata: Any = self._manager.item_metadata(step)
        if "digest" not in metadata:  # written before there were any
            del template["digest"]
        found: Any = self._manager.restore(step, args=ocp.args.StandardRestore(template))  # pyright: ignore
        if "digest" in found and not np.array_equal(found["digest"], _digest(found)):
            raise ValueError("its numbers are not those that were written")
        return found

    def close(self) -> None:
        """Wait for what is under way."""
        self._manager.close()
