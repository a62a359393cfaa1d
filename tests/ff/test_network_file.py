"""Networks go into files and come back the same, bit for bit; what is no network is refused in one line."""

import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from small import BATCH, NETWORKS, NUM_LABELS, WIDTHS

import ffnca.ff
from ffnca.errors import InputError
from ffnca.ff.images.augment import jitter
from ffnca.ff.images.backprop import BackpropNetwork
from ffnca.ff.images.distance import DistanceNetwork
from ffnca.ff.images.generator import GeneratorNetwork
from ffnca.ff.images.integer_network import IntegerNetwork
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.network_file import load_network
from ffnca.ff.images.readout import ReadoutNetwork
from ffnca.ff.images.recurrent import RecurrentNetwork
from ffnca.ff.layer import FFLayer
from ffnca.systems.growth.rule_file import load_rule

KEY = jax.random.key(4)
MADE: dict[str, Callable[[], Any]] = {
    **{name: lambda create=create: create(KEY) for name, create in NETWORKS.items()},
    "recurrent": lambda: RecurrentNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY),
    "backprop": lambda: BackpropNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY),
    "readout": lambda: ReadoutNetwork.create(NETWORKS["hybrid"](KEY), NUM_LABELS),
    "generator": lambda: GeneratorNetwork.create(5, 4, 9, key=KEY),
    "integer": lambda: IntegerNetwork.create(20, WIDTHS, NUM_LABELS, key=KEY),
    "measured": lambda: FFNetwork.create(5, (4,), 3, key=KEY).measured(np.random.default_rng(0).random((9, 5))),
    "by hand": lambda: FFNetwork(NETWORKS["ff"](KEY).layers, NUM_LABELS, temperature=0.7),
}


@pytest.mark.parametrize("name", MADE)
def test_a_network_comes_back_the_same(name: str, tmp_path: Path) -> None:
    network, path = MADE[name](), tmp_path / "network.safetensors"
    network.save(str(path))
    found = load_network(path)
    assert found == network == type(network).load(str(path))
    assert hash(found) == hash(network)
    assert [leaf.dtype for leaf in jax.tree.leaves(found)] == [leaf.dtype for leaf in jax.tree.leaves(network)]
    content = path.read_bytes()
    found.save(path)
    assert path.read_bytes() == content
    assert "\n" not in repr(found)
    assert len(repr(found)) < 220


def test_networks_compare_by_kind_settings_and_weights() -> None:
    network = NETWORKS["symba"](KEY)
    assert network == NETWORKS["symba"](KEY)
    assert network != NETWORKS["symba"](jax.random.key(5))
    assert network != replace(network, temperature=0.1)
    assert network != NETWORKS["distance"](KEY)
    assert network != "network"
    integer = MADE["integer"]()
    assert integer == MADE["integer"]()
    assert integer != IntegerNetwork.create(20, WIDTHS, NUM_LABELS, key=jax.random.key(5))
    assert integer.layers[0] != integer.layers[1]  # no ValueError


class Own(FFLayer):
    pass


def test_what_no_file_holds_is_refused_before_one_is_written(tmp_path: Path) -> None:
    path, network = tmp_path / "network.safetensors", NETWORKS["symba"](KEY)
    own = network.with_layers((Own(24, 12, key=KEY), *network.layers[1:]))
    views = replace(NETWORKS["scff"](KEY), augment=lambda images, key: jitter(images, key=key))
    gone = jax.tree.map(lambda leaf: leaf * jnp.nan, network)
    inner = DistanceNetwork.create(20, (4,), 3, key=KEY)
    inner.layers[0].layer = Own(20, 4, key=KEY)
    for wrong, message in ((own, "Own cannot be saved"), (views, "<lambda> cannot be saved"), (gone, "finite"),
                           (inner, "parts of its own")):  # fmt: skip
        with pytest.raises(InputError, match=message):
            wrong.save(path)
    with pytest.raises(InputError, match="does not exist"):
        network.save(tmp_path / "no" / "network.safetensors")
    assert not list(tmp_path.iterdir())


