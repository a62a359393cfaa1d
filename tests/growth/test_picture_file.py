"""Pictures as their files say they are: orientation, colours, transparency; in bounded time; and cut out."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFilter

from ffnca.errors import InputError
from ffnca.systems.growth import picture_file
from ffnca.systems.growth.cutout import cut_background, is_opaque
from ffnca.systems.growth.picture_file import read_picture, standard_picture
from ffnca.systems.growth.target import as_cells, load_picture, load_target


def write_png(path, depth, kind, row, width, **chunks):
    """A PNG of one row, which Pillow cannot write at every depth."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, kind, 0, 0, 0))
    own = b"".join(chunk(name.encode(), body) for name, body in chunks.items())
    body = chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + own + body)
    return path


def pixels(path):
    return np.asarray(read_picture(path))[0].tolist()


@pytest.mark.parametrize(
    ("depth", "row", "key", "grey"),
    [
        (1, bytes([0b01000000]), 1, [0, 255, 0, 0]),
        (2, bytes([0b00011011]), 1, [0, 85, 170, 255]),
        (4, bytes([0x05, 0xAF]), 5, [0, 85, 170, 255]),
        (8, bytes([0, 85, 84, 255]), 85, [0, 85, 84, 255]),
        (8, bytes([0, 85, 84, 255]), 0x1200 + 85, [0, 85, 84, 255]),  # only the bits of the depth count
        (16, struct.pack(">4H", 0, 1001, 1000, 65535), 1001, [0, 4, 4, 255]),
    ],
)
def test_a_transparent_grey_is_clear_at_every_depth(tmp_path, depth, row, key, grey):
    found = pixels(write_png(tmp_path / "grey.png", depth, 0, row, 4, tRNS=struct.pack(">H", key)))
    assert found == [[value, value, value, 0 if place == 1 else 255] for place, value in enumerate(grey)]


def test_a_transparent_colour_of_16_bits_is_compared_whole(tmp_path):
    row = struct.pack(">9H", 256, 512, 770, 256, 512, 771, 1, 2, 3)
    found = pixels(write_png(tmp_path / "rgb.png", 16, 2, row, 3, tRNS=struct.pack(">3H", 256, 512, 771)))
    assert found == [[1, 2, 3, 255], [1, 2, 3, 0], [0, 0, 0, 255]]


@pytest.mark.parametrize("height", [63, 64, 65, 130])
def test_a_transparent_colour_is_clear_in_every_band(tmp_path, height):
    picture = Image.new("RGB", (2, height), (1, 2, 3))
    picture.paste((9, 9, 9), (1, 0, 2, height))
    picture.save(tmp_path / "a.png", transparency=(9, 9, 9))
    alpha = np.asarray(read_picture(tmp_path / "a.png"))[..., 3]
    assert alpha.shape == (height, 2)
    assert (alpha == [255, 0]).all()


def test_transparent_grey_is_alike_at_8_and_16_bits(tmp_path):
    levels = np.array([10, 200, 10, 90], np.uint16)
    eight = write_png(tmp_path / "8.png", 8, 0, levels.astype(np.uint8).tobytes(), 4, tRNS=struct.pack(">H", 10))
    row = (levels * 257).astype(">u2").tobytes()
    sixteen = write_png(tmp_path / "16.png", 16, 0, row, 4, tRNS=struct.pack(">H", 10 * 257))
    assert pixels(eight) == pixels(sixteen) == [[10] * 3 + [0], [200] * 3 + [255], [10] * 3 + [0], [90] * 3 + [255]]


def test_other_kinds_of_transparency(tmp_path):
    row = struct.pack(">8H", 256, 512, 770, 65535, 25600, 51200, 771, 32768)
    assert pixels(write_png(tmp_path / "rgba16.png", 16, 6, row, 2)) == [[1, 2, 3, 255], [100, 200, 3, 128]]
    row = struct.pack(">4H", 25600, 65535, 51200, 32768)
    assert pixels(write_png(tmp_path / "la16.png", 16, 4, row, 2)) == [[100] * 3 + [255], [200] * 3 + [128]]
    palette = {"PLTE": bytes(range(12)), "tRNS": bytes([255, 128, 0])}
    found = pixels(write_png(tmp_path / "p2.png", 2, 3, bytes([0b00011011]), 4, **palette))
    assert found == [[0, 1, 2, 255], [3, 4, 5, 128], [6, 7, 8, 0], [9, 10, 11, 255]]


