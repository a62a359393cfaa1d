import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.errors import InputError
from ffnca.export.look import Look
from ffnca.export.recolour import CUBE_SIDE, Recolouring
from ffnca.export.scene import Scene
from ffnca.ff.colour import ColourPreference, sample_colours
from ffnca.opening import make
from ffnca.palette_file import Palette
from ffnca.render import over
from ffnca.simulation import Simulation

pytestmark = pytest.mark.computes

EMBERS = Palette(liked=((74, 13, 13), (179, 38, 30), (255, 122, 26), (255, 209, 102)), disliked=((63, 154, 42),))


@pytest.fixture(scope="module")
def recolouring() -> Recolouring:
    return Recolouring.learned(EMBERS)


@pytest.fixture(scope="module")
def lizard() -> Simulation:
    return make("lizard")


def test_the_cube_is_near_the_climb_itself(recolouring: Recolouring) -> None:
    preference = ColourPreference.learned(np.array(EMBERS.liked, np.uint8), np.array(EMBERS.disliked, np.uint8))
    colours = sample_colours(3000, seed=9).astype(np.float32) / 255
    direct, looked_up = preference.recolour(colours), colours + recolouring.shift(colours)
    error = 255 * np.abs(direct - looked_up)
    assert error.mean() < 0.2
    assert np.quantile(error, 0.99) < 2
    assert error.max() < 20
    before, after = (np.asarray(preference.goodness(np.clip(given, 0, 1))) for given in (colours, looked_up))
    assert (after >= before - 1e-2).all()
    corner = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0]], np.float32)
    expected = recolouring.shifts[[0, -1, -1], [0, -1, 0], [0, -1, 0]]
    np.testing.assert_allclose(recolouring.shift(corner), expected, atol=1e-6)
    assert recolouring.shifts.shape == (CUBE_SIDE, CUBE_SIDE, CUBE_SIDE, 3)


@pytest.mark.parametrize("background", [0.0, 0.5, 1.0])
def test_the_background_keeps_its_colour(recolouring: Recolouring, background: float) -> None:
    state = np.zeros((4, 5, 16), np.float32)
    state[1, 1, :4] = [0.3, 0.6, 0.1, 1]
    state[2, 2, :4] = [0.15, 0.3, 0.05, 0.5]
    state[3, 3, :3] = 0.4  # colour without alpha
    changed = recolouring.recoloured(state)
    moved = (changed != state).any(-1)
    assert sorted(map(tuple, np.argwhere(moved).tolist())) == [(1, 1), (2, 2)]
    np.testing.assert_array_equal(changed[..., 3:], state[..., 3:])
    np.testing.assert_allclose(changed[2, 2, :3], changed[1, 1, :3] / 2, atol=1e-6)  # half as opaque
    before, after = over(state, background), over(changed, background)
    np.testing.assert_array_equal(after[~moved], before[~moved])
    assert after[1, 1, 0] > before[1, 1, 0] + 50  # from green to red


def test_states_out_of_range_are_drawn(recolouring: Recolouring) -> None:
    state = np.full((2, 2, 16), 3.0, np.float32)
    state[0, 0] = np.nan
    state[0, 1] = np.inf
    state[1, 0] = -2
    state[1, 1, :3], state[1, 1, 3] = 1e4, 0
    np.testing.assert_array_equal(over(recolouring.recoloured(state)), over(state))


def test_strength_is_how_far(recolouring: Recolouring) -> None:
    half = Recolouring.learned(EMBERS.model_copy(update={"strength": 0.5}))
    np.testing.assert_allclose(half.shifts, recolouring.shifts / 2, atol=1e-6)
    none = Recolouring.learned(EMBERS.model_copy(update={"strength": 0.0}))
    assert not none.shifts.any()


def test_a_scene_is_the_same_in_other_colours(lizard: Simulation, recolouring: Recolouring) -> None:
    scene, plain = Scene(lizard, 60, look=Look(palette=EMBERS)), Scene(lizard, 60)
    state = rollout(lizard.automaton, lizard.start, 60, key=jax.random.key(0))
    frame, before = scene.drawn(state).astype(int), plain.drawn(state).astype(int)
    np.testing.assert_array_equal(frame, over(recolouring.recoloured(state)))
    empty = np.asarray(state)[..., 3] == 0
    assert (frame[empty] == 255).all()
    luma = np.array((0.2126, 0.7152, 0.0722))
    assert abs((frame - before) @ luma).max() < 8  # the shape stays
    green = (before[..., 1] > before[..., 0] + 15) & (before[..., 1] > before[..., 2] + 60)
    assert green.sum() > 50
    assert np.mean(frame[green][:, 0] > frame[green][:, 1] + 40) > 0.95


def test_only_colour_is_recoloured(lizard: Simulation) -> None:
    for show in ("goodness", "channel:3", "tiles", "difference"):
        with pytest.raises(InputError, match=r"--show .* with --palette: allowed is colour"):
            Scene(lizard, 1, look=Look(show, EMBERS))
    with pytest.raises(InputError, match="growth worlds"):
        Scene(make("life"), 1, look=Look(palette=EMBERS))
