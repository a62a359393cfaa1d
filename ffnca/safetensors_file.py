"""The header of a safetensors file: read within bounds, and written in order."""

import json
import struct
from typing import Any

MAX_HEADER_BYTES = 2**20


def header_of(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the header says of the tensors, by their names, and the metadata.

    Raises:
        ValueError: If it is cut off, larger than allowed, or not JSON.
        AttributeError: If it is JSON, but no table.
        RecursionError: If it is nested too deeply.
    """
    if len(content) < 8 or _size(content) > min(MAX_HEADER_BYTES, len(content) - 8):
        raise ValueError("its header is cut off")
    described = json.loads(content[8 : 8 + _size(content)].decode("utf-8"))
    return described, described.pop("__metadata__", None) or {}


def canonical(content: bytes) -> bytes:
    """The same file with its header in order; the library writes metadata in random order."""
    size = _size(content)
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + content[8 + size :]


def _size(content: bytes) -> int:
    return struct.unpack("<Q", content[:8])[0]
