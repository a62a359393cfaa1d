"""Weights of other programs: read as their authors wrote them, checked against plain NumPy, and grown."""

import base64
import io
import json
import pickle
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from ffnca.errors import InputError
from ffnca.interchange import grown
from ffnca.interchange.grown import imported_automaton, imported_creature
from ffnca.interchange.importing import read_growing_ca
from ffnca.interchange.state_dict import KERNELS, state_dict_layers
from ffnca.interchange.tensor_files import read_arrays
from ffnca.interchange.two_layers import TwoLayers
from ffnca.opening import make
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.rule_file import load_rule

PUBLISHED = Path(__file__).resolve().parents[3] / "shared/data/growing-ca"
SIZES = ((48, 128, 1.2, 0.4), (128, 16, 0.2, 0.1))


def described(layers: list[np.ndarray]) -> list[dict]:
    """Layers of bytes as the article describes them."""
    return [
        {
            "data_b64": base64.b64encode(raw.tobytes()).decode(),
            "in_ch": inputs,
            "out_ch": outputs,
            "weight_scale": scale,
            "bias_scale": bias_scale,
        }
        for raw, (inputs, outputs, scale, bias_scale) in zip(layers, SIZES, strict=True)
    ]


@pytest.fixture
def raw() -> list[np.ndarray]:
    """Made-up layers of bytes, the bias in the last row."""
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (inputs + 1, outputs), dtype=np.uint8) for inputs, outputs, _, _ in SIZES]


@pytest.fixture
def layers(raw: list[np.ndarray]) -> TwoLayers:
    """The same as numbers, computed here."""
    values = [
        (row / 255 - 0.5) * np.append(np.full(inputs, scale), bias_scale)[:, None]
        for row, (inputs, _, scale, bias_scale) in zip(raw, SIZES, strict=True)
    ]
    return TwoLayers(*(np.float32(part) for value in values for part in (value[:-1], value[-1])))


@pytest.fixture
def published_form(tmp_path: Path, raw: list[np.ndarray]) -> Path:
    path = tmp_path / "made-up.json"
    path.write_text(json.dumps(described(raw)))
    return path


def is_same(found: TwoLayers, wanted: TwoLayers) -> None:
    for name, tensor in wanted.tensors.items():
        np.testing.assert_allclose(found.tensors[name], tensor, atol=1e-6, err_msg=name)


def test_a_step_equals_the_article(published_form: Path, layers: TwoLayers) -> None:
    read = read_growing_ca(published_form)
    is_same(read, layers)
    state = np.random.default_rng(1).random((9, 9, 16)) * 4 - 1
    padded = np.pad(state, ((1, 1), (1, 1), (0, 0)))
    sobel = np.outer([1, 2, 1], [-1, 0, 1]) / 8
    wanted = np.empty_like(state)
    for row in range(9):
        for column in range(9):
            window = padded[row : row + 3, column : column + 3]
            across, down = (np.einsum("ij,ijc->c", kernel, window) for kernel in (sobel, sobel.T))
            seen = np.concatenate([state[row, column], across, down])
            hidden = np.maximum(seen @ layers.first + layers.first_bias, 0)
            wanted[row, column] = state[row, column] + hidden @ layers.second + layers.second_bias
    automaton = imported_automaton(read, "made-up")
    found = np.asarray(automaton.advance(jnp.asarray(state, jnp.float32), jnp.ones((9, 9), bool)))
    kept = found.any(-1)
    assert kept.mean() > 0.3
    np.testing.assert_allclose(found[kept], wanted[kept], atol=2e-4)
    assert np.abs(wanted[kept]).max() > 2.5, "states have no limit"


@pytest.mark.parametrize("order", ["grouped", "interleaved"])
@pytest.mark.parametrize("form", ["convolution", "output first", "input first", "height and width first"])
def test_every_layout_of_a_state_dictionary(form: str, order: str, layers: TwoLayers) -> None:
    first = layers.first
    if order == "interleaved":  # row 3 c + k is what is seen by kernel k of channel c
        first = np.stack([layers.first[kind * 16 + channel] for channel in range(16) for kind in range(3)])
    laid_out = {
        "convolution": lambda weights: weights.T[..., None, None],
        "output first": lambda weights: weights.T,
        "input first": lambda weights: weights,
        "height and width first": lambda weights: weights[None, None],
    }[form]
    arrays = {
        "update.2.weight": laid_out(layers.second),
        "update.0.weight": laid_out(first),
        "update.0.bias": layers.first_bias,
        "update.2.bias": layers.second_bias,
        "steps": np.array(8000.0),
    }
    is_same(state_dict_layers(arrays, order, "made-up"), layers)  # pyright: ignore[reportArgumentType]


