"""Every key, button, slider and brush of the window, by posted events."""

import math

import numpy as np
import pygame
import pytest

from ffnca.automata.base import rollout
from ffnca.opening import make
from ffnca.render import enlarge, over
from ffnca.systems.growth.creature import Creature
from ffnca.view.actions import ACTIONS, Action, action_for
from ffnca.view.brushes import BRUSHES
from ffnca.view.chooser import thumbnail
from ffnca.view.controller import Controller
from ffnca.view.pace import SPEEDS
from ffnca.view.painting import PALETTE
from ffnca.view.session import WALL_COLOUR
from ffnca.world import rule_path_for, shipped_worlds


def shown(window) -> np.ndarray:
    """The world's part of the screen as an array (height, width, 3)."""
    area, rows, columns = window._seen
    scale = int(window.controller.camera.scale(area, rows, columns))
    left, top = window.controller.camera.corner(area, rows, columns)
    pixels = np.swapaxes(pygame.surfarray.array3d(window.screen), 0, 1)
    return pixels[top : top + rows * scale, left : left + columns * scale]


def test_the_frame_shown_is_the_rendered_state(hand) -> None:
    user = hand()
    user.frames(40)
    user.controller.say("texts have a place of their own")
    user.frames()
    picture = user.session.simulation.automaton.render(user.session.state)
    surface = np.swapaxes(pygame.surfarray.array3d(user.window.picture.surface), 0, 1)
    np.testing.assert_array_equal(surface, picture)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
    scale = int(user.controller.camera.scale(*user.window._seen))
    pixels, wanted = shown(user.window), enlarge(picture, scale)
    np.testing.assert_array_equal(pixels, wanted)


def test_the_first_stroke_is_of_the_swatch_that_is_marked(hand) -> None:
    controller = hand().controller
    np.testing.assert_allclose(controller.brush.colour, np.divide(PALETTE[controller.colour], 255))


def test_frames_give_the_states_of_a_headless_run(hand, key) -> None:
    user = hand()
    user.frames(30)
    simulation = user.session.simulation
    assert user.session.step == 30
    np.testing.assert_array_equal(user.session.state, rollout(simulation.automaton, simulation.start, 30, key=key))
    user.controller.pace.level = SPEEDS.index(4.0)
    user.frames(5)
    step = user.session.step
    assert step > 30
    np.testing.assert_array_equal(user.session.state, rollout(simulation.automaton, simulation.start, step, key=key))


def test_the_same_events_give_the_same_states(hand, key) -> None:
    states = []
    for _ in range(2):
        user = hand()
        user.frames(20)
        for number in (pygame.K_2, pygame.K_1, pygame.K_4):
            user.key(number)
            user.press(user.pixel(20, 24))
            user.move(user.pixel(26, 30))
            user.release()
        user.frames(10)
        states.append(np.asarray(user.session.state))
    np.testing.assert_array_equal(states[0], states[1])
    simulation = user.session.simulation
    untouched = rollout(simulation.automaton, simulation.start, user.session.step, key=key)
    assert np.abs(states[0] - np.asarray(untouched)).max() > 0.1


EFFECTS = {
    ("toggle_pause", None): lambda c: c.pace.paused,
    ("single_step", None): lambda c: (c.session.step, c.pace.paused),
    ("restart", None): lambda c: c.session.step,
    ("new_seed", None): lambda c: c.session.seed,
    ("turn", 1): lambda c: c.session.angle,
    ("turn", -1): lambda c: c.session.angle,
    ("shift_speed", 1): lambda c: c.pace.level,
    ("shift_speed", -1): lambda c: c.pace.level,
    ("shift_speed", 0): lambda c: c.pace.label,
    ("next_world", 1): lambda c: c.session.simulation.name,
    ("next_world", -1): lambda c: c.session.simulation.name,
    ("take_brush", "erase"): lambda c: c.brush.kind,
    ("take_brush", "noise"): lambda c: c.brush.kind,
    ("take_brush", "seed"): lambda c: c.brush.kind,
    ("take_brush", "paint"): lambda c: c.brush.kind,
    ("take_brush", "wall"): lambda c: c.brush.kind,
    ("next_colour", 1): lambda c: (c.brush.colour, c.brush.kind),
    ("resize_brush", 1): lambda c: c.brush.radius,
    ("resize_brush", -1): lambda c: c.brush.radius,
    ("undo", None): lambda c: c.message,
    ("look", "colour"): lambda c: c.show,
    ("look", "health"): lambda c: c.show,
    ("look", "channel"): lambda c: c.show,
    ("previous_channel", None): lambda c: c.show,
    ("look", "tiles"): lambda c: c.show,
    ("look", "difference"): lambda c: c.show,
    ("next_view", None): lambda c: c.show,
    ("fit", None): lambda c: c.camera._magnified,
    ("zoom", 1): lambda c: c.camera._magnified,
    ("zoom", -1): lambda c: c.camera._magnified,
    ("learn", None): lambda c: (c.message, c.study.learning),
    ("paint_target", None): lambda c: c.painting is None,
    ("save", None): lambda c: sorted(c.folder.glob("*.safetensors")),
    ("record", None): lambda c: c.recorder.on,
    ("next_format", None): lambda c: c.formats[0],
    ("photograph", None): lambda c: sorted(c.folder.glob("*.png")),
    ("toggle", "help"): lambda c: c.help,
    ("toggle", "worlds"): lambda c: c.worlds,
    ("toggle", "hud"): lambda c: c.hud,
    ("toggle", "panel"): lambda c: c.panel,
    ("toggle", "fullscreen"): lambda c: c.fullscreen,
    ("leave", None): lambda c: c.closed,
    ("quit", None): lambda c: c.closed,
}
"""What shows that an action was done: its value differs before and after."""


