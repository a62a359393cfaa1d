"""World files: what is good loads and comes back, what is not gives one line that names it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.perceptions import PERCEPTIONS
from ffnca.systems.growth.spec import LEARNED_KEYS, GrowthWorld, NcaSpec, TrainSpec
from ffnca.systems.life import LifeStart, LifeWorld
from ffnca.systems.registry import kinds
from ffnca.systems.world_settings import build_world
from ffnca.world import GridSpec, dump_world, find_world, rule_path_for, shipped_worlds, worlds_folder
from ffnca.world_file import load_world, parse_world, world_from_json

GROWTH = """kind = "growth"
title = "Lizard"

[grid]
size = [72, 72]
boundary = "reflect"

[rule]
channels = 16
hidden = [352]
fire_rate = 0.5

[target]
emoji = "🦎"
size = 40

[train]
objective = "ascent"
minutes = 6
"""
LIFE = """kind = "life"
title = "Life"
[grid]
size = [96, 80]
[rule]
notation = "B3/S23"
"""


def _loads_or_says_why(read: Callable[..., Any], given_as: Any) -> None:
    try:
        world = read(given_as, "w.toml")
    except InputError as error:
        message = str(error)
        if not (message.startswith("w.toml: ") and len(message.splitlines()) == 1 and len(message) < 2000):
            pytest.fail(message)
    else:
        assert world_from_json(dump_world(world), "w") == world


def test_every_world_that_ships_loads_and_comes_back() -> None:
    worlds = shipped_worlds()
    assert list(worlds) == sorted(worlds)
    assert {"life", "highlife", "lizard"} <= set(worlds)
    for name, path in worlds.items():
        world = load_world(path)
        assert world_from_json(dump_world(world), name) == world
        assert find_world(name) == path
        assert rule_path_for(name) == worlds_folder() / "rules" / f"{name}.safetensors"


def test_a_rule_may_perceive_everything() -> None:
    everything = ", ".join(f'"{name}"' for name in tuple(PERCEPTIONS))
    world = parse_world(GROWTH.replace("fire_rate = 0.5", f"perception = [{everything}]"), "w.toml")
    assert isinstance(world, GrowthWorld)
    assert world.rule.perception == tuple(PERCEPTIONS)


def test_defaults_and_hashes() -> None:
    world = parse_world(GROWTH, "w.toml")
    assert isinstance(world, GrowthWorld)
    assert world.grid == GridSpec(size=(72, 72), boundary="reflect")
    assert world.rule == NcaSpec(hidden=(352,))
    assert hash(world) == hash(parse_world(GROWTH, "other"))
    assert world.train == TrainSpec(objective="ascent", minutes=6.0)
    assert TrainSpec().objective == "ascent"
    with pytest.raises(ValidationError, match="frozen"):
        world.title = "x"  # pyright: ignore[reportAttributeAccessIssue]


def test_life_starts_at_random_or_from_a_pattern() -> None:
    world = parse_world(LIFE, "w.toml")
    assert isinstance(world, LifeWorld)
    assert world.start == LifeStart() == LifeStart(density=0.3)
    world = parse_world(LIFE + '[start]\nrle = """\n3o!\n"""\n', "w.toml")
    assert isinstance(world, LifeWorld)
    assert (world.start.rle, world.start.density) == ("3o!\n", None)
    with pytest.raises(InputError, match="density and rle"):
        parse_world(LIFE + '[start]\nrle = "3o!"\ndensity = 0.3\n', "w.toml")


def test_json_is_canonical() -> None:
    moved = GROWTH.replace("channels = 16\n", "").replace("minutes = 6", "minutes = 6.0")
    assert dump_world(parse_world(moved, "a")) == dump_world(parse_world(GROWTH, "b"))
    assert json.loads(dump_world(parse_world(GROWTH, "w")))["grid"]["size"] == [72, 72]


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        parse_world(GROWTH.replace("size = [72, 72]", "size = [72, 72]\nsise = 3"), "lizard.toml")
    assert str(caught.value) == 'lizard.toml: [grid] unknown key "sise"; did you mean "size"? allowed: boundary, size'


BAD = [
    ('kind = "growth"\n', "", ("kind is missing", ", ".join(kinds()))),
    ('"growth"', '"groth"', ('kind = "groth"', ", ".join(kinds()))),
    ('"growth"', "[1]", ("kind", ", ".join(kinds()))),
    ('"Lizard"', "3", ("title = 3", "one line")),
    ('"Lizard"', '"a\\nb"', ("title", "one line")),
    ('"Lizard"', '""', ("title", "one line")),
    ("[72, 72]", "[7, 72]", ("grid.size[0] = 7", "8 to 1024")),
    ("[72, 72]", "[72, 1025]", ("grid.size[1] = 1025", "8 to 1024")),
    ("[72, 72]", "[72]", ("grid.size", "8 to 1024")),
    ("[72, 72]", "[72, 72, 72]", ("grid.size", "8 to 1024")),
    ("[72, 72]", "[72, 72.0]", ("grid.size[1] = 72.0", "whole")),
    ("[72, 72]", "[72, true]", ("grid.size[1] = True", "whole")),
    ("[72, 72]", "[72, 40]", ("grid.size", "target.size = 40", "42")),
    ("[72, 72]", "[0x" + "f" * 9000 + ", 72]", ("grid.size[0] = something huge",)),
    ('"reflect"', '"torus"', ('grid.boundary = "torus"', "wrap")),
    ("channels = 16", "channels = 7", ("rule.channels = 7", "8 to 64")),
    ("[352]", "[]", ("rule.hidden", "1 to 4")),
    ("[352]", "[9, 9, 9, 9, 9]", ("rule.hidden", "1 to 4")),
    ("[352]", "[9, 9]", ("rule.hidden", "one width")),
    ("fire_rate = 0.5", "fire_rate = 0", ("rule.fire_rate = 0", "above 0")),
    ("fire_rate = 0.5", "fire_rate = nan", ("rule.fire_rate = nan", "above 0")),
    ("fire_rate = 0.5", "alive_threshold = 1.0", ("rule.alive_threshold", "below 1")),
    ("fire_rate = 0.5", 'perception = ["sobel", "sobel"]', ("perception", "distinct")),
    ("fire_rate = 0.5", 'perception = ["identity"]', ("perception", "neighbours")),
    ("fire_rate = 0.5", 'perception = ["nose"]', ("perception", "nose", "laplacian")),
    ('emoji = "🦎"', "", ("target", "emoji and image")),
    ('emoji = "🦎"', 'emoji = "🦎"\nimage = "a.png"', ("target", "emoji and image")),
    ("size = 40", "size = 513", ("target.size = 513", "8 to 512")),
    ('"ascent"', '"guess"', ("train.objective", "distance")),
    ("minutes = 6", "minutes = 0", ("train.minutes = 0", "above 0")),
    ("minutes = 6", "minutes = inf", ("train.minutes = inf", "above 0")),
    ("minutes = 6", "minutes = 0x" + "f" * 900, ("train.minutes",)),
    (
        '"ascent"\nminutes = 6',
        '"bptt"\npool_size = 4',
        ("pool_size = 4", "at least 8", "bptt"),
    ),
    ("minutes = 6", "strain = 0.4", ("strain", "no longer set", "leave it out")),
    ("minutes = 6", 'minute = 6\n"a\\u001b[31mb\\n" = 1', ('"minute"', '"minutes"', "u001b[31mb")),
    ("[target]", "[tarket]", ('"tarket"', '"target"')),
    ("[grid]", "[grid", ("TOML", "line 4")),
    ("[72, 72]", "[" * 5000, ("TOML",)),
    ("[72, 72]", "[" + "9" * 5000 + ", 8]", ("TOML",)),
]


@pytest.mark.parametrize(("old", "new", "parts"), BAD)
def test_bad_values_are_named_with_what_is_allowed(old: str, new: str, parts: tuple[str, ...]) -> None:
    assert old in GROWTH
    with pytest.raises(InputError) as caught:
        parse_world(GROWTH.replace(old, new, 1), "w.toml")
    message = str(caught.value)
    assert message.startswith("w.toml: ")
    assert message.isprintable()
    for part in parts:
        assert part in message


@pytest.mark.parametrize("notation", ["B9/S1", "", "B3/S23x", "23/3/1", "B\u0663/S2"])
def test_bad_notation(notation: str) -> None:
    with pytest.raises(InputError, match=r"rule\.notation"):
        build_world({"kind": "life", "title": "t", "grid": {"size": [8, 8]}, "rule": {"notation": notation}}, "w")


def test_only_the_first_errors_are_told() -> None:
    with pytest.raises(InputError, match="and 17 more"):
        parse_world(GROWTH + "".join(f"key{index} = 1\n" for index in range(20)), "w.toml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    (tmp_path / "huge.toml").write_bytes(b"#" * (2**20 + 1))
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    (tmp_path / "binary.toml").write_bytes(b"\x00\x01")
    for name, part in [
        ("none.toml", "no such file"),
        ("empty.toml", "empty"),
        ("huge.toml", "too large"),
        ("latin.toml", "UTF-8"),
        ("binary.toml", "TOML"),
        (".", "folder"),
        ("a\0b.toml", "no such file"),
        ("x" * 5000, "cannot be read"),
    ]:
        with pytest.raises(InputError, match=part):
            load_world(tmp_path / name)
    with pytest.raises(InputError, match="not a regular file"):
        load_world(Path("/dev/zero"))


def test_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_bytes(b"\xef\xbb\xbf" + GROWTH.replace("\n", "\r\n").encode())
    assert load_world(tmp_path / "w.toml") == parse_world(GROWTH, "w")


def test_find_world(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_world("my/own.toml") == Path("my/own.toml")
    assert find_world("own.safetensors") == Path("own.safetensors")
    monkeypatch.chdir(worlds_folder())
    assert find_world("lizard.toml") == shipped_worlds()["lizard"]
    with pytest.raises(InputError, match=r"did you mean lizard\? ffnca worlds lists them"):
        find_world("lizzard")
    for text in ("", "\0.toml", "x" * 9999, "..", "lizard.gif"):
        with pytest.raises(InputError, match="ffnca worlds"):
            find_world(text)


@given(st.text())
def test_any_text(text: str) -> None:
    _loads_or_says_why(parse_world, text)


@given(st.sampled_from([GROWTH, LIFE]), st.integers(0, 400), st.integers(0, 30), st.text(max_size=8))
def test_mutated_worlds(text: str, place: int, length: int, inserted: str) -> None:
    _loads_or_says_why(parse_world, text[:place] + inserted + text[place + length :])


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=10),
    st.lists(st.integers(0, 400), max_size=5),
    st.just({}),
    st.just([[]]),
)
KEYS = (
    "kind title grid rule target train start size boundary channels hidden perception emoji image notation rle density"
)


@given(
    st.sampled_from([GROWTH, LIFE]),
    st.lists(st.tuples(st.sampled_from(["", "grid", "rule", "target", "train", "start"]), st.text(max_size=6), VALUES)),
    st.lists(
        st.tuples(
            st.sampled_from(["", "grid", "rule", "target", "train", "start"]), st.sampled_from(KEYS.split()), VALUES
        ),
        max_size=3,
    ),
)
def test_worlds_with_any_values(text: str, strange: list, changed: list) -> None:
    settings = json.loads(dump_world(parse_world(text, "w")))
    for table, key, value in strange + changed:
        inner = settings.setdefault(table, {}) if table else settings
        if isinstance(inner, dict):
            inner[key] = value
    _loads_or_says_why(build_world, settings)


@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)))
def test_any_json(value: object) -> None:
    with pytest.raises(InputError):
        world_from_json(json.dumps(value), "w")


def test_a_simulation_opens_by_path_and_shows_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "UP.TOML"
    path.write_text(LIFE, encoding="utf-8")
    by_path, by_text = make(path), make(str(path))
    assert repr(by_path) == "Simulation('UP', life, 96x80 cells, 1 channels)"
    assert (by_path.start == by_text.start).all()
    assert by_path != by_text
    assert make("life", (40, 36)).start.shape[:2] == (40, 36)
    for size in ((7, 40), (40, 4097), (40, 10**9), (8.5, 40)):
        with pytest.raises(InputError, match="8 to 4096"):
            make("life", size)  # pyright: ignore[reportArgumentType]


def test_a_rule_that_says_what_it_sees_learns_how_codes_are_passed_on() -> None:
    def rule(keys: str):
        world = parse_world(GROWTH.replace("fire_rate = 0.5", keys), "w.toml")
        assert isinstance(world, GrowthWorld)
        return world.rule

    assert rule("").transport == "exact"
    assert rule('transport = "learned"').perception == LEARNED_KEYS["perception"]
    assert rule('perception = ["sobel"]').transport == "learned"
    assert rule('perception = ["transported", "alive"]').transport == "exact"
    with pytest.raises(InputError, match="transported first when transport is exact"):
        rule('transport = "exact"\nperception = ["sobel"]')


@pytest.mark.parametrize(
    ("settings", "size", "said"),
    [
        ({"kind": "gray_scott"}, (8, 20), "start.side = 10; allowed: at most the grid's shorter side"),
        ({"kind": "lenia"}, (20, 8), "rule.radius = 13 with reflect; allowed: less than the grid's shorter side"),
        (
            {"kind": "elementary", "rule": {"number": 30}, "start": {"cells": "110010011"}},
            (20, 8),
            "start.cells has 9 cells; allowed: 8, a row",
        ),
    ],
)
def test_another_size_is_checked_too(settings: dict[str, Any], size: tuple[int, int], said: str) -> None:
    world = build_world({"title": "t", "grid": {"size": [20, 20], "boundary": "reflect"}, **settings}, "w")
    with pytest.raises(InputError) as caught:
        world.of_size(size)
    assert str(caught.value) == f"t, {size[0]}x{size[1]} cells: {said}"
    assert world.of_size((20, 30)).grid.size == (20, 30)
