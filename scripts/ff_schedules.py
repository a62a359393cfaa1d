"""The schedules side by side: time and accuracy of simultaneous, greedy and pipelined training.

    python scripts/ff_schedules.py --data mnist:FOLDER [--epochs 5] [--layers 2x1000] [--write]

The same network, data, seed and number of local steps a layer throughout. XLA splits every product over all cores,
whatever the number of devices, so a device a layer can gain only what products leave idle.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

from report import IMAGES, publish

SCHEDULES = {
    "simultaneous": "simultaneous",
    "greedy": "greedy",
    "pipelined": "pipelined",
    "pipelined, one device a layer": "devices",
}


def timed(schedule: str, data: str, num_epochs: int, layers: str) -> dict[str, Any]:
    """Train once in this process; seconds are those of all epochs but the first of each compiled loop."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax
    from ff_data import NUM_LABELS, load_split
    from ff_images import parsed_layers

    from ffnca.ff.images.fitting import Batch, FitConfig, accuracy, fit, unit_range
    from ffnca.ff.images.local import hebbian_gradient
    from ffnca.ff.images.network import FFNetwork
    from ffnca.ff.images.parallel import DevicePipeline, place
    from ffnca.ff.images.schedules import Greedy, Pipelined, Simultaneous

    split, widths, key = load_split(data), parsed_layers(layers), jax.random.key(0)
    batch_size = 200
    config = FitConfig(num_epochs, batch_size)
    network: Any = FFNetwork.create(split.train.images[0].size, widths, NUM_LABELS, key=key, overwrite=True)

    def course_of(network: Any, schedule: Any) -> tuple[Any, float]:
        seconds, begun = [], time.perf_counter()
        for epoch in fit(network, split.train, config, key=key, schedule=schedule):
            network = jax.block_until_ready(epoch.network)
            seconds.append(time.perf_counter() - begun)
            begun = time.perf_counter()
        return network, float(np.median(seconds[1:]))

    if schedule == "greedy":
        parts = []
        for index in range(len(widths)):
            network, seconds = course_of(network, Greedy(index, hebbian_gradient))
            parts.append(seconds)
        epoch_seconds = sum(parts)
    elif schedule == "devices":
        num_steps = len(split.train.images) // batch_size
        rate = optax.cosine_decay_schedule(config.learning_rate, num_epochs * num_steps)
        optimiser, seconds = optax.adam(rate), []
        pipeline = DevicePipeline(optimiser, gradient=hebbian_gradient)
        take = jax.jit(lambda rows: Batch(unit_range(split.train.images[rows]), split.train.labels[rows]))
        placed = place(network, optimiser, take(jnp.arange(batch_size)), key=key)
        for number in range(1, num_epochs + 1):
            begun, order_key = time.perf_counter(), jax.random.fold_in(key, number)
            order = jax.random.permutation(order_key, len(split.train.images))
            rows = order[: num_steps * batch_size].reshape(num_steps, -1)
            for step, step_key in zip(rows, jax.random.split(order_key, num_steps), strict=True):
                placed, _ = pipeline.step(placed, take(step), key=step_key)
            jax.block_until_ready(placed.learner)
            seconds.append(time.perf_counter() - begun)
        network, epoch_seconds = jax.device_put(placed.learner.network, jax.devices()[0]), float(np.median(seconds[1:]))
    else:
        rule = {"simultaneous": Simultaneous, "pipelined": Pipelined}[schedule]
        network, epoch_seconds = course_of(network, rule(hebbian_gradient))
    shares = np.asarray(accuracy(network.layer_predictions, split.validation))
    return {
        "epoch_seconds": epoch_seconds,
        "validation_accuracy": float(accuracy(network.predict, split.validation)),
        "layer_accuracy": [float(share) for share in shares],
    }


def in_its_own_process(schedule: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Devices are settled when XLA starts, so each run has a process."""
    devices = int(arguments.layers.partition("x")[0]) if schedule == "devices" else 1
    child = [sys.executable, __file__, "--child", schedule, "--data", arguments.data]
    child += ["--epochs", str(arguments.epochs), "--layers", arguments.layers]
    flags = f"--xla_force_host_platform_device_count={devices}"
    done = subprocess.run(child, env={**os.environ, "XLA_FLAGS": flags}, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)


def main() -> None:
    """Run all and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--layers", default="2x1000")
    parser.add_argument("--write", action="store_true", help="rewrite the table of ffnca/ff/README.md")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(timed(arguments.child, arguments.data, arguments.epochs, arguments.layers)))
        return
    simultaneous_seconds = None
    lines = ["| schedule | seconds an epoch | speed-up | validation accuracy | of each layer |", "|---" * 5 + "|"]
    print(*lines, sep="\n")
    for name, schedule in SCHEDULES.items():
        run = in_its_own_process(schedule, arguments)
        simultaneous_seconds = simultaneous_seconds or run["epoch_seconds"]
        ratio = simultaneous_seconds / run["epoch_seconds"]
        layers = ", ".join(f"{100 * share:.2f}" for share in run["layer_accuracy"])
        lines.append(
            f"| {name} | {run['epoch_seconds']:.2f} | {ratio:.2f}x "
            f"| {100 * run['validation_accuracy']:.2f} % | {layers} |"
        )
        print(lines[-1], flush=True)
    if arguments.write:
        publish("ff schedules", lines, "ff_schedules.py --data mnist:FOLDER --write", document=IMAGES)


if __name__ == "__main__":
    main()
