"""Files of strangers, read whole: what a file is and how large is looked at before it is opened."""

import os
import stat

from ffnca.errors import InputError


def read_bounded(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """The whole of a file.

    Raises:
        InputError: If it is missing, a folder, a pipe or a device, empty, larger than allowed, or cannot be read.
    """
    try:
        found = os.stat(path)
        is_file, is_folder = stat.S_ISREG(found.st_mode), stat.S_ISDIR(found.st_mode)
        content = b""
        if is_file and found.st_size <= max_bytes:
            with open(path, "rb") as file:
                content = file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # a null character or a lone surrogate in its name
        raise InputError(f"{path}: no such file ({error})") from error
    if not is_file:
        raise InputError(
            f"{path}: is a {'folder' if is_folder else 'pipe or a device, not a regular file'}; name a file"
        )
    if max(found.st_size, len(content)) > max_bytes:
        raise InputError(f"{path}: is too large; allowed: 1 to {max_bytes} bytes")
    if not content:
        raise InputError(f"{path}: is empty (0 bytes); allowed: 1 to {max_bytes} bytes")
    return content
