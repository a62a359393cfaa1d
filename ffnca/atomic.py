"""Files that appear whole or not at all: written beside their final place, then renamed."""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from ffnca.errors import InputError

try:
    import fcntl
except ImportError:  # Windows, where what a killed process leaves behind stays
    fcntl = None

_LEFT_OVER = re.compile(r"\.ffnca-[0-9a-f]{12}(\..*)?")
_LONGEST_SUFFIX = 100
_NOT_RENAMED = (errno.EBUSY, errno.EPERM, errno.EACCES, errno.EEXIST, errno.EXDEV, errno.ENOTSUP)
"""What file systems say that do not rename over an existing file, or over one that is mounted by itself."""


def writable(path: Path) -> Path:
    """The file that a path leads to, through links, once it is clear that it can be written.

    Args:
        path: A file, which need not exist. Its folder must.

    Raises:
        InputError: If it is a folder, a device, a pipe or write-protected, or its folder is missing.
    """
    try:
        found = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        found = None
    except (OSError, ValueError) as error:  # a name too long, a circle of links, a folder that may not be read
        raise InputError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error
    if found is not None and stat.S_ISDIR(found):
        raise InputError(f"{path}: is a folder; name a file")
    if found is not None and not stat.S_ISREG(found):
        raise InputError(f"{path}: is a device or a pipe; name a file")
    place = Path(os.path.realpath(path))
    if not place.parent.is_dir():
        raise InputError(f"{path}: the folder {place.parent if path.is_symlink() else path.parent} does not exist")
    if found is not None and not os.access(place, os.W_OK):
        raise InputError(f"{path}: cannot be written ({os.strerror(errno.EACCES)})")
    return place


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path with the same suffix; on success it becomes `path`, on failure it is removed.

    A link stays, and the file that it leads to is replaced. An existing file keeps its mode, a new one gets what the
    umask leaves. Temporary files of processes that were killed are removed from the folder.

    Args:
        path: The final place. Its folder must exist.

    Yields:
        A path to write to, in the same folder.

    Raises:
        InputError: If the folder is missing, unwritable or full, or `path` is not a file.
    """
    path = Path(path)
    place = writable(path)
    try:
        _remove_left_over(place.parent)
        temporary, lock = _temporary_beside(place)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        yield temporary
        _put_in_place(temporary, place)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
        if lock is not None:
            os.close(lock)


def _temporary_beside(place: Path) -> tuple[Path, int | None]:
    """A new empty file, and the handle that says by its lock that somebody writes it: no lock outlives a process."""
    suffix = place.suffix if len(os.fsencode(place.suffix)) <= _LONGEST_SUFFIX else ""
    mode = 0o600 if place.exists() else 0o666  # an existing file's own comes when it is whole
    while True:
        temporary = place.with_name(f".ffnca-{secrets.token_hex(6)}{suffix}")
        try:
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            continue
        if fcntl is None:
            os.close(handle)
            return temporary, None
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, handle
        os.close(handle)  # taken for left over before it was locked


def _remove_left_over(folder: Path) -> None:
    if fcntl is None:
        return
    for entry in os.scandir(folder):
        if not _LEFT_OVER.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
            continue
        with suppress(OSError):  # written by somebody at this moment, or not ours to remove
            handle = os.open(entry.path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(entry.path)
            finally:
                os.close(handle)


def _put_in_place(temporary: Path, place: Path) -> None:
    with suppress(OSError, NotImplementedError):  # nothing there yet, or a file system without modes
        os.chmod(temporary, stat.S_IMODE(os.stat(place).st_mode))
    try:
        os.replace(temporary, place)
    except OSError as error:
        if error.errno not in _NOT_RENAMED or not place.is_file():
            raise
        shutil.copyfile(temporary, place)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file that says by its lock that somebody works here; it holds his process number. None outlives a process.

    Args:
        path: The file, which stays. Its folder must exist.

    Raises:
        InputError: If a living process holds it, or it cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(handle, 20).decode("ascii", "replace").strip() or "?"
                raise InputError(f"{path.parent}: is in use by process {holder}; wait for it, or stop it") from error
            except OSError:  # a file system without locks
                pass
        with suppress(OSError):  # who holds it is not worth failing for
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder, with those above it; if what is done with it fails and leaves it empty, it is removed again.

    Raises:
        InputError: If it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be made ({error.strerror})") from error
    try:
        yield
    except BaseException:
        for one in missing:
            with suppress(OSError):
                one.rmdir()
        raise


def replacing_if_asked(out: Path | None) -> AbstractContextManager[Path | None]:
    """A place to write to, opened before long work, so that an unwritable folder is found then; None for no file."""
    return nullcontext() if out is None else replacing(out)
