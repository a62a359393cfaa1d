"""Views of a state, for animations and the window."""

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.simulation import Simulation


@pytest.fixture(scope="module")
def fish() -> Simulation:
    return make("fish")


@pytest.fixture(scope="module")
def grown(fish: Simulation) -> np.ndarray:
    return np.array(rollout(fish.automaton, fish.start, 120, key=jax.random.key(0)))


def luminance(colours: np.ndarray) -> np.ndarray:
    levels = colours / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_the_well_are_light_and_the_wounded_hot(fish: Simulation, grown: np.ndarray) -> None:
    living = grown[..., 3] > fish.automaton.alive_threshold
    well = fish.picture(grown, "health")
    assert (well[~living] == 255).all()
    light = luminance(well[living].astype(float))
    assert 0.35 < np.median(light) < 0.75  # light, and not white
    assert np.mean(light < 0.2) < 0.02
    struck = grown + 0.3 * np.random.default_rng(0).standard_normal(grown.shape).astype(np.float32) * living[..., None]
    struck[:, :24] = grown[:, :24]
    ill = fish.picture(struck, "health").astype(float)
    still = living & (struck[..., 3] > fish.automaton.alive_threshold)
    still[:, 20:28] = False
    right, left = still.copy(), still.copy()
    right[:, :24] = left[:, 24:] = False
    assert np.median(luminance(ill[left])) > 0.35
    assert np.median(luminance(ill[right])) < 0.08
    assert np.median(ill[right][:, 0] - ill[right][:, 2]) > 20  # hot: more red than blue


def test_goodness_is_another_name_of_health(fish: Simulation, grown: np.ndarray) -> None:
    assert fish.view("goodness") is fish.view("health")
    np.testing.assert_array_equal(fish.picture(grown, "goodness"), fish.picture(grown, "health"))


def test_the_difference_shows_the_body_and_what_is_wrong(fish: Simulation, grown: np.ndarray) -> None:
    body = fish.creature.body()
    right = fish.picture(body.target, "difference")
    outside = body.picture[..., 3] == 0
    assert (right[outside] == 255).all()
    assert len(np.unique(right[~outside], axis=0)) == 1
    stray = np.array(body.target)
    stray[2, 2, :4] = 1
    assert luminance(fish.picture(stray, "difference")[2, 2].astype(float)) < 0.05


def test_every_view_that_exists_can_be_drawn_and_explained(fish: Simulation, grown: np.ndarray) -> None:
    life = make("life")
    assert tuple(life.views) == ("colour",)
    assert set(fish.views) == {"colour", "health", "channel", "tiles", "difference"}
    for name in fish.views:
        show = "channel:3" if name == "channel" else name
        assert fish.picture(jax.numpy.asarray(grown), show).dtype == np.uint8
        meaning = fish.view(show).legend
        assert (meaning is None) == (name == "colour")
        if meaning is not None:
            assert len(meaning.numbers) >= 3
            assert len(np.unique(meaning.colours, axis=0)) > 32
    assert fish.view("goodness").legend[:2] == ("well", "ill")
    with pytest.raises(InputError, match=r"--show 'health'.*allowed here are colour"):
        life.view("health")
