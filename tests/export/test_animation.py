"""Animation files, decoded back: frames, durations, palettes, and nothing left behind on errors."""

import tracemalloc
import weakref
from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from ffnca.errors import InputError
from ffnca.export import animation
from ffnca.export.animation import Texts, write_animation
from ffnca.export.timing import Timing
from ffnca.render import ink_on

ANIMATED = [".gif", ".apng", ".webp"]
MP4 = pytest.param(".mp4", marks=pytest.mark.skipif(not animation.has_video(), reason="needs the video extra"))


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


@pytest.mark.parametrize("num_colours", [1, 2, 3, 5, 254, 255])
def test_gif_is_exact_up_to_255_colours(tmp_path, num_colours):
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
    assert images == [(5, False, True)] * 10
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
    write_animation(tmp_path / "labelled.png", video, 10, Texts(labels=[f"step {step}" for step in range(num_frames)]))
    with Image.open(tmp_path / "labelled.png") as picture:
        assert picture.height > sheet.shape[0]


def clear_frames(num_colours=200):
    """A solid square that moves, over nothing; the fourth frame shows nothing at all, the last two are equal."""
    colours = np.random.default_rng(2).integers(0, 256, (num_colours, 3), dtype=np.uint8)
    frames = np.zeros((7, 24, 30, 4), np.uint8)
    for index, left in enumerate((2, 6, 10, 14, 14, 9, 9)):
        square = np.concatenate([colours[(np.arange(100) + 40 * left) % num_colours], np.full((100, 1), 255)], -1)
        frames[index, 5:15, left : left + 10] = square.reshape(10, 10, 4)
    frames[3] = 0
    return frames


def decode_clear(path):
    """Frames as RGBA, as Pillow plays them; colours of clear pixels are 0."""
    with Image.open(path) as picture:
        frames = []
        for index in range(picture.n_frames):
            picture.seek(index)
            frames.append(np.asarray(picture.convert("RGBA")))
    frames = np.stack(frames)
    return frames * (frames[..., 3:] > 0)


