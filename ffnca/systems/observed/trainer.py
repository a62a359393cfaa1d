"""Training layer by layer on what was seen: each layer by its own goodness, on what the layer below passes on."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.base import rollout
from ffnca.automata.observed import RULES, ContrastRule, Observed, ObservedRule, started
from ffnca.ff.local_update import Pair
from ffnca.ff.predicting import Answered
from ffnca.ff.standardise import Standardiser
from ffnca.systems.learning import Learning, updated
from ffnca.systems.observed.spec import ObservedRuleSpec, ObservedTrainSpec
from ffnca.systems.observed.watching import Frames, Seen
from ffnca.trainer import RoundFigures

BATCH, UPDATES = 512, 40
LEAST = 0.01
"""Share of the learning rate that is left at the end."""
SHOWN, SHOWN_STEPS = 4, 8
SMALLEST_SCALE = 1e-6


def contrasted(seen: Seen) -> Pair:
    """What followed, and what did not, beside what the cell saw: each pair differs in the next state alone."""
    patch, after = jnp.asarray(seen.patch), jnp.asarray(seen.after)
    return Pair(ContrastRule.inputs(patch, after), ContrastRule.inputs(patch, 1 - after))


@partial(jax.jit, donate_argnames="state")
def train_round(
    state: Learning, signals: Any, up_to: Float[Array, " sample"], rate: Float[Array, ""] | float, *, key: PRNGKeyArray
) -> tuple[Learning, Float[Array, " layer"]]:
    """Several updates of every layer, each on rows drawn by their weights.

    Args:
        state: Donated; use the returned one.
        signals: What the first layer learns from, a row a sample.
        up_to: Weights, summed up to each row.
        rate: Learning rate.
        key: The run's key; the round's own is folded in.
    """

    def update(carry: tuple, update_key: PRNGKeyArray) -> tuple[tuple, Array]:
        rows = jnp.searchsorted(up_to, jax.random.uniform(update_key, (BATCH,)) * up_to[-1])
        layers, optimisers = carry
        signal = jax.tree.map(lambda each: each[rows], signals)
        layers, optimisers, losses = updated(layers, optimisers, signal, rate)
        return (layers, optimisers), losses

    keys = jax.random.split(jax.random.fold_in(key, state.round), UPDATES)
    (layers, optimisers), losses = jax.lax.scan(update, (state.layers, state.optimisers), keys)
    return Learning(layers, optimisers, state.round + 1), jnp.mean(losses, 0)


class ObservedTrainer:
    """Layers that learn what follows what."""

    updates_per_round = UPDATES

    def __init__(self, rule: ObservedRuleSpec, train: ObservedTrainSpec, blank: Observed, frames: Frames, seen: Seen):
        """Say what is learned, and from what.

        Args:
            rule: The world's [rule] table.
            train: Its [train] table.
            blank: The automaton before.
            frames: Whose first ones are where the rule is shown from.
            seen: What it learns from.
        """
        self.rule, self.train, self.blank, self.frames, self.seen = rule, train, blank, frames, seen
        self.up_to = jnp.cumsum(jnp.asarray(seen.weight, jnp.float32))
        if rule.objective == "contrast":
            self.signals: Any = contrasted(seen)
            self.nothing = float(np.log(2))
            return
        patch, change = jnp.asarray(seen.patch), jnp.asarray(seen.after - seen.state)
        self.standardiser = Standardiser.measured(patch, jnp.asarray(seen.weight))
        self.scale = jnp.std(change, 0) + SMALLEST_SCALE
        self.signals = Answered(self.standardiser(patch), change / self.scale)
        self.nothing = 0.5 * float(jnp.mean(jnp.sum(jnp.square(change / self.scale), -1)))

    def begin(self, *, key: PRNGKeyArray) -> Learning:
        """Fresh layers and optimisers."""
        num_inputs, num_channels = self.seen.patch.shape[1], self.seen.after.shape[1]
        layers = tuple(RULES[self.rule.objective](num_inputs, self.rule.hidden, num_channels, key=key).layers)
        return Learning(layers, tuple(optax.adam(1.0).init(layer) for layer in layers), jnp.zeros((), jnp.int32))

    def rate(self, fraction: float, num_rounds: int) -> float:
        """It falls in a straight line over the budget."""
        return self.train.learning_rate * max(LEAST, 1 - fraction)

    def round(self, state: Learning, rate: float, *, key: PRNGKeyArray) -> tuple[Learning, RoundFigures]:
        """Some updates."""
        state, losses = train_round(state, self.signals, self.up_to, rate, key=key)
        return state, RoundFigures(jnp.mean(losses), losses[-1] / self.nothing)

    def measure(self, state: Learning, *, key: PRNGKeyArray) -> tuple[dict[str, float], Array]:
        """How far the rule is from what it saw, and what it makes of a few starts."""
        automaton = self.automaton(state)
        shown = rollout(automaton, started(self.frames[:SHOWN, 0]), SHOWN_STEPS, key=key)
        return {self.error: self._error(automaton.rule)}, shown

    @property
    def error(self) -> str:
        """What is measured: the share of neighbourhoods that do not become what they mostly did, or relative MSE."""
        return "unlike_seen" if self.rule.objective == "contrast" else "rel_mse"

    def _error(self, rule: ObservedRule) -> float:
        seen = self.seen
        best = np.asarray(jax.jit(rule.best)(jnp.asarray(seen.patch), jnp.asarray(seen.state)))
        if self.rule.objective == "contrast":
            usual = seen.weight > 0.5
            return float(np.mean(best[usual] != seen.after[usual]))
        moved = np.mean(np.square(seen.after - seen.state))
        return float(np.mean(np.square(best - seen.after)) / max(moved, 1e-12))

    def automaton(self, state: Learning) -> Observed:
        """What was learned, on the lattice."""
        return Observed(self.learned(state), boundary=self.blank.boundary, radius=self.blank.radius)

    def learned(self, state: Learning) -> ObservedRule:
        """The rule on raw perceptions."""
        layers = list(state.layers)
        if self.rule.objective == "distance":
            layers[0] = layers[0].reading_raw(self.standardiser)
            layers = [layer.saying(self.scale) for layer in layers]
        return self.blank.rule.of(layers)
