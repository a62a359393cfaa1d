"""Watching a world: its frames as they are seen, and which neighbourhoods were followed by which states."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ffnca.automata.base import Automaton, rollout
from ffnca.automata.observed import Observed
from ffnca.errors import InputError
from ffnca.simulation import Simulation
from ffnca.systems.base import Request
from ffnca.systems.observed.spec import MAX_CHANNELS, ObservedSpec
from ffnca.systems.registry import system_of
from ffnca.world import World

Frames = Float[np.ndarray, "episode time H W C"]
MOST_SAMPLES = 2**17
"""Of cells that are numbers, drawn from all that were seen."""
COARSE = 8
"""Cells from one drawn number to the next in a soup of numbers."""


class Seen(NamedTuple):
    """What was seen, a row for each distinct pair of a neighbourhood and what followed, or for each cell of numbers.

    Attributes:
        patch: What the cell saw.
        state: What it was.
        after: What it became.
        weight: How often to learn from it, up to a factor: each neighbourhood as often as any other, and in it each
            next state as often as it followed.
    """

    patch: Float[np.ndarray, "sample feature"]
    state: Float[np.ndarray, "sample C"]
    after: Float[np.ndarray, "sample C"]
    weight: Float[np.ndarray, " sample"]


def opened_watched(world: World, size: tuple[int, int] | None, seed: int) -> Simulation:
    """The watched world, ready to run.

    Raises:
        InputError: If it cannot be opened so, or has too many channels.
    """
    simulation = system_of(world.kind).open(world, Request(world.title[:60], size, seed), Path("watched.toml"))
    if simulation.num_channels > MAX_CHANNELS:
        raise InputError(
            f"{world.title}: has {simulation.num_channels} channels; allowed for a watched world: up to {MAX_CHANNELS}"
        )
    return simulation


def soup(generator: np.random.Generator, size: tuple[int, int], channels: int, *, binary: bool) -> np.ndarray:
    """A random frame, as dense as chance says: cells that live or not, or smooth blots of numbers from 0 to 1."""
    height, width = size
    if binary:
        return (generator.random((height, width, channels)) < generator.random()).astype(np.float32)
    rows, columns = (-(-side // COARSE) for side in size)
    drawn = generator.random((rows, columns, channels)) * (generator.random((rows, columns, 1)) < generator.random())
    smooth = np.asarray(jax.image.resize(drawn, (rows * COARSE, columns * COARSE, channels), "linear"))
    return np.clip(smooth[:height, :width] * generator.uniform(0.2, 1.2), 0, 1).astype(np.float32)


def frames_of(world: World, spec: ObservedSpec, *, binary: bool) -> Frames:
    """Frames as they are seen: some cells of each are wrong, flipped or any number.

    Raises:
        InputError: If the world cannot be opened, or its cells are none that can be learned.
    """
    generator, size = np.random.default_rng(spec.seed), (spec.size, spec.size)
    simulation = opened_watched(world, size, spec.seed)
    length = spec.episode if spec.starts == "soup" else spec.frames
    if spec.starts == "soup":
        num = spec.frames // length
        starts = np.stack([soup(generator, size, simulation.num_channels, binary=binary) for _ in range(num)])
    else:
        starts = np.asarray(simulation.start)[None]
    frames = episodes(simulation.automaton, starts, length - 1, spec.seed)
    states = np.concatenate([frames.ravel(), np.asarray(simulation.start).ravel()])  # a soup need not show them all
    wrong_states = (states != 0) & (states != 1) if binary else ~((states >= 0) & (states <= 1))
    if wrong_states.any():
        numbers = '0 and 1, or objective = "distance"' if binary else "numbers from 0 to 1"
        raise InputError(
            f"{world.title}: has a state {states[wrong_states][0]:g}; allowed for a watched world: {numbers}"
        )
    wrong = generator.random(frames.shape) < spec.flipped
    other = 1 - frames if binary else generator.random(frames.shape, np.float32)
    return np.where(wrong, other, frames)


def episodes(automaton: Automaton, starts: np.ndarray, num_steps: int, seed: int = 0) -> Frames:
    """The frames of several starts and of so many steps after them."""
    after = rollout(automaton, jnp.asarray(starts, jnp.float32), num_steps, key=jax.random.key(seed), every=1)
    return np.concatenate([starts[:, None], np.moveaxis(np.asarray(after), 0, 1)], 1).astype(np.float32)


def seen_in(frames: Frames, observed: Observed, *, binary: bool, seed: int = 0) -> Seen:
    """What followed what in some frames.

    Args:
        frames: As seen.
        observed: Says what a cell sees, and what lies beyond the edge.
        binary: Whether cells are 0 or 1: equal pairs are then one row.
        seed: Of which cells are taken where they are numbers.
    """
    before, after = frames[:, :-1], frames[:, 1:]
    before, after = (part.reshape(-1, *part.shape[-3:]) for part in (before, after))
    look = jax.jit(observed.see)
    if binary:
        counts: dict[int, int] = {}
        for one, then in zip(before, after, strict=True):
            bits = np.concatenate([np.asarray(look(jnp.asarray(one))), one, then], -1).astype(np.int64)
            codes, number = np.unique(
                bits.reshape(-1, bits.shape[-1]) @ (1 << np.arange(bits.shape[-1])), return_counts=True
            )
            for code, count in zip(codes.tolist(), number.tolist(), strict=True):
                counts[code] = counts.get(code, 0) + count
        codes, count = np.array(list(counts)), np.array(list(counts.values()), np.float32)
        rows = (codes[:, None] >> np.arange(bits.shape[-1]) & 1).astype(np.float32)
        channels = frames.shape[-1]
        patch, state, then = np.split(rows, [rows.shape[1] - 2 * channels, rows.shape[1] - channels], 1)
        _, which = np.unique(codes & ((1 << rows.shape[1] - channels) - 1), return_inverse=True)
        return Seen(patch, state, then, count / np.bincount(which, count)[which])
    generator, taken = np.random.default_rng(seed), []
    each = -(-MOST_SAMPLES // len(before))
    for one, then in zip(before, after, strict=True):
        moved = np.abs(then - one).max(-1).ravel() > 0
        chance = np.where(moved, 1.0, 0.05)  # where nothing is, nothing comes
        cells = generator.choice(len(chance), min(each, len(chance)), p=chance / chance.sum())
        rows = [np.asarray(look(jnp.asarray(one))), one, then]
        taken.append([part.reshape(-1, part.shape[-1])[cells] for part in rows])
    patch, state, then = (np.concatenate(parts) for parts in zip(*taken, strict=True))
    return Seen(patch, state, then, np.ones(len(patch), np.float32))


def neighbourhoods(automaton: Any) -> tuple[np.ndarray, np.ndarray]:
    """All 512 neighbourhoods of cells that are 0 or 1, row by row, and what a world makes of each middle."""
    cells = (np.arange(512)[:, None] >> np.arange(9) & 1).astype(np.float32)
    grids = np.zeros((512, 9, 9, 1), np.float32)
    grids[:, 3:6, 3:6, 0] = cells.reshape(512, 3, 3)
    after = jax.jit(jax.vmap(automaton.step, (0, None)))(jnp.asarray(grids), jax.random.key(0))
    return cells, np.asarray(after)[:, 4, 4, 0]