@pytest.mark.parametrize("suffix", ANIMATED)
def test_clear_frames_come_back_exactly_and_leave_nothing_behind(tmp_path, suffix):
    frames = clear_frames()
    write_animation(tmp_path / f"a{suffix}", frames, 10, scale=2, paper=None)
    decoded = decode_clear(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(decoded, frames[:6].repeat(2, 1).repeat(2, 2))
    _, durations = decode(tmp_path / f"a{suffix}")
    assert durations == [100] * 5 + [200]


def test_a_clear_gif_has_one_palette_and_clears_every_frame_away(tmp_path):
    write_animation(tmp_path / "a.gif", clear_frames(), 10, paper=None)
    images, loops = gif_images(tmp_path / "a.gif")
    assert images == [(10, False, True)] * 5 + [(20, False, True)]
    assert loops == 0
    content = (tmp_path / "a.gif").read_bytes()
    assert content.count(b"!\xf9\x04" + bytes([2 << 2 | 1])) == 6  # disposal 2, with a clear index


def test_a_clear_gif_of_many_colours_keeps_its_shape(tmp_path):
    frames = np.concatenate([many_colours(), np.full((10, 64, 64, 1), 255, np.uint8)], -1)
    frames[(frames == 255).all(-1)] = 0
    write_animation(tmp_path / "a.gif", frames, 10, paper=None)
    decoded = decode_clear(tmp_path / "a.gif")
    np.testing.assert_array_equal(decoded[..., 3], frames[..., 3])
    assert abs(decoded.astype(int) - frames).mean() < 3
    assert len(np.unique(decoded.reshape(-1, 4), axis=0)) <= 256


@pytest.mark.parametrize("suffix", ANIMATED)
def test_half_tones_of_alpha(tmp_path, suffix):
    frames = np.zeros((2, 8, 16, 4), np.uint8)
    frames[..., :3] = [250, 240, 10]
    frames[0, ..., 3] = np.linspace(1, 255, 128).reshape(8, 16)
    frames[1, ..., 3] = 255
    write_animation(tmp_path / f"a{suffix}", frames, 10, paper=None)
    decoded = decode_clear(tmp_path / f"a{suffix}")
    if suffix == ".gif":
        np.testing.assert_array_equal(decoded[..., 3], 255 * (frames[..., 3] >= 128))
        assert (decoded[decoded[..., 3] > 0][:, :3] == [250, 240, 10]).all()
    else:
        np.testing.assert_array_equal(decoded, frames)


@pytest.mark.parametrize("suffix", ANIMATED)
def test_nothing_at_all_is_written(tmp_path, suffix):
    write_animation(tmp_path / f"a{suffix}", np.zeros((3, 9, 9, 4), np.uint8), 10, paper=None)
    assert not decode_clear(tmp_path / f"a{suffix}").any()


@pytest.mark.parametrize(("paper", "corner"), [(None, (0,)), ((1, 2, 3), (1, 2, 3))])
def test_a_sheet_lies_on_its_paper(tmp_path, paper, corner):
    frames = clear_frames() if paper is None else few_colours(7, 24, 30)
    write_animation(tmp_path / "a.png", frames, 10, Texts(labels=[f"step {step}" for step in range(7)]), paper=paper)
    with Image.open(tmp_path / "a.png") as picture:
        sheet = np.asarray(picture)
    assert tuple(sheet[0, 0][-len(corner) :]) == corner
    if paper is None:
        assert {0, 255} < set(sheet[..., 3].flat)
        assert (sheet[10:36, 8:38, 3] > 0).sum() == 100
    labels = sheet[8 + frames.shape[1] + 1 : 8 + frames.shape[1] + 14, ..., :3]
    assert (labels == ink_on(paper)).all(-1).any()


def played(path):
    """How often a file says that it is played, 0 for ever, in the terms of its own format."""
    content = path.read_bytes()
    if path.suffix == ".gif":
        repeats = gif_images(path)[1]
        return 1 if repeats is None else repeats and repeats + 1
    place = content.index(b"acTL") + 8 if path.suffix == ".apng" else content.index(b"ANIM") + 12
    return int.from_bytes(content[place : place + (4 if path.suffix == ".apng" else 2)], _order(path))


def _order(path):
    return "big" if path.suffix == ".apng" else "little"


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("paper", [None, (255, 255, 255)])
@pytest.mark.parametrize("loop", [None, 0, 1, 2, 7, 65_535])
def test_an_animation_is_played_so_many_times(tmp_path, suffix, paper, loop):
    frames = clear_frames() if paper is None else few_colours(3)
    write_animation(tmp_path / f"a{suffix}", frames, Timing(10, loop=loop), paper=paper)
    assert played(tmp_path / f"a{suffix}") == (loop or 0)


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("fps", [7, 25, 60, 240])
def test_the_last_frame_is_held(tmp_path, suffix, fps):
    video = few_colours(48)
    write_animation(tmp_path / f"a{suffix}", video, Timing(fps, hold=1.5))
    frames, durations = decode(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(frames[-1], video[-1])
    assert durations[-1] == 1500
    assert sum(durations[:-1]) == pytest.approx(47 * 1000 / fps, abs=5.001)
    write_animation(tmp_path / f"b{suffix}", video[:1], Timing(fps, hold=1.5))
    np.testing.assert_array_equal(decode(tmp_path / f"b{suffix}")[0], video[:1])


@pytest.mark.skipif(not animation.has_video(), reason="needs the video extra")
def test_mp4_holds_its_last_frame_by_repeating_it(tmp_path):
    import imageio.v3 as imageio

    video = np.repeat(few_colours(4, 4, 4), 8, 1).repeat(8, 2)
    write_animation(tmp_path / "A.MP4", video, Timing(10, hold=0.5), texts=Texts(["x"] * 4))
    frames = imageio.imread(tmp_path / "A.MP4", plugin="pyav")
    assert len(frames) == 3 + 5
    assert frames.shape[1] > 32
    assert abs(frames[4].astype(int) - frames[7]).mean() < 3 < abs(frames[2].astype(int) - frames[3]).mean()


def decode_mp4(path):
    """Frames of an MP4, when each is shown, and how long all of it lasts, in seconds."""
    import av

    frames, starts = [], []
    with av.open(path) as file:
        stream = file.streams.video[0]
        for frame in file.decode(stream):
            frames.append(frame.to_ndarray(format="rgb24"))
            starts.append(float(frame.pts * frame.time_base))
        context = stream.codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (6, 1, 13), "BT.601 of sRGB"
        assert stream.duration is not None
        assert file.duration is not None
        lasts = float(stream.duration * stream.time_base)
        assert lasts == pytest.approx(file.duration / 1e6, abs=1e-3)
    return np.stack(frames), starts, lasts


@pytest.mark.skipif(not animation.has_video(), reason="needs the video extra")
@pytest.mark.parametrize(
    ("fps", "hold"), [(25, None), (25, 1.49), (29.97, 2.0), (7, 0.3), (7.5, None), (144, 0.033), (0.7, 0.2)]
)
def test_an_mp4_lasts_as_long_as_it_should(tmp_path, fps, hold):
    video = np.repeat(few_colours(9, 3, 5), 8, 1).repeat(8, 2)
    write_animation(tmp_path / "a.mp4", video, Timing(fps, hold=hold))
    frames, starts, lasts = decode_mp4(tmp_path / "a.mp4")
    assert lasts == pytest.approx(8 / fps + (hold or 1 / fps), abs=0.001)
    np.testing.assert_allclose(starts[:9], np.arange(9) / fps, atol=0.001)
    assert len(frames) == 8 + max(1, round((hold or 0) * fps))


@pytest.mark.skipif(not animation.has_video(), reason="needs the video extra")
def test_an_mp4_shows_each_frame(tmp_path):
    """The codec loses detail, so near, and nearer than any other frame; odd sides are made even."""
    video = np.repeat(many_colours(7, 31), 3, 1).repeat(3, 2)
    write_animation(tmp_path / "a.mp4", video, 25)
    frames, _, _ = decode_mp4(tmp_path / "a.mp4")
    assert frames.shape == (7, 94, 94, 3)
    gaps = np.array([[abs(frame[:93, :93].astype(int) - other).mean() for other in video] for frame in frames])
    assert gaps.argmin(1).tolist() == list(range(7))
    assert gaps.diagonal().max() < 3


@pytest.mark.parametrize("suffix", [*ANIMATED, MP4])
def test_long_animations_need_no_more_memory(tmp_path, suffix):
    """120 frames more, 30 MB as they are drawn, need less than one of them."""
    peaks = []
    for num_frames in (12, 12, 132):  # the first loads what is loaded once
        tracemalloc.start()
        frames = (rows_drawn(index) for index in range(num_frames))
        write_animation(tmp_path / f"a{suffix}", frames, 25, scale=2)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one_drawn = 2 * 2 * 140 * 150 * 3
    assert peaks[2] - peaks[1] < one_drawn
    with Image.open(tmp_path / f"a{suffix}") if suffix != ".mp4" else nullcontext() as picture:
        assert picture is None or picture.n_frames == 132


def rows_drawn(index):
    """A frame that differs from others by a row."""
    frame = np.full((140, 150, 3), 255, np.uint8)
    frame[index, 20:40] = [200, 10, 10]
    return frame


@pytest.mark.parametrize("suffix", [*ANIMATED, ".png"])
def test_frames_are_taken_one_by_one(tmp_path, suffix):
    """Only the newest frames are kept: older ones are gone when the next is asked for."""
    taken: list[weakref.ref[np.ndarray]] = []
    counts = []

    def frames():
        for index in range(40):
            counts.append(sum(frame() is not None for frame in taken))
            frame = rows_drawn(index)
            taken.append(weakref.ref(frame))
            yield frame
            del frame

    write_animation(tmp_path / f"a{suffix}", frames(), 25)
    assert len(counts) == 40
    assert max(counts) <= 2


@pytest.mark.parametrize("suffix", [*ANIMATED, ".png"])
@pytest.mark.parametrize("paper", [None, (255, 255, 255)])
def test_a_poster_is_the_last_frame(tmp_path, suffix, paper):
    frames = clear_frames() if paper is None else few_colours(7, 24, 30)
    write_animation(tmp_path / f"a{suffix}", frames, 10, scale=3, paper=paper, poster=tmp_path / "p.PNG")
    with Image.open(tmp_path / "p.PNG") as picture:
        assert picture.format == "PNG"
        np.testing.assert_array_equal(np.asarray(picture), frames[-1].repeat(3, 0).repeat(3, 1))


def test_a_failure_leaves_neither_animation_nor_poster(tmp_path):
    with pytest.raises(RuntimeError):
        write_animation(tmp_path / "a.gif", a_failing_generator(), 10, poster=tmp_path / "p.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("paper", [None, (10, 20, 90), (255, 255, 255)])
def test_captions_stand_under_the_picture(tmp_path, suffix, paper):
    frames = clear_frames() if paper is None else few_colours(7, 24, 30)
    captions = [f"step {step}" for step in range(7)]
    write_animation(tmp_path / f"a{suffix}", frames, 10, scale=6, texts=Texts(captions), paper=paper)
    decoded = decode_clear(tmp_path / f"a{suffix}") if paper is None else decode(tmp_path / f"a{suffix}")[0]
    assert len(decoded) == 7, "equal pictures with other words are other frames"
    np.testing.assert_array_equal(decoded[:, :144], frames.repeat(6, 1).repeat(6, 2))
    under = decoded[:, 144:]
    assert under.shape[1] > 15
    assert ((under[..., :3] == ink_on(paper)).all(-1).sum((1, 2)) > 10).all()
    assert (under[0] != under[1]).any()
    if paper is not None:
        assert (under[:, 0] == paper).all()
        assert (under[:, :, 0] == paper).all()


def test_a_gif_keeps_the_colours_of_the_picture_beside_its_caption(tmp_path):
    video = few_colours(3, 24, 30)
    write_animation(tmp_path / "a.gif", video, 10, scale=6, texts=Texts(["a word"] * 3), paper=(250, 130, 7))
    np.testing.assert_array_equal(decode(tmp_path / "a.gif")[0][:, :144], video.repeat(6, 1).repeat(6, 2))


def test_captions_take_the_place_of_labels_in_a_sheet(tmp_path):
    video = few_colours(3, 24, 60)
    sizes = []
    for captions in (None, ["one"] * 3):
        write_animation(tmp_path / "a.png", video, 10, Texts(captions, ["label"] * 3), 2)
        with Image.open(tmp_path / "a.png") as picture:
            sizes.append(picture.size)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] != sizes[1][1]


def test_a_gif_stores_only_what_changed(tmp_path):
    """A third of the size and less, and the same pictures: here one row that moves over noise."""
    video = np.repeat(few_colours(1, 60, 60), 8, axis=0)
    for index, frame in enumerate(video):
        frame[5 * index, 10:40] = 0
    write_animation(tmp_path / "a.gif", video, 10)
    write_animation(tmp_path / "first.gif", video[:1], 10)
    np.testing.assert_array_equal(decode(tmp_path / "a.gif")[0], video)
    assert (tmp_path / "a.gif").stat().st_size < 2 * (tmp_path / "first.gif").stat().st_size


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("a.mp4", {"paper": None}, "MP4 has no transparency"),
        ("a.mp4", {"timing": Timing(loop=2)}, "--loop 2"),
        ("a.png", {"timing": Timing(loop=0)}, "--loop 0"),
        ("a.png", {"timing": Timing(hold=2)}, "--hold 2"),
        ("a.gif", {"poster": "p.jpg"}, "--poster .*p.jpg"),
        ("a.gif", {"poster": "nowhere/p.png"}, "does not exist"),
        ("a.png", {"poster": "a.png"}, "another name"),
        ("a.png", {"poster": "folder/../a.png"}, "another name"),
        ("a.gif", {"texts": Texts(["word " * 40] * 2)}, "needs .* lines"),
    ],
)
def test_options_that_cannot_be_followed_are_refused(tmp_path, name, options, reason):
    if name.endswith(".mp4") and not animation.has_video():
        pytest.skip("needs the video extra")
    (tmp_path / "folder").mkdir()
    options = {"timing": 10.0} | options
    if "poster" in options:
        options["poster"] = tmp_path / options["poster"]
    with pytest.raises(InputError, match=reason) as raised:
        write_animation(tmp_path / name, GOOD if "texts" in options else a_failing_generator(), **options)
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    "numbers",
    [{"hold": 0}, {"hold": -1}, {"hold": float("nan")}, {"hold": 61}, {"loop": -1}, {"loop": 65_536}, {"fps": 0}],
)
def test_times_out_of_range_are_refused(numbers):
    with pytest.raises(InputError, match=next(iter(numbers))):
        Timing(**numbers)


