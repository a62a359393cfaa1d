import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.automata.life import Life
from ffnca.errors import InputError
from ffnca.export.look import Look
from ffnca.export.scene import DiscWound, Scene
from ffnca.export.story import Acts
from ffnca.grid.seeds import soup
from ffnca.opening import make
from ffnca.simulation import Simulation


@pytest.fixture
def life() -> Simulation:
    opened = make("highlife", (20, 24))
    return dataclasses.replace(opened, automaton=Life.from_notation("B3/S23"))


def test_states_are_those_of_the_rollout(life: Simulation, key) -> None:
    states = list(Scene(life, 6).states(key=key))
    assert len(states) == 7
    for step, state in enumerate(states):
        np.testing.assert_array_equal(state, rollout(life.automaton, life.start, step, key=key))
    strided = list(life.states(6, 4, key=key))
    np.testing.assert_array_equal(jnp.stack(strided), jnp.stack([states[0], states[4], states[6]]))


def test_a_wound_erases_its_disc_at_its_step(key) -> None:
    full = jnp.ones((20, 20, 1))
    rows, columns = np.nonzero(DiscWound(3, 5.0, 10.0, 2.5).cells(full.shape, 10.0))
    assert ((columns - 5) ** 2 + (rows - 10) ** 2 < 2.5**2).all()
    assert len(rows) == 21
    block = Simulation("full", make("life").world, Life.from_notation("B/S012345678"), full)
    sums = [float(state.sum()) for state in Scene(block, 5, (DiscWound(3, 5, 10, 2.5),)).states(key=key)]
    assert sums == [400, 400, 400, 379, 379, 379]


def test_wounds_are_parsed() -> None:
    assert DiscWound.parsed("12") == DiscWound(12)
    assert DiscWound.parsed("12:3,4.5,6") == DiscWound(12, 3.0, 4.5, 6.0)
    for text in ("", "x", "-1", "3:", "3:1,2", "3:1,2,3,4", "3:a,b,c", "3:nan,1,1", "1.5"):
        if text == "3:":
            assert DiscWound.parsed(text) == DiscWound(3)
            continue
        with pytest.raises(InputError, match="STEP"):
            DiscWound.parsed(text)


def test_frames_equal_render(life: Simulation, key) -> None:
    scene = Scene(life, 3)
    for state, frame in zip(scene.states(key=key), scene.frames(key=key), strict=True):
        np.testing.assert_array_equal(frame, life.automaton.render(state))


def test_views_of_a_channel(life: Simulation) -> None:
    state = soup((6, 6), 0.5, key=jax.random.key(0))
    drawn = Scene(life, 1, look=Look("channel:0")).drawn(state)
    assert len(np.unique(drawn[np.asarray(state)[..., 0] > 0], axis=0)) == 1
    with pytest.raises(InputError, match="channel:0"):
        Scene(life, 1, look=Look("channel:1"))


def test_several_wounds_at_one_step_are_all_done(key) -> None:
    full = jnp.ones((12, 20, 1))
    block = Simulation("full", make("life").world, Life.from_notation("B/S012345678"), full)
    scene = Scene(block, 1, (DiscWound(1, 4, 6, 2), DiscWound(1, 15, 6, 2)))
    first, last = scene.states(key=key)
    assert bool((first == 1).all())
    assert float(last[6, 4, 0]) == float(last[6, 15, 0]) == 0
    assert float(last[6, 10, 0]) == 1


@pytest.mark.parametrize("every", [1, 2, 3, 5, 7, 9])
def test_frames_of_every_few_steps_are_those_of_all_steps(life: Simulation, key, every: int) -> None:
    """Wounds between two frames are done at their own step."""
    wounds = (DiscWound(0, 5, 5, 3), DiscWound(4, 12, 10, 6), DiscWound(7, 4, 10, 4))
    all_steps = list(Scene(life, 7, wounds).states(key=key))
    scene = Scene(life, 7, wounds, Look(caption="{step}"), every=every)
    assert scene.steps == [*range(0, 7, every), 7]
    assert scene.captions == [str(step) for step in scene.steps]
    for step, state in zip(scene.steps, scene.states(key=key), strict=True):
        np.testing.assert_array_equal(state, all_steps[step])


def test_a_story_has_as_many_wounds_as_its_acts(life: Simulation) -> None:
    acts = Acts.parsed("grow,wound,heal,wound,heal")
    assert [wound.step for wound in Scene.story(life, 340, acts=acts).wounds] == [100, 220]
    own = (DiscWound(3, 1, 1, 1), DiscWound(9, 1, 1, 1))
    assert Scene.story(life, 20, own, acts=acts).wounds == own
    with pytest.raises(InputError, match=r"grow,wound,heal,wound,heal with 1 --wound: allowed is 2"):
        Scene.story(life, 20, own[:1], acts=acts)
    calm = Scene.story(life, acts=Acts.parsed("grow"))
    assert (calm.wounds, calm.num_steps, calm.captions) == ((), 100, ["runs"] * 101)
    assert calm.moments[-1] == 100


@pytest.mark.parametrize("every", [1, 3, 50, 400])
def test_a_sheet_of_a_story_has_its_wound(life: Simulation, every: int) -> None:
    scene = Scene.story(life, every=every)
    assert set(scene.moments) <= set(range(len(scene.steps)))
    assert sum("wounded" in scene.labels[moment] for moment in scene.moments) == 1
