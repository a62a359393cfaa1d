"""Files and settings of strangers: bounded before they are opened or parsed, and refused in one safe line."""

import os
import stat
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ffnca.errors import InputError, safe_line
from ffnca.files import read_bounded
from ffnca.palette_file import load_palette
from ffnca.settings_text import parse_json, parse_toml
from ffnca.spec import shown
from ffnca.systems.growth.model import checked_model
from ffnca.systems.growth.rule_file import RuleFile, load_rule, save_rule
from ffnca.systems.world_settings import MAX_WORLD_BYTES
from ffnca.world import find_world, shipped_worlds
from ffnca.world_file import load_world

WORLD = 'kind = "growth"\ntitle = "t"\n[grid]\nsize = [24, 24]\n[target]\nemoji = "🐟"\nsize = 8\n'


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize("kind", ["pipe", "sparse", "folder", "device", "missing", "empty", "null"])
@pytest.mark.parametrize("reader", [lambda path: read_bounded(path, 99), load_world, load_palette, load_rule])
def test_what_a_file_is_is_looked_at_first(tmp_path: Path, reader, kind: str) -> None:
    """A pipe without a writer would block, a sparse file of 20 GB would be read for minutes."""
    path, allowed = tmp_path / "it.toml", "regular file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "sparse":
        path, allowed = _sparse(path, 20 * 2**30), "too large; allowed: 1 to"
    elif kind == "folder":
        path, allowed = tmp_path, "is a folder"
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "empty":
        path, allowed = _sparse(path, 0), "is empty"
    else:
        path, allowed = tmp_path / ("a\0b" if kind == "null" else "none.toml"), "no such file"
    with pytest.raises(InputError, match=allowed):
        reader(path)


def test_text_and_paths_name_files(tmp_path: Path) -> None:
    path = tmp_path / "W.TOML"
    path.write_text(WORLD, encoding="utf-8")
    assert load_world(str(path)) == load_world(path)
    assert find_world(path) == find_world(str(path)) == path
    assert find_world(Path("lizard")) == shipped_worlds()["lizard"]
    assert find_world("RULE.SAFETENSORS") == Path("RULE.SAFETENSORS")
    (tmp_path / "liked.json").write_text('{"liked": ["#ff8800"]}')
    assert load_palette(str(tmp_path / "liked.json")).liked == ((255, 136, 0),)


MANY = MAX_WORLD_BYTES // 4


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a." * MANY + "a = 1", '"." occurs'),
        ("[" + "a." * MANY + "a]", '"." occurs'),
        ("\n".join(f"{'a.' * 9}b{number} = 1" for number in range(9000)), '"." occurs'),
        ("\n".join(f"a{number} = 1" for number in range(9000)), '"=" occurs'),
        ("\n".join(f"[a{number}]" for number in range(9000)), '"[" occurs'),
        ("a = [" + "1," * MANY + "]", '"," occurs'),
        ("a = " + "{a = " * 2000, '"=" occurs'),
        ('a = ["""x"""", {' + "a." * MANY + "a = 1}]", '"." occurs'),  # text may end in five quotes
        ("a = ['''x''''', {" + "a." * MANY + "a = 1}]", '"." occurs'),
    ],
)
def test_what_keeps_the_parser_busy_is_refused_unparsed(text: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tomllib.loads", lambda text: pytest.fail("parsed"))
    with pytest.raises(InputError) as caught:
        parse_toml(text, "w.toml")
    assert str(caught.value).startswith(f"w.toml: is not TOML of ours: {part}")


def test_text_does_not_count(tmp_path: Path) -> None:
    text = ". = [ { , \\\" ' # " * 900
    settings = parse_toml(f'# {text}\na = """\n{text}""""\nb = "{text}"\n', "w")
    assert settings["b"].count(",") == settings["a"].count(",") == 900
    assert parse_json('{"a": "' + text + '"}', "w")["a"].count("=") == 900
    with pytest.raises(InputError, match='its world: is not JSON of ours: "," occurs'):
        parse_json("[" + "1," * 5000 + "1]", "its world")


def _rule_bytes(folder: Path) -> bytes:
    cell, picture = np.ones(16, np.float32), np.ones((8, 8, 4), np.float32)
    model = checked_model({"title": "t", "grid": {"size": [24, 24]}, "rule": {"type": "ascent"}}, "m")
    rule = RuleFile(model, {"bias": cell}, picture, cell, np.array([4, 4], np.int32))
    save_rule(folder / "rule.safetensors", rule)
    return (folder / "rule.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {
        "toml": WORLD.encode(),
        "life": b'kind = "life"\ntitle = "t"\ngrid.size = [9, 9]\nstart.rle = "x = 3, y = 1, rule = life:T9\\n3o!"\n',
        "palette": b'{"liked": ["#ff8800", [1, 2, 3]], "disliked": [], "seed": 3, "strength": 0.5}',
        "rule": _rule_bytes(tmp_path_factory.mktemp("whole")),
    }


READERS = {"toml": load_world, "life": load_world, "palette": load_palette, "rule": load_rule}


@given(st.sampled_from(sorted(READERS)), st.integers(0, 1200), st.integers(0, 40), st.binary(max_size=12))
@example("palette", 10, 10_000, b"[" * 900 + b"1" + b"]" * 900 + b"}")
@example("palette", 10, 10_000, b"[" * 900)
@example("palette", 11, 9, b"1" * 4000)
@example("rule", 8, 9, b"[" * 20_000)
def test_any_bytes_load_or_give_one_line(
    whole: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, kind: str, place: int, length: int, new: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.bin"
    path.write_bytes(whole[kind][:place] + new + whole[kind][place + length :])
    try:
        READERS[kind](path)
    except InputError as error:
        if not (str(error).startswith(f"{path}: ") and len(str(error)) < 2000):
            pytest.fail(str(error))
        _assert_safe(str(error))


def _assert_safe(message: str) -> None:
    assert not {unicodedata.category(sign) for sign in message.replace("\u200d", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(message.splitlines()) <= 1
    message.encode()


@given(st.text())
@example("\x1b[2J\x07red\u202etxt.exe\u2066\u200b\ud800\x9b31m\r\n\tend")
def test_a_message_never_steers_the_terminal(text: str) -> None:
    for message in (str(InputError(text)), shown(text), safe_line(text)):
        _assert_safe(message)


def test_messages_are_bounded_and_keep_both_ends() -> None:
    assert len(str(InputError("w.toml: " + "x" * 10**7 + " allowed: y"))) < 1600
    assert str(InputError("w.toml: " + "x" * 5000 + " allowed: y")).endswith(" allowed: y")
    assert str(InputError("🏴\u200d☠️ naïve 中")) == "🏴\u200d☠️ naïve 中"
    assert safe_line("a\x1b[31mb\u202e") == "a\\x1b[31mb\\u202e"
    assert len(shown("y" * 500)) < 70


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.toml").write_text(WORLD, encoding="utf-8")
    assert stat.S_ISREG(os.stat(tmp_path / "w.toml").st_mode)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        read_bounded(tmp_path / "w.toml", 9999)