def prepared(user, action: Action) -> None:
    """A state in which the action makes a difference."""
    controller = user.controller
    controller.take_brush("wall" if action.argument != "wall" else "erase")
    controller.view = "colour" if action.argument != "colour" else "health"
    controller.camera._magnified = 3.0
    controller.pace.level = 5
    user.frames(6)


def test_every_action_has_an_effect_to_look_for_and_a_key_of_its_own() -> None:
    assert {(action.name, action.argument) for action in ACTIONS} == set(EFFECTS)
    assert all(hasattr(Controller, action.name) or action.name == "zoom" for action in ACTIONS)
    keys = [(action.key, action.control, action.shift) for action in ACTIONS]
    assert len(set(keys)) == len(keys)


def modifiers_of(action: Action) -> int:
    return pygame.KMOD_CTRL * action.control | pygame.KMOD_SHIFT * bool(action.shift)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.name}-{action.argument}-{action.shown}")
def test_every_key_does_what_it_says(hand, action: Action) -> None:
    assert action_for(action.key, modifiers_of(action)) is action
    # Life has nothing to learn and says so; learning itself is tested apart.
    user = hand("life" if action.name == "learn" else "fish")
    prepared(user, action)
    effect = EFFECTS[action.name, action.argument]
    before = effect(user.controller)
    user.key(action.key, modifiers_of(action))
    user.frames(2)
    assert effect(user.controller) != before


BUTTONS = [action for action in ACTIONS if action.button]


def test_every_button_does_what_its_key_does(hand) -> None:
    user = hand()
    done: list[Action] = []
    user.window.act = done.append
    user.window._laid_out = None
    user.frames()
    user.session.begin_stroke()  # so that there is one to undo
    assert set(user.window.panel.buttons) == set(BUTTONS)
    for action, button in list(user.window.panel.buttons.items()):
        state = np.asarray(user.session.state)
        user.controller.pace.paused = True
        user.click((button.getX() + button.getWidth() / 2, button.getY() + button.getHeight() / 2))
        assert done == [action]
        np.testing.assert_array_equal(state, user.session.state)
        done.clear()


def test_a_click_shorter_than_a_frame_counts(hand) -> None:
    user = hand()
    user.frames()
    button = user.window.panel.buttons[BUTTONS[0]]
    place = (button.getX() + 5, button.getY() + 5)
    for kind in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
        pygame.event.post(pygame.event.Event(kind, pos=place, button=1))
    user.frames(3)
    assert user.controller.pace.paused


@pytest.mark.parametrize(
    ("name", "share", "value"),
    [
        ("Speed", 1.0, lambda c: c.pace.label == "max"),
        ("Speed", 0.0, lambda c: c.pace.label == "1/60x"),
        ("Brush", 0.5, lambda c: 14 < c.brush.radius < 19),
        ("Channel", 1.0, lambda c: c.show == "channel:15"),
    ],
)
def test_sliders(hand, name: str, share: float, value) -> None:
    user = hand()
    user.frames()
    slider = user.window.panel.sliders[name]
    start = (slider.value - slider.min) / (slider.max - slider.min)
    row = slider.getY() + slider.getHeight() // 2
    user.press((slider.getX() + start * slider.getWidth(), row))
    user.move((slider.getX() + share * slider.getWidth(), row))
    user.release()
    user.frames(2)
    assert value(user.controller)


