"""Rule files: what is saved comes back bit for bit, and no bytes get further than one line of error."""

import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.rule_file import MAX_RULE_BYTES, StoredRule, read_rule, rule_bytes, write_rule
from ffnca.systems.growth.model import checked_model
from ffnca.systems.growth.rule_file import RuleFile, load_rule, save_rule
from ffnca.systems.world_settings import build_world
from ffnca.world import dump_world

WORLD = build_world(
    {"kind": "growth", "title": "T 🦎", "grid": {"size": [20, 20]}, "target": {"emoji": "🦎", "size": 8}}
    | {"rule": {"transport": "learned"}},
    "w",
)
OLD = {"format": "ffnca-rule", "format_version": "1", "world": dump_world(WORLD), "record": '{"seed": 0}'}
MODEL: dict[str, Any] = {
    "title": "T 🦎",
    "grid": {"size": [20, 20], "boundary": "wrap"},
    "rule": {"type": "ascent", "channels": 16, "hidden": [278], "state_limit": 2.0},
    "targets": [""],
    "code_amplitude": 0.7,
}
METADATA = {
    "format": "ffnca-rule",
    "format_version": "2",
    "kind": "growth",
    "model": json.dumps(MODEL),
    "provenance": '{"record": {"seed": 0}}',
}