def test_without_the_video_extra_the_way_to_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "has_video", lambda: False)
    with pytest.raises(InputError, match=r'pip install "imageio\[pyav\]"'):
        write_animation(tmp_path / "a.mp4", a_failing_generator(), 10)


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
        write_animation(tmp_path / "a.png", GOOD, 10, Texts(labels=["one"]))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_file_of_before(tmp_path):
    write_animation(tmp_path / "a.gif", few_colours(3), 10)
    before = (tmp_path / "a.gif").read_bytes()
    with pytest.raises(RuntimeError):
        write_animation(tmp_path / "a.gif", a_failing_generator(), 10)
    assert (tmp_path / "a.gif").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]


@pytest.mark.skipif(not animation.has_video(), reason="needs the video extra")
@pytest.mark.parametrize("suffix", [".gif", ".apng"])
@pytest.mark.parametrize("paper", [None, (255, 255, 255)])
def test_another_decoder_sees_the_same(tmp_path, suffix, paper):
    """FFmpeg's: what Pillow writes and reads back could be wrong in the same way."""
    import av

    frames = clear_frames()[:6] if paper is None else np.concatenate([few_colours(2), few_colours(4)[2:]])
    if paper is not None:
        frames[1, 2:9, 3:5] = frames[0, 2:9, 3:5]  # unchanged in places
    write_animation(tmp_path / f"a{suffix}", frames, 10, scale=2, paper=paper)
    with av.open(tmp_path / f"a{suffix}", "r") as file:
        shown = [(frame.pts * frame.time_base, frame.to_ndarray(format="rgba")) for frame in file.decode(video=0)]
    assert [float(start) for start, _ in shown] == pytest.approx([0.1 * index for index in range(len(frames))])
    seen = np.stack([picture for _, picture in shown])
    wanted = frames if paper is None else np.insert(frames, 3, 255, axis=-1)
    np.testing.assert_array_equal(seen * (seen[..., 3:] > 0), wanted.repeat(2, 1).repeat(2, 2))
