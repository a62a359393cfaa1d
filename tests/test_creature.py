"""A creature and its file."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.creature import Creature
from ffnca.errors import InputError
from ffnca.rule_file import load_rule, save_rule
from ffnca.world import TrainSpec, parse_world

OWN = (*range(16), 64)
"""Where a rule of 16 channels perceives the cell itself: its state, and whether it lives."""


def _old_file(path: Path, picture: np.ndarray, dropped: tuple[int, ...] = OWN) -> Creature:
    """An ascent rule with no weight for what it perceives of the cell itself, and its file as ffnca 0.1 wrote it."""
    creature = Creature.for_picture(picture, "ring.png", objective="ascent").reshaped(hidden=(24,))
    random, rule = np.random.default_rng(0), creature.automaton.rule
    for weight in (rule.context_weight, rule.linear):
        weight[...] = (0.1 * random.normal(size=weight.shape)).astype(np.float32)
        weight[...] = weight[...].at[np.array(OWN)].set(0.0)
    creature.save(path)
    stored = load_rule(path)
    cut = {name: np.delete(stored.tensors[name], dropped, axis=0) for name in ("context_weight", "linear")}
    save_rule(path, replace(stored, tensors=stored.tensors | cut))
    return creature


def test_a_rule_of_the_first_release_runs_as_it_did(tmp_path: Path, ring_picture: np.ndarray) -> None:
    creature = _old_file(tmp_path / "old.safetensors", ring_picture)
    loaded, start = Creature.load(tmp_path / "old.safetensors"), jnp.asarray(creature.body().start)[None]
    grown = [rollout(one.automaton, start, 5, key=jax.random.key(1)) for one in (creature, loaded)]
    np.testing.assert_array_equal(*grown)
    assert np.abs(grown[0] - start).max() > 0.01


def test_other_shapes_are_refused(tmp_path: Path, ring_picture: np.ndarray) -> None:
    _old_file(tmp_path / "odd.safetensors", ring_picture, OWN[1:])
    with pytest.raises(InputError, match="context_weight"):
        Creature.load(tmp_path / "odd.safetensors")


def test_a_larger_picture_gets_what_its_size_needs_and_keeps_it_in_its_file(
    tmp_path: Path, ring_picture: np.ndarray
) -> None:
    picture = ring_picture.repeat(4, 0).repeat(4, 1)
    large = Creature.for_picture(picture, "ring.png")
    small = Creature.for_picture(ring_picture, "ring.png").world
    assert (small.rule.channels, small.train) == (16, TrainSpec())
    train = large.world.train
    assert (train.objective, train.margin, train.stray_distance) == ("distance", 12, 24)  # a quarter and half of 48
    assert train.first_reseeded_share > 4 * train.reseeded_share
    asked = Creature.for_picture(picture, "ring.png", pool_size=64).world.train
    assert asked == train.model_copy(update={"pool_size": 64})
    assert large.world.rule.hidden == (556,)
    assert large.world.rule.channels == large.body().target.shape[-1] == 20
    large.save(tmp_path / "large.safetensors")
    assert Creature.load(tmp_path / "large.safetensors").world.rule.channels == 20


def test_a_world_file_gets_the_same_for_its_size_but_keeps_what_it_says() -> None:
    text = 'kind = "growth"\ntitle = "snail"\ngrid.size = [80, 80]\ntarget = {emoji = "🐌", size = 48}\n'
    world, asked = parse_world(text, "snail"), Creature.for_target("🐌", 48).world
    assert Creature.untrained(world).world == asked
    kept = Creature.untrained(parse_world(text + "[train]\nmargin = 8\nminutes = 3\n", "snail")).world
    assert kept.rule == asked.rule
    assert kept.train == asked.train.model_copy(update={"margin": 8, "minutes": 3})