MODES = [
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"),
    *("I", "F", "I;16", "I;16B", "I;16L"),
]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_pillow_has_a_standard(mode):
    standard = standard_picture(Image.new(mode, (3, 2)), "picture")
    assert (standard.mode, standard.size) == ("RGBA", (3, 2))


def test_grey_beyond_8_bits_keeps_its_range():
    half = Image.fromarray(np.full((9, 9), 32768, np.uint16))
    assert standard_picture(half, "p").getpixel((0, 0)) == (128, 128, 128, 255)
    assert standard_picture(Image.new("F", (9, 9), 0.5), "p").getpixel((0, 0)) == (128, 128, 128, 255)
    for mode, value in (("F", 255.0), ("F", float("nan")), ("I", 70_000), ("I", -1)):
        with pytest.raises(InputError, match="p: its grey is out of range; allowed: 0 to"):
            standard_picture(Image.new(mode, (9, 9), value), "p")


ORIENTED = np.arange(6, dtype=np.uint8).reshape(2, 3)  # two rows of three greys
UPRIGHT = [
    *(ORIENTED, ORIENTED[:, ::-1], ORIENTED[::-1, ::-1], ORIENTED[::-1]),
    *(ORIENTED.T, np.rot90(ORIENTED, -1), ORIENTED[::-1, ::-1].T, np.rot90(ORIENTED)),
]


def _bytes_of(picture, **options):
    file = io.BytesIO()
    picture.save(file, **options)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "webp", "xmp"])
