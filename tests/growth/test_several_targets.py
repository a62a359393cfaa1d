"""One rule, several bodies: each state learns from its own, and the first cell's code says which that is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.errors import InputError
from ffnca.opening import opened
from ffnca.systems.base import Request
from ffnca.systems.growth import pool as pools
from ffnca.systems.growth.body import Bodies, build_body, identities
from ffnca.systems.growth.corruption import corrupted
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.layer_learning import Ascent
from ffnca.systems.growth.local_trainer import LocalTrainer, start, train_round
from ffnca.systems.growth.plan import Plan
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.rule import code_of
from ffnca.systems.growth.spec import NcaSpec, TrainSpec, identity_channels
from ffnca.world_file import parse_world

WORLD = """
kind = "growth"
title = "Pair"
[grid]
size = [30, 30]
[rule]
hidden = [8]
[targets.fish]
emoji = "🐟"
size = 14
[targets.anchor]
emoji = "⚓"
size = 12
"""


def _body(picture, identity=()):
    return build_body(picture, (18, 20), 16, alive_threshold=0.1, code_amplitude=0.7, identity=identity)


@pytest.fixture
def two(ring_picture):
    """The ring and a piece of it, told apart by code and by shape."""
    codes = identities(2)
    return [_body(ring_picture, codes[0]), _body(ring_picture * (np.arange(12) < 6)[:, None, None], codes[1])]


@pytest.mark.parametrize("count", [2, 3, 5, 8, 16])
def test_identities_differ_in_half_of_the_places(count: int) -> None:
    codes = np.array(identities(count))
    assert len(codes) == count
    assert set(np.unique(codes)) == {-1.0, 1.0}
    assert codes.shape[1] == identity_channels(count)
    assert all((codes[i] != codes[j]).mean() > 0.5 for i in range(count) for j in range(i))
    assert identities(1) == [()]


def test_every_living_cell_says_which_body_it_is(two) -> None:
    for body, code in zip(two, identities(2), strict=True):
        np.testing.assert_allclose(body.target[body.alive][:, -3:], 0.7 * np.array([code] * body.alive.sum()))
        np.testing.assert_allclose(body.start[body.seed_at], body.target[body.seed_at])
        assert (body.start != 0).any(-1).sum() == 1


@pytest.mark.slow
def test_bodies_take_turns(two, key) -> None:
    both = Bodies.of_all(two)
    assert both.count == 2
    pool = pools.fresh_pool(both, 6)
    for place in range(6):
        np.testing.assert_array_equal(pool[place], two[place % 2].start)
    plain = Recipe(displaced_share=0.0)
    places = pools.choose(pool, 4, key=key)
    theirs = both.at(places)
    stages = corrupted(theirs, 4, plain, key=key)
    drawn = pools.disturb(pool[places], theirs, stages, plain, key=key, renewed_share=1.0)
    for place, state in zip(np.asarray(places), drawn, strict=True):
        grown = np.asarray(state != 0).any(-1)
        np.testing.assert_array_equal(state, np.where(grown[..., None], two[place % 2].target, 0))
    in_turn = corrupted(both.at(jnp.arange(8)), 8, plain, key=key)
    for number, state in enumerate(np.asarray(in_turn)):
        grown = (state != 0).any(-1)
        np.testing.assert_array_equal(state, np.where(grown[..., None], two[number % 2].target, 0))
        assert number % 2 == 0 or not (state[..., 3] > 0)[~two[1].alive].any()


QUIET: dict[str, Any] = {"noise": 0.0, "displaced_share": 0.0}


def _plan(*, noise: float = 0.2, **changes) -> Plan:
    recipe = Recipe(pool_batch=4, teacher_batch=3, cells=256, **changes)
    spec = NcaSpec(hidden=(8,), fire_rate=1e-9)
    return Plan(spec, TrainSpec(pool_size=7, noise=noise), recipe, code_of(spec, 2, 12, 0.7))


def test_every_cell_learns_from_its_own_body(two, key, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing fires and nothing is noisy, so that what is not empty is already what it should be."""
    seen = []

    def gradients(self, layers, cells, robust_scale):
        grown = (cells.state != 0).any(-1)
        wrong = jnp.max(jnp.abs(cells.state - cells.target) * grown[:, None])
        jax.debug.callback(lambda *found: seen.append([float(one) for one in found]), wrong, jnp.mean(grown))
        return jax.tree.map(jnp.zeros_like, layers), jnp.zeros(())

    monkeypatch.setattr(Ascent, "gradients", gradients)
    plan, both = _plan(**QUIET), Bodies.of_all(two)
    state = start(both, plan, key=key)
    for _ in range(4):
        state, _ = train_round(state, both, 0.1, plan, key=key)
    jax.effects_barrier()
    assert len(seen) == 16
    assert max(wrong for wrong, _ in seen) == 0
    assert min(grown for _, grown in seen) > 0.1