def test_kinds_are_not_confused(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    for name in ("integer", "ff"):
        MADE[name]().save(path)
        with pytest.raises(InputError, match="holds a network, not a rule"):
            load_rule(path)
    with pytest.raises(InputError, match="holds a FFNetwork; allowed: DistanceNetwork"):
        DistanceNetwork.load(path)
    rule = Path(__file__).parents[2] / "worlds" / "rules" / "lizard.safetensors"
    with pytest.raises(InputError, match=r"can be read .its format is ffnca-rule 2; allowed: ffnca-network 1"):
        load_network(rule)
    safetensors.numpy.save_file({"a": np.zeros(2, np.float32)}, path)
    with pytest.raises(InputError, match="its format is None"):
        load_network(path)


def _change(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> None:
    """Save a network and change its description or its header."""
    NETWORKS["symba"](KEY).save(path)
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    description = json.loads(header["__metadata__"]["network"])
    changed = change(description, header)
    header["__metadata__"]["network"] = changed if isinstance(changed, str) else json.dumps(description)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


CHANGES: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], Any], str]] = {
    "unknown kind": (lambda told, _: told.update(kind="Popen"), "kind 'Popen'; allowed: BackpropNetwork"),
    "layer as network": (lambda told, _: told.update(kind="FFLayer"), "FFLayer: setting"),
    "setting missing": (lambda told, _: told.pop("temperature"), "setting 'temperature' is missing"),
    "setting surplus": (lambda told, _: told.update(colour=1), "setting 'colour' is missing or unknown"),
    "setting of another type": (lambda told, _: told.update(num_labels="4"), "FFNetwork.num_labels is '4'"),
    "true for a number": (lambda told, _: told.update(num_labels=True), "FFNetwork.num_labels is True"),
    "not finite": (lambda told, _: told.update(temperature=float("nan")), "FFNetwork.temperature is nan"),
    "out of range": (lambda told, _: told.update(first_counted=-1), "first_counted -1"),
    "other number of labels": (lambda told, _: told.update(num_labels=5), "samples of 20 features: allowed are 19"),
    "wider layer": (lambda told, _: told["layers"][0].update(num_units=10**9), "layers.0.bias is"),
    "no layers": (lambda told, _: told.update(layers=[]), "FFNetwork.layers is"),
    "layers that do not fit": (lambda told, _: told["layers"].reverse(), "its settings ask for"),
    "many layers": (lambda told, _: told.update(layers=told["layers"] * 600), "allowed: up to 1024"),
    "preset": (lambda told, _: told["layers"][0]["calibration"].update(loss="hinge"), "loss 'hinge'"),
    "nested": (lambda *_: "[" * 100_000, "can be read"),
    "no description": (lambda *_: "", "can be read"),
    "another version": (
        lambda _, header: header["__metadata__"].update(format_version="2"),
        "ffnca-network 2",
    ),
    "tensor missing": (lambda _, header: header.pop("layers.0.bias"), "layers.0.bias is None"),
    "tensor of another type": (lambda _, header: header["layers.0.bias"].update(dtype="F64"), "F64"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_was_changed_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    change, message = CHANGES[name]
    path = tmp_path / "network.safetensors"
    _change(path, change)
    with pytest.raises(InputError) as caught:
        load_network(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_files_that_are_cut_off_or_no_files(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    NETWORKS["symba"](KEY).save(path)
    content = path.read_bytes()
    for end in (0, 7, 8, 100, len(content) - 1):
        path.write_bytes(content[:end])
        with pytest.raises(InputError, match="network"):
            load_network(path)
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    for name, message in {"pipe": "regular", "sparse": "too large", "": "folder", "no": "no such"}.items():
        with pytest.raises(InputError, match=message):
            load_network(tmp_path / name)


def test_names_load_when_used_and_none_is_a_module() -> None:
    assert set(ffnca.ff.__all__) <= set(dir(ffnca.ff))
    for name in ffnca.ff.__all__:
        assert not isinstance(getattr(ffnca.ff, name), ModuleType), name
    epoch = next(ffnca.ff.fit(NETWORKS["ff"](KEY), BATCH, ffnca.ff.FitConfig(1, 2), key=KEY))
    assert epoch.number == 1
    assert ffnca.local_step is ffnca.ff.local_step
    layer = FFLayer(3, 2, key=KEY)
    import optax

    optimiser = optax.sgd(0.1)
    pair = ffnca.ff.Pair(jnp.ones((2, 3)), jnp.zeros((2, 3)))
    assert ffnca.ff.local_step(layer, optimiser, optimiser.init(layer), pair).loss.shape == ()
    with pytest.raises(AttributeError, match="attribute nothing"):
        ffnca.ff.nothing  # noqa: B018
