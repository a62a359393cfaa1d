"""Named arrays in files of other programs: .npz, .safetensors, PyTorch's .pt. No object in them is ever unpickled."""

import io
import math
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.rule_file import FORMAT
from ffnca.safetensors_file import header_of
from ffnca.spec import shown

MAX_BYTES = 16 * 2**20
MAX_ARRAYS, MAX_DEPTH, MAX_NAME = 256, 8, 512
SUFFIXES = (".npz", ".safetensors", ".pt", ".pth")
_KINDS = "fiu"


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of numbers in a file, by their names, as float32.

    Raises:
        InputError: If it cannot be read, is larger than allowed, holds objects that would have to be unpickled, or is
            PyTorch's and PyTorch is not installed.
    """
    content, suffix = read_bounded(path, MAX_BYTES), path.suffix.lower()
    readers = {".npz": _of_npz, ".safetensors": _of_safetensors}
    arrays = readers.get(suffix, _of_pytorch)(content, str(path))
    if not 1 <= len(arrays) <= MAX_ARRAYS:
        raise InputError(f"{path}: has {len(arrays)} arrays; allowed: 1 to {MAX_ARRAYS}")
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS:
            raise InputError(f"{path}: array {shown(name)} is of type {array.dtype}; allowed: numbers")
    with np.errstate(over="ignore"):  # becomes infinite, which is refused where it matters
        return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


@contextmanager
def _unpacked(content: bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """A zip file that does not unpack to more than is allowed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > 4 * MAX_ARRAYS or sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise InputError(f"{name}: unpacks to too much; allowed: {MAX_BYTES} bytes in {4 * MAX_ARRAYS} parts")
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: is not a {Path(name).suffix} file, or is damaged ({str(error)[:100]})") from error


def _of_npz(content: bytes, name: str) -> dict[str, np.ndarray]:
    with _unpacked(content, name) as archive:
        return {entry.filename.removesuffix(".npy"): _array(archive.read(entry)) for entry in archive.infolist()}


def _array(raw: bytes) -> np.ndarray:
    """One array; its header is compared with its length before anything is allocated.

    Raises:
        ValueError: If it is none, holds objects, or is cut off.
    """
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, kind = read(file)
    except Exception as error:  # NumPy takes it to pieces as Python's own text, which raises nearly anything
        raise ValueError("the head of an array cannot be read") from error
    if kind.hasobject:
        raise ValueError("it holds objects, which would have to be unpickled")
    sides_fit = all(0 <= side <= len(raw) for side in shape)  # one of 0 would hide others of any length
    if not sides_fit or math.prod(shape) * kind.itemsize > len(raw) or len(shape) > MAX_DEPTH:
        raise ValueError("an array is cut off")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _of_safetensors(content: bytes, name: str) -> dict[str, np.ndarray]:
    try:
        _, metadata = header_of(content)
        if metadata.get("format") == FORMAT:
            raise InputError(f"{name}: is a rule of ffnca's own; name it where a WORLD is asked for")
        return safetensors.numpy.load(content)
    except (SafetensorError, struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: is not a safetensors file, or is cut off ({str(error)[:100]})") from error


def _of_pytorch(content: bytes, name: str) -> dict[str, np.ndarray]:
    with _unpacked(content, name) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".pkl"):
                _check_names(archive.read(entry))
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            f"{name}: needs PyTorch to be read, which is not installed; save its tensors as .npz or .safetensors"
        ) from error
    try:
        loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        return {key: value.detach().float().numpy() for key, value in _flat(loaded) if isinstance(value, torch.Tensor)}
    except Exception as error:  # whatever a file makes of the reader
        first = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"{name}: PyTorch reads no weights from it ({first[:100]}); allowed: a saved state_dict"
        ) from error


def _check_names(pickled: bytes) -> None:
    """Refuse long texts in a pickle, without unpickling it: PyTorch searches them for ever for what to advise.

    Raises:
        ValueError: If there is one, or it is no pickle.
    """
    try:
        longest = max((len(given) for _, given, _ in pickletools.genops(pickled) if isinstance(given, str)), default=0)
    except Exception as error:  # it takes the file's word for many things
        raise ValueError(f"no pickle: {error}") from error
    if longest > MAX_NAME:
        raise ValueError(f"it holds a name of {longest} characters; allowed: {MAX_NAME}")


def _flat(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What is in nested tables, by dotted names."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        yield prefix, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key), depth + 1)
