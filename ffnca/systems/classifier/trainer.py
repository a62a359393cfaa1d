"""Training layer by layer: the cells of each image vote, and each layer learns from the votes of its own activity."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ffnca.automata.base import rollout
from ffnca.automata.classifier import ALIVE, Classifier, blank_layers
from ffnca.ff.voting import Votes
from ffnca.systems import learning
from ffnca.systems.classifier.cells import Cells, brightness, by_mean_vote, living_cells, seen_by
from ffnca.systems.classifier.images import Labelled
from ffnca.systems.classifier.spec import NUM_LABELS, ClassifierRuleSpec, ClassifierTrainSpec
from ffnca.systems.learning import Learning
from ffnca.trainer import RoundFigures

BATCH, UPDATES = 32, 20
ROOM = 1.25
"""Room for cells in a batch, as a multiple of what its images have in the mean."""
LEAST = 0.01
"""Share of the learning rate that is left at the end."""
MEASURED, SHOWN, SHOWN_STEPS = 1000, 12, 100


def updated(
    layers: tuple[Any, ...],
    optimisers: tuple[optax.OptState, ...],
    cells: Cells,
    labels: Int[Array, " image"],
    rate: Float[Array, ""] | float,
) -> tuple[tuple[Any, ...], tuple[optax.OptState, ...], Float[Array, " layer"]]:
    """One local step of every layer: each learns from what the layer below, as it was, passes on to nine cells."""

    def seen(activity: Float[Array, "cell unit"] | None) -> Votes:
        return Votes(seen_by(activity, cells.bright, cells.neighbours), cells.image, labels)

    return learning.updated(layers, optimisers, seen(None), rate, between=lambda passed: seen(passed.inputs))


@partial(jax.jit, donate_argnames="state")
def train_round(
    state: Learning, cells: Cells, labels: Int[Array, "update image"], rate: Float[Array, ""] | float
) -> tuple[Learning, Float[Array, " layer"]]:
    """Several updates of every layer, each on images of its own.

    Args:
        state: Donated; use the returned one.
        cells: Of the images of each update.
        labels: Of those.
        rate: Learning rate.
    """

    def update(carry: tuple, batch: tuple[Cells, Array]) -> tuple[tuple, Array]:
        layers, optimisers, losses = updated(carry[0], carry[1], batch[0], batch[1], rate)
        return (layers, optimisers), losses

    (layers, optimisers), losses = jax.lax.scan(update, (state.layers, state.optimisers), (cells, labels))
    return Learning(layers, optimisers, state.round + 1), jnp.mean(losses, 0)


class ClassifierTrainer:
    """Layers that learn to vote."""

    updates_per_round = UPDATES

    def __init__(self, rule: ClassifierRuleSpec, train: ClassifierTrainSpec, learned: Labelled, held: Labelled) -> None:
        """Say what is learned, and from what.

        Args:
            rule: The world's [rule] table.
            train: Its [train] table.
            learned: What it learns from.
            held: What it is measured on meanwhile.
        """
        self.rule, self.train, self.learned_from, self.held = rule, train, learned, held[slice(0, MEASURED)]
        living = (brightness(self.held.images) > ALIVE).sum((1, 2)).mean()
        self.room = int(ROOM * BATCH * living)

    def begin(self, *, key: PRNGKeyArray) -> Learning:
        """Fresh layers and optimisers."""
        layers: tuple[Any, ...] = tuple(blank_layers(self.rule.hidden, NUM_LABELS, key=key))
        return Learning(layers, tuple(optax.adam(1.0).init(layer) for layer in layers), jnp.zeros((), jnp.int32))

    def rate(self, fraction: float, num_rounds: int) -> float:
        """It falls in a straight line over the budget."""
        return self.train.learning_rate * max(LEAST, 1 - fraction)

    def round(self, state: Learning, rate: float, *, key: PRNGKeyArray) -> tuple[Learning, RoundFigures]:
        """Some updates."""
        generator = np.random.default_rng(np.asarray(jax.random.bits(jax.random.fold_in(key, state.round), (4,))))
        drawn = generator.integers(0, len(self.learned_from.labels), (UPDATES, BATCH))
        cells = [living_cells(self.learned_from.images[some], self.room) for some in drawn]
        together = Cells(*(np.stack(each) for each in zip(*cells, strict=True)))
        state, losses = train_round(state, together, self.learned_from.labels[drawn], rate)
        return state, RoundFigures(jnp.mean(losses), losses[-1] / np.log(NUM_LABELS))

    def measure(self, state: Learning, *, key: PRNGKeyArray) -> tuple[dict[str, float], Array]:
        """How many of the images that were held back are taken for another, and what the rule makes of a few."""
        wrong = np.mean(by_mean_vote(state.layers, self.held.images, together=BATCH) != self.held.labels)
        automaton = self.learned(state)
        begun = automaton.started(brightness(self.held.images[:SHOWN]))
        return {"wrong": float(wrong)}, rollout(automaton, begun, SHOWN_STEPS, key=key)

    def learned(self, state: Learning) -> Classifier:
        """The rule."""
        return Classifier(state.layers)
