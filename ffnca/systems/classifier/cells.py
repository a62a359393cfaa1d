"""The living cells of many images in one list, so that nothing is computed where nothing lives."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from ffnca.automata.classifier import ALIVE, layer_inputs
from ffnca.ff.voting import VotingLayer, mean_votes


class Cells(NamedTuple):
    """Living cells, image by image; what is left of the room lives nowhere.

    Attributes:
        bright: Their brightness.
        neighbours: Places in the list of the nine cells around each, row by row; one past the end for those that do not
            live.
        image: Which image each is part of; the number of images for those of none.
    """

    bright: Float[Any, " cell"]
    neighbours: Int[Any, "cell 9"]
    image: Int[Any, " cell"]


def brightness(images: UInt8[np.ndarray, "*batch side side"]) -> Float[np.ndarray, "*batch side side"]:
    """From 0 to 1."""
    return images.astype(np.float32) / 255


def living_cells(images: UInt8[np.ndarray, "image side side"], room: int) -> Cells:
    """The living cells of images, as many as there is room for; an image that does not fit in whole is left out."""
    bright = brightness(images)
    lives = bright > ALIVE
    up_to = np.cumsum(lives.sum((1, 2)))
    lives[up_to > room] = False
    image, row, column = np.nonzero(lives)
    count = len(image)
    places = np.full((len(images), images.shape[1] + 2, images.shape[2] + 2), room, np.int32)
    places[image, row + 1, column + 1] = np.arange(count)
    around = [places[image, row + down, column + right] for down in range(3) for right in range(3)]
    filled = Cells(np.zeros(room, np.float32), np.full((room, 9), room, np.int32), np.full(room, len(images), np.int32))
    filled.bright[:count], filled.image[:count] = bright[lives], image
    filled.neighbours[:count] = np.stack(around, -1)
    return filled


def gathered(values: Float[Array, "cell n"], neighbours: Int[Array, "cell 9"]) -> Float[Array, "cell nine_n"]:
    """What each cell sees of the nine cells around it; 0 where none lives."""
    beyond = jnp.concatenate([values, jnp.zeros_like(values[:1])])
    return beyond[neighbours].reshape(len(neighbours), -1)


def seen_by(
    layer_below: Float[Array, "cell unit"] | None, bright: Float[Array, " cell"], neighbours: Int[Array, "cell 9"]
) -> Float[Array, "cell input"]:
    """What a layer reads in each cell."""
    near, live = (gathered(one[:, None], neighbours) for one in (bright, jnp.ones_like(bright)))
    return layer_inputs(None if layer_below is None else gathered(layer_below, neighbours), near, live)


@jax.jit
def votes(layers: Sequence[VotingLayer], cells: Cells) -> Float[Array, "cell label"]:
    """Goodness of each label by each cell, once all layers have seen what there is to see."""
    inputs = seen_by(None, cells.bright, cells.neighbours)
    for layer in layers[:-1]:
        inputs = seen_by(layer.forward(inputs), cells.bright, cells.neighbours)
    return layers[-1].goodness(inputs)


def by_mean_vote(
    layers: Sequence[VotingLayer], images: UInt8[np.ndarray, "image side side"], *, together: int = 32
) -> Int[np.ndarray, " image"]:
    """The label of the highest mean vote of the cells of each image, so many images at a time."""
    bright = brightness(images)
    room = together * max(1, int((bright > ALIVE).sum((1, 2)).max(initial=1)))
    said = []
    for start in range(0, len(images), together):
        part = images[start : start + together]
        cells = living_cells(np.resize(part, (together, *images.shape[1:])), room)
        mean = mean_votes(votes(layers, cells), jnp.asarray(cells.image), together)
        said.append(np.argmax(mean, -1)[: len(part)])
    return np.concatenate(said)