def test_a_last_layer_may_lack_its_bias(layers: TwoLayers) -> None:
    arrays = {"fc0.weight": layers.first.T, "fc0.bias": layers.first_bias, "fc1.weight": layers.second.T}
    found = state_dict_layers(arrays, None, "made-up")
    np.testing.assert_array_equal(found.second_bias, 0)
    np.testing.assert_array_equal(found.first, layers.first)


def test_square_layers_are_told_apart() -> None:
    """48 hidden units: the first layer alone could be read either way."""
    generator = np.random.default_rng(2)
    first, second = generator.random((48, 48), np.float32), generator.random((48, 16), np.float32)
    for turn in (False, True):
        arrays = {"a": first.T, "b": second.T} if turn else {"a": first, "b": second}
        found = state_dict_layers(arrays, None, "made-up")
        np.testing.assert_array_equal(found.first, first)
        np.testing.assert_array_equal(found.second, second)


def test_kernels_in_the_file_say_what_is_seen(layers: TwoLayers) -> None:
    """A depthwise convolution gives its order and its scale; others must be the usual ones."""
    scaled = np.stack([KERNELS[0], 8 * KERNELS[1], 8 * KERNELS[2]])
    interleaved = np.stack([layers.first[kind * 16 + channel] for channel in range(16) for kind in range(3)])
    weights = {"w1": (interleaved / np.tile([1, 8, 8], 16)[:, None]).T, "w2": layers.second.T}
    biases = {"b1": layers.first_bias, "b2": layers.second_bias}
    depthwise = np.float32(np.tile(scaled, (16, 1, 1))[:, None])
    is_same(state_dict_layers({**weights, **biases, "perceive": depthwise}, None, "made-up"), layers)
    with pytest.raises(InputError, match="another order; allowed: interleaved"):
        state_dict_layers({**weights, **biases, "perceive": depthwise}, "grouped", "made-up")
    with pytest.raises(InputError, match="none of identity"):
        state_dict_layers({**weights, "perceive": np.ones((48, 1, 3, 3), np.float32)}, None, "made-up")
    with pytest.raises(InputError, match="8 times"):
        state_dict_layers({**weights, "sobel": 8 * KERNELS[1]}, None, "made-up")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones((4, 4))}, "1 arrays of two axes"),
        ({"a": np.ones((128, 64)), "b": np.ones((16, 128))}, "3 inputs a channel"),
        ({"a": np.ones((128, 48)), "b": np.ones((16, 128)), "norm": np.ones(7)}, "belongs to no layer"),
        ({"a": np.ones((128, 48)), "b": np.full((16, 128), np.nan)}, "not finite"),
        ({"a": np.ones((128, 12)), "b": np.ones((4, 128))}, "8 to 64 channels"),
    ],
)
def test_what_no_such_rule_has_is_refused(arrays: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        state_dict_layers(arrays, None, "made-up")


def test_files_of_numpy_and_safetensors(tmp_path: Path) -> None:
    arrays = {"layer.weight": np.arange(6, dtype=np.float64).reshape(2, 3), "layer.bias": np.float16([1, 2])}
    np.savez_compressed(tmp_path / "a.npz", **arrays)  # pyright: ignore[reportArgumentType]
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors")
    for name in ("a.npz", "a.safetensors"):
        found = read_arrays(tmp_path / name)
        assert found.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(found[key], np.float32(array))


class Tripwire:
    """Were it unpickled, a test would fail."""

    def __reduce__(self):
        return pytest.fail, ("was unpickled",)


def test_objects_and_bombs_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", a=np.array([Tripwire()], object))
    with pytest.raises(InputError, match="holds objects"):
        read_arrays(tmp_path / "objects.npz")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(2**25))
    with pytest.raises(InputError, match="unpacks to too much"):
        read_arrays(tmp_path / "bomb.npz")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2**40,)})
    with zipfile.ZipFile(tmp_path / "claims.npz", "w") as archive:
        archive.writestr("a.npy", header.getvalue())
    with pytest.raises(InputError, match="cut off"):
        read_arrays(tmp_path / "claims.npz")
    (tmp_path / "none.npz").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(InputError, match=r"is not a \.npz file"):
        read_arrays(tmp_path / "none.npz")
    (tmp_path / "old.pt").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(InputError, match=r"is not a \.pt file"):
        read_arrays(tmp_path / "old.pt")


