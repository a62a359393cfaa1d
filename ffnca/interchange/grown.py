"""Weights of a growing automaton as a creature: what it grows is told, or taken from what it has grown."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, Float32

from ffnca.automata.base import rollout
from ffnca.automata.nca import NCA
from ffnca.errors import InputError
from ffnca.grid.seeds import single_cell
from ffnca.interchange.two_layers import TwoLayers
from ffnca.perceptions import FIRST_HIDDEN
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.fitted_world import MARGIN
from ffnca.systems.growth.model import RuleModel
from ffnca.systems.growth.rule import automaton_of, filled_rule

GROWN_AT = 200
"""Steps after which the picture is taken where none is told."""
GRID = 72
_ALLOWED = "weights that grow a body from one cell (see --perception)"
BOUNDARY = "zero"
_OBJECTIVE = "bptt"
"""The control that trains rules of this shape; what a creature is said to be trained by."""


def published_cell(num_channels: int) -> Float32[np.ndarray, " C"]:
    """The first cell in Mordvintsev et al. (2020): black, with alpha and all hidden channels at 1."""
    return (np.arange(num_channels) >= FIRST_HIDDEN - 1).astype(np.float32)


def imported_automaton(layers: TwoLayers, name: str) -> NCA:
    """The automaton of these layers as Mordvintsev et al. (2020) ran it.

    Half of the cells fire in a step, states have no limit, and beyond the edge is nothing.
    """
    hidden, channels = layers.second.shape
    model = RuleModel(
        type="delta", channels=channels, hidden=(hidden,), perception=("identity", "sobel"), state_limit=None
    )
    return automaton_of(model, BOUNDARY, filled_rule(model, layers.tensors, name))


def imported_creature(layers: TwoLayers, picture: Float32[np.ndarray, "h w 4"] | None, file: Path) -> Creature:
    """A creature that grows by these layers from the cell in the middle.

    Args:
        layers: Of its rule.
        picture: What it should grow, premultiplied RGBA; None for what it has grown after `GROWN_AT` steps.
        file: Where the layers come from.

    Raises:
        InputError: If its states have no bound; or if no picture is told and nothing has grown by then, or more than
            a picture may hold.
    """
    automaton = imported_automaton(layers, str(file))
    cell = published_cell(layers.second.shape[1])
    start = single_cell((GRID, GRID), cell)
    grown: Float[np.ndarray, "H W C"] = np.asarray(rollout(automaton, start, GROWN_AT, key=jax.random.key(0)))
    if not np.isfinite(grown).all():
        raise InputError(f"{file}: its states are not finite after {GROWN_AT} steps; allowed: {_ALLOWED}")
    picture = _cut_out(grown[..., :4], automaton.alive_threshold, str(file)) if picture is None else picture
    creature = Creature.for_picture(picture, file.with_suffix(".png"), objective=_OBJECTIVE, straight=False)
    world = creature.reshaped(channels=len(cell), hidden=(len(layers.second),), perception=automaton.perception).world
    side = max(GRID, max(picture.shape[:2]) + 2 * MARGIN)
    grid = world.grid.model_copy(update={"size": (side, side), "boundary": BOUNDARY})
    facts: dict[str, float | int | str] = {"imported_from": file.name}
    return replace(
        creature, world=world.model_copy(update={"grid": grid}), automaton=automaton, record=facts, first_cell=cell
    )


def _cut_out(
    grown: Float[np.ndarray, "H W 4"], alive_threshold: float, file: str
) -> Float32[np.ndarray, "side side 4"]:
    """What has grown, as a square with the first cell in its middle."""
    places = np.argwhere(grown[..., 3] > alive_threshold)
    reach = int(np.abs(places - GRID // 2).max()) if len(places) else 0
    if not 4 <= reach < GRID // 2 - 1:
        what = "nothing" if reach < 4 else "more than its grid holds"
        allowed = f"allowed: {_ALLOWED}, or --target for what they should grow"
        raise InputError(f"{file}: {what} has grown after {GROWN_AT} steps; {allowed}")
    picture = np.clip(grown[GRID // 2 - reach : GRID // 2 + reach + 1, GRID // 2 - reach : GRID // 2 + reach + 1], 0, 1)
    return np.concatenate([np.minimum(picture[..., :3], picture[..., 3:]), picture[..., 3:]], -1)