def test_teacher_states_of_several_bodies_are_in_doubt(two, key, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def gradients(self, layers, cells, robust_scale):
        jax.debug.callback(lambda off: seen.append(float(off)), jnp.max(jnp.abs(cells.state[:, -3:])))
        return jax.tree.map(jnp.zeros_like, layers), jnp.zeros(())

    monkeypatch.setattr(Ascent, "gradients", gradients)
    plan, both = _plan(**QUIET | {"noise": 0.5, "shared_noise": 1.0}), Bodies.of_all(two)
    train_round(start(both, plan, key=key), both, 0.02, plan, key=key)
    jax.effects_barrier()
    assert max(seen) > 0.8  # in the bodies it is 0.7 everywhere


@pytest.mark.slow
def test_several_times_the_same_body_is_that_body(two, key) -> None:
    plan = _plan()
    states = []
    for body in (Bodies.of_all(two[:1]), Bodies.of_all([two[0]] * 3)):
        state = start(body, plan, key=key)
        for _ in range(2):
            state, figures = train_round(state, body, 0.01, plan, key=key)
        states.append((state, figures))
    for left, right in zip(*map(jax.tree.leaves, states), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)


@pytest.mark.slow
def test_the_worst_body_is_what_counts(two, key) -> None:
    one, both = ([body] for body in two), Bodies.of_all(two)
    trainers = [LocalTrainer(_plan(**QUIET), bodies) for bodies in (*map(Bodies.of_all, one), both)]
    state = trainers[0].begin(key=key)
    *alone, (together, grown) = (trainer.measure(state, key=key) for trainer in trainers)
    alone = [list(errors.values()) for errors, _ in alone]
    assert grown.shape[0] == 8
    np.testing.assert_allclose(list(together.values()), np.max(alone, 0), rtol=1e-5)
    assert alone[0] != alone[1]


def test_a_rule_file_holds_every_target(tmp_path: Path) -> None:
    pair = Creature.untrained(parse_world(WORLD, "pair"))
    assert list(pair.world.sought) == ["anchor", "fish"]
    pair.save(tmp_path / "pair.safetensors")
    loaded = Creature.load(tmp_path / "pair.safetensors")
    np.testing.assert_array_equal(loaded.pictures, pair.pictures)
    fish, anchor = loaded.choosing("fish"), loaded.choosing("anchor")
    assert loaded.choosing(None).which == anchor.which == 0
    np.testing.assert_array_equal(fish.picture, pair.pictures[1])
    assert (
        fish.body().target[fish.body().seed_at][-3:].tolist()
        != anchor.body().target[anchor.body().seed_at][-3:].tolist()
    )
    assert fish.untaught().which == 1
    with pytest.raises(InputError, match='--which "bird": allowed are anchor, fish'):
        loaded.choosing("bird")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[targets.anchor]", "[targets.Anchor]", r'^f: \[targets\] "Anchor" is no name; allowed: up to 32 of a-z'),
        ('[targets.fish]\nemoji = "🐟"\nsize = 14\n', "", r"^f: \[targets\] 1 named; allowed: 2 to 16"),
        ("size = 12", "size = 40", r"^f: grid.size = \[30, 30\] is too small for target.size = 40"),
        ("size = 12", 'size = "x"', r'^f: targets.anchor.size = "x"; allowed: a whole number from 8 to 512$'),
        ("size = 12", "colour = 1", r'^f: \[targets.anchor\] unknown key "colour"; allowed: emoji, image, size$'),
        (
            "hidden = [8]",
            "channels = 8",
            r"^f: rule.channels = 8 has no room for the codes of 2 targets; allowed: at least 11",
        ),
        ("[rule]", '[target]\nemoji = "🐟"\nsize = 14\n[rule]', r"^f: exactly one of \[target\] and \[targets.NAME\]"),
        ("[rule]", '[train]\nobjective = "bptt"\n[rule]', r'^f: train.objective = "bptt" grows one target'),
    ],
)
def test_bad_worlds_are_one_line(old: str, new: str, message: str) -> None:
    assert old in WORLD
    with pytest.raises(InputError, match=message):
        parse_world(WORLD.replace(old, new), "f")


def test_another_choice_of_a_simulation_is_as_if_opened_so() -> None:
    request = Request("menagerie", (60, 64), which="fish", angle=30)
    chosen, wanted = opened(request), opened(replace(request, which="octopus"))
    assert chosen.chosen is not None
    chosen = chosen.chosen(chosen, "octopus")
    assert (chosen.which, chosen.angle, chosen.choices) == ("octopus", 30, wanted.choices)
    np.testing.assert_array_equal(chosen.start, wanted.start)
    assert chosen.target is not None
    assert wanted.target is not None
    np.testing.assert_array_equal(chosen.target.laid_out, wanted.target.laid_out)
