"""What every network of local layers is: layers and inputs, replaced, compared, shown, saved and loaded alike."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Shaped

from ffnca.errors import InputError
from ffnca.ff.images.inputs import Inputs, Samples
from ffnca.ff.images.network_file import load_network, save_network

Own = TypeVar("Own", bound="LayeredNetwork")


class LayeredNetwork:
    """A frozen dataclass of `layers`, `inputs` and settings.

    Two are equal if they are of one kind and all settings and weights are the same, bit for bit.
    """

    layers: tuple[Any, ...]
    inputs: Inputs

    def with_layers(self: Own, layers: tuple[Any, ...]) -> Own:
        """The same network of other weights."""
        return replace(self, layers=layers)  # pyright: ignore[reportArgumentType]

    def measured(self: Own, samples: Samples) -> Own:
        """The same network that scales what it reads as these samples ask for; it does so once."""
        return replace(self, inputs=self.inputs.measured(samples))  # pyright: ignore[reportArgumentType]

    def save(self, path: str | Path) -> None:
        """Write the network to a file (safetensors), whole or not at all; equal networks give equal bytes.

        Raises:
            InputError: If a layer or a setting is of a kind that no file holds, or the file cannot be written.
        """
        save_network(path, self)

    @classmethod
    def load(cls: type[Own], path: str | Path) -> Own:
        """Read a network of this kind from a file.

        Raises:
            InputError: If it cannot be read, holds no network or one of another kind.
        """
        found = load_network(path)
        if not isinstance(found, cls):
            raise InputError(f"{path}: holds a {type(found).__name__}; allowed: {cls.__name__}")
        return found

    def __eq__(self, other: object) -> bool:
        """Whether kind, settings and weights are the same, bit for bit."""
        if type(self) is not type(other):
            return NotImplemented
        (mine, my_kind), (theirs, their_kind) = jax.tree.flatten(self), jax.tree.flatten(other)
        return my_kind == their_kind and all(np.array_equal(*pair) for pair in zip(mine, theirs, strict=True))

    def __hash__(self) -> int:
        """By kind and settings."""
        return hash(jax.tree.structure(self))

    def __repr__(self) -> str:
        """Kind, sizes and settings on one line."""
        count = sum(leaf.size for leaf in jax.tree.leaves(self.layers))
        settings = [
            f"{field.name}={value!r}"
            for field in fields(self)  # pyright: ignore[reportArgumentType]
            if isinstance(value := getattr(self, field.name), int | float | str | LayeredNetwork)
        ]
        kinds = ", ".join(sorted({type(layer).__name__ for layer in self.layers}))
        parts = [f"{len(self.layers)} x {kinds}", f"{count:,} weights", *settings]
        return f"{type(self).__name__}({', '.join(parts)})"


class GoodnessClassifier(LayeredNetwork):
    """A network whose layers each judge how well every label goes with a sample.

    Attributes:
        first_counted: The first layer whose goodness `predict` counts.
    """

    first_counted: int = 0

    def goodness(self, images: Samples) -> Shaped[Array, "layer batch label"]:
        """Goodness of every label in every layer."""
        raise NotImplementedError

    def predict(self, images: Samples) -> Int[Array, " batch"]:
        """The label of the highest goodness, summed over the layers counted; a wider layer may have a larger say."""
        goodness = self.goodness(images)[self.first_counted :]
        return jnp.argmax(jnp.sum(goodness, 0, dtype=goodness.dtype), -1).astype(jnp.int32)

    def layer_predictions(self, images: Samples) -> Int[Array, "layer batch"]:
        """The label of the highest goodness in each layer alone."""
        return jnp.argmax(self.goodness(images), -1).astype(jnp.int32)
