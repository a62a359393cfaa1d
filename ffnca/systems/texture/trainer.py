"""Training on states of the automaton's own: what the teacher says of a cell against what the layer climbs to.

What is fixed by hand: the descriptor, what a cell sees, and the teacher, all three made of the exemplar alone. What
is learned: the goodness, by products of activities within one layer. No state before the present one is looked at.
"""

from functools import partial
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca import draws
from ffnca.automata.base import rollout
from ffnca.automata.texture import Texture
from ffnca.ff.ascent import AscentLayer
from ffnca.systems.growth.layer_learning import Ascent, Cells
from ffnca.systems.growth.schedule import falling_rate
from ffnca.systems.texture.descriptor import Places
from ffnca.systems.texture.distance import distance_to, self_distance
from ffnca.systems.texture.spec import TextureTrainSpec
from ffnca.systems.texture.teacher import taught
from ffnca.trainer import RoundFigures

SIDE, BATCH, MOST_STEPS = 32, 4, 8
"""Cells a side of the states in the pool, how many of them a round rolls out, and for how many steps at most."""
RENEWED, WOUNDED = 0.03, 0.07
"""Shares of the drawn states that begin anew from noise, and that are wounded. Most are old: what an old state drifts
to is learned from too."""
SHAKEN = 0.05
"""Deviation of the noise (Langevin) that is added to half of the drawn states at the first learning rate."""
NUM_CELLS, NUM_PLACES, WIDTH, BALANCINGS = 1024, 1536, 0.05, 5
NUM_CLEAN, CLEAN_NOISE = 256, 0.5
"""Cells of the exemplar in a round, and the most noise on what they see; their goal is what they are."""
UPDATES, MINIBATCH, AVERAGE = 8, 512, 0.99
BIASES_RATE, FINAL_RATE_SHARE = 0.15, 0.01
LEARNING = Ascent(num_steps=3, rate=1.0, own_state_bound=0.45)
SHOWN_SIDE, SHOWN_AGES = 48, (80, 240)
MEASURED = "distance_"
"""With an age in steps, in a record: the distance to the exemplar over that between its halves."""


class Learning(NamedTuple):
    """Everything that training changes.

    Attributes:
        layer: That learns.
        averaged: Its exponential average, which rolls out, is measured and saved.
        optimiser: Its own.
        pool: States of the automaton's own, chains that go on.
        round: Rounds done.
    """

    layer: AscentLayer
    averaged: AscentLayer
    optimiser: optax.OptState
    pool: Float[Array, "pool side side C"]
    round: Int[Array, ""]


def optimiser() -> optax.GradientTransformation:
    """Momentum made orthogonal for matrices, Adam for biases, as growing rules are trained."""
    return optax.contrib.muon(1.0, adam_learning_rate=BIASES_RATE)


def with_layer(automaton: Texture, layer: AscentLayer) -> Texture:
    """The same lattice under another layer."""
    return Texture(
        layer, automaton.sight, automaton.colours, boundary=automaton.boundary, fire_rate=automaton.fire_rate
    )


def disturbed(
    states: Float[Array, "batch side side C"], automaton: Texture, shaking: Float[Array, ""] | float, key: PRNGKeyArray
) -> Float[Array, "batch side side C"]:
    """Some states begin anew, some are wounded: a disc becomes 0 or noise. Half are shaken."""
    fate_key, noise_key, disc_key, size_key, kind_key, shake_key = jax.random.split(key, 6)
    num, side = states.shape[:2]
    fate, emptied = draws.uniform(fate_key, (num, 1, 1, 1)), draws.bernoulli(kind_key, 0.5, (num, 1, 1, 1))
    noise = draws.normal(noise_key, states.shape)
    at, radius = draws.uniform(disc_key, (2, num, 1, 1)) * side, 3 + draws.uniform(size_key, (num, 1, 1)) * side / 4
    away = [jnp.abs(place - centre) for place, centre in zip(jnp.mgrid[0:side, 0:side], at, strict=True)]
    square = sum(jnp.square(jnp.minimum(offset, side - offset)) for offset in away)
    hurt = (square < jnp.square(radius))[..., None] & (fate > 1 - WOUNDED)
    states = jnp.where(hurt, jnp.where(emptied, 0.0, noise), states)
    states = states + shaking * emptied * draws.normal(shake_key, states.shape)
    return automaton.bounded(jnp.where(fate < RENEWED, noise, states))


