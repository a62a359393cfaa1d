import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from ffnca.errors import InputError
from ffnca.idx_file import find_idx, read_idx

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def idx(array: np.ndarray) -> bytes:
    """The bytes of an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.mark.parametrize("suffix", ["", ".gz", ".GZ"])
def test_arrays_are_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"train-images-idx3-ubyte{suffix}"
    path.write_bytes(gzip.compress(idx(IMAGES)) if suffix else idx(IMAGES))
    np.testing.assert_array_equal(read_idx(find_idx(tmp_path, "train-images-idx3-ubyte"), 3), IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "magic number missing; an IDX file here starts with 00000803"),
        (b"\x89PNG1234", "magic number 89504e47"),
        (idx(IMAGES[0]), "magic number 00000802"),
        (idx(IMAGES)[:9], "ends within its head, after 9 bytes"),
        (idx(IMAGES)[:-1], "shape (2, 3, 4) makes 24 bytes, the file has 23"),
        (idx(IMAGES) + b"!", "shape (2, 3, 4) makes 24 bytes, the file has more"),
        (bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**31, 2**31), "allowed are 1 to"),
        (bytes([0, 0, 8, 3]) + struct.pack(">3I", 0, 3, 4), "allowed are 1 to"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_bad_files_are_named_with_what_is_wrong(tmp_path: Path, content: bytes, message: str, suffix: str) -> None:
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(InputError) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_idx(tmp_path / "images", 3)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(idx(IMAGES))[:-12])
    (tmp_path / "plain.gz").write_bytes(idx(IMAGES))
    broken = bytearray(gzip.compress(idx(IMAGES)))
    broken[12:16] = b"\xff" * 4
    (tmp_path / "broken.gz").write_bytes(broken)
    os.mkfifo(tmp_path / "pipe")
    for name in ("cut.gz", "plain.gz", "broken.gz", "pipe"):
        with pytest.raises(InputError, match="cannot be read"):
            read_idx(tmp_path / name, 3)
    with pytest.raises(InputError, match=r"has none of t10k-labels-idx1-ubyte, .*gz"):
        find_idx(tmp_path, "t10k-labels-idx1-ubyte")
