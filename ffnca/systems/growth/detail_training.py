"""Training a decoder on states that a finished rule rolls out: each layer by its own distance to the true picture.

Nothing flows into the rule, through time or from one layer into another.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.automata.base import rollout
from ffnca.automata.layered_rule import UpdateLayer
from ffnca.errors import MAX_SEED, InputError, whole_number
from ffnca.ff.calibration import MAGNITUDE
from ffnca.ff.goodness import distance_goodness, tempered
from ffnca.ff.projected import ProjectedLayer
from ffnca.ff.standardise import Standardiser
from ffnca.grid.boundary import pad
from ffnca.grid.kernels import alive_mask
from ffnca.render import over
from ffnca.spec import shown
from ffnca.systems.base import DETAILS
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.corruption import wounded
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.detail import COLOURS, CodeLayout, Decoder, features, inputs_of, offsets, patches
from ffnca.systems.growth.model import MAX_HIDDEN_DETAIL, MOST_LAYERS
from ffnca.systems.growth.pictured import framed
from ffnca.systems.growth.schedule import falling_rate
from ffnca.systems.growth.sharpener import Sharpener
from ffnca.systems.growth.target import load_target

HIDDEN, HIDDEN_OF_SEVERAL = (90, 44), (76, 38)
"""Widths of the layers: under 10,000 parameters in all, with the identities of several bodies too."""
UPDATES = 2000
LEARNING_RATE, AVERAGE = 0.06, 0.98
CELLS, POINTS = 2048, 4
"""Of an update: cells, and random points in each."""
UPDATES_PER_ROUND = 100
ROBUST_SCALE = 0.005
GROWN_AT, SEEN_STATES = 200, 12
_GROWING = (20, 20, 30, 50)
_HEALING = (1, 7, 20, 60)
_CHANGING_SHARE = 0.2
"""How often a cell of a growing or healing body is drawn, next to one of a grown body."""
_AGEING = (50, 100, 150, 200)
_CLEAR, _FULL = 1 / 255, 254 / 255
_MEASURED = 4

Layers = tuple[Any, ...]


class ColourLayer(ProjectedLayer):
    """A layer whose goodness is how near the colour that its head draws comes to the true one, as it is seen."""

    def colour_loss(
        self, inputs: Float[Array, "point feature"], colour: Float[Array, "point 4"], weight: Float[Array, " point"]
    ) -> Float[Array, ""]:
        """Mean of minus the distance goodness; nothing flows back into the inputs.

        What is drawn is cut to 0..1, so a head may go beyond where the truth is 0 or 1: flat areas are flat then, and
        edges steep.
        """
        drawn = self.projection(jax.lax.stop_gradient(inputs))
        beyond = jnp.where(colour <= _CLEAR, jnp.minimum(drawn, colour), colour)
        beyond = jnp.where(colour >= _FULL, jnp.maximum(drawn, colour), beyond)
        gap = tempered(-distance_goodness(drawn, jax.lax.stop_gradient(beyond)), ROBUST_SCALE)
        return jnp.sum(weight * gap) / jnp.maximum(jnp.sum(weight), 1.0)


def local_gradients(
    layers: Layers,
    known: Float[Array, "point feature"],
    colour: Float[Array, "point 4"],
    weight: Float[Array, " point"],
) -> tuple[Layers, Float[Array, ""]]:
    """One gradient a layer, from that layer's own loss alone, and the loss of the last.

    Args:
        layers: From the first to the one whose head draws.
        known: Features of points, standardised.
        colour: What is truly there.
        weight: How much each point counts.
    """
    inputs, loss, gradients = known, jnp.zeros(()), []
    for layer in layers:
        inputs = jax.lax.stop_gradient(inputs)
        loss, gradient = jax.value_and_grad(ColourLayer.colour_loss)(layer, inputs, colour, weight)
        gradients.append(gradient)
        inputs = jnp.concatenate([layer.layer(inputs), known], -1)
    return tuple(gradients), loss


class Lesson(NamedTuple):
    """What a decoder learns from.

    Attributes:
        padded: States with a ring of cells around them.
        chances: How likely each cell of each state is to be drawn, summed up.
        truth: The picture of each target, a row a cell, its pixels in `point`.
        goal: The number of the target that each state grows.
        standardiser: Of the features.
    """

    padded: Float[Array, "state tall wide C"]
    chances: Float[Array, " cell"]
    truth: Float[Array, "target cell point 4"]
    goal: Int[Array, " state"]
    standardiser: Standardiser


class Learning(NamedTuple):
    """Layers, their exponential average and one optimiser state a layer."""

    layers: Layers
    averaged: Layers
    optimisers: tuple[optax.OptState, ...]


class NothingLives(InputError):
    """A creature has no body of which a decoder could learn."""


_OPTIMISER = optax.contrib.muon(1.0)
"""Of each layer by itself, as those of a rule have it."""


@partial(jax.jit, static_argnames=("code", "detail"))
def _points(
    lesson: Lesson, code: CodeLayout, detail: int, key: PRNGKeyArray
) -> tuple[Float[Array, "point feature"], Float[Array, "point 4"], Float[Array, " point"]]:
    """Features, true colours and weights of random points near living cells."""
    cell_key, point_key = jax.random.split(key)
    tall, wide = lesson.padded.shape[1:3]
    width, num_places = wide - 2, (tall - 2) * (wide - 2)
    cell = jnp.searchsorted(lesson.chances, jax.random.uniform(cell_key, (CELLS,)) * lesson.chances[-1])
    state, place = cell // num_places, cell % num_places
    point = jax.random.randint(point_key, (CELLS, POINTS), 0, detail**2)
    patch = jax.vmap(lambda one, at: patches(lesson.padded[one], at[None], width)[0])(state, place)
    known, share = features(patch, jnp.asarray(offsets(detail))[point], jnp.array([1.0, 0.0]), code)
    colour = lesson.truth[lesson.goal[state], place][jnp.arange(CELLS)[:, None], point]
    weight = (share > 0).reshape(-1).astype(jnp.float32)
    return known.reshape(-1, known.shape[-1]), colour.reshape(-1, COLOURS), weight


@partial(jax.jit, static_argnames=("code", "detail"), donate_argnames="learning")
def _round(
    learning: Learning,
    lesson: Lesson,
    rates: Float[Array, " update"],
    code: CodeLayout,
    detail: int,
    *,
    key: PRNGKeyArray,
) -> tuple[Learning, Float[Array, ""]]:
    """Some updates of every layer."""

    def update(learning: Learning, given: tuple[Array, PRNGKeyArray]) -> tuple[Learning, Array]:
        rate, update_key = given
        known, colour, weight = _points(lesson, code, detail, update_key)
        gradients, loss = local_gradients(learning.layers, lesson.standardiser(known), colour, weight)
        found = [
            _OPTIMISER.update(*triple) for triple in zip(gradients, learning.optimisers, learning.layers, strict=True)
        ]
        changes, optimisers = zip(*found, strict=True)
        layers = jax.tree.map(lambda old, change: old + rate * change, learning.layers, changes)
        averaged = jax.tree.map(lambda old, new: AVERAGE * old + (1 - AVERAGE) * new, learning.averaged, layers)
        return Learning(layers, averaged, optimisers), loss

    learning, losses = jax.lax.scan(update, learning, (rates, jax.random.split(key, len(rates))))
    return learning, jnp.mean(losses)


def _checked_widths(hidden: Any) -> tuple[int, ...]:
    """Widths of layers.

    Raises:
        InputError: If they are none, too many, or no numbers.
    """
    if not (isinstance(hidden, list | tuple) and 1 <= len(hidden) <= MOST_LAYERS):
        raise InputError(f"hidden: {shown(hidden)}; allowed: 1 to {MOST_LAYERS} widths, such as {HIDDEN}")
    return tuple(whole_number(width, "hidden", 1, MAX_HIDDEN_DETAIL) for width in hidden)


def train_detail(
    creature: Creature,
    detail: int = 8,
    *,
    fine: Float[np.ndarray, "target tall wide 4"] | None = None,
    updates: int = UPDATES,
    hidden: tuple[int, ...] | None = None,
    seed: int = 0,
    show: Callable[[int, float], None] = lambda updates, loss: None,
) -> Creature:
    """Train a decoder that draws a trained creature finer than its grid; its rule stays as it is.

    Args:
        creature: With a trained rule, which rolls out the states that are learned from.
        detail: Pixels a cell of the picture that is learned.
        fine: That picture of each target, premultiplied; None for the targets that the creature's world names.
        updates: Steps of each layer's optimiser.
        hidden: Widths of the layers; None for the usual ones.
        seed: Of everything random.
        show: Called after every `UPDATES_PER_ROUND` updates with their number and loss.

    Returns:
        The same with the decoder; `record` has its PSNR in decibels.

    Raises:
        InputError: If an argument cannot be used, a target cannot be found or has another shape, or the states say
            nothing of position.
    """
    detail = whole_number(detail, "detail", *DETAILS)
    updates, seed = whole_number(updates, "updates", 1, 10**6), whole_number(seed, "seed", 0, MAX_SEED)
    creature = creature.turned(0.0)
    code = creature.code
    fine = checked_pictures(creature, fine_pictures(creature, detail) if fine is None else fine, detail)
    hidden = _checked_widths(hidden or (HIDDEN if len(creature.pictures) == 1 else HIDDEN_OF_SEVERAL))
    layer_key, state_key, point_key, round_key, measure_key = jax.random.split(jax.random.key(seed), 5)
    lesson = _lesson(creature, fine, detail, key=state_key)
    if not float(lesson.chances[-1]) > 0:
        raise NothingLives(
            f"{creature.world.title}: nothing of it lives, so nothing can be drawn; train the rule further"
        )
    known, _, weight = _points(lesson, code, detail, point_key)
    lesson = lesson._replace(standardiser=Standardiser.measured(known, weight))
    reads = inputs_of(code.num_features, hidden)
    layers: Layers = tuple(
        ColourLayer(size, width, COLOURS, key=one, calibration=MAGNITUDE)
        for size, width, one in zip(reads, hidden, jax.random.split(layer_key, len(hidden)), strict=True)
    )
    copied = jax.tree.map(lambda leaf: leaf.copy(), layers)  # what is given to a round is used up
    learning = Learning(layers, copied, tuple(_OPTIMISER.init(layer) for layer in layers))
    rates = jnp.array([falling_rate(LEARNING_RATE, number / updates) for number in range(updates)])
    for begun in range(0, updates, UPDATES_PER_ROUND):
        some = rates[begun : begun + UPDATES_PER_ROUND]
        learning, loss = _round(learning, lesson, some, code, detail, key=jax.random.fold_in(round_key, begun))
        show(begun + len(some), float(loss))
    sharpener = Sharpener(_decoder(learning.averaged, lesson.standardiser), code, detail)
    taught = replace(creature, sharpener=sharpener)
    worst = min(psnr(taught, fine, key=measure_key))
    return replace(taught, record={**creature.record, "detail_psnr": round(worst, 2)})


def _decoder(layers: Layers, standardiser: Standardiser) -> Decoder:
    """What stays of the layers: of the heads only the last."""
    last = layers[-1]
    head = UpdateLayer(last.head.shape[0], COLOURS, last.skip.shape[0])
    head.kernel[...], head.bias[...] = last.head[...], last.offset[...]
    assert head.skip is not None
    head.skip[...] = last.skip[...]
    return Decoder(standardiser, [layer.layer for layer in layers], head)


def fine_pictures(
    creature: Creature, detail: int, folder: Path | None = None
) -> Float[np.ndarray, "target tall wide 4"]:
    """What a creature's world says that it grows, drawn with so many pixels a cell.

    Args:
        creature: Whose targets are emoji, or files that are still there.
        detail: Pixels a cell.
        folder: Where files are looked up first.

    Raises:
        InputError: If a target is neither an emoji nor a usable picture.
    """
    sought = creature.world.sought.values()
    return framed(
        [load_target(one.emoji or one.image or "", one.size, folder, detail=detail) for one in sought], detail
    )


def checked_pictures(creature: Creature, fine: np.ndarray, detail: int) -> Float[np.ndarray, "target tall wide 4"]:
    """Fine pictures that lie over those of the creature, pixel for pixel.

    Raises:
        InputError: If not.
    """
    fine = np.asarray(fine, np.float32)
    count, height, width, _ = creature.pictures.shape
    wanted = (count, height * detail, width * detail, COLOURS)
    if fine.shape != wanted:
        raise InputError(f"fine picture of {creature.world.title}: has shape {fine.shape}; allowed: {wanted}")
    if not (np.isfinite(fine).all() and fine.min() >= 0 and fine.max() <= 1):
        raise InputError(f"fine picture of {creature.world.title}: allowed are numbers from 0 to 1")
    return fine


def _num_seen(bodies: Bodies) -> int:
    """States that grow side by side, as many of each body."""
    return bodies.count * max(1, SEEN_STATES // bodies.count)


@partial(jax.jit, static_argnames="code")
def _laid_out(
    states: Float[Array, "state H W C"], often: Float[Array, " state"], code: CodeLayout
) -> tuple[Float[Array, "state tall wide C"], Float[Array, " cell"]]:
    """States with a ring of cells around them, and the chances of their cells, summed up."""
    padded = pad(states, code.boundary)
    near = alive_mask(padded, code.alive_threshold)
    return padded, jnp.cumsum((near * often[:, None, None]).reshape(-1))


_wounded = jax.jit(wounded)


def _lesson(creature: Creature, fine: np.ndarray, detail: int, *, key: PRNGKeyArray) -> Lesson:
    """States of growing, grown, wounded and healing bodies, and what is truly there."""
    bodies, automaton = creature.training_bodies(), creature.automaton
    count = _num_seen(bodies)
    keys = iter(jax.random.split(key, 32))
    theirs, states, seen = bodies.at(jnp.arange(count)), bodies.starts(count), []
    for steps in (*_GROWING, GROWN_AT - sum(_GROWING), *_AGEING):
        states = rollout(automaton, states, steps, key=next(keys))
        seen.append(states)
    grown = states
    for _ in range(2):
        states = _wounded(grown, theirs, key=next(keys))
        for steps in _HEALING:
            states = rollout(automaton, states, steps, key=next(keys))
            seen.append(states)
    is_grown = [False] * len(_GROWING) + [True] * (1 + len(_AGEING)) + [False] * (2 * len(_HEALING))
    often = np.repeat(np.where(is_grown, 1.0, _CHANGING_SHARE), count).astype(np.float32)
    states = np.nan_to_num(np.concatenate([np.asarray(some, np.float32) for some in seen]))
    padded, chances = _laid_out(states, often, creature.code)
    height, width = states.shape[1:3]
    canvas = np.zeros((bodies.count, height * detail, width * detail, COLOURS), np.float32)
    top, left = ((side - own) // 2 * detail for side, own in zip((height, width), creature.picture.shape, strict=False))
    canvas[:, top : top + fine.shape[1], left : left + fine.shape[2]] = fine
    truth = canvas.reshape(bodies.count, height, detail, width, detail, COLOURS).swapaxes(2, 3)
    return Lesson(
        padded,
        chances,
        jnp.asarray(truth.reshape(bodies.count, height * width, detail**2, COLOURS)),
        bodies.which(jnp.arange(len(states))),
        Standardiser(jnp.zeros(1), jnp.ones(1)),
    )


def psnr(creature: Creature, fine: Float[np.ndarray, "target tall wide 4"], *, key: PRNGKeyArray) -> list[float]:
    """Peak signal-to-noise ratio in decibels of some grown bodies, each within the frame of its picture, over white.

    Args:
        creature: With a decoder.
        fine: What is truly there.
        key: Of the growths, to step `GROWN_AT`.
    """
    bodies, sharpener = creature.training_bodies(), creature.sharpener
    assert sharpener is not None
    states = rollout(creature.automaton, bodies.starts(_num_seen(bodies)), GROWN_AT, key=key)
    states = np.asarray(states)[: max(_MEASURED, bodies.count)]
    detail = fine.shape[1] // creature.picture.shape[0]
    drawn = [sharpener.drawn(state, detail) for state in states]
    return [decibels(picture, fine[number % bodies.count], detail) for number, picture in enumerate(drawn)]


def decibels(drawn: Float[np.ndarray, "tall wide 4"], fine: Float[np.ndarray, "h w 4"], detail: int) -> float:
    """PSNR of a picture in the middle of what was drawn with so many pixels a cell, both over white."""
    top, left = ((side - own) // detail // 2 * detail for side, own in zip(drawn.shape[:2], fine.shape, strict=False))
    inner = np.asarray(drawn)[top : top + fine.shape[0], left : left + fine.shape[1]]
    error = np.mean(np.square((over(inner).astype(np.float64) - over(fine)) / 255))
    return float(-10 * np.log10(max(error, 1e-10)))