def test_the_orientation_tag_turns_every_format(tmp_path, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    xmp = f'<rdf:Description tiff:Orientation="{orientation}"/>'.encode()
    told = {"xmp": xmp} if kind == "xmp" else {"exif": exif}
    name = tmp_path / ("it.png" if kind == "png" else "it.webp")
    Image.fromarray(ORIENTED * 40).convert("RGB").save(name, lossless=True, **told)
    np.testing.assert_array_equal(np.asarray(read_picture(name))[..., 0], UPRIGHT[orientation - 1] * 40)


def test_only_the_orientation_tag_of_exif_decides(tmp_path):
    """A rational of -1/0 in a signed tag, a cut-off thumbnail and a tag of text instead of a number."""
    entries = struct.pack("<HHI4s", 0x0112, 3, 1, struct.pack("<HH", 6, 0)) + struct.pack("<HHII", 0x9201, 10, 1, 38)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 9999) + struct.pack("<ii", -1, 0)
    picture = Image.new("RGB", (40, 20), "red")
    (tmp_path / "turned.jpg").write_bytes(_bytes_of(picture, format="JPEG", exif=exif))
    assert read_picture(tmp_path / "turned.jpg").size == (20, 40)
    for number, junk in enumerate((b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff", exif[:20])):
        (tmp_path / f"{number}.jpg").write_bytes(_bytes_of(picture, format="JPEG", exif=junk))
        assert read_picture(tmp_path / f"{number}.jpg").size == (40, 20)


def test_a_transparent_colour_and_a_turn_go_together(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray((ORIENTED * 40).astype(np.uint16) * 257)
    picture.save(tmp_path / "both.png", exif=exif, transparency=0)
    found = np.asarray(read_picture(tmp_path / "both.png"))
    np.testing.assert_array_equal(found[..., 0], UPRIGHT[5] * 40)
    np.testing.assert_array_equal(found[..., 3], np.where(UPRIGHT[5] == 0, 0, 255))


def _s15(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def icc_profile(space, curve, **columns):
    """A small version 2 profile: a curve of one gamma, and for RGB the primaries."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + _s15(0.9642, 1, 0.8249)}
    tags |= {name.encode(): b"XYZ \0\0\0\0" + _s15(*value) for name, value in columns.items()}
    trc = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(curve * 256)) + b"\0\0"
    tags |= dict.fromkeys((b"kTRC",) if space == b"GRAY" else (b"rTRC", b"gTRC", b"bTRC"), trc)
    table, body, place = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", place + len(body), len(data))
        body += data
    whole = struct.pack(">I", len(tags)) + table + body
    kind = b"lcms\x02\x10\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28)
    return struct.pack(">I", 128 + len(whole)) + kind + _s15(0.9642, 1, 0.8249) + bytes(48) + whole


DISPLAY_P3 = {"rXYZ": (0.5151, 0.2412, -0.0011), "gXYZ": (0.292, 0.6922, 0.0419), "bXYZ": (0.1571, 0.0666, 0.7841)}


def test_colours_come_by_the_profile_of_the_file(tmp_path):
    """Display P3 (60, 180, 60) lies at the edge of sRGB."""
    profile = icc_profile(b"RGB ", 2.2, **DISPLAY_P3)
    Image.new("RGB", (9, 9), (60, 180, 60)).save(tmp_path / "p3.png", icc_profile=profile)
    red, green, blue, alpha = pixels(tmp_path / "p3.png")[0]
    assert red == 0
    assert abs(green - 185) <= 1
    assert abs(blue - 22) <= 4
    assert alpha == 255
    palette = Image.new("P", (9, 9), 1)
    palette.putpalette([0, 0, 0, 60, 180, 60])
    palette.save(tmp_path / "palette.png", icc_profile=profile)
    grey = Image.new("LA", (9, 9), (128, 100))
    grey.save(tmp_path / "linear.png", icc_profile=icc_profile(b"GRAY", 1.0))
    assert pixels(tmp_path / "palette.png")[0] == [red, green, blue, 255]
    assert pixels(tmp_path / "linear.png")[0] == [188, 188, 188, 100]
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGBA", (9, 9), (60, 180, 61, 99)).save(tmp_path / "srgb.webp", icc_profile=same, lossless=True)
    assert pixels(tmp_path / "srgb.webp")[0] == [60, 180, 61, 99]


P3_SPOTS = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)


def _hundred_thousandths(*values):
    return struct.pack(f">{len(values)}I", *(round(value * 100_000) for value in values))


@pytest.mark.parametrize(
    ("chunks", "wanted"),
    [
        ({"gAMA": 0.45455}, (60, 180, 60)),
        ({"gAMA": 1.0}, (132, 219, 132)),  # linear light
        ({"gAMA": 1.0, "sRGB": 0}, (60, 180, 60)),
        ({"gAMA": 0.45455, "cHRM": P3_SPOTS}, (0, 185, 22)),
        ({"gAMA": 0.45455, "cHRM": (0,) * 8}, (60, 180, 60)),  # of no use
        ({"gAMA": 0}, (60, 180, 60)),
    ],
)
def test_gamma_and_primaries_of_a_png_are_a_profile(tmp_path, chunks, wanted):
    bodies = {"gAMA": _hundred_thousandths(chunks["gAMA"])}
    bodies |= {"sRGB": b"\0"} if "sRGB" in chunks else {}
    bodies |= {"cHRM": _hundred_thousandths(*chunks["cHRM"])} if "cHRM" in chunks else {}
    found = pixels(write_png(tmp_path / "told.png", 8, 2, bytes([60, 180, 60]), 1, **bodies))[0]
    assert max(abs(one - other) for one, other in zip(found, (*wanted, 255), strict=True)) <= 4
    if wanted[0] != 0:
        grey = pixels(write_png(tmp_path / "grey.png", 8, 0, bytes([60]), 1, **bodies))[0]
        assert abs(grey[0] - wanted[0]) <= 1


@pytest.mark.parametrize(
    "profile", [b"no profile", icc_profile(b"GRAY", 1.0), icc_profile(b"RGB ", 2.2)[:150]], ids=["junk", "grey", "cut"]
)
def test_a_profile_that_cannot_be_used_is_told_of(tmp_path, capsys, profile):
    Image.new("RGB", (9, 9), (60, 180, 60)).save(tmp_path / "odd.png", icc_profile=profile)
    assert pixels(tmp_path / "odd.png")[0] == [60, 180, 60, 255]
    told = capsys.readouterr().err
    assert told.startswith(f"ffnca: {tmp_path / 'odd.png'}: its colour profile cannot be used")
    assert len(told.splitlines()) == 1


def test_a_picture_at_hand_is_read_as_its_file(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (40, 20), (60, 180, 60))
    picture.save(tmp_path / "p3.jpg", exif=exif, icc_profile=icc_profile(b"RGB ", 2.2, **DISPLAY_P3))
    with Image.open(tmp_path / "p3.jpg") as opened:
        np.testing.assert_array_equal(load_target(opened, 16), load_picture(tmp_path / "p3.jpg", 16))


@pytest.mark.parametrize("name", ["photo.jpg", "🦎", "PHOTO.PNG"])
def test_pipes_and_sparse_files_are_not_opened(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is a pipe or a device"):
        load_target(tmp_path / name, 16)
    (tmp_path / name).unlink()
    with (tmp_path / name).open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(20 * 2**30)
    with pytest.raises(InputError, match="too large; allowed: 1 to"):
        load_target(str(tmp_path / name), 16)


def test_headers_of_very_many_parts_are_refused(tmp_path):
    (tmp_path / "zeros.jpg").write_bytes(b"\xff\xd8\xff" + bytes(2**18))
    comments = (b"\x21\xfe\x01a\x00") * 2**16
    (tmp_path / "comments.gif").write_bytes(b"GIF89a" + struct.pack("<HHBBB", 4, 4, 0, 0, 0) + comments)
    for name in ("zeros.jpg", "comments.gif"):
        with pytest.raises(InputError, match=f"{name}: has too many parts"):
            read_picture(tmp_path / name)


def test_a_large_honest_picture_is_read(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png", compress_level=0)
    assert read_picture(tmp_path / "large.png").size == (1500, 1500)
    assert (tmp_path / "large.png").stat().st_size < picture_file.MAX_PICTURE_BYTES


SOFT = np.zeros((9, 9, 4), np.uint8)
SOFT[2:6, 2:6] = (255, 51, 0, 128)


@pytest.mark.parametrize(
    "picture",
    [SOFT, Image.fromarray(SOFT), SOFT.astype(np.uint16) * 257, (SOFT * [1, 1, 1, 1.0] / 255, True)],
    ids=["bytes", "image", "uint16", "float64"],
)
def test_straight_pictures_become_premultiplied(picture):
    picture, straight = picture if isinstance(picture, tuple) else (picture, None)
    cells = as_cells(picture, straight=straight)
    assert cells.dtype == np.float32
    np.testing.assert_allclose(cells[3, 3], [128 / 255, 128 / 255 / 5, 0, 128 / 255], rtol=1e-6)
    assert not cells[0].any()


def test_premultiplied_floats_stay_and_are_a_copy():
    cells = as_cells(SOFT)
    for floats in (cells, cells.astype(np.float64), cells.tolist()):
        again = as_cells(floats)
        np.testing.assert_array_equal(again, cells)
        assert again is not cells
    np.testing.assert_allclose(as_cells(cells.astype(np.float16)), cells, atol=1e-3)


def test_pictures_without_alpha_are_opaque():
    for opaque in (np.full((9, 8, 3), 0.5), np.full((9, 8), 0.5), np.full((9, 8, 1), 128, np.uint8)):
        cells = as_cells(opaque)
        assert cells.shape == (9, 8, 4)
        assert is_opaque(cells)
        np.testing.assert_allclose(cells[..., :3], 0.5, atol=0.003)
    grey_alpha = as_cells(np.full((9, 8, 2), 0.5))
    np.testing.assert_array_equal(grey_alpha, np.full((9, 8, 4), 0.5, np.float32))
    assert not is_opaque(grey_alpha)
    assert as_cells(np.ones((9, 8), bool)).min() == 1


@pytest.mark.parametrize(
    ("picture", "part"),
    [
        (SOFT / 255.0, "say straight=True"),
        (np.full((9, 9, 4), 100, np.uint8), "say straight=True or straight=False"),
        (np.full((9, 9, 3), 255.0), "divide bytes by 255"),
        (np.full((9, 9, 3), -0.5), "allowed: 0 to 1"),
        (np.full((9, 9, 4), np.nan), "not finite"),
        (np.full((9, 9, 4), np.inf), "not finite"),
        (np.full((3, 9, 9), 0.5), "has shape (3, 9, 9)"),
        (np.zeros((2, 9, 9, 4)), "has shape (2, 9, 9, 4)"),
        (np.zeros((0, 9, 4)), "has shape (0, 9, 4)"),
        (np.float32(0.5), "has shape ()"),
        (np.full((9, 9), 5), "int64"),
        (np.ones((9, 9), complex), "complex128"),
        (np.full((9, 9), None), "object"),
        ([[1.0, 2.0], [3.0]], "no array of numbers"),
        (np.zeros((9, 9, 4)), "fully transparent"),
        (np.ma.masked_array(np.full((9, 9), 0.5), np.eye(9)), "masked"),
        (np.broadcast_to(np.float32(1), (200_000, 200_000, 4)), "numbers"),  # 600 GB, if it were copied
        (np.ones((513, 9)), "is 513x9; allowed: sides of 1 to 512"),
    ],
)
def test_what_is_no_picture_is_refused(picture, part):
    with pytest.raises(InputError) as raised:
        as_cells(picture, name="art")
    assert str(raised.value).startswith("art: ")
    assert part in str(raised.value)


def test_a_target_is_whatever_shows_it(tmp_path):
    """Text, a path, an image and an array of the same picture are the same target."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "A.PNG")
    cells = load_target(str(tmp_path / "A.PNG"), 20)
    assert cells.shape == (13, 20, 4)
    for given in (tmp_path / "A.PNG", Image.fromarray(noise), noise, noise / 255):
        np.testing.assert_allclose(load_target(given, 20), cells, atol=1e-6)


def disc(background, fill, edge_blur=1.0):
    picture = Image.new("RGB", (120, 120), background)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 20, 100, 100), fill=fill)
    draw.ellipse((50, 50, 70, 70), fill=background)  # an eye in the colour of the background
    return picture.filter(ImageFilter.GaussianBlur(edge_blur))


@pytest.mark.parametrize(("background", "fill"), [("white", "red"), ("black", "yellow"), ((90, 120, 90), "white")])
@pytest.mark.parametrize("name", ["disc.png", "disc.jpg"])
def test_a_plain_background_is_cut(tmp_path, name, background, fill):
    disc(background, fill).save(tmp_path / name, quality=92, subsampling=0)
    cells = load_target(tmp_path / name, 30, cut_background=True)
    assert not cells[0].any()
    assert not cells[:, -1].any()
    assert cells[15, 15, 3] == 1  # what is enclosed stays
    assert cells[..., 3].sum() == pytest.approx(np.pi * 10**2, rel=0.06)
    ink = np.asarray(Image.new("RGB", (1, 1), fill), float)[0, 0] / 255
    rim = cells[(cells[..., 3] > 0.2) & (cells[..., 3] < 0.95)]
    assert len(rim) > 10
    assert np.abs(rim[:, :3] / rim[:, 3:] - ink).mean() < 0.12  # no fringe of the old background
    assert is_opaque(load_target(tmp_path / name, 30))


def test_what_has_no_plain_background_is_refused(tmp_path):
    noise = np.random.default_rng(0).random((20, 20, 4)).astype(np.float32)
    noise[..., 3] = 1
    plain = np.ones((20, 20, 4), np.float32)
    for cells, part in [(noise, "no plain background"), (plain, "background only"), (plain / 2, "has transparency")]:
        with pytest.raises(InputError, match=f"art: .*{part}"):
            cut_background(cells, "art")
    with pytest.raises(InputError, match="an emoji has no background"):
        load_target("🦎", 20, cut_background=True)


def test_pixel_art_is_cut_with_hard_edges():
    art = np.full((12, 12, 3), 255, np.uint8)
    art[3:9, 3:9] = 200  # a pale outline
    art[4:8, 4:8] = 0
    cells = load_target(art, 12, cut_background=True)
    assert set(np.unique(cells[..., 3])) == {0, 1}
    assert cells[..., 3].sum() == 36
    np.testing.assert_allclose(cells[3, 3], [200 / 255] * 3 + [1], rtol=1e-6)
