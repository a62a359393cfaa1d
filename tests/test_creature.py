"""A creature and its file."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from ffnca.automata.base import rollout
from ffnca.errors import InputError
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.objective import OBJECTIVES
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule_file import load_rule, save_rule
from ffnca.systems.growth.spec import GONE_OBJECTIVES, TrainSpec
from ffnca.systems.world_settings import build_world
from ffnca.training import worst_error
from ffnca.world_file import parse_world

FORMAT_1 = Path(__file__).parent / "format_1"
"""Rules as the releases before format 2 wrote them, with some cells of what they made of a whole body in 3 steps."""
OLD_RULES = ("ascent", "layered", "through_time", "first_release")


@pytest.mark.computes
@pytest.mark.parametrize("name", OLD_RULES)
def test_a_rule_of_format_1_runs_as_it_did(name: str, tmp_path: Path) -> None:
    creature = Creature.load(FORMAT_1 / f"{name}.safetensors")
    creature.save(tmp_path / "new.safetensors")
    again = Creature.load(tmp_path / "new.safetensors")
    assert again == creature
    assert creature.record["updates"] == 3
    with np.load(FORMAT_1 / "states.npz") as kept:
        wanted = kept[name]
    grown = rollout(again.automaton, jnp.asarray(again.body().target), 3, key=jax.random.key(1))
    np.testing.assert_allclose(grown[16:-16:2, 16:-16:2], wanted, atol=1e-5)
    assert np.abs(wanted).max() > 0.01


@pytest.fixture
def without_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objectives of the studies register when another test of the same process imports them."""
    for name in GONE_OBJECTIVES:
        monkeypatch.delitem(OBJECTIVES, name, raising=False)


def test_what_is_told_of_an_old_training_is_understood(without_studies: None) -> None:
    layered = Creature.load(FORMAT_1 / "layered.safetensors")
    assert layered.world.train.objective == "distance"  # what trained it is no longer offered
    assert layered.world.train.minutes == 10
    control = Creature.load(FORMAT_1 / "through_time.safetensors")
    assert (control.world.train.objective, control.world.train.pool_size) == ("bptt", 1024)
    assert control.recipe.margin == 16
    assert control.automaton.state_limit == np.inf


def test_other_shapes_are_refused(tmp_path: Path, ring_picture: np.ndarray) -> None:
    Creature.for_picture(ring_picture, "ring.png").reshaped(hidden=(8,)).save(tmp_path / "odd.safetensors")
    stored = load_rule(tmp_path / "odd.safetensors")
    for spoilt in ({"linear": np.zeros((67, 16), np.float32)}, {"other": np.zeros(1, np.float32)}):
        save_rule(tmp_path / "odd.safetensors", replace(stored, tensors=stored.tensors | spoilt))
        with pytest.raises(InputError, match=f"tensor '{next(iter(spoilt))}'"):
            Creature.load(tmp_path / "odd.safetensors")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"world": 3, "recipe": [], "record": {"rel_mse_200": "x"}},
        {"world": {"train": {"objective": "gone", "pool_size": -1}, "target": {"emoji": 3}}, "recipe": {"cells": "x"}},
        {"world": {"targets": {"a": {}}}, "recipe": {"raggedness": [1], "margin": 9}},
    ],
)
def test_a_rule_runs_whatever_is_told_of_its_training(told: dict, tmp_path: Path, ring_picture: np.ndarray) -> None:
    creature = Creature.for_picture(ring_picture, "ring.png").reshaped(hidden=(8,))
    creature.save(tmp_path / "ring.safetensors")
    save_rule(tmp_path / "told.safetensors", replace(load_rule(tmp_path / "ring.safetensors"), provenance=told))
    loaded = Creature.load(tmp_path / "told.safetensors")
    for found, wanted in zip(jax.tree.leaves(loaded.automaton), jax.tree.leaves(creature.automaton), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert loaded.world.train == creature.world.train
    margin = told.get("recipe", {}).get("margin", 8) if isinstance(told.get("recipe"), dict) else 8
    assert loaded.recipe == replace(creature.recipe, margin=margin)
    assert worst_error(loaded) == np.inf


def test_a_recipe_that_cannot_be_used_is_refused_in_one_line() -> None:
    cases: tuple[dict[str, Any], ...] = (
        {"cells": 0},
        {"cells": 1.5},
        {"average": 1.0},
        {"largest_offset": -0.1},
        {"unwanted_alpha": 0.2},
    )
    for spoilt in cases:
        with pytest.raises(InputError, match=f"recipe: .*{next(iter(spoilt))} = "):
            Recipe(**spoilt)


def test_a_larger_picture_gets_what_its_size_needs_and_keeps_it_in_its_file(
    tmp_path: Path, ring_picture: np.ndarray
) -> None:
    picture = ring_picture.repeat(4, 0).repeat(4, 1)
    large = Creature.for_picture(picture, "ring.png")
    small = Creature.for_picture(ring_picture, "ring.png").world
    assert (small.rule.channels, small.train) == (16, TrainSpec())
    train, recipe = large.world.train, large.recipe
    assert (train.objective, train.pool_size, recipe.margin) == ("ascent", 128, 12)  # a quarter of 48
    assert recipe.first_renewed_share > 4 * recipe.renewed_share
    asked = Creature.for_picture(picture, "ring.png", pool_size=64).world.train
    assert asked == train.model_copy(update={"pool_size": 64})
    assert large.world.rule.hidden == (370,)
    assert large.world.rule.channels == large.body().target.shape[-1] == 20
    large.save(tmp_path / "large.safetensors")
    assert Creature.load(tmp_path / "large.safetensors").world.rule.channels == 20


def test_a_world_file_gets_the_same_for_its_size_but_keeps_what_it_says() -> None:
    text = 'kind = "growth"\ntitle = "snail"\ngrid.size = [80, 80]\ntarget = {emoji = "🐌", size = 48}\n'
    world, asked = parse_world(text, "snail"), Creature.for_target("🐌", 48).world
    assert Creature.untrained(world).world == asked
    learned = Creature.untrained(parse_world(text + '[rule]\ntransport = "learned"\n', "snail")).world
    assert (learned.rule.hidden, learned.train.objective) == ((556,), "distance")
    kept = Creature.untrained(parse_world(text + "[train]\npool_size = 8\nminutes = 3\n", "snail")).world
    assert kept.rule == asked.rule
    assert kept.train == asked.train.model_copy(update={"pool_size": 8, "minutes": 3})


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (
            "pool_batch = 8",
            "pool_batch is no longer set in world files; leave it out, or pass a ffnca.Recipe as recipe= from Python",
        ),
        ("ascent_steps = 3", "ascent_steps is no longer set in world files; leave it out"),
        (
            'objective = "pair"',
            "\"pair\" is a study's now, not a world's; allowed: ascent, distance, one-step-backprop, bptt",
        ),
    ],
)
def test_a_world_file_with_a_key_that_went_says_what_to_do(line: str, hint: str, without_studies: None) -> None:
    text = 'kind = "growth"\ntitle = "snail"\ngrid.size = [80, 80]\ntarget = {emoji = "🐌", size = 48}\n[train]\n'
    with pytest.raises(InputError) as caught:
        parse_world(text + line, "snail.toml")
    assert str(caught.value).startswith("snail.toml: ")
    assert hint in str(caught.value)


