"""Scenes side by side: each frame equals the frames of its scenes, in their places."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from ffnca.export.look import Look
from ffnca.export.scene import Scene
from ffnca.export.wall import Wall
from ffnca.opening import make


@pytest.fixture(scope="module")
def scenes() -> tuple[Scene, ...]:
    """Three soups of Life."""
    life = make("highlife", (10, 12))
    starts = [jax.random.bernoulli(jax.random.key(seed), 0.4, (10, 12, 1)).astype("float32") for seed in range(5)]
    return tuple(Scene(replace(life, start=start), 3) for start in starts)


def alone(scene: Scene) -> np.ndarray:
    return np.stack(list(scene.frames(key=jax.random.key(0))))


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 2), (5, 2, 3)])
def test_tiles_stand_in_reading_order(scenes, count: int, rows: int, columns: int) -> None:
    wall = Wall(scenes[:count], (0,) * count)
    frames = np.stack(list(wall.frames()))
    assert len(frames) == wall.num_frames == 4
    gap = wall.gap
    assert frames.shape[1:3] == (rows * (10 + gap) - gap, columns * (12 + gap) - gap)
    covered = np.zeros(frames.shape[1:3], bool)
    for place, scene in enumerate(scenes[:count]):
        top, left = place // columns * (10 + gap), place % columns * (12 + gap)
        np.testing.assert_array_equal(frames[:, top : top + 10, left : left + 12], alone(scene))
        covered[top : top + 10, left : left + 12] = True
    assert (frames[:, ~covered] == 255).all()


def test_worlds_of_other_sizes_stand_in_the_middle_of_their_places(scenes) -> None:
    small = replace(scenes[1], simulation=make("highlife", (8, 8)))
    for background, ground in ((None, [255] * 3), ("navy", [0, 0, 128])):
        look = Look.parsed(background=background)
        pair = tuple(replace(scene, look=look) for scene in (scenes[0], small))
        wall = Wall(pair, (0, 0), ("large", "small"))
        frames = np.stack(list(wall.frames()))
        left = 12 + wall.gap
        np.testing.assert_array_equal(frames[:, 1:9, left + 2 : left + 10], alone(pair[1]))
        around = frames[:, :, left:].copy()
        around[:, 1:9, 2:10] = ground
        assert (around == ground).all()


def test_each_has_its_name_unless_told_otherwise(scenes) -> None:
    named = Wall(scenes[:2], (0, 0), ("A", "B"))
    assert named.captions == [("A", "B")] * 4
    told = tuple(replace(scene, look=Look(caption="{title} {step}")) for scene in scenes[:2])
    title = scenes[0].simulation.world.title
    assert Wall(told, (0, 0), ("A", "B")).captions == [(f"{title} {step}",) * 2 for step in range(4)]
    assert Wall(told, (0, 0)).captions == [f"{title} {step}" for step in range(4)]
    silent = tuple(replace(scene, look=Look(caption="")) for scene in scenes[:2])
    assert Wall(silent, (0, 0), ("A", "B")).captions is None
    story = tuple(Scene.story(scene.simulation, 3) for scene in scenes[:2])
    assert Wall(story, (0, 0), ("A", "B")).captions == [("A: runs", "B: runs")] + [("A: wounded", "B: wounded")] * 3


def test_several_are_drawn_larger_than_one(scenes) -> None:
    assert Wall(scenes[:1], (0,)).scale is None
    assert Wall(scenes[:2], (0, 0)).scale == 800 // 26