@pytest.mark.parametrize("kind", BRUSHES)
def test_every_brush_changes_the_cells_under_it_and_no_others(hand, kind: str) -> None:
    user = hand()
    user.frames(60)
    user.controller.pace.paused = True
    user.controller.take_brush(kind)
    user.controller.brush = user.controller.brush._replace(radius=3.0, colour=(1.0, 0.0, 0.0))
    before = np.asarray(user.session.state)
    row, column = user.session.simulation.creature.body().seed_at
    user.click(user.pixel(row, column))
    after = np.asarray(user.session.state)
    rows, columns = np.mgrid[0:48, 0:48]
    near = np.hypot(rows - row, columns - column) <= 3.1
    np.testing.assert_array_equal(before[~near], after[~near])
    assert (before[near] != after[near]).any()
    if kind == "erase":
        assert not after[np.hypot(rows - row, columns - column) <= 2.9].any()
    elif kind == "paint":
        assert (after[row, column, :4] == (1, 0, 0, 1)).all()
        np.testing.assert_array_equal(before[..., 4:], after[..., 4:])
    elif kind == "seed":
        np.testing.assert_array_equal(after[row, column], user.session.simulation.creature.body().target[row, column])
        assert (before != after).any(-1).sum() == 1
    elif kind == "noise":
        assert 0.1 < np.std((after - before)[row, column]) < 0.6
    else:
        user.controller.pace.paused = False
        user.frames(5)
        assert user.session.wall[near].sum() > 20
        assert not np.asarray(user.session.state)[user.session.wall].any()
        assert (user.session.frame("colour")[row, column] == WALL_COLOUR).all()
        user.controller.take_brush("erase")
        user.click(user.pixel(row, column))
        assert not user.session.wall.any()


@pytest.mark.parametrize("kind", BRUSHES)
def test_brushes_on_life_keep_states_of_0_and_1(hand, kind: str) -> None:
    user = hand("life")
    user.controller.pace.paused = True
    user.controller.take_brush(kind)
    before = np.asarray(user.session.state)
    user.click(user.pixel(30, 30))
    after = np.asarray(user.session.state)
    assert set(np.unique(after)) <= {0.0, 1.0}
    assert (before != after).any() == (kind in ("noise", "paint", "seed"))
    if kind == "noise":
        assert 0.2 < (before != after)[27:34, 27:34].mean() < 0.8


def test_undo_brings_back_state_walls_and_step_bit_for_bit(hand) -> None:
    user = hand()
    user.frames(30)
    moments = []
    for number, place in ((pygame.K_1, (20, 20)), (pygame.K_5, (24, 30)), (pygame.K_2, (28, 18))):
        user.key(number)
        moments.append((np.asarray(user.session.state), user.session.wall.copy(), user.session.step))
        # events come before steps, so the stroke begins at this very moment
        user.press(user.pixel(*place))
        user.move(user.pixel(place[0] + 4, place[1]))
        user.release()
        user.frames(3)
    for state, wall, step in reversed(moments):
        user.controller.pace.paused = True
        user.key(pygame.K_z, pygame.KMOD_CTRL)
        np.testing.assert_array_equal(user.session.state, state)
        np.testing.assert_array_equal(user.session.wall, wall)
        assert user.session.step == step
    user.key(pygame.K_z, pygame.KMOD_CTRL)
    assert "no stroke" in user.controller.message


def test_the_wheel_sizes_the_brush_and_zooms_with_control(hand) -> None:
    user = hand()
    user.frames()
    user.move((300, 300))
    user.wheel(3)
    assert math.isclose(user.controller.brush.radius, 4 * 1.2**3)
    user.wheel(-20)
    assert user.controller.brush.radius == 0.5
    before = user.controller.camera.scale(*user.window._seen)
    cell = user.window._cell((300, 300))
    user.wheel(4, pygame.KMOD_CTRL)
    assert user.controller.camera.scale(*user.window._seen) > before
    np.testing.assert_allclose(user.window._cell((300, 300)), cell, atol=0.2)
    corner = user.controller.camera.corner(*user.window._seen)
    user.press((300, 300), 3)
    user.move((340, 320))
    user.release(3)
    moved = user.controller.camera.corner(*user.window._seen)
    np.testing.assert_allclose(np.subtract(moved, corner), (40, 20), atol=1.5)


