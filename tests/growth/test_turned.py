"""A rule grows its body at any angle, without being trained for it."""

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.errors import InputError
from ffnca.opening import make, open_creature
from ffnca.systems.growth.body import build_body
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.evaluate import num_params
from ffnca.systems.growth.simulated import creature_simulation
from ffnca.systems.growth.stress import STRESSES
from ffnca.world import rule_path_for


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_body_turned_by_right_angles_is_the_body_in_every_cell(ring_picture, angle: int) -> None:
    def built(picture, by):
        return build_body(picture, (20, 20), 16, alive_threshold=0.1, code_amplitude=0.7, angle=by)

    marked = ring_picture[:, :10].copy()  # not the same from all sides
    body, turned = built(marked, 0.0), built(marked, float(angle))
    for name in ("picture", "goal", "target", "alive", "unwanted", "x", "y"):
        found, wanted = getattr(turned, name), np.rot90(getattr(body, name), -angle // 90)
        np.testing.assert_allclose(found, wanted, atol=1e-6, err_msg=name)


def test_growth_at_any_angle(key) -> None:
    straight = make("butterfly")
    for angle, largest in ((90.0, 0.002), (200.0, 0.15)):
        turned = make("butterfly", angle=angle)
        grown = rollout(turned.automaton, turned.start, 200, key=key)
        assert turned.relative_mse(grown) < largest
        assert straight.relative_mse(grown) > 0.5


@pytest.mark.parametrize("angle", [45.0, 90.0, 180.0])
def test_what_eval_measures_does_not_depend_on_the_angle(ring_picture, key, angle: float) -> None:
    body, turned = (
        build_body(ring_picture, (24, 24), 16, alive_threshold=0.1, code_amplitude=0.7, angle=by) for by in (0.0, angle)
    )
    full = np.ones((STRESSES["cut"].num_trials, 24, 24, 16), np.float32)
    gone = [float((STRESSES["cut"].wound(full, one, key) == 0).mean()) for one in (body, turned)]
    assert gone[0] > 0.05
    assert gone[1] == pytest.approx(gone[0], rel=0.05)
    fish = open_creature("fish")
    assert num_params(fish.turned(angle).automaton) == num_params(fish.automaton)


def test_a_turned_step_is_the_turned_step() -> None:
    creature = Creature.load(rule_path_for("fish"))
    state = creature.body((32, 32)).target
    fire = np.random.default_rng(0).random((32, 32)) < 0.5
    after = creature.automaton.advance(jax.numpy.asarray(state), jax.numpy.asarray(fire))
    turned = creature.turned(90).automaton.advance(
        jax.numpy.asarray(np.rot90(state, -1)), jax.numpy.asarray(np.rot90(fire, -1))
    )
    np.testing.assert_allclose(turned, np.rot90(after, -1), atol=1e-4)


def test_what_is_learned_and_saved_is_not_turned(tmp_path) -> None:
    creature = open_creature("fish")
    turned = creature.turned(-330)
    assert turned.angle == 30
    for found, wanted in zip(turned.training_bodies().each, creature.training_bodies().each, strict=True):
        np.testing.assert_array_equal(found, wanted)
    turned.save(tmp_path / "turned.safetensors")
    loaded = Creature.load(tmp_path / "turned.safetensors")
    assert loaded.angle == 0
    np.testing.assert_array_equal(loaded.body().target, creature.body().target)


def test_a_grid_has_to_hold_the_turned_body() -> None:
    present = open_creature("present")
    tall, wide = present.picture.shape[:2]
    creature_simulation("present", present, (tall + 2, wide + 2))
    with pytest.raises(InputError, match="too small"):
        creature_simulation("present", present.turned(45), (tall + 2, wide + 2))
