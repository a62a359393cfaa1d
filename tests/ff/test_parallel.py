"""One device a layer gives what one device gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import optax
import pytest
from small import BATCH, NETWORKS

from ffnca.ff.images.parallel import place

SCRIPT = """
import json, sys
import jax, numpy as np, optax
sys.path.insert(0, sys.argv[1])
from small import BATCH, NETWORKS
from ffnca.ff.images.parallel import DevicePipeline, place
from ffnca.ff.images.schedules import Pipelined

found, key, optimiser = {}, jax.random.key(0), optax.adam(0.01)
for name in ("symba", "distance"):
    network = NETWORKS[name](key)
    placed, learner = place(network, optimiser, BATCH, key=key), Pipelined().start(network, optimiser, BATCH, key=key)
    devices = DevicePipeline(optimiser)
    step = jax.jit(lambda own, key: Pipelined().step(own, optimiser, BATCH, key=key))
    for number in range(4):
        placed, losses = devices.step(placed, BATCH, key=jax.random.fold_in(key, number))
        learner, wanted = step(learner, jax.random.fold_in(key, number))
    pairs = zip(jax.tree.leaves(placed.learner.network), jax.tree.leaves(learner.network))
    layers = placed.learner.network.layers
    found[name] = {
        "difference": max(float(abs(np.asarray(one) - np.asarray(other)).max()) for one, other in pairs),
        "losses": max(abs(float(one) - float(other)) for one, other in zip(losses, wanted)),
        "devices": [sorted(d.id for leaf in jax.tree.leaves(layer) for d in leaf.devices()) for layer in layers],
    }
print(json.dumps(found))
"""


def test_layers_on_devices_of_their_own_learn_the_same() -> None:
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=3"
    settings = {"XLA_FLAGS": flags, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # compiled as the tests are
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)],
        env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    for name, found in json.loads(run.stdout).items():
        assert found["difference"] < 1e-6, name
        assert found["losses"] < 1e-5, name
        assert [set(devices) for devices in found["devices"]] == [{0}, {1}, {2}], name


def test_too_few_devices_are_refused() -> None:
    with pytest.raises(ValueError, match="1 devices for 3 layers"):
        place(
            NETWORKS["symba"](jax.random.key(0)),
            optax.sgd(0.1),
            BATCH,
            key=jax.random.key(0),
            devices=jax.devices()[:1],
        )
