"""IDX files, the format of MNIST: a magic number, the lengths of the axes, then bytes."""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ffnca.errors import InputError

MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""Images and labels to learn from, then to be tested on; see `find_idx`."""
_UNSIGNED_BYTES = 0x08
MAX_BYTES = 2**30
"""Of an array, and so of a file, which may be compressed but no longer than what is in it may be."""


def read_idx(path: str | os.PathLike[str], num_axes: int) -> UInt8[np.ndarray, "..."]:
    """Read an array of bytes.

    Args:
        path: An IDX file, or one compressed by gzip (`.gz`); a regular file, whose size is looked at before it is read.
        num_axes: How many axes it must have: 3 for images, 1 for labels.

    Returns:
        The array.

    Raises:
        InputError: If the file is missing, too large or no regular file, is no IDX file of bytes with so many axes, or
            has another length than its head says.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: {'is a folder' if path.is_dir() else 'is not a regular file'}; name a file")
        if path.stat().st_size > MAX_BYTES + 4 + 4 * num_axes:
            raise InputError(f"{path}: has {path.stat().st_size} bytes; allowed are up to {MAX_BYTES} and a head")
        with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rb") as file:
            head = file.read(4 + 4 * num_axes)
            magic = head[:4].hex()
            wanted = bytes([0, 0, _UNSIGNED_BYTES, num_axes]).hex()
            if magic != wanted:
                raise InputError(f"{path}: magic number {magic or 'missing'}; an IDX file here starts with {wanted}")
            if len(head) < 4 + 4 * num_axes:
                raise InputError(f"{path}: ends within its head, after {len(head)} bytes")
            shape = struct.unpack(f">{num_axes}I", head[4:])
            size = math.prod(shape)
            if not 0 < size <= MAX_BYTES:
                raise InputError(f"{path}: shape {shape} makes {size} bytes; allowed are 1 to {MAX_BYTES}")
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) != size:
        found = "more" if len(content) > size else len(content)
        raise InputError(f"{path}: shape {shape} makes {size} bytes, the file has {found}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def find_idx(folder: str | os.PathLike[str], name: str) -> Path:
    """The file of that name in a folder, plain or gzipped, with `-idx` or `.idx` in its name.

    Raises:
        InputError: If there is none; says what was looked for.
    """
    folder = Path(folder)
    names = [spelt + suffix for spelt in (name, name.replace("-idx", ".idx")) for suffix in ("", ".gz", ".GZ")]
    for spelt in names:
        if (folder / spelt).is_file():
            return folder / spelt
    raise InputError(f"{folder}: has none of {', '.join(names)}")