class Batch(NamedTuple):
    """Cells to learn from.

    Attributes:
        cells: For the layer.
        misfit: See `Lesson`.
    """

    cells: Cells
    misfit: Float[Array, ""]


def lessons(
    states: Float[Array, "batch side side C"], automaton: Texture, places: Places, *, key: PRNGKeyArray
) -> Batch:
    """Cells of some states with their goals, and cells of the exemplar under noise, whose goal is what they are."""
    cell_key, place_key, clean_key, scale_key, noise_key = jax.random.split(key, 5)
    seen = automaton.see(states)
    cell = draws.randint(cell_key, (NUM_CELLS,), 0, seen.shape[0] * seen.shape[1] * seen.shape[2])
    seen = seen.reshape(-1, seen.shape[-1])[cell]
    known_seen, known_state = (jnp.asarray(part) for part in places)
    drawn = draws.randint(place_key, (NUM_PLACES,), 0, len(known_seen))
    lesson = taught(seen, known_seen[drawn], known_state[drawn], width=WIDTH, num_balancings=BALANCINGS)
    clean = draws.randint(clean_key, (NUM_CLEAN,), 0, len(known_seen))
    scale = CLEAN_NOISE * draws.uniform(scale_key, (NUM_CLEAN, 1))
    noisy = known_seen[clean] + scale * draws.normal(noise_key, (NUM_CLEAN, seen.shape[-1]))
    everything = jax.lax.stop_gradient(jnp.concatenate([seen, noisy]))
    goal = jax.lax.stop_gradient(jnp.concatenate([lesson.goal, known_state[clean]]))
    return Batch(Cells(everything, automaton.sight.own(everything), goal, everything), lesson.misfit)


def gradient(layer: AscentLayer, cells: Cells, automaton: Texture) -> tuple[AscentLayer, Float[Array, ""]]:
    """The two Hebbian terms of the goal and of the state that the layer climbs to, and their mean gap of goodness.

    The climb keeps within the states of the exemplar, as a step does: with a narrower bound, what no climb reaches is
    pushed away for ever.
    """
    negative = cells.state
    for _ in range(LEARNING.num_steps):
        negative = automaton.bounded(negative + LEARNING.rate * layer.change(cells.perception, negative))
    gap = layer.goodness(cells.perception, negative) - layer.goodness(cells.perception, cells.target)
    return layer.hebbian(cells.perception, cells.target, negative), jnp.mean(gap)


@partial(jax.jit, donate_argnames="state")
def train_round(
    state: Learning,
    automaton: Texture,
    places: Places,
    rate: Float[Array, ""] | float,
    shaking: Float[Array, ""] | float,
    *,
    key: PRNGKeyArray,
) -> tuple[Learning, RoundFigures]:
    """One round: some states of the pool roll on, then the layer learns from their cells.

    Args:
        state: Donated; use the returned one.
        automaton: The lattice; its layer is not used.
        places: Of the exemplar.
        rate: Learning rate.
        shaking: Deviation of the noise on the drawn states.
        key: The run's key; the round's own is folded in.
    """
    keys = jax.random.split(jax.random.fold_in(key, state.round), 6)
    which = jax.random.choice(keys[0], state.pool.shape[0], (BATCH,), replace=False)
    rolling = with_layer(automaton, state.averaged)
    states = disturbed(state.pool[which], automaton, shaking, keys[1])
    num_steps = jax.random.randint(keys[2], (), 1, MOST_STEPS + 1)
    states = jax.lax.stop_gradient(rollout(rolling, states, num_steps, key=keys[3]))
    batch = lessons(states, automaton, places, key=keys[4])

    def update(carry: tuple, update_key: PRNGKeyArray) -> tuple[tuple, Array]:
        layer, averaged, moments = carry
        rows = draws.randint(update_key, (MINIBATCH,), 0, NUM_CELLS + NUM_CLEAN)
        cells = jax.tree.map(lambda part: part[rows], batch.cells)
        slope, loss = gradient(layer, cells, automaton)
        weights, slope = cast(optax.Params, layer), cast(optax.Updates, slope)  # pytrees too, which optax does not know
        change, moments = optimiser().update(slope, moments, weights)
        (layer,) = LEARNING.stepped((layer,), (jax.tree.map(lambda part: rate * part, change),))
        averaged = jax.tree.map(lambda old, new: AVERAGE * old + (1 - AVERAGE) * new, averaged, layer)
        return (layer, averaged, moments), loss

    carry = (state.layer, state.averaged, state.optimiser)
    (layer, averaged, moments), losses = jax.lax.scan(update, carry, jax.random.split(keys[5], UPDATES))
    pool = state.pool.at[which].set(jnp.nan_to_num(states))
    return Learning(layer, averaged, moments, pool, state.round + 1), RoundFigures(jnp.mean(losses), batch.misfit)


