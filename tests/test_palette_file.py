"""Palette files: colours in two spellings, and one line for whatever is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.errors import InputError
from ffnca.palette_file import MAX_COLOURS, MAX_PALETTE_BYTES, load_palette

ORANGE = [255, 136, 0]


def _written(folder: Path, content: str | bytes) -> Path:
    path = folder / "liked.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_both_spellings_and_the_defaults(tmp_path: Path) -> None:
    palette = load_palette(_written(tmp_path, '{"liked": ["#ff8800", [255, 136, 0], "#FF8800"]}'))
    assert palette.liked == ((255, 136, 0),) * 3
    assert (palette.disliked, palette.seed, palette.strength) == ((), 0, 1.0)
    whole = {"liked": [ORANGE], "disliked": ["#00ff00"], "seed": 3, "strength": 0}
    palette = load_palette(_written(tmp_path, "\ufeff" + json.dumps(whole)))
    assert palette.disliked == ((0, 255, 0),)
    assert (palette.seed, palette.strength) == (3, 0.0)


@pytest.mark.parametrize("name", ["embers", "sea"])
def test_the_palettes_of_the_gallery(name: str) -> None:
    path = Path(__file__).resolve().parent.parent / "gallery" / "palettes" / f"{name}.json"
    assert len(load_palette(path).liked) == 4
    assert path.with_suffix(".gif").read_bytes()[:6] == b"GIF89a"


BAD = [
    ('{"liked": []}', ("liked = []", "1 to 64 colours")),
    ("{}", ("liked is missing", "1 to 64 colours")),
    ('{"liked": "#ff8800"}', ('liked = "#ff8800"', "in a list")),
    ('{"liked": ["#ff88"]}', ('liked[0] = "#ff88"', '"#rrggbb"')),
    ('{"liked": ["#ff8800", "#gg8800"]}', ('liked[1] = "#gg8800"', '"#rrggbb"')),
    ('{"liked": ["#ff8800\\n"]}', ("liked[0]", '"#rrggbb"')),
    ('{"liked": ["ff8800"]}', ("liked[0]", '"#rrggbb"')),
    ('{"liked": [[256, 0, 0]]}', ("liked[0][0] = 256", "0 to 255")),
    ('{"liked": [[-1, 0, 0]]}', ("liked[0]", "0 to 255")),
    ('{"liked": [[0.5, 0, 0]]}', ("liked[0]", "whole numbers")),
    ('{"liked": [[true, 0, 0]]}', ("liked[0]", "whole numbers")),
    ('{"liked": [[NaN, 0, 0]]}', ("liked[0][0] = nan", "0 to 255")),
    ('{"liked": [[1, 2]]}', ("liked[0][2] is missing", "[red, green, blue]")),
    ('{"liked": [null]}', ("liked[0] = None", "[red, green, blue]")),
    ('{"liked": [{"red": 1}]}', ("liked[0]", "[red, green, blue]")),
    (json.dumps({"liked": [ORANGE] * (MAX_COLOURS + 1)}), ("liked = [[255, 136, 0], ", "1 to 64 colours")),
    (json.dumps({"liked": [ORANGE], "disliked": 7}), ("disliked = 7", "up to 64 colours")),
    (json.dumps({"liked": [ORANGE], "disliked": ["#ff8800"]}), ('disliked names "#ff8800"', "liked too")),
    (json.dumps({"liked": [ORANGE], "seed": -1}), ("seed = -1", "0 to 2147483647")),
    (json.dumps({"liked": [ORANGE], "seed": 2**31}), ("seed = 2147483648", "0 to 2147483647")),
    (json.dumps({"liked": [ORANGE], "seed": 0.5}), ("seed = 0.5", "whole number")),
    (json.dumps({"liked": [ORANGE], "strength": 1.5}), ("strength = 1.5", "0 to 1")),
    (json.dumps({"liked": [ORANGE], "strength": "much"}), ('strength = "much"', "0 to 1")),
    (json.dumps({"liked": [ORANGE], "strength": float("nan")}), ("strength = nan", "0 to 1")),
    (json.dumps({"liked": [ORANGE], "colour": 1}), ('unknown key "colour"', "disliked, liked, seed, strength")),
    (json.dumps({"liked": [ORANGE], "a\nb": 1}), ('unknown key "a\\nb"', "liked")),
    ("[1, 2]", ("is [1, 2]", "an object with liked")),
    ("liked = 1", ("is not JSON",)),
    ('{"liked": [', ("is not JSON",)),
    ("[" * 60_000, ("is not JSON",)),
    ('{"liked": [[' + "9" * 5000 + ", 0, 0]]}", ("is not JSON",)),
    (b"\xff\xfe\x00", ("is not JSON",)),
    ("", ("is empty",)),
    (" " * (MAX_PALETTE_BYTES + 1), ("is too large",)),
]


@pytest.mark.parametrize(("content", "parts"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_bad_palettes_are_one_line(tmp_path: Path, content: str | bytes, parts: tuple[str, ...]) -> None:
    path = _written(tmp_path, content)
    with pytest.raises(InputError) as error:
        load_palette(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    assert len(message) < len(str(path)) + 300
    for part in parts:
        assert part in message


def test_no_such_palette(tmp_path: Path) -> None:
    for path, state in ((tmp_path / "none.json", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=state):
            load_palette(path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.floats() | st.text(max_size=9) | st.just("#00ff00"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
KEYS = st.sampled_from(["liked", "disliked", "seed", "strength", "other"])


def _colours_or_why_not(path: Path) -> tuple | str:
    try:
        return load_palette(path).liked
    except InputError as error:
        return str(error)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_anything_is_a_palette_or_one_line(tmp_path_factory: pytest.TempPathFactory, settings: dict) -> None:
    path = _written(tmp_path_factory.getbasetemp(), json.dumps(settings))
    found = _colours_or_why_not(path)
    if isinstance(found, str):
        assert found.startswith(f"{path}: ")
        assert len(found.splitlines()) == 1
    else:
        assert len(found) == len(settings["liked"])
        assert all(0 <= channel <= 255 for colour in found for channel in colour)


def test_it_is_read_without_anything_heavy() -> None:
    code = (
        "import sys, ffnca.palette_file\n"
        "heavy = {'jax', 'flax', 'optax', 'scipy', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