def test_a_picture_at_hand_comes_as_what_it_is_or_is_refused_at_once(ring_picture: np.ndarray) -> None:
    wanted = Creature.for_picture(ring_picture, "ring.png").picture
    alpha = ring_picture[..., 3:]
    straight = np.concatenate([np.where(alpha > 0, ring_picture[..., :3], 0.2), alpha], -1)
    grown = {
        "float64": Creature.for_picture(ring_picture.astype(np.float64)),
        "bytes": Creature.for_picture((straight * 255).round().astype(np.uint8), straight=True),
        "straight": Creature.for_picture(straight, straight=True),
        "a picture of Pillow": Creature.for_target(Image.fromarray((straight * 255).round().astype(np.uint8)), 12),
        "an array as a target": Creature.for_target(ring_picture, 12),
    }
    for name, creature in grown.items():
        assert creature.picture.dtype == np.float32, name
        np.testing.assert_allclose(creature.picture, wanted, atol=1 / 255, err_msg=name)
        creature.check_savable()
    assert Creature.for_picture(np.full((9, 10, 3), 0.5)).picture[..., 3].min() == 1  # RGB lives as a whole
    for spoilt in (np.where(alpha > 0, np.nan, ring_picture), ring_picture[0, 0], ring_picture * 300, "text", None):
        with pytest.raises(InputError):
            Creature.for_picture(spoilt, "ring.png")


def test_targets_are_named_by_text_or_path(tmp_path: Path, ring_picture: np.ndarray, monkeypatch) -> None:
    Image.fromarray((ring_picture * 255).astype(np.uint8)).save(tmp_path / "ring.png")
    by_path, by_text = (Creature.for_target(kind(tmp_path / "ring.png"), 12) for kind in (Path, str))
    assert by_path == by_text
    assert by_path.world.title == "ring"


def test_creatures_are_saved_compared_and_shown(tmp_path: Path, ring_picture: np.ndarray) -> None:
    creature = Creature.for_picture(ring_picture, "ring.png").reshaped(hidden=(8,))
    trained = replace(creature, record={"updates": 3000, "rel_mse_200": 0.01})
    trained.save(str(tmp_path / "x.safetensors"))
    loaded = Creature.load(str(tmp_path / "x.safetensors"))
    assert loaded == trained
    assert hash(loaded) == hash(trained)
    assert loaded != creature
    assert loaded != loaded.turned(90)
    assert loaded != Creature.for_picture(ring_picture * 0.5, "ring.png").reshaped(hidden=(8,))
    assert creature != "ring"
    num_parameters = sum(leaf.size for leaf in jax.tree.leaves(loaded.automaton.rule))
    assert repr(loaded) == f"Creature('ring', 12x12 cells, {num_parameters} parameters, trained, 3000 updates)"
    assert repr(creature).endswith("not trained)")