@partial(jax.jit, static_argnames="pool_size")
def started(blank: Texture, pool_size: int, *, key: PRNGKeyArray) -> Learning:
    """A fresh layer under a blank one's lattice, and a pool of noise."""
    layer_key, pool_key = jax.random.split(key)
    num_channels, hidden = sum(blank.sight.sizes), blank.layer.bias.shape[:1]
    (layer,) = LEARNING.start(blank.sight.num_features, hidden, num_channels, key=layer_key)
    pool = blank.bounded(draws.normal(pool_key, (pool_size, SIDE, SIDE, num_channels)))
    return Learning(layer, layer, optimiser().init(layer), pool, jnp.zeros((), jnp.int32))


class TextureTrainer:
    """A goodness that is high where a state looks like the exemplar."""

    updates_per_round = UPDATES

    def __init__(
        self, train: TextureTrainSpec, blank: Texture, exemplar: Float[np.ndarray, "height width 3"], places: Places
    ) -> None:
        """Say what is learned.

        Args:
            train: The world's [train] table.
            blank: The automaton before.
            exemplar: What it is measured by.
            places: The same as cells.
        """
        self.train, self.blank, self.exemplar, self.places = train, blank, exemplar, places
        self.one = self_distance(exemplar)

    def begin(self, *, key: PRNGKeyArray) -> Learning:
        """A fresh layer and a pool of noise."""
        return started(self.blank, self.train.pool_size, key=key)

    def rate(self, fraction: float, num_rounds: int) -> float:
        """It falls as a cosine over the budget."""
        return falling_rate(self.train.learning_rate, fraction, FINAL_RATE_SHARE)

    def round(self, state: Learning, rate: float, *, key: PRNGKeyArray) -> tuple[Learning, RoundFigures]:
        """A rollout and several updates; the noise on states falls with the rate."""
        shaking = SHAKEN * rate / self.train.learning_rate
        return train_round(state, self.blank, self.places, rate, shaking, key=key)

    def measure(self, state: Learning, *, key: PRNGKeyArray) -> tuple[dict[str, float], Array]:
        """Distances of a young and an old texture to the exemplar, in distances between the halves of that."""
        automaton, noise_key = with_layer(self.blank, state.averaged), jax.random.fold_in(key, 1)
        grown = automaton.noise((SHOWN_SIDE, SHOWN_SIDE, state.pool.shape[-1]), noise_key)
        found, states, age = {}, [], 0
        for until in SHOWN_AGES:
            grown, age = rollout(automaton, grown, until - age, key=key, first_step=age), until
            states.append(grown)
            distance = distance_to(self.exemplar, automaton.rgb(grown))
            found[f"{MEASURED}{until}"] = distance / max(self.one, 1e-6)
        return found, jnp.stack(states)

    def learned(self, state: Learning) -> AscentLayer:
        """The averaged layer."""
        return state.averaged