def _rule() -> RuleFile:
    random = np.random.default_rng(0)
    target = random.random((8, 6, 4)).astype(np.float32)
    tensors = {
        "layer.kernel": random.normal(size=(5, 3)).astype(np.float32),
        "layer.bias": np.array([1, -0.0, 2], np.float32),
        "scale": np.array(0.5, np.float32),
    }
    seed_cell, seed_at = random.normal(size=16).astype(np.float32), np.array([4, 3], np.int32)
    record = {"updates": 3, "rel_mse": 0.1, "note": "é\n"}
    return RuleFile(checked_model(MODEL, "m"), tensors, target, seed_cell, seed_at, {"record": record, "ffnca": "9"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def valid(folder: Path) -> bytes:
    save_rule(folder / "valid.safetensors", _rule())
    return (folder / "valid.safetensors").read_bytes()


def _loads_or_says_why(folder: Path, content: bytes) -> RuleFile | None:
    path = folder / "any.safetensors"
    path.write_bytes(content)
    try:
        return load_rule(path)
    except InputError as error:
        message = str(error)
        one_line = message.startswith(f"{path}: ") and len(message.splitlines()) == 1 and len(message) < 2000
        return None if one_line else pytest.fail(message)


def _stored() -> dict[str, np.ndarray]:
    rule = _rule()
    tensors = {f"rule.{name}": tensor for name, tensor in rule.tensors.items()}
    return tensors | {"target": rule.target, "seed_cell": rule.seed_cell, "seed_at": rule.seed_at}


def test_round_trip(tmp_path: Path) -> None:
    rule = _rule()
    save_rule(tmp_path / "r.safetensors", rule)
    back = load_rule(tmp_path / "r.safetensors")
    assert back.model == rule.model
    assert back.record == rule.record
    assert back.provenance == rule.provenance
    assert back.tensors.keys() == rule.tensors.keys()
    for name, tensor in rule.tensors.items():
        assert back.tensors[name].shape == tensor.shape
        assert back.tensors[name].tobytes() == tensor.tobytes()
    for name in ("target", "seed_cell", "seed_at"):
        np.testing.assert_array_equal(getattr(back, name), getattr(rule, name))
        assert getattr(back, name).dtype == getattr(rule, name).dtype
    assert [path.name for path in tmp_path.iterdir()] == ["r.safetensors"]


def test_views_are_stored_as_they_look(tmp_path: Path) -> None:
    kernel = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    save_rule(tmp_path / "r.safetensors", replace(_rule(), tensors={"k": kernel}))
    np.testing.assert_array_equal(load_rule(tmp_path / "r.safetensors").tensors["k"], kernel)


def test_same_rule_same_bytes_in_any_order_and_process(tmp_path: Path, valid: bytes) -> None:
    rule = _rule()
    turned = replace(
        rule,
        tensors=dict(reversed(rule.tensors.items())),
        provenance=dict(reversed(list(rule.provenance.items()))),
    )
    for _ in range(8):  # the library orders metadata by a random hash, anew each time
        save_rule(tmp_path / "r.safetensors", turned)
        assert (tmp_path / "r.safetensors").read_bytes() == valid
    code = (
        "import sys; from pathlib import Path; from ffnca.systems.growth.rule_file import *\n"
        "save_rule(Path(sys.argv[2]), load_rule(Path(sys.argv[1])))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "r.safetensors"), str(tmp_path / "again.safetensors")]
    subprocess.run(words, check=True)
    assert (tmp_path / "again.safetensors").read_bytes() == valid


def test_the_library_reads_it(valid: bytes) -> None:
    assert safetensors.numpy.load(valid).keys() == _stored().keys()
    assert struct.unpack("<Q", valid[:8])[0] % 8 == 0


def test_facts_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    record = {"a": float("nan"), "b": float("inf"), "c": 1}
    save_rule(tmp_path / "r.safetensors", replace(_rule(), provenance={"record": record}))
    assert load_rule(tmp_path / "r.safetensors").record == {"c": 1}


TENSORS = [
    ({"target": None}, "'target' is missing"),
    ({"seed_cell": None}, "'seed_cell' is missing"),
    ({"extra": np.zeros(2, np.float32)}, "'extra' is surplus"),
    ({"rule.layer.kernel": None, "rule.layer.bias": None, "rule.scale": None}, "parameter tensors"),
    ({"rule.k": np.zeros(2, np.float64)}, "F64"),
    ({"rule.k": np.zeros(2, np.int32)}, "I32"),
    ({"seed_cell": np.zeros(16, np.float16)}, "float16"),
    ({"seed_cell": np.zeros(16, np.uint16)}, "uint16"),
    ({"rule.k": np.zeros(2, np.uint16)}, "U16"),
    ({"rule.k": np.zeros((0, 2), np.float32)}, "dimensions"),
    ({"rule.k": np.zeros((1,) * 5, np.float32)}, "dimensions"),
    ({"rule.k": np.array([np.nan], np.float32)}, "finite"),
    ({"rule.k": np.array([np.inf], np.float32)}, "finite"),
    ({"rule." + "k" * 300: np.zeros(2, np.float32)}, "name too long"),
    ({f"rule.{index}": np.zeros(1, np.float32) for index in range(300)}, "parameter tensors"),
    ({"target": np.ones((8, 6, 3), np.float32)}, "(h, w, 4)"),
    ({"target": np.ones((513, 6, 4), np.float32)}, "(h, w, 4)"),
    ({"target": np.ones((8, 6), np.float32)}, "(h, w, 4)"),
    ({"target": 2 * np.ones((8, 6, 4), np.float32)}, "0 to 1"),
    ({"target": -np.ones((8, 6, 4), np.float32)}, "0 to 1"),
    ({"target": np.zeros((8, 6, 4), np.float32)}, "alpha"),
    ({"target": np.full((8, 6, 4), np.nan, np.float32)}, "finite"),
    ({"seed_cell": np.zeros(15, np.float32)}, "(16,)"),
    ({"seed_cell": np.zeros((16, 1), np.float32)}, "(16,)"),
    ({"seed_at": np.array([8, 0], np.int32)}, "seed_at"),
    ({"seed_at": np.array([0, -1], np.int32)}, "seed_at"),
    ({"seed_at": np.array([0, 0, 0], np.int32)}, "seed_at"),
    ({"seed_at": np.array([0, 0], np.float32)}, "seed_at"),
]


@pytest.mark.parametrize(("changes", "part"), TENSORS)
def test_tensors_that_do_not_fit(folder: Path, changes: dict, part: str) -> None:
    tensors = {name: tensor for name, tensor in (_stored() | changes).items() if tensor is not None}
    path = folder / "bad.safetensors"
    path.write_bytes(safetensors.numpy.save(tensors, METADATA))
    with pytest.raises(InputError) as caught:
        load_rule(path)
    assert part in str(caught.value)


def _world(**changes: object) -> str:
    return json.dumps(json.loads(dump_world(WORLD)) | changes)


LIFE = {"kind": "life", "title": "t", "grid": {"size": [8, 8]}, "rule": {"notation": "B3/S23"}}
METADATA_CASES = [
    ({"format": None}, "not a rule file"),
    ({"format": "pt"}, "not a rule file"),
    ({"format_version": "3"}, 'version "3"; allowed: 1, 2; a newer ffnca reads it'),
    ({"format_version": None}, "version None; allowed: 1, 2"),
    ({"kind": None}, "'kind' is missing"),
    ({"kind": "sandpile"}, "kind 'sandpile'; allowed here: growth"),
    ({"model": None}, "'model' is missing"),
    ({"model": "{"}, "not JSON"),
    ({"model": "[]"}, "no table"),
    ({"model": json.dumps(MODEL | {"turing": 1})}, "(a newer ffnca may know it)"),
    ({"model": json.dumps(MODEL | {"targets": ["b", "a"]})}, "alphabetical"),
    ({"model": json.dumps(MODEL | {"code_amplitude": "x"})}, 'code_amplitude = "x"; allowed: a number above 0'),
    ({"model": json.dumps({key: MODEL[key] for key in ("title", "grid")})}, "rule is missing"),
    ({"provenance": None}, "'provenance' is missing"),
    ({"provenance": "x" * 70_000}, "characters"),
]
OLD_CASES = [
    ({"world": None}, "'world' is missing"),
    ({"record": None}, "'record' is missing"),
    ({"world": "{"}, "not JSON"),
    ({"world": "[" * 100_000}, "not JSON"),
    ({"world": "[]"}, "no table"),
    ({"world": _world(titel="x")}, "titel"),
    ({"world": json.dumps(LIFE)}, 'kind "life"; allowed: growth'),
    ({"world": _world(train={"objective": "guess"})}, '"guess"; allowed: ascent, bptt'),
    ({"world": _world(train={"code_amplitude": 9})}, "code_amplitude = 9"),
    ({"record": json.dumps({"a": "x" * 70_000})}, "characters"),
]
ALL_CASES = [(METADATA, *case) for case in METADATA_CASES] + [(OLD, *case) for case in OLD_CASES]


@pytest.mark.parametrize(("whole", "changes", "part"), ALL_CASES)
def test_metadata_that_does_not_fit(folder: Path, whole: dict, changes: dict, part: str) -> None:
    metadata = {key: value for key, value in (whole | changes).items() if value is not None}
    path = folder / "bad.safetensors"
    path.write_bytes(safetensors.numpy.save(_stored(), metadata))
    with pytest.raises(InputError) as caught:
        load_rule(path)
    assert part in str(caught.value)
    assert len(str(caught.value)) < 1000


HEADERS = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"3",
    b'"a"',
    b"{" * 1000,
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"__metadata__":null}',
    b'{"__metadata__":{"format":3}}',
    b'{"__metadata__":{"format":"ffnca-rule"}}',
    b'{"rule.k":3}',
    b'{"rule.k":{"dtype":"F32"}}',
    b'{"rule.k":{"dtype":"F32","shape":"ab","data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999]}}',
    b'{"rule.k":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}',
    b'{"rule.k":{"dtype":"F32","shape":[67108864,67108864,67108864],"data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":"F4","shape":[8],"data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"rule.j":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    b'{"rule.k":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,4]}}',
]