def test_a_rule_of_double_precision_is_saved_in_single(tmp_path: Path, ring_picture: np.ndarray) -> None:
    jax.config.update("jax_enable_x64", True)
    try:
        creature = Creature.for_picture(ring_picture, "ring.png").reshaped(hidden=(8,))
        rule = creature.automaton.rule.colour
        rule.bias[...] = jnp.full(rule.bias.shape, 1 / 3, jnp.float64)
        assert rule.bias[...].dtype == np.float64
        creature.save(tmp_path / "x.safetensors")
    finally:
        jax.config.update("jax_enable_x64", False)
    bias = load_rule(tmp_path / "x.safetensors").tensors["colour.bias"]
    assert bias.dtype == np.float32
    np.testing.assert_allclose(bias, 1 / 3)


WRONG_TYPES = """
import math, jax, numpy as np
from ffnca import *
open_, key = make, jax.random.key(0)
lizard, life = open_("lizard"), Life.from_notation("B3/S23")
grown, start = lizard.automaton, lizard.start
calls = {
    "size": [lambda size=size, world=world: open_(world, size) for world in ("life", "lizard")
             for size in (8, "8x8", (80,), (80, 80, 80), (None, 80), (80.5, 80), (math.nan, 80))]
            + [lambda size=size: Creature.for_target("\N{FISH}", size) for size in ("8", None, math.nan, True)],
    "seed": [lambda seed=seed: open_("life", seed=seed) for seed in (-1, 1.5, "a", None, 2**70, True, math.nan)],
    "num_steps": [lambda n=n: rollout(life, open_("life").start, n, key=key) for n in (-1, 2.5, True, "3", None)],
    "no Creature": [lambda: train_creature("\N{FISH}", Budget(updates=1))],
    "evaluate takes": [lambda: evaluate(lizard, None, key=key)],
    "--which": [lambda: open_("menagerie", which=3)],
    "--angle": [lambda: lizard.creature.turned("x"), lambda: open_("life", angle="x")],
    "Life-like": [lambda: Life.from_notation(None)],
    "allowed: 9 each": [lambda: Life.from_notation("B3/S23", boundary="x")],
    "floats": [lambda state=state: grown.step(state, key) for state in (start.astype(int), start > 0, start[0, 0])],
    "no array": [lambda: Creature.for_picture(type("Bad", (), {"__array__": lambda self, *given, **named: 1 / 0})())],
}
for part, all_of_them in calls.items():
    for call in all_of_them:
        try:
            call()
        except InputError as error:
            assert part in str(error), (part, error)
        else:
            raise AssertionError(part)
for size in ([72, 80], np.array([72, 80]), (np.int64(72), 80.0)):
    assert open_("lizard", size).start.shape[:2] == open_("life", size).start.shape[:2] == (72, 80)
assert lizard.creature.turned(np.float32(30)).angle == 30
assert (grown.step(np.asarray(start), key) == grown.step(start, key)).all()
assert {"make", "Creature"} <= set(dir(__import__("ffnca")))
"""


def test_what_is_of_another_type_is_refused_by_its_name() -> None:
    """In a process of its own, where no types are checked by the tests."""
    done = subprocess.run([sys.executable, "-c", WRONG_TYPES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_creature_from_a_file_is_reshaped_as_the_one_that_was_saved(tmp_path: Path) -> None:
    creature = Creature.for_target("🐟", 16)
    creature.save(tmp_path / "fish.safetensors")
    again = Creature.load(tmp_path / "fish.safetensors")
    for keys in ({"transport": "learned"}, {"hidden": (64,)}, {}):
        assert again.reshaped(**keys).world.rule == creature.reshaped(**keys).world.rule


def test_recipes_that_are_none_are_refused() -> None:
    creature = Creature.for_target("🐟", 16)
    for wrong in (lambda: creature.by_recipe("x"), lambda: creature.by_recipe(nothing=1)):  # pyright: ignore
        with pytest.raises(InputError, match=r"recipe: .*; allowed: "):
            wrong()


def test_every_channel_of_exact_transport_belongs_to_a_wave_or_an_identity() -> None:
    """Any other would be brought to full length like those, where it should be 0."""
    targets = {name: {"emoji": emoji, "size": 12} for name, emoji in (("fish", "🐟"), ("anchor", "⚓"))}
    given = {"kind": "growth", "title": "Two", "grid": {"size": [20, 20]}, "targets": targets}
    creature = Creature.untrained(build_world(given, "two"))
    code = creature.automaton.code
    assert code is not None
    assert creature.world.rule.channels == 4 + 2 * len(code.waves) + 3
    with pytest.raises(InputError, match=r"channels = 17; allowed when transport is exact: 11 and 4 more .* as 15"):
        build_world(given | {"rule": {"channels": 17}}, "two")
