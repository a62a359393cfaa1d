"""A rollout in a notebook is an animation of all its states."""

import base64
import io
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image, ImageSequence

from ffnca.automata.base import rollout
from ffnca.automata.life import Life
from ffnca.errors import InputError
from ffnca.export.notebook import Animation
from ffnca.opening import make
from ffnca.simulation import Simulation


@pytest.fixture(scope="module")
def blinker() -> Simulation:
    """Three cells in a row, on the smallest grid that shows what is above and what is left."""
    start = np.zeros((8, 10, 1), np.float32)
    start[3, 4:7] = 1
    return Simulation("<blinker>", make("life").world, Life.from_notation("B3/S23"), jax.numpy.asarray(start))


@pytest.fixture(scope="module")
def states(blinker: Simulation) -> jax.Array:
    return rollout(blinker.automaton, blinker.start, 4, key=jax.random.key(0), every=1)


def _decoded(file: io.BytesIO | Path) -> tuple[list[np.ndarray], list[int]]:
    with Image.open(file) as image:
        frames = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
    return [picture for picture, _ in frames], [duration for _, duration in frames]


def test_it_plays_every_state(blinker: Simulation, states: jax.Array) -> None:
    animation = Animation(blinker, states, fps=10)
    shown = animation._repr_html_()
    assert shown.startswith('<img alt="Animation(&#x27;&lt;blinker&gt;&#x27;, 4 frames)" src="data:image/gif;base64,')
    pictures, durations = _decoded(io.BytesIO(base64.b64decode(shown.partition("base64,")[2].partition('"')[0])))
    assert durations == [100] * 4
    scale = pictures[0].shape[0] // 8
    assert scale > 10
    for picture, state in zip(pictures, states, strict=True):
        np.testing.assert_array_equal(picture[::scale, ::scale], blinker.picture(state))
        np.testing.assert_array_equal(picture, picture[::scale, ::scale].repeat(scale, 0).repeat(scale, 1))


def test_states_may_come_one_by_one_and_go_to_a_file(blinker: Simulation, states: jax.Array, tmp_path: Path) -> None:
    animation = Animation(blinker, (state for state in states))
    assert repr(animation) == "Animation('<blinker>', 4 frames)"
    animation.save(tmp_path / "it.apng")
    pictures, durations = _decoded(tmp_path / "it.apng")
    assert (len(pictures), sum(durations)) == (4, 160)


@pytest.mark.parametrize(
    ("count", "options", "said"),
    [
        (0, {}, "states: there are none"),
        (1, {"show": "<b>"}, "--show '<b>': allowed here are colour"),
        (1, {"fps": 0}, "fps: 0 is not from"),
    ],
)
def test_refused_in_one_line(blinker: Simulation, states: jax.Array, count: int, options: dict, said: str) -> None:
    with pytest.raises(InputError) as refused:
        Animation(blinker, states[:count], **options)
    assert said in str(refused.value)


def test_states_of_another_simulation_are_refused(blinker: Simulation, states: jax.Array) -> None:
    for other in (states[0], states.repeat(3, -1), 1 + states[..., 0]):
        with pytest.raises(
            InputError, match=r"states: one of shape \(.*\); allowed for <blinker>: \(height, width, 1\)"
        ):
            Animation(blinker, other)
