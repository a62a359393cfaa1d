"""Looks: backgrounds as users write them, clear ground, and the few colours of pixel art."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.errors import InputError
from ffnca.export.look import Look, PixelArt, laid_on, parsed_background
from ffnca.export.scene import DiscWound, Scene
from ffnca.grid.seeds import soup
from ffnca.opening import make
from ffnca.render import straight
from ffnca.simulation import Simulation
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.simulated import creature_simulation


@pytest.fixture(scope="module")
def life() -> Simulation:
    return make("highlife", (20, 24))


def sprite() -> np.ndarray:
    """Pixel art of three colours, with a hole and half a tone of alpha in one place."""
    picture = np.zeros((10, 12, 4), np.float32)
    picture[1:9, 1:11] = [1, 128 / 255, 0, 1]
    picture[2:8, 4] = [0, 0, 102 / 255, 1]
    picture[4:6, 6:8] = 0
    picture[1, 1:11] = [1, 1, 1, 1]
    return picture


@pytest.fixture(scope="module")
def pixels() -> Simulation:
    return creature_simulation("sprite", Creature.for_picture(sprite(), "sprite.png"))


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#ff8000", (255, 128, 0)),
        ("#F80", (255, 136, 0)),
        ("navy", (0, 0, 128)),
        ("RebeccaPurple", (102, 51, 153)),
        ("transparent", "transparent"),
        (" Transparent ", "transparent"),
    ],
)
def test_backgrounds_are_parsed(text, colour):
    assert parsed_background(text) == colour


@pytest.mark.parametrize(
    "text", ["", "#ff80", "#ff800000", "#ggg", "mauveish", "rgb(300,0,0)", "hsl(0)", "123", "x" * 500, "re\nd"]
)
def test_other_backgrounds_are_refused_in_one_line(text):
    with pytest.raises(InputError, match=r"--background .*#rrggbb, #rgb, a CSS colour name, and transparent") as error:
        parsed_background(text)
    assert len(str(error.value)) < 200
    assert str(error.value).isprintable()


def test_a_white_logo_shows_on_another_ground(pixels: Simulation):
    state = pixels.start.at[..., :4].set(1)
    assert (Scene(pixels, 0).drawn(state * 0 + 0) == 255).all()
    frame = Scene(pixels, 0, look=Look(background=(10, 20, 90))).drawn(state.at[:3].set(0))
    assert (frame[:3] == [10, 20, 90]).all()
    assert (frame[3:] == 255).all()


def test_white_as_background_is_what_there_is_without(pixels: Simulation, key):
    for state in Scene(pixels, 3).states(key=key):
        noisy = state + 0.3 * jax.random.normal(key, state.shape)
        plain, white = (Scene(pixels, 3, look=look).drawn(noisy) for look in (Look(), Look(background=(255,) * 3)))
        np.testing.assert_array_equal(plain, white)


def test_clear_ground_has_straight_colours(pixels: Simulation):
    state = np.zeros((*pixels.start.shape[:2], 16), np.float32)
    state[3, 3, :4] = [0.25, 0.125, 0, 0.25]
    state[4, 4, :4] = [0.5, 0, 0.5, 1]
    frame = Scene(pixels, 0, look=Look(background="transparent")).drawn(jnp.asarray(state))
    assert frame.shape[-1] == 4
    assert frame[3, 3].tolist() == [255, 128, 0, 64]
    assert frame[4, 4].tolist() == [128, 0, 128, 255]
    assert not frame[np.asarray(state)[..., 3] == 0].any()


@pytest.mark.parametrize(("background", "living"), [((255, 250, 0), 24), ((0, 0, 60), 250), ((0, 0, 0), 250)])
def test_life_lies_on_its_background_and_can_be_seen(life: Simulation, background, living):
    state = soup((20, 24), 0.4, key=jax.random.key(1))
    frame = Scene(life, 0, look=Look(background=background)).drawn(state)
    alive = np.asarray(state)[..., 0] > 0.5
    assert (frame[~alive] == background).all()
    assert (frame[alive][:, 0] == living).all()
    clear = Scene(life, 0, look=Look(background="transparent")).drawn(state)
    np.testing.assert_array_equal(clear[..., 3], 255 * alive)
    assert (clear[alive][:, 0] == 24).all()
    assert not clear[~alive].any()


def test_the_health_view_has_a_ground_too(pixels: Simulation):
    body = pixels.creature.body()
    state = jnp.asarray(body.goal)
    alive = np.asarray(state)[..., 3] > 0.1
    plain = Scene(pixels, 0, look=Look("goodness")).drawn(state)
    for background in ((1, 2, 3), "transparent"):
        frame = Scene(pixels, 0, look=Look("goodness", background=background)).drawn(state)
        np.testing.assert_array_equal(frame[alive][:, :3], plain[alive])
        assert (frame[~alive] == (0 if background == "transparent" else background)).all()


@pytest.mark.parametrize("show", ["channel:0", "tiles", "difference"])
def test_views_that_draw_every_cell_have_no_ground(pixels: Simulation, life: Simulation, show):
    for background in ((1, 2, 3), "transparent"):
        with pytest.raises(InputError, match=rf"--background with --show {show}: every cell is drawn"):
            Scene(pixels, 0, look=Look(show, background=background))
    with pytest.raises(InputError, match="--background with --show tiles"):
        Scene(life, 0, look=Look("tiles", background=(1, 2, 3)))


def test_laid_on_keeps_the_picture():
    picture = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    drawn = np.arange(20).reshape(4, 5) % 3 > 0
    clear = laid_on(picture, drawn, "transparent")
    assert clear.dtype == np.uint8
    np.testing.assert_array_equal(clear[drawn], np.insert(picture[drawn], 3, 255, axis=1))
    assert not clear[~drawn].any()


def test_pixel_art_keeps_its_palette(pixels: Simulation, key):
    body = pixels.creature.body()
    state = jnp.asarray(body.goal) + 0.15 * jax.random.normal(key, body.goal.shape)
    wanted = {(255, 128, 0), (0, 0, 102), (255, 255, 255)}
    for background in (None, (9, 9, 9), "transparent"):
        frame = Scene(pixels, 0, look=Look(palette="target", background=background)).drawn(state)
        there = np.asarray(state)[..., 3] >= 0.502
        assert set(map(tuple, frame[there][:, :3].tolist())) == wanted
        gone = {None: [255] * 3, (9, 9, 9): [9] * 3, "transparent": [0] * 4}[background]
        assert (frame[np.asarray(state)[..., 3] < 0.49] == gone).all()
    exact = Scene(pixels, 0, look=Look(palette="target", background="transparent")).drawn(jnp.asarray(body.goal))
    np.testing.assert_array_equal(exact, straight(body.goal))


def test_only_pixel_art_keeps_its_palette(pixels: Simulation, life: Simulation):
    many = np.ones((10, 12, 4), np.float32)
    many[..., 0] = np.arange(120).reshape(10, 12) / 255
    with pytest.raises(InputError, match=r"--palette target: the target of many has 120 colours; allowed: 1 to 64"):
        PixelArt.of(many, "many")
    with pytest.raises(InputError, match="has 0 colours"):
        PixelArt.of(0.3 * sprite(), "pale")
    with pytest.raises(InputError, match="as growth worlds have"):
        Scene(life, 0, look=Look(palette="target"))
    with pytest.raises(InputError, match="--show 'tiles' with --palette"):
        Scene(pixels, 0, look=Look("tiles", "target"))
    assert len(PixelArt.of(many.reshape(-1, 4)[:64].reshape(8, 8, 4), "many").colours) == 64


def test_a_palette_is_a_file_unless_it_is_the_target(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "target").write_text('{"liked": ["#112233"]}')
    assert Look.parsed(palette="target").palette == "target"
    assert Look.parsed(palette="./target").palette.liked == ((17, 34, 51),)  # pyright: ignore
    with pytest.raises(InputError, match="Target: no such file"):
        Look.parsed(palette="Target")


def test_a_story_tells_what_the_demonstration_tells(pixels: Simulation, life: Simulation):
    story = Scene.story(pixels)
    assert (story.num_steps, story.wounds) == (220, (DiscWound(100),))
    assert story.moments == [0, 5, 10, 20, 30, 45, 60, 100, 101, 110, 130, 200]
    assert story.labels[100] == "step 100 (wounded)"
    assert story.labels[99] == "step 99"
    captions = story.captions
    assert captions is not None
    assert len(captions) == 221
    assert [captions[step] for step in (0, 99, 100, 111, 112, 220)] == [
        *("grows", "grows", "wounded", "wounded", "heals", "heals")
    ]
    short = Scene.story(life, 11)
    assert short.wounds == (DiscWound(5),)
    assert short.captions == ["runs"] * 5 + ["wounded"] * 7
    assert short.moments == sorted(set(short.moments))
    assert max(short.moments) <= 11
    own = Scene.story(life, 40, (DiscWound(7, 3, 3, 2), DiscWound(30, 9, 9, 2)))
    assert [wound.step for wound in own.wounds] == [7, 30]
    assert own.captions is not None
    assert [own.captions[step] for step in (6, 7, 19, 30)] == ["runs", "wounded", "runs on", "wounded"]


def test_captions_are_filled_in_step_by_step(life: Simulation):
    title = life.world.title
    scene = Scene(life, 2, look=Look(caption="{title}, step {step} {{"))
    assert scene.captions == [f"{title}, step {step} {{" for step in range(3)]
    assert Scene(life, 2).captions is None
    assert Scene(life, 2, look=Look(caption="")).captions is None
    assert Scene.story(life, 2, look=Look(caption="")).captions is None
    assert Scene.story(life, 1, look=Look(caption="s {step}")).captions == ["s 0", "s 1"]
    named = replace(life, world=life.world.model_copy(update={"title": "魚"}))
    assert Scene(named, 1).captions is None
    with pytest.raises(InputError, match=r"U\+9B5A"):
        Scene(named, 1, look=Look(caption="{title}"))