@pytest.mark.parametrize("header", HEADERS)
def test_crafted_headers(folder: Path, header: bytes) -> None:
    assert _loads_or_says_why(folder, struct.pack("<Q", len(header)) + header + b"\0" * 4) is None


@pytest.mark.parametrize("length", [0, 1, 2**20, 2**20 + 1, 100_000_000, 2**31, 2**63, 2**64 - 1])
def test_header_lengths_beyond_the_file(folder: Path, valid: bytes, length: int) -> None:
    assert _loads_or_says_why(folder, struct.pack("<Q", length) + valid[8:]) is None


def test_files_that_are_no_rules(tmp_path: Path) -> None:
    (tmp_path / "empty.safetensors").touch()
    with (tmp_path / "huge.safetensors").open("wb") as file:
        file.truncate(MAX_RULE_BYTES + 1)
    (tmp_path / "text.safetensors").write_text('kind = "growth"\n' * 50)
    for name, part in [
        ("none", "no such file"),
        ("empty", "empty"),
        ("huge", "too large"),
        ("text", "not a safetensors file"),
    ]:
        with pytest.raises(InputError, match=part):
            load_rule(tmp_path / f"{name}.safetensors")
    with pytest.raises(InputError, match="folder"):
        load_rule(tmp_path)


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "r.safetensors"
    for rule in (
        replace(_rule(), tensors={"k": np.array([np.nan], np.float32)}),
        replace(_rule(), tensors={}),
        replace(_rule(), tensors={"k": np.zeros(3)}),
        replace(_rule(), seed_at=np.array([99, 0], np.int32)),
        replace(_rule(), model=_rule().model.model_copy(update={"title": ""})),
    ):
        with pytest.raises(InputError):
            save_rule(path, rule)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="does not exist"):
        save_rule(tmp_path / "nowhere" / "r.safetensors", _rule())


