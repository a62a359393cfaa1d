"""Animation files, decoded back: frames, durations, palettes, and nothing left behind on errors."""

import numpy as np
import pytest
from PIL import Image

from ffnca.errors import InputError
from ffnca.export.animation import write_animation

ANIMATED = [".gif", ".apng", ".webp"]


def decode(path):
    """Frames and their durations in milliseconds, as Pillow plays them."""
    frames, durations = [], []
    with Image.open(path) as picture:
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            picture.load()
            frames.append(np.asarray(picture.convert("RGB")))
            durations.append(picture.info.get("duration", 0))
    return np.stack(frames), durations


def gif_images(path):
    """(delay in hundredths, has a local palette, transparent) of every image of a GIF, read byte by byte."""
    content = path.read_bytes()
    assert content[:6] == b"GIF89a"
    assert content[10] & 128, "a global palette"
    position = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    images, delay, transparent, loops = [], 0, False, None
    while content[position] != 0x3B:
        if content[position] == 0x21:
            if content[position + 1] == 0xF9:
                delay = int.from_bytes(content[position + 4 : position + 6], "little")
                transparent = bool(content[position + 3] & 1)
            if content[position + 3 : position + 14] == b"NETSCAPE2.0":
                loops = int.from_bytes(content[position + 16 : position + 18], "little")
            position += 2
        else:
            assert content[position] == 0x2C
            flags = content[position + 9]
            images.append((delay, bool(flags & 128), transparent))
            position += 11 + (3 * 2 ** ((flags & 7) + 1) if flags & 128 else 0)
        while content[position]:
            position += content[position] + 1
        position += 1
    assert position == len(content) - 1
    return images, loops


