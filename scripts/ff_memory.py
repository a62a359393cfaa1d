"""Peak temporaries of one training step, by XLA's own estimate, against depth and width.

    python scripts/ff_memory.py [--write]

A Forward-Forward layer needs what it reads and what it says, and the next layer needs none of it once it has read;
backpropagation keeps every layer's activities for the way back. With `jax.checkpoint` it keeps those of some layers, as
many as the square root of the depth, and computes the others twice; the layers are in a `jax.lax.scan` then, for
XLA's CPU compiler undoes checkpoints in straight code.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import jax
import jax.numpy as jnp
import optax
from report import IMAGES, publish

from ffnca.ff.calibration import DIRECTION
from ffnca.ff.images.backprop import Backpropagation, BackpropNetwork
from ffnca.ff.images.network import FFNetwork
from ffnca.ff.images.schedules import Batch, Schedule, Simultaneous
from ffnca.ff.losses import n_pair_loss

DEPTHS = (2, 4, 8, 16, 32, 64)
WIDTHS = (128, 256, 512)
BATCH_SIZE, NUM_INPUTS, NUM_LABELS = 2000, 784, 10


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CheckpointedNetwork:
    """The backpropagation control with all layers above the first in a scan over checkpointed segments.

    Attributes:
        network: The first layer and the readout.
        segments: The other layers, their weights as `segment x layer x ...`.
    """

    network: BackpropNetwork
    segments: Any

    @classmethod
    def create(cls, num_inputs: int, widths: tuple[int, ...], num_labels: int, *, key: jax.Array) -> Self:
        """A fresh network; the depth must be even."""
        network = BackpropNetwork.create(num_inputs, widths, num_labels, key=key)
        above = (*network.layers[1:], network.layers[-1])  # one more, so that segments are of equal size
        stride = 2 ** (len(above).bit_length() // 2)
        stacked = jax.tree.map(lambda *weights: jnp.stack(weights), *above)
        segments = jax.tree.map(lambda weight: weight.reshape(-1, stride, *weight.shape[1:]), stacked)
        return cls(network.with_layers(network.layers[:1]), segments)

    def loss(self, batch: Batch) -> jax.Array:
        """Cross-entropy at the top."""

        def segment(activity: jax.Array, layers: Any) -> tuple[jax.Array, None]:
            return jax.lax.scan(lambda below, layer: (layer(below), None), activity, layers)[0], None

        first = self.network.layers[0](batch.images.reshape(BATCH_SIZE, -1))
        last = jax.lax.scan(jax.checkpoint(segment), first, self.segments)[0]
        return n_pair_loss(self.network.readout(DIRECTION.normalise(last)), batch.labels)


CONTENDERS: dict[str, tuple[Callable[..., Any], Schedule]] = {
    "Forward-Forward": (partial(FFNetwork.create, overwrite=True), Simultaneous()),
    "backpropagation": (BackpropNetwork.create, Backpropagation()),
    "backpropagation, `jax.checkpoint`": (CheckpointedNetwork.create, Backpropagation()),
}


def temporaries(name: str, depth: int, width: int) -> int:
    """Bytes that one step of gradient descent needs besides its arguments and results."""
    create, schedule = CONTENDERS[name]
    optimiser, key = optax.sgd(0.1), jax.random.key(0)
    batch = Batch(jnp.zeros((BATCH_SIZE, 28, 28)), jnp.zeros(BATCH_SIZE, jnp.int32))
    network = create(NUM_INPUTS, (width,) * depth, NUM_LABELS, key=key)
    learner = jax.eval_shape(lambda: schedule.start(network, optimiser, batch, key=key))

    def step(learner: Any, batch: Batch) -> Any:
        return schedule.step(learner, optimiser, batch, key=key)

    analysis: Any = jax.jit(step, donate_argnums=0).lower(learner, batch).compile().memory_analysis()
    return analysis.temp_size_in_bytes


def main() -> None:
    """Compile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="rewrite the table of ffnca/ff/README.md")
    arguments = parser.parse_args()
    lines = [
        "| peak temporaries, MB | width | " + " | ".join(f"{depth} layers" for depth in DEPTHS) + " |",
        "|---" * (len(DEPTHS) + 2) + "|",
    ]
    print(*lines, sep="\n")
    for width in WIDTHS:
        for name in CONTENDERS:
            sizes = (f"{temporaries(name, depth, width) / 1e6:.1f}" for depth in DEPTHS)
            lines.append(f"| {name} | {width} | " + " | ".join(sizes) + " |")
            print(lines[-1], flush=True)
    if arguments.write:
        publish("ff memory", lines, "ff_memory.py --write", document=IMAGES)


if __name__ == "__main__":
    main()
