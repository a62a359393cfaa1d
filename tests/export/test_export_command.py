"""`ffnca export` as a user meets it, files decoded back; one process, tiny worlds."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from ffnca.export.mp4 import has_video
from ffnca.export.scene import DiscWound, Scene
from ffnca.opening import make
from ffnca.systems.growth.creature import Creature

SPRITE = [(255, 128, 0), (0, 0, 102), (255, 255, 255)]


@pytest.fixture
def ffnca(ffnca: Callable[..., tuple[int, str, str]], tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """The command line, with a world in the current folder."""
    (tmp_path / "dot.toml").write_text(
        'kind = "life"\ntitle = "Blinker"\n[grid]\nsize = [12, 12]\n[rule]\nnotation = "B3/S23"\n[start]\nrle = "3o!"\n'
    )
    (tmp_path / "soup.toml").write_text(
        'kind = "life"\ntitle = "Soup"\n[grid]\nsize = [12, 12]\n[rule]\nnotation = "B3/S23"\n[start]\ndensity = 0.4\n'
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
    assert durations[-1] >= 2000, "and longer where what came before is equal"
    assert frames.shape[1] > frames.shape[2] == 396, "captions stand under the picture"
    assert (frames[0][0, 0] == [0, 0, 0, 255]).all()
    code, _, _ = ffnca("export", "dot.toml", "story.PNG", "--story", "--steps", 30)
    assert code == 0
    with Image.open(tmp_path / "story.PNG") as sheet:
        assert sheet.format == "PNG"
        assert sheet.height > 3 * 12 * 4


def played_mp4(path: Path) -> tuple[np.ndarray, float]:
    """Frames as RGB and how long all of them last, in milliseconds."""
    import av

    with av.open(str(path)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        assert file.duration is not None
        return np.stack(frames), file.duration / 1000


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp", ".mp4"])
def test_every_format_shows_the_states_for_as_long_as_it_should(ffnca, tmp_path: Path, suffix: str) -> None:
    """Two pixels a cell, so that the codec of MP4, whose colours are half as fine, shows each cell."""
    if suffix == ".mp4" and not has_video():
        pytest.skip("needs the video extra")
    words = ("--steps", 9, "--every", 2, "--fps", 7, "--hold", 1.31, "--scale", 2, "--seed", 3)
    code, out, err = ffnca("export", "soup.toml", f"a{suffix}", *words, "--wound", "3:6,6,4")
    assert (code, out, err) == (0, f"a{suffix}: 6 frames\n", "")
    soup = make("soup.toml", seed=3)
    states = Scene(soup, 9, (DiscWound(3, 6, 6, 4),), every=2).states(key=jax.random.key(3))
    wanted = np.stack([soup.automaton.render(state) for state in states]).repeat(2, 1).repeat(2, 2)
    lasts = 5 * 1000 / 7 + 1310
    if suffix == ".mp4":
        frames, played = played_mp4(tmp_path / "a.mp4")
        assert len(frames) == 5 + 9
        assert abs(frames[:6].astype(int) - wanted).mean() < 4
    else:
        shown, durations = decoded(tmp_path / f"a{suffix}")
        played = sum(durations)
        np.testing.assert_array_equal(shown[..., :3], wanted)
        assert (shown[..., 3] == 255).all()
        assert durations[-1] == pytest.approx(1310, abs=5)
    assert played == pytest.approx(lasts, abs=10)


def test_seeds_side_by_side(ffnca, tmp_path: Path) -> None:
    words = ("--tiles", 3, "--steps", 2, "--scale", 1, "--seed", 5, "--caption", "step {step}")
    assert ffnca("export", "soup.toml", "a.apng", *words)[::2] == (0, "")
    frames, _ = decoded(tmp_path / "a.apng")
    assert frames.shape[2] == 3 * 12 + 2 * 2
    for place in range(3):
        scene = Scene(make("soup.toml", seed=5 + place), 2)
        wanted = np.stack(list(scene.frames(key=jax.random.key(5 + place))))
        np.testing.assert_array_equal(frames[:, :12, 14 * place : 14 * place + 12, :3], wanted)
    assert frames.shape[1] > 12, "one caption for all stands under them"
    code, _, _ = ffnca("export", "soup.toml", "a.gif", "--tiles", 2, "--steps", 1)
    assert code == 0
    assert decoded(tmp_path / "a.gif")[0].shape[1:3] == (30 * 12, 30 * 26), "about 800 pixels wide"


@pytest.mark.parametrize(
    "words",
    [
        ("dot.toml", "a.gif", "--compare", "soup.toml", "other/dot.toml"),
        ("dot.toml", "a.gif", "--compare", "dot.toml", "soup.toml", "other/dot.toml"),
        ("dot.toml", "--compare", "soup.toml", "--compare", "other/dot.toml", "a.gif"),
        ("--compare", "soup.toml", "other/dot.toml", "--", "dot.toml", "a.gif"),
    ],
)
def test_worlds_side_by_side_with_their_names(ffnca, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dot.toml").write_text((tmp_path / "dot.toml").read_text())
    code, out, err = ffnca("export", "--steps", 2, "--every", 2, "--scale", 10, "--background", "transparent", *words)
    assert (code, out, err) == (0, "a.gif: 2 frames\n", "")
    frames, _ = decoded(tmp_path / "a.gif")
    drawn = frames[..., 3] > 0
    assert frames.shape[2] == 3 * 120 + 2 * 20
    assert drawn.shape[1] > 120
    panels = [slice(140 * place, 140 * place + 120) for place in range(3)]
    for panel in panels:
        assert drawn[0, 120:, panel].any(), "each has its name under it"
    np.testing.assert_array_equal(drawn[:, :120, panels[0]], drawn[:, :120, panels[2]])
    assert (drawn[0, 120:, panels[0]] != drawn[0, 120:, panels[2]]).any(), "equal titles are told apart by their files"
    gaps = np.ones(frames.shape[2], bool)
    for panel in panels:
        gaps[panel] = False
    assert not drawn[:, :, gaps].any()


@pytest.mark.parametrize(
    ("words", "num_frames"),
    [
        (("--story", "grow,wound,heal"), 221),
        (("--story",), 221),
        (("--story", "grow,wound"), 113),
        (("--story=grow", "--every", 30), 5),
        (("--every", 100, "--story"), 4),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_a_story_in_acts(ffnca, tmp_path: Path, words, num_frames: int, first: bool) -> None:
    files = ("dot.toml", "s.gif")
    code, out, err = ffnca("export", *(words + files if first else files + words), "--scale", 2)
    assert (code, err) == (0, "")
    assert out == f"s.gif: {num_frames} frames\n"
    _, durations = decoded(tmp_path / "s.gif")
    assert durations[-1] >= 2000, "and longer where what came before is equal"
    assert sum(durations) == pytest.approx(40 * (num_frames - 1) + 2000, abs=10)


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
    (("a.gif", "--story", "grow,heal"), "--story 'grow,heal'"),
    (("a.gif", "--story", "grow,woud"), "--story 'grow,woud'"),
    (("a.gif", "--story", "grow,wound,heal", "--wound", 9, "--wound", 12), "with 2 --wound: allowed is 1"),
    (("a.gif", "--story", "grow", "--wound", 9), "with 1 --wound: allowed is 0"),
    (("a.gif", "--every", 0), "--every"),
    (("a.gif", "--tiles", 0), "--tiles 0"),
    (("a.gif", "--tiles", 65), "allowed from seed 0 on are 1 to 64"),
    (("a.gif", "--tiles", 3, "--seed", 2**31 - 2), "are 1 to 2"),
    (("a.gif", "--tiles", 2, "--compare", "soup.toml"), "--tiles 2 with --compare"),
    (("a.gif", "--compare", "dot.toml"), "names 0 other worlds; allowed are 1 to 5"),
    (("a.gif", "--compare", "missing.toml"), "missing.toml"),
    (("a.gif", "--compare"), "--compare"),
    (("a.gif", "--compare", *"abcdef"), "names 6 other worlds"),
    (("a.gif", "--compare", "soup.toml", "--angle", 30), "--angle"),
]


@pytest.mark.parametrize(("words", "part"), BAD, ids=[" ".join(map(str, words)) for words, _ in BAD])
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(ffnca, tmp_path: Path, words, part: str) -> None:
    code, out, err = ffnca("export", "dot.toml", *words)
    assert (code, out) == (2, "")
    assert err.startswith("ffnca: ")
    assert err.count("\n") == 1
    assert part in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dot.toml", "soup.toml"]
