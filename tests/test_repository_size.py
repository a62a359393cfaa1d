"""The repository stays small: what is tracked, what the gallery holds, and the check that refuses more."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
check_size = pytest.importorskip("check_size")
GALLERY_BYTES = 4_000_000


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Every file that is tracked and there, from the root of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_tracked_file_is_too_large(tracked: list[str]) -> None:
    assert check_size.too_large(tracked, ROOT) == []


def test_the_gallery_is_small_and_so_is_each_animation(tracked: list[str]) -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in tracked if name.startswith("gallery/")}
    assert sizes
    assert sum(sizes.values()) < GALLERY_BYTES
    animations = {name: size for name, size in sizes.items() if name.endswith((".gif", ".webp", ".apng", ".mp4"))}
    assert animations
    assert max(animations.values()) <= check_size.MAX_BYTES


@pytest.mark.parametrize(
    ("name", "size", "refused"),
    [
        ("gallery/a.gif", 250_000, False),
        ("gallery/a.gif", 250_001, True),
        ("worlds/rules/a.safetensors", 413_000, False),
        ("worlds/rules/a.safetensors", 500_001, True),
        ("worlds/a.bin", 300_000, True),
        ("tests/golden_states.npz", 300_000, False),
    ],
)
def test_the_check_refuses_what_is_larger_than_its_place_allows(
    tmp_path: Path, name: str, size: int, refused: bool
) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes(bytes(size))
    lines = check_size.too_large([name], tmp_path)
    assert [line.split(":")[0] for line in lines] == [name] * refused