def test_the_list_of_worlds_opens_what_is_clicked(hand) -> None:
    user = hand()
    user.key(pygame.K_w)
    entry = next(entry for entry in user.window.chooser.entries if entry.name == "life")
    assert [entry.name for entry in user.window.chooser.entries] == list(shipped_worlds())
    assert len({entry.area for entry in user.window.chooser.entries}) == len(user.window.chooser.entries)
    user.click((entry.area.left + 20, entry.area.top + 20))
    user.frames(2)
    assert user.session.simulation.name == "life"
    assert not user.controller.worlds
    user.controller.view = "health"
    user.controller._check_view()
    assert user.controller.view == "colour"


@pytest.mark.parametrize("size", [(1, 1), (40, 30), (300, 200), (700, 150), (2600, 1800)])
def test_any_size_of_window(hand, size: tuple[int, int]) -> None:
    user = hand()
    user.controller.record()
    pygame.display.set_mode(size, pygame.RESIZABLE)
    for key in (pygame.K_h, pygame.K_h, pygame.K_w, pygame.K_w, pygame.K_a, pygame.K_t, pygame.K_ESCAPE):
        user.key(key)
    for event in (pygame.WINDOWMINIMIZED, pygame.WINDOWRESTORED):
        pygame.event.post(pygame.event.Event(event))
    user.frames(3)
    assert user.window.screen.get_size() == size
    assert user.window.world.width <= size[0]
    user.press((size[0] / 3, size[1] / 2))
    user.move((size[0] / 2, size[1] / 2))
    user.release()
    assert user.session.step > 0
    if size[0] > 2000:
        assert user.window.layout.scale > 2  # texts grow on a dense screen


def test_one_upload_a_frame_and_no_compilation_after_the_first_frames(hand) -> None:
    import jax

    compiled: list[str] = []
    user = hand()
    for key in (pygame.K_g, pygame.K_d, pygame.K_a, pygame.K_k, pygame.K_c):
        user.key(key)
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, seconds, **_: compiled.append(name) if "backend_compile" in name else None
    )
    try:
        uploads, frames = user.window.picture.uploads, user.window.num_frames
        for kind in BRUSHES:
            user.controller.take_brush(kind)
            user.press(user.pixel(20, 20))
            user.move(user.pixel(22, 28))
            user.release()
        for key in (pygame.K_g, pygame.K_d, pygame.K_a, pygame.K_k, pygame.K_c, pygame.K_m, pygame.K_BACKSPACE):
            user.key(key)
        user.frames(20)
        pygame.display.set_mode((640, 480), pygame.RESIZABLE)
        user.frames(3)
        assert compiled == []
        jax.jit(lambda number: number * 3 + 1)(np.arange(7.0))  # what is counted does happen
    finally:
        jax.monitoring.clear_event_listeners()
    assert user.window.picture.uploads - uploads <= user.window.num_frames - frames
    assert len(compiled) == 1


def test_turns_add_up_and_start_again(hand) -> None:
    user = hand()
    user.frames(30)
    user.controller.opener._patient = False  # as in a window: the second turn is asked for before the first is there
    user.key(pygame.K_LEFT)
    user.key(pygame.K_LEFT)
    user.controller.opener._patient = True
    user.frames(2)
    assert user.session.angle == 330
    assert user.session.step < 10
    user.frames(200)
    turned, straight = user.session.simulation, make(user.session.simulation.name)
    assert turned.relative_mse(user.session.state) < 0.3 < straight.relative_mse(user.session.state)


def test_a_turn_waits_for_another_world_and_keeps_a_new_seed(hand) -> None:
    user = hand()
    user.controller.opener._patient = False
    user.controller.open("life")
    user.key(pygame.K_RIGHT)
    assert user.controller.warning
    user.controller.opener._patient = True
    user.frames(2)
    assert user.session.simulation.name == "life"
    user.controller.open("fish")
    user.frames(2)
    user.controller.opener._patient = False
    user.controller.turn(1)
    user.controller.new_seed()
    user.controller.opener._patient = True
    user.frames(2)
    assert (user.session.angle, user.session.seed) == (15, 1)


def test_a_rule_of_several_targets_shows_them_all() -> None:
    menagerie, fish = (thumbnail(shipped_worlds()[name]) for name in ("menagerie", "fish"))
    assert menagerie.ndim == fish.ndim == 3
    pictures = over(Creature.load(rule_path_for("menagerie")).pictures)
    height, width = pictures.shape[1:3]
    assert menagerie.shape == (3 * height, 3 * width, 3)
    for place, picture in enumerate(pictures):
        top, left = height * (place // 3), width * (place % 3)
        np.testing.assert_array_equal(menagerie[top : top + height, left : left + width], picture)
    assert (menagerie[2 * height :, 2 * width :] == 255).all()