@given(st.binary(max_size=300))
def test_any_bytes(folder: Path, content: bytes) -> None:
    assert _loads_or_says_why(folder, content) is None


def test_cut_off_anywhere(folder: Path, valid: bytes) -> None:
    header = 8 + struct.unpack("<Q", valid[:8])[0]
    ends = {*range(12), *range(12, header, 97), *range(header - 3, header + 6), len(valid) - 4, len(valid) - 1}
    for end in ends:
        assert _loads_or_says_why(folder, valid[:end]) is None
    assert _loads_or_says_why(folder, valid + b"\0") is None


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=3), st.booleans())
def test_flipped_bits(folder: Path, valid: bytes, flips: list[tuple[float, int]], in_header: bool) -> None:
    content = bytearray(valid)
    reach = 8 + struct.unpack("<Q", valid[:8])[0] if in_header else len(valid)
    for place, bit in flips:
        content[int(place * reach)] ^= 1 << bit
    rule = _loads_or_says_why(folder, bytes(content))
    if rule is not None:
        assert all(np.isfinite(tensor).all() for tensor in rule.tensors.values())
        assert rule.seed_cell.shape == (rule.model.rule.channels,)


@pytest.mark.parametrize(
    "told",
    ["", "plain words", "[" * 60_000, "[]", "[1]", '{"record": [1]}', '{"record": {"a": NaN, "b": [1], "c": {}}}'],
)
def test_nobody_depends_on_what_is_told_of_the_training(folder: Path, told: str) -> None:
    path = folder / "told.safetensors"
    path.write_bytes(safetensors.numpy.save(_stored(), METADATA | {"provenance": told}))
    assert load_rule(path).record == {}
    path.write_bytes(safetensors.numpy.save(_stored(), OLD | {"record": told}))
    assert set(load_rule(path).record) <= {"record"}


def test_half_precision_is_half_the_size_and_near(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rule = replace(_rule(), tensors={"k": random.normal(size=(200, 60)).astype(np.float32)})
    save_rule(tmp_path / "full.safetensors", rule)
    save_rule(tmp_path / "half.safetensors", rule, half=True)
    back = load_rule(tmp_path / "half.safetensors")
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]
    np.testing.assert_allclose(back.tensors["k"], rule.tensors["k"], rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(back.target, rule.target, atol=1e-5)
    assert back.tensors["k"].dtype == back.target.dtype == np.float32
    save_rule(tmp_path / "again.safetensors", back, half=True)  # nothing more is lost
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "half.safetensors").read_bytes()


def test_a_rule_of_a_kind_that_is_not_installed_is_named_beside_those_that_are(tmp_path: Path) -> None:
    stored = StoredRule("forest", {"height": 4}, {"k": np.zeros(2, np.float32)}, {})
    write_rule(tmp_path / "s.safetensors", rule_bytes(stored, "s"))
    assert read_rule(tmp_path / "s.safetensors").model == {"height": 4}
    with pytest.raises(InputError, match=r's.safetensors: kind = "forest"; allowed: .*growth, .*life'):
        make(tmp_path / "s.safetensors")
