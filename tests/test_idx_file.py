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
    for name in ("cut.gz", "plain.gz"):
        with pytest.raises(InputError, match="cannot be read"):
            read_idx(tmp_path / name, 3)
    with pytest.raises(InputError, match=r"has none of t10k-labels-idx1-ubyte, .*gz"):
        find_idx(tmp_path, "t10k-labels-idx1-ubyte")


def test_paths_may_be_text_and_suffixes_capitals(tmp_path: Path) -> None:
    (tmp_path / "IMAGES.GZ").write_bytes(gzip.compress(idx(IMAGES)))
    np.testing.assert_array_equal(read_idx(str(tmp_path / "IMAGES.GZ"), 3), IMAGES)
    (tmp_path / "labels").write_bytes(idx(IMAGES[0, 0]))
    np.testing.assert_array_equal(read_idx(find_idx(str(tmp_path), "labels"), 1), IMAGES[0, 0])


def _damaged(position: int, value: int) -> bytes:
    content = bytearray(gzip.compress(idx(np.random.default_rng(0).integers(0, 256, (2, 30, 40), dtype=np.uint8))))
    content[position] ^= value
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_damaged(10, 0xFF), id="no such block"),
        pytest.param(_damaged(-7, 0x01), id="checksum"),
        pytest.param(_damaged(-2, 0x01), id="length"),
        *(pytest.param(gzip.compress(idx(IMAGES))[:end], id=f"cut at {end}") for end in (1, 5, 12, 20, -8, -1)),
    ],
)
def test_damaged_gzip_ends_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"images\.gz") as caught:
        read_idx(path, 3)
    assert "\n" not in str(caught.value)


def test_what_is_no_regular_file_or_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.gz")
    for name in ("sparse", "sparse.gz"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(20 * 2**30)
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr("gzip.open", lambda *_: pytest.fail("opened"))
    for name, message in {"pipe": "not a regular file", "sparse": "21474836480 bytes; allowed", "": "a folder"}.items():
        for suffix in ("", ".gz") if name else ("",):
            with pytest.raises(InputError, match=message):
                read_idx(tmp_path / f"{name}{suffix}", 3)


def test_a_bomb_is_read_no_further_than_its_head_says(tmp_path: Path) -> None:
    """64 MiB in 64 KiB, of which the head claims 24 bytes."""
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(IMAGES) + bytes(2**26)))
    with pytest.raises(InputError, match="makes 24 bytes, the file has more"):
        read_idx(path, 3)