def few_colours(num_frames, height=12, width=10):
    """Distinct frames out of at most 200 colours."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (200, 3), dtype=np.uint8)
    return colours[rng.integers(0, 200, (num_frames, height, width))]


def many_colours(num_frames=10, side=64):
    """A disc of smooth colours that drifts over white."""
    down, across = np.mgrid[:side, :side] / side
    frames = np.full((num_frames, side, side, 3), 255, np.uint8)
    for index in range(num_frames):
        disc = (down - 0.5) ** 2 + (across - 0.3 - 0.04 * index) ** 2 < 0.06
        colours = np.stack([down, across, np.full_like(down, index / num_frames)], axis=-1)
        frames[index][disc] = (255 * colours[disc]).astype(np.uint8)
    return frames


@pytest.mark.parametrize("suffix", ANIMATED)
def test_frames_come_back_exactly(tmp_path, suffix):
    video = few_colours(9)
    write_animation(tmp_path / f"a{suffix}", video, 10)
    frames, durations = decode(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(frames, video)
    assert durations == [100] * 9
    assert [entry.name for entry in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", ANIMATED)
def test_each_pixel_may_be_drawn_as_a_square(tmp_path, suffix):
    video = few_colours(5)
    write_animation(tmp_path / f"a{suffix}", video, 10, scale=3)
    np.testing.assert_array_equal(decode(tmp_path / f"a{suffix}")[0], video.repeat(3, 1).repeat(3, 2))


def test_what_cannot_be_written_is_noticed_before_a_frame_is_made(tmp_path):
    for name, fps in (("nowhere/a.gif", 10.0), ("a.gif", 0.0)):
        with pytest.raises(InputError):
            write_animation(tmp_path / name, a_failing_generator(), fps)


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("fps", [0.7, 1, 3, 7.5, 12, 24, 29.97, 30, 33, 48, 50])
def test_total_duration(tmp_path, suffix, fps):
    write_animation(tmp_path / f"a{suffix}", few_colours(31), fps)
    frames, durations = decode(tmp_path / f"a{suffix}")
    assert len(frames) == 31
    assert sum(durations) == pytest.approx(31 * 1000 / fps, abs=5.001)
    assert max(durations) - min(durations) <= 10.001


@pytest.mark.parametrize("fps", [51, 60, 100, 120, 144, 1000])
def test_fast_gif_drops_frames_and_keeps_its_duration(tmp_path, fps):
    video = few_colours(200)
    write_animation(tmp_path / "a.gif", video, fps)
    images, _ = gif_images(tmp_path / "a.gif")
    delays = [delay for delay, _, _ in images]
    assert min(delays) >= 2
    assert sum(delays) * 10 == pytest.approx(200 * 1000 / fps, abs=5.001)
    frames, _ = decode(tmp_path / "a.gif")
    shown = [int(np.flatnonzero((video == frame).all(axis=(1, 2, 3)))[0]) for frame in frames]
    assert shown == sorted(set(shown))
    starts = np.cumsum([0, *delays[:-1]]) / 100
    assert abs(np.array(shown) / fps - starts).max() < 1 / fps + 1e-6


@pytest.mark.parametrize("fps", [60, 144, 1000])
@pytest.mark.parametrize("suffix", [".apng", ".webp"])
def test_other_formats_keep_fast_frames(tmp_path, suffix, fps):
    video = few_colours(40)
    write_animation(tmp_path / f"a{suffix}", video, fps)
    frames, durations = decode(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(frames, video)
    assert sum(durations) == pytest.approx(40 * 1000 / fps, abs=0.6)


@pytest.mark.parametrize("suffix", ANIMATED)
def test_equal_frames_in_a_row_keep_their_time(tmp_path, suffix):
    distinct = few_colours(3)
    video = distinct[[0, 0, 0, 1, 2, 2, 0, 0]]
    write_animation(tmp_path / f"a{suffix}", video, 7)
    frames, durations = decode(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(frames, distinct[[0, 1, 2, 0]])
    np.testing.assert_allclose(durations, np.array([3, 1, 2, 2]) * 1000 / 7, atol=10)
    assert sum(durations) == pytest.approx(8000 / 7, abs=5.001)


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("num_frames", [1, 4])
def test_a_still_is_written(tmp_path, suffix, num_frames):
    video = np.repeat(few_colours(1), num_frames, axis=0)
    write_animation(tmp_path / f"a{suffix}", video, 10)
    frames, _ = decode(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(frames, video[:1])


@pytest.mark.parametrize("num_colours", [1, 2, 3, 5, 255, 256])
def test_gif_is_exact_up_to_256_colours(tmp_path, num_colours):
    rng = np.random.default_rng(1)
    colours = np.stack([rng.permutation(256), rng.permutation(256), rng.permutation(256)], axis=1)
    colours = colours[:num_colours].astype(np.uint8)
    indices = np.stack([np.roll(np.arange(400) % num_colours, 7 * shift) for shift in range(6)])
    video = colours[indices.reshape(6, 20, 20)]
    write_animation(tmp_path / "a.gif", video, 20)
    frames, durations = decode(tmp_path / "a.gif")
    assert sum(durations) == 300
    np.testing.assert_array_equal(frames[0], video[0])
    np.testing.assert_array_equal(frames[-1], video[-1])
    images, loops = gif_images(tmp_path / "a.gif")
    assert not any(local for _, local, _ in images)
    assert loops in (0, None if len(images) == 1 else 0)


def test_gif_of_many_colours_shares_one_palette(tmp_path):
    video = many_colours()
    write_animation(tmp_path / "a.gif", video, 20)
    images, loops = gif_images(tmp_path / "a.gif")
    assert loops == 0
    assert images == [(5, False, False)] * 10
    frames, _ = decode(tmp_path / "a.gif")
    assert len(np.unique(frames.reshape(-1, 3), axis=0)) <= 256
    difference = abs(frames.astype(int) - video)
    assert difference.max() <= 40
    assert difference.mean() < 3
    assert (frames[(video == 255).all(axis=-1)] == 255).all(), "the background stays exact"


def test_gif_keeps_its_background_among_near_colours(tmp_path):
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (4, 60, 60, 3), dtype=np.uint8)
    video[:, :20] = rng.integers(244, 256, (4, 20, 60, 3))
    video[:, 20:28] = [251, 250, 252]
    write_animation(tmp_path / "a.gif", video, 20)
    frames, _ = decode(tmp_path / "a.gif")
    assert (frames[:, 20:28] == [251, 250, 252]).all()


def test_gif_does_not_dither(tmp_path):
    """Equal colours come back equal, wherever they are."""
    video = many_colours()
    write_animation(tmp_path / "a.gif", video, 20)
    frames, _ = decode(tmp_path / "a.gif")
    pairs = np.concatenate([video.reshape(-1, 3), frames.reshape(-1, 3)], axis=1)
    assert len(np.unique(pairs, axis=0)) == len(np.unique(pairs[:, :3], axis=0))


@pytest.mark.parametrize("suffix", [*ANIMATED, ".png"])
def test_same_frames_same_bytes(tmp_path, suffix):
    for video in (few_colours(5), many_colours(4)):
        for name in ("a", "b"):
            write_animation(tmp_path / f"{name}{suffix}", iter(video), 12.5)
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", ANIMATED)
def test_animations_loop_forever(tmp_path, suffix):
    write_animation(tmp_path / f"a{suffix}", few_colours(3), 10)
    with Image.open(tmp_path / f"a{suffix}") as picture:
        assert picture.info["loop"] == 0


def test_iterator_and_upper_case_suffix(tmp_path):
    video = few_colours(4)
    write_animation(tmp_path / "a.GIF", (frame for frame in video), 10)
    np.testing.assert_array_equal(decode(tmp_path / "a.GIF")[0], video)


@pytest.mark.parametrize(("num_frames", "shown"), [(1, 1), (5, 5), (12, 12), (100, 12)])
def test_sheet_shows_first_to_last(tmp_path, num_frames, shown):
    video = np.full((num_frames, 16, 16, 3), 255, np.uint8)
    video[..., 0] = np.linspace(0, 200, num_frames).astype(np.uint8)[:, None, None]
    write_animation(tmp_path / "a.png", video, 10)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG"
        sheet = np.asarray(picture)
    reds, counts = np.unique(sheet[(sheet[..., 1:] == 255).all(axis=-1)][:, 0], return_counts=True)
    assert len(reds) == shown + 1
    assert {reds[0], reds[-2]} == {0, video[-1, 0, 0, 0]}
    assert (counts[:-1] == 256).all()
    write_animation(tmp_path / "labelled.png", video, 10, labels=[f"step {step}" for step in range(num_frames)])
    with Image.open(tmp_path / "labelled.png") as picture:
        assert picture.height > sheet.shape[0]


def a_failing_generator():
    yield np.zeros((4, 4, 3), np.uint8)
    raise RuntimeError("the rule broke")


GOOD = np.zeros((2, 4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("name", "frames", "fps", "error", "reason"),
    [
        ("a.mov", GOOD, 10, InputError, r"cannot write \.mov, use \.gif, \.apng, \.webp, \.mp4, \.png"),
        ("a", GOOD, 10, InputError, "without suffix"),
        ("none/a.gif", GOOD, 10, InputError, "does not exist"),
        ("a.gif", GOOD, 0, InputError, "fps: 0 "),
        ("a.gif", GOOD, -1, InputError, "fps"),
        ("a.gif", GOOD, 1000.1, InputError, "fps: 1000.1 is not from 0.001 to 1000"),
        ("a.gif", GOOD, float("nan"), InputError, "fps"),
        ("a.png", GOOD, float("inf"), InputError, "fps"),
        ("a.gif", GOOD[:0], 10, InputError, "no frame"),
        ("a.webp", iter([]), 10, InputError, "no frame"),
        ("a.gif", GOOD, 0.001, InputError, "more than 655.35 s"),
        ("a.apng", GOOD, 0.001, InputError, "more than 65.535 s"),
        ("a.webp", np.zeros((1, 1, 16_384, 3), np.uint8), 10, InputError, "at most 16383 a side"),
        ("a.gif", [GOOD[0], GOOD[0, :3]], 10, ValueError, "differ in shape"),
        ("a.gif", GOOD.astype(float), 10, ValueError, "uint8"),
        ("a.gif", GOOD[..., :1], 10, ValueError, "uint8"),
        ("a.gif", GOOD[:, :0], 10, ValueError, "uint8"),
        ("a.gif", a_failing_generator, 10, RuntimeError, "the rule broke"),
    ],
)
def test_errors_leave_nothing_behind(tmp_path, name, frames, fps, error, reason):
    frames = frames() if callable(frames) else frames
    with pytest.raises(error, match=reason) as raised:
        write_animation(tmp_path / name, frames, fps)
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, InputError) == (error is InputError)
    assert list(tmp_path.iterdir()) == []


def test_wrong_number_of_labels(tmp_path):
    with pytest.raises(ValueError, match="1 labels for 2 frames"):
        write_animation(tmp_path / "a.png", GOOD, 10, labels=["one"])
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_file_of_before(tmp_path):
    write_animation(tmp_path / "a.gif", few_colours(3), 10)
    before = (tmp_path / "a.gif").read_bytes()
    with pytest.raises(RuntimeError):
        write_animation(tmp_path / "a.gif", a_failing_generator(), 10)
    assert (tmp_path / "a.gif").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]
