"""`ffnca export` as a user meets it, files decoded back; one process, tiny worlds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ffnca.systems.growth.creature import Creature

SPRITE = [(255, 128, 0), (0, 0, 102), (255, 255, 255)]


@pytest.fixture
def ffnca(ffnca: Callable[..., tuple[int, str, str]], tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """The command line, with a world in the current folder."""
    (tmp_path / "dot.toml").write_text(
        'kind = "life"\ntitle = "Blinker"\n[grid]\nsize = [12, 12]\n[rule]\nnotation = "B3/S23"\n[start]\nrle = "3o!"\n'
    )
    return ffnca


@pytest.fixture
def sprite(tmp_path: Path) -> Path:
    """The rule file of a creature of three colours, untrained."""
    picture = np.zeros((8, 9, 4), np.float32)
    for row, colour in enumerate(SPRITE):
        picture[2 * row : 2 * row + 2, 1:8] = [*np.array(colour) / 255, 1]
    path = tmp_path / "sprite.safetensors"
    Creature.for_picture(picture, "sprite.png").save(path)
    return path


def decoded(path: Path) -> tuple[np.ndarray, list[float]]:
    """Frames as RGBA and their durations."""
    frames, durations = [], []
    with Image.open(path) as picture:
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            frames.append(np.asarray(picture.convert("RGBA")))
            durations.append(picture.info.get("duration", 0))
    return np.stack(frames), durations


@pytest.mark.parametrize("name", ["A.GIF", "a.Webp", "a.APNG"])
def test_a_clear_background_in_every_animation(ffnca, tmp_path: Path, name: str) -> None:
    words = ("--steps", 3, "--scale", 2, "--background", "transparent", "--hold", 1, "--loop", 2)
    code, out, err = ffnca("export", "dot.toml", name, *words, "--poster", "last.PNG")
    assert (code, err) == (0, "")
    assert out == f"{name}, last.PNG: 4 frames\n"
    frames, durations = decoded(tmp_path / name)
    assert durations == [40, 40, 40, 1000]
    counts = (frames[..., 3] == 255).sum((1, 2))
    assert counts.tolist() == [3 * 4] * 4, "a blinker has three cells in every frame: nothing of before stays"
    assert set(frames[..., 3].flat) == {0, 255}
    assert (frames[0][..., 3] != frames[1][..., 3]).any()
    still, _ = decoded(tmp_path / "last.PNG")
    np.testing.assert_array_equal(still[0][..., 3], frames[-1][..., 3])


def test_a_story_of_any_world(ffnca, tmp_path: Path) -> None:
    code, out, err = ffnca("export", "dot.toml", "story.gif", "--story", "--steps", 30, "--background", "black")
    assert (code, err) == (0, "")
    assert "31 frames" in out
    frames, durations = decoded(tmp_path / "story.gif")
    assert durations[-1] == 2000
    assert frames.shape[1] > frames.shape[2] == 396, "captions stand under the picture"
    assert (frames[0][0, 0] == [0, 0, 0, 255]).all()
    code, _, _ = ffnca("export", "dot.toml", "story.PNG", "--story", "--steps", 30)
    assert code == 0
    with Image.open(tmp_path / "story.PNG") as sheet:
        assert sheet.format == "PNG"
        assert sheet.height > 3 * 12 * 4


def test_pixel_art_keeps_its_palette(ffnca, tmp_path: Path, sprite: Path) -> None:
    words = ("export", sprite, "--steps", 2, "--wound", "1:1,1,3", "--scale", 2, "--palette", "target")
    for suffix, background, ground in ((".gif", "#010203", (1, 2, 3, 255)), (".png", "transparent", (0, 0, 0, 0))):
        code, _, err = ffnca(*words[:2], f"a{suffix}", *words[2:], "--background", background)
        assert (code, err) == (0, "")
        frames, _ = decoded(tmp_path / f"a{suffix}")
        frames = frames * (frames[..., 3:] > 0)
        if suffix == ".gif":
            found = set(map(tuple, frames.reshape(-1, 4).tolist()))
            assert found <= {*((*colour, 255) for colour in SPRITE), ground}
            assert ground in found
            assert len(found) > 1


BAD = [
    (("a.gif", "--background", "mauveish"), "--background 'mauveish'"),
    (("a.mp4", "--background", "transparent"), "no transparency"),
    (("a.gif", "--background", "red", "--show", "channel:0"), "--show channel:0"),
    (("a.gif", "--palette", "target"), "growth"),
    (("a.mp4", "--loop", 2), "--loop"),
    (("a.png", "--hold", 2), "--hold"),
    (("a.gif", "--hold", "nan"), "--hold"),
    (("a.gif", "--loop", -1), "loop"),
    (("a.gif", "--poster", "a.gif"), ".png"),
    (("a.gif", "--poster", "nowhere/a.png"), "nowhere"),
    (("nowhere/a.gif",), "the folder nowhere does not exist"),
    (("a.gif", "--caption", "{frame}"), "{title} and {step}"),
    (("a.gif", "--caption", "魚"), "U+9B5A"),
    (("a.gif", "--story", "--steps", 5, "--wound", 9), "--wound"),
]


@pytest.mark.parametrize(("words", "part"), BAD, ids=[" ".join(map(str, words)) for words, _ in BAD])
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(ffnca, tmp_path: Path, words, part: str) -> None:
    code, out, err = ffnca("export", "dot.toml", *words)
    assert (code, out) == (2, "")
    assert err.startswith("ffnca: ")
    assert err.count("\n") == 1
    assert part in err
    assert [path.name for path in tmp_path.iterdir()] == ["dot.toml"]