@pytest.mark.parametrize(
    ("shape", "why"),
    [(b"(3, 4), (", "the head of an array cannot be read"), (b"(0, %d), }" % 10**30, "an array is cut off")],
)
def test_an_array_with_a_spoilt_head_is_refused_in_one_line(ffnca, tmp_path: Path, shape: bytes, why: str) -> None:
    """NumPy takes heads to pieces as Python does its source text."""
    np.savez(tmp_path / "whole.npz", a=np.zeros((3, 4), np.float32))
    with zipfile.ZipFile(tmp_path / "whole.npz") as whole, zipfile.ZipFile(tmp_path / "a.npz", "w") as spoilt:
        array = whole.read("a.npy")
        spoilt.writestr("a.npy", array.replace(b"(3, 4), }" + b" " * (len(shape) - 9), shape))
    code, out, err = ffnca("import", "a.npz", "rule.safetensors")
    assert (code, out) == (2, "")
    assert err == f"ffnca: a.npz: is not a .npz file, or is damaged ({why})\n"


def test_pytorch_reads_weights_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for PyTorch, which need not be installed: asked for nothing but weights; refused without it."""
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"fc.bias": 1}))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"needs PyTorch .* save its tensors as \.npz or \.safetensors"):
        read_arrays(tmp_path / "a.pt")

    class Tensor(np.ndarray):
        def detach(self) -> "Tensor":
            return self

        def float(self) -> "Tensor":
            return self

        def numpy(self) -> np.ndarray:
            return np.asarray(self)

    asked = []

    def load(file: io.BytesIO, **options: object) -> dict:
        asked.append(options)
        return {"epoch": 3, "model": {"fc.bias": np.ones(2).view(Tensor)}}

    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(load=load, Tensor=Tensor))
    assert {name: array.tolist() for name, array in read_arrays(tmp_path / "a.pt").items()} == {
        "model.fc.bias": [1.0, 1.0]
    }
    assert asked == [{"map_location": "cpu", "weights_only": True}]
    for pickled, why in ((pickle.dumps("a." * 900), "a name of 1800 characters; allowed: 512"), (b"??", "no pickle")):
        with zipfile.ZipFile(tmp_path / "b.pt", "w") as archive:
            archive.writestr("archive/data.pkl", pickled)
        with pytest.raises(InputError, match=f"b.pt: is not a .pt file, or is damaged .*{why}"):
            read_arrays(tmp_path / "b.pt")
    assert len(asked) == 1

    def sparse(self: Tensor) -> np.ndarray:
        raise TypeError("can't convert Sparse layout tensor to numpy")

    monkeypatch.setattr(Tensor, "numpy", sparse)
    with pytest.raises(InputError, match=r"a\.pt: PyTorch reads no weights from it \(can't convert Sparse"):
        read_arrays(tmp_path / "a.pt")


def still(layers: TwoLayers, alpha: float) -> TwoLayers:
    """Layers by which every cell that fires gains this much alpha."""
    bias = np.zeros(16, np.float32)
    bias[3] = alpha
    return TwoLayers(layers.first, layers.first_bias, 0 * layers.second, bias)


def test_without_a_target_it_is_what_has_grown(
    layers: TwoLayers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(grown, "GROWN_AT", 12)
    creature = imported_creature(still(layers, 0.1), None, Path("rule.npz"))
    side = creature.picture.shape[0]
    assert side % 2 == 1
    assert 9 < side < 25
    assert creature.picture[side // 2, side // 2, 3] > 0.5
    with pytest.raises(InputError, match="nothing has grown"):
        imported_creature(still(layers, 0.0), None, Path("rule.npz"))
    monkeypatch.setattr(grown, "GROWN_AT", 150)
    with pytest.raises(InputError, match="more than its grid holds"):
        imported_creature(still(layers, 0.1), None, Path("rule.npz"))


def test_weights_in_another_order_are_refused_with_a_target_too(layers: TwoLayers, ring_picture: np.ndarray) -> None:
    running_away = replace(layers, second=1e3 * layers.second)
    for picture in (None, ring_picture):
        with pytest.raises(InputError, match="not finite after 200 steps"):
            imported_creature(running_away, picture, Path("rule.npz"))


def test_it_starts_from_its_own_cell(layers: TwoLayers, ring_picture: np.ndarray, tmp_path: Path) -> None:
    """In the middle, though the ring has a hole there; kept in the file, and turned with the body."""
    creature = imported_creature(layers, ring_picture, Path("rule.npz"))
    start = np.asarray(creature.body((20, 22)).start)
    assert np.argwhere(start.any(-1)).tolist() == [[10, 11]]
    np.testing.assert_array_equal(start[10, 11], [0] * 3 + [1] * 13)
    path = tmp_path / "rule.safetensors"
    creature.save(path)
    assert load_rule(path).model.own_seed
    loaded = Creature.load(path)
    assert loaded == creature
    assert loaded.automaton.state_limit == float("inf")
    assert loaded.world.grid.boundary == "zero"
    again = tmp_path / "again.safetensors"
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()
    turned = loaded.turned(90).body()
    assert turned.start[turned.seed_at].tolist() == [0] * 3 + [1] * 13
    assert loaded.untaught().first_cell is None
    content = path.read_bytes()
    at = content.index(np.int32([6, 6]).tobytes())
    path.write_bytes(content[:at] + np.int32([6, 5]).tobytes() + content[at + 8 :])
    with pytest.raises(InputError, match=r"'seed_at' is not \(6, 6\)"):
        Creature.load(path)


def test_rules_that_start_by_their_picture_say_nothing_of_it(ring_picture: np.ndarray, tmp_path: Path) -> None:
    Creature.for_picture(ring_picture).save(tmp_path / "rule.safetensors")
    assert b"own_seed" not in (tmp_path / "rule.safetensors").read_bytes()


def test_the_command_writes_a_rule_that_runs(ffnca, published_form: Path, tmp_path: Path, ring_picture) -> None:
    Image.fromarray(np.uint8(255 * ring_picture)).save(tmp_path / "ring.png")
    code, out, err = ffnca("import", published_form, "rule.safetensors", "--target", "ring.png", "--size", 12)
    assert (code, err) == (0, "")
    assert "8336 parameters" in out
    opened = make("rule.safetensors", (24, 24))
    assert opened.start.shape == (24, 24, 16)
    assert opened.target is not None
    assert opened.target.picture.shape == (12, 12, 4)


BAD = {
    "one layer": lambda layers: layers[:1],
    "of another size": lambda layers: [layers[0], {**layers[1], "in_ch": 127}],
    "whose scale is text": lambda layers: [{**layers[0], "weight_scale": "1"}, layers[1]],
    "whose scale is infinite": lambda layers: [{**layers[0], "bias_scale": float("inf")}, layers[1]],
    "whose scale is a number of many digits": lambda layers: [{**layers[0], "weight_scale": 10**400}, layers[1]],
    "of no base 64": lambda layers: [{**layers[0], "data_b64": "???"}, layers[1]],
    "whose data are a number": lambda layers: [{**layers[0], "data_b64": 5}, layers[1]],
    "too large": lambda layers: [{**layers[0], "out_ch": 10**12}, layers[1]],
    "in the wrong order": lambda layers: layers[::-1],
    "neither layers nor animals": lambda layers: {"a": 1},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_bad_layers_are_one_line_and_leave_nothing(ffnca, raw, change, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps(change(described(raw))))
    code, out, err = ffnca("import", "bad.json", "rule.safetensors")
    assert (code, out) == (2, "")
    assert err.startswith("ffnca: bad.json")
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.json"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["made-up.json", "out.toml"], "ends in .safetensors"),
        (["made-up.json", "out.safetensors", "--name", "a"], "--name a: says nothing"),
        (["made-up.json", "out.safetensors", "--perception", "grouped"], "--perception grouped: says nothing"),
        (["made-up.json", "out.safetensors", "--size", "20"], "--size 20: says nothing"),
        (["made-up.json", "nowhere/out.safetensors", "--target", "🐟"], "does not exist"),
        (["made-up.xyz", "out.safetensors"], "allowed endings"),
        (["a.npz", "out.safetensors", "--perception", "sideways"], "allowed are grouped, interleaved"),
        (["a.npz", "out.safetensors"], "no such file"),
    ],
)
def test_what_cannot_be_asked_for(ffnca, published_form: Path, words: list[str], message: str) -> None:
    code, out, err = ffnca("import", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


@pytest.mark.computes
@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published weights are not here")
def test_the_published_butterfly_grows(ffnca) -> None:
    code, _, err = ffnca(
        "import", PUBLISHED / "butterfly.json", "butterfly.safetensors", "--target", PUBLISHED / "butterfly.png"
    )
    assert (code, err) == (0, "")
    code, out, _ = ffnca("run", "butterfly.safetensors", "--steps", 200, "--json")
    assert json.loads(out)["rel_mse"] < 0.05
