"""How the window looks: colours that can be read, parts that keep apart in any shape, what is greyed, what is kept."""

import gc
import sys
import threading
import time
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pygame
import pytest
from pygame_widgets.widget import WidgetHandler

from ffnca.errors import InputError
from ffnca.render import over
from ffnca.systems.base import Request
from ffnca.view import opening
from ffnca.view.actions import ACTIONS, GROUPS, Action
from ffnca.view.app import open_display
from ffnca.view.camera import Area
from ffnca.view.drawing import ELLIPSIS, TEXTS, printable, shortened, width_of, wrapped
from ffnca.view.help import LEAST_SIZE, Help
from ffnca.view.icon import icon
from ffnca.view.layout import laid_out, packed, scale_of
from ffnca.view.opening import KINDS_COMPILED, Opener, reopened_session
from ffnca.view.panel import blocks
from ffnca.view.recorder import Recorder
from ffnca.view.study import Study

SHAPES = [(320, 240), (640, 480), (300, 900), (1920, 300), (1120, 800), (1920, 1080), (3840, 2160)]
BUTTONS = {action for action in ACTIONS if action.button}


@pytest.fixture
def screen() -> None:
    open_display(headless=True)
    pygame.display.set_mode((64, 64))


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Of two sRGB colours, by WCAG 2.2: 1 to 21."""

    def luminance(colour: tuple[int, int, int]) -> float:
        levels = [value / 255 for value in colour]
        red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_text_can_be_read_on_what_is_behind_it() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    for behind, inks in TEXTS.items():
        for ink in inks:
            assert contrast(ink, behind) >= 4.5, (ink, behind)


@pytest.mark.parametrize("world", ["fish", "life"])
def test_every_button_can_be_read_in_every_state(hand, world: str) -> None:
    user = hand(world)
    user.controller.pace.paused = True
    panel, seen = user.window.panel, set()
    for name in ("toggle_pause", "take_brush", "turn", "undo"):  # on, on, useless in one, useless in both
        button = next(button for action, button in panel.buttons.items() if action.name == name)
        place = (button.getX() + button.getWidth() / 2, button.getY() + button.getHeight() / 2)
        for do in (user.move, user.press, lambda _: user.release(), lambda _: user.move((1, 1))):
            do(place)
            seen |= {(one.textColour, one.colour) for one in panel.buttons.values()}
    assert len(seen) >= 3
    for ink, behind in seen:
        assert contrast(ink, behind) >= 4.5, (ink, behind)
        assert ink in TEXTS[behind]


def inside(part: Area, whole: Area) -> bool:
    return (
        part.left >= whole.left
        and part.top >= whole.top
        and part.left + part.width <= whole.left + whole.width
        and part.top + part.height <= whole.top + whole.height
    )


def apart(one: Area, other: Area) -> bool:
    return not pygame.Rect(one).colliderect(pygame.Rect(other))


@pytest.mark.parametrize("panel", [True, False])
@pytest.mark.parametrize("size", [*SHAPES, (1, 1), (97, 3000)])
def test_no_part_of_the_window_lies_on_another(size: tuple[int, int], panel: bool) -> None:
    heights = [block.height for block in blocks(scale_of(*size), ["Speed"], titles=True, chart=True)]
    layout = laid_out(*size, heights, panel=panel, strip=True)
    parts = [layout.world, layout.strip, layout.panel]
    assert all(inside(part, Area(0, 0, *size)) for part in parts)
    assert all(apart(one, other) for one, other in combinations(parts, 2))
    assert layout.world.width >= min(size) / 3
    assert layout.world.height >= min(size) / 3
    if min(size) >= 240:
        assert layout.strip.height > 2 * layout.text
        assert bool(layout.panel.width) == panel


def test_blocks_fill_one_column_after_the_other() -> None:
    assert packed([5, 5, 5, 20], 10) == (3, [(0, 0), (0, 5), (1, 0), (2, 0)])
    assert packed([5, 5, 5, 20], 10, most=1) == (1, [(0, 0), (0, 5), (0, 10), (0, 15)])


def test_every_control_is_within_reach_in_every_shape_of_the_window(hand) -> None:
    user = hand()
    window, panel = user.window, user.window.panel
    for size in SHAPES:
        pygame.display.set_mode(size, pygame.RESIZABLE)
        panel.scrolled = 0
        user.frames(2)
        assert set(panel.buttons) == BUTTONS, size
        reached: set[Action | str] = set()
        for _ in range(100):
            for name, widget in [*panel.buttons.items(), *panel.sliders.items()]:
                place = Area(widget.getX(), widget.getY(), widget.getWidth(), widget.getHeight())
                if widget.isVisible() and inside(place, panel.area) and inside(place, Area(0, 0, *size)):
                    reached.add(name)
            if panel.scrolled == panel.hidden:
                break
            user.move((panel.area.left + 5, panel.area.top + 5))
            user.wheel(-1)
        assert reached == BUTTONS | set(panel.sliders), size
        assert apart(window.world, panel.area)
        if min(size) >= 300:
            assert panel.hidden == 0, size
            assert panel.chart.height >= 99, size
            assert inside(panel.chart, panel.area), size


def test_a_button_that_is_scrolled_to_does_what_it_says(hand) -> None:
    user = hand()
    pygame.display.set_mode((320, 240), pygame.RESIZABLE)
    user.frames(2)
    user.move((300, 100))
    user.wheel(-30)
    button = next(button for action, button in user.window.panel.buttons.items() if action.name == "photograph")
    user.click((button.getX() + 4, button.getY() + 4))
    assert [path.name for path in user.controller.folder.iterdir()] == ["fish.png"]


@pytest.mark.parametrize("size", SHAPES)
def test_the_help_fits_or_is_scrolled_to(screen: None, size: tuple[int, int]) -> None:
    shown, help, area = pygame.Surface(size), Help(), Area(0, 0, *size)
    text = laid_out(*size, [1], panel=True, strip=True).text
    found = help.draw(shown, area, text, frozenset())
    if min(size) >= 300:
        assert help.hidden == 0
        assert all(inside(place, area) for place, _ in found)
    assert all(place.height >= LEAST_SIZE for place, _ in found)
    assert all(apart(one, other) for (one, _), (other, _) in combinations(found, 2))
    read = {words for place, words in found if inside(place, area)}
    for _ in range(100):
        help.scroll(1)
        read |= {words for place, words in help.draw(shown, area, text, frozenset()) if inside(place, area)}
    assert read == {action.help for action in ACTIONS if action.help} | set(GROUPS)


def test_the_help_is_scrolled_by_keys_and_closed_by_a_click(hand) -> None:
    user = hand()
    pygame.display.set_mode((320, 240), pygame.RESIZABLE)
    user.key(pygame.K_h)
    level = user.controller.pace.level
    user.key(pygame.K_DOWN)
    user.wheel(-1)
    assert user.window.help._scrolled == 48
    assert user.controller.pace.level == level
    state = user.session.state
    user.controller.pace.paused = True
    user.click(user.window.world[:2])
    assert not user.controller.help
    assert user.session.step > 0 or user.session.state is state


USELESS_IN_LIFE = {
    *("turn", "undo", "next_colour", "previous_channel", "next_view", "learn", "save"),
    *(("look", view) for view in ("health", "channel", "tiles", "difference")),
}


def test_what_a_world_cannot_do_is_greyed_and_said_in_plain_words(hand) -> None:
    user = hand("life")
    user.controller.pace.paused = True
    controller, panel = user.controller, user.window.panel
    useless = {action for action in ACTIONS if controller.why_not(action)}
    assert {a.name if a.name != "look" else (a.name, a.argument) for a in useless} == USELESS_IN_LIFE
    assert "Channel" not in panel.sliders
    for action in useless & BUTTONS:
        button = panel.buttons[action]
        assert not button.isEnabled()
        controller.say("")
        user.click((button.getX() + 8, button.getY() + 8))
        assert controller.message == ""
        assert user.window._hint == controller.why_not(action)
    for action in useless:
        controller.say("")
        user.key(action.key, pygame.KMOD_CTRL * action.control | pygame.KMOD_SHIFT * bool(action.shift))
        assert controller.message == controller.why_not(action)
        assert "--" not in controller.message
        assert "allowed" not in controller.message
        assert not controller.warning
    assert (controller.view, controller.study.active, controller.session.step) == ("colour", False, 0)
    user = hand("fish")
    assert {action.name for action in ACTIONS if user.controller.why_not(action)} == {"undo"}
    user.click(user.pixel(20, 20))
    assert not [action for action in ACTIONS if user.controller.why_not(action)]


def test_a_world_that_lost_its_target_is_read_again_without_its_choices(tmp_path: Path) -> None:
    path = tmp_path / "a very long name of a folder" / "mine.toml"
    path.parent.mkdir()
    path.write_text('kind = "life"\ntitle = "Mine"\n[grid]\nsize = [8, 8]\n[rule]\nnotation = "B3/S23"\n')
    assert reopened_session(Request(str(path), which="anchor", angle=30.0)).simulation.name == "mine"
    path.write_text("nonsense")
    with pytest.raises(InputError) as caught:
        reopened_session(Request(str(path), which="anchor", angle=30.0))
    assert "mine.toml" in str(caught.value)
    assert "a very long name" not in str(caught.value)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize("name", ["UP.TOML", "Rule.SafeTensors"])
def test_capital_suffixes_are_opened(hand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    user, opened = hand("life"), []
    monkeypatch.setattr(user.controller, "open", opened.append)
    pygame.event.post(pygame.event.Event(pygame.DROPFILE, file=str(tmp_path / name)))
    user.frames()
    assert opened == [str(tmp_path / name)]


def test_messages_are_printable_and_fit(hand, tmp_path: Path) -> None:
    user = hand("life")
    name = "pic\x00\n\x1b[31m\udcff" + "long " * 60 + ".PNG"
    pygame.event.post(pygame.event.Event(pygame.DROPFILE, file=str(tmp_path / name)))
    user.frames(2)
    assert user.controller.warning
    assert user.controller.message.isprintable()
    assert len(user.controller.message) <= 240
    assert str(tmp_path) not in user.controller.message
    assert printable("a\x00b\nc 🦎") == "a?b c ?"
    words = "one two three four five six seven eight nine ten"
    for width in (60, 120, 200, 400):
        lines = wrapped(words, 16, width, 2)
        assert len(lines) <= 2
        assert all(width_of(line, 16) <= width for line in lines)
    assert wrapped(words, 16, 2000, 2) == [words]
    short = shortened(words, 16, 150)
    assert ELLIPSIS in short
    assert short.startswith("one")
    assert short.endswith("n")


def test_a_message_is_seen_although_texts_are_hidden_and_covers_nothing(hand) -> None:
    user = hand()
    user.key(pygame.K_x)
    user.controller.say("")
    user.frames()
    assert user.window.layout.strip.height == 0
    assert user.window.panel.chart.height == 0
    user.controller.say("look here", warning=True)
    user.frames(2)
    assert user.window.layout.strip.height > 0
    assert apart(user.window.layout.strip, user.window.world)


def test_title_and_icon(hand) -> None:
    user = hand("fish")
    assert pygame.display.get_caption()[0] == "ffnca: fish"
    user.controller.open("life")
    user.frames(2)
    assert pygame.display.get_caption()[0] == "ffnca: life"
    pixels = pygame.surfarray.array_alpha(icon())
    assert pixels.shape[0] == pixels.shape[1] >= 32
    assert 0.05 < (pixels > 128).mean() < 0.9


class Pupil(SimpleNamespace):
    """A learner that says nothing."""

    learning, alive, news = True, True, None

    def hear(self) -> None:
        return None

    def close(self) -> None:
        return None


def test_the_target_is_a_ghost_until_something_has_grown(hand) -> None:
    user = hand()
    user.controller.pace.paused = True
    user.controller.restart()
    picture = user.session.simulation.target.laid_out

    def on_screen() -> np.ndarray:
        user.frames()
        return np.swapaxes(pygame.surfarray.array3d(user.window.picture.surface), 0, 1).astype(int)

    empty = on_screen()
    user.controller.study._learner = Pupil()
    ghost = on_screen()
    body, target = picture[..., 3] > 0.9, over(picture).astype(int)
    changed = np.abs(ghost - empty).sum(-1) > 12
    assert changed[body].mean() > 0.95
    assert not changed[picture[..., 3] == 0].any()
    faint, full = np.abs(ghost - 255).mean(), np.abs(target - 255).mean()
    assert 0.1 * full < faint < 0.6 * full
    np.testing.assert_array_equal(user.session.frame("colour"), empty)  # recordings have no ghost
    user.key(pygame.K_g)
    assert not user.controller.ghost
    user.key(pygame.K_c)
    user.controller.study.learned = user.session.simulation.creature
    user.session.advance(120)
    for _ in range(24):
        user.frames()
    assert user.controller.judged.grown
    np.testing.assert_array_equal(on_screen(), user.session.frame("colour"))
    user.controller.study._learner = user.controller.study.learned = None


def test_how_long_a_learner_takes_to_start_is_said(tmp_path: Path) -> None:
    study = Study(tmp_path, 5.0)
    study._learner, study._began, study._usual_start = Pupil(), time.monotonic() - 10, 40.0
    assert study.starting == "learner is compiling, 10 s, about 30 s left"
    assert 0.24 < study.started_share < 0.3
    study._began -= 1000
    assert study.starting.endswith("longer than usual")
    assert study.started_share == 1
    study._learner.hear = lambda: SimpleNamespace(
        record={"rel_mse_200": 0.4312, "updates": 9}, need=SimpleNamespace(error=0.05)
    )
    study.hear()
    assert study._usual_start >= 1000  # the next start is likely to take as long
    assert study.verdict == "has not learned it yet, relative MSE 0.43; L goes on, S saves"
    study.learned.record["rel_mse_200"] = 0.0123
    assert study.verdict.startswith("has learned it, relative MSE 0.0123")


def surfaces(module_name: str) -> list[pygame.Surface]:
    """Surfaces in the caches of functions of a module."""
    found, waiting, seen = [], [], set()
    for function in vars(sys.modules[module_name]).values():
        waiting += [function] if hasattr(function, "cache_info") else []
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, pygame.Surface):
            found.append(one)
        elif hasattr(one, "cache_info") or isinstance(one, dict | tuple | list) or "lru" in type(one).__name__:
            waiting += [part for part in gc.get_referents(one) if not isinstance(part, type)]
    return found


def test_memory_does_not_grow_with_the_sizes_that_a_window_has_had(hand) -> None:
    user = hand()
    for number in range(40):
        pygame.display.set_mode((900 + 50 * number, 700 + 30 * number), pygame.RESIZABLE)
        user.key((pygame.K_h, pygame.K_w, pygame.K_t, pygame.K_ESCAPE)[number % 4], text="")
    kept = [surface for name in sys.modules if name.startswith("ffnca.view.") for surface in surfaces(name)]
    assert len(kept) > 20  # texts; so they are found
    assert sum(surface.get_width() * surface.get_height() * surface.get_bytesize() for surface in kept) < 16 * 2**20
    panel = user.window.panel
    assert len(WidgetHandler.getWidgets()) == len(panel.buttons) + len(panel.sliders)


def test_recordings_that_wait_to_be_written_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    size = 400 * 400 * 3  # as written
    monkeypatch.setattr("ffnca.view.recorder.MAX_BYTES", 6 * size)
    recorder, frame = Recorder(), np.zeros((8, 8, 3), np.uint8)
    released = threading.Event()
    recorder._writer.submit(released.wait)
    recorder.start(frame)
    assert recorder.add(frame)
    recorder.stop(tmp_path / "one.gif")
    recorder.start(frame)
    assert [recorder.add(frame) for _ in range(5)] == [True] * 3 + [False] * 2  # two wait
    recorder.stop(tmp_path / "two.gif")
    with pytest.raises(InputError, match="still being written"):
        recorder.start(frame)
    assert not recorder.on
    released.set()
    assert len(recorder.written(wait=True)) == 2
    recorder.start(frame)
    assert recorder.on
    recorder.close()


def test_worlds_that_nobody_waits_for_are_not_opened_and_compiled_code_is_not_kept_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opener, began, held = Opener(), threading.Event(), threading.Event()
    made: list[int] = []

    def session(number: int) -> SimpleNamespace:
        began.set()
        held.wait()
        made.append(number)
        shape = SimpleNamespace(shape=(number, 1, 1))
        return SimpleNamespace(simulation=SimpleNamespace(automaton=None), state=shape)

    opener.ask(lambda: session(0))
    began.wait()
    for number in range(1, 9):
        opener.ask(lambda number=number: session(number))
    held.set()
    opener._asked.result()
    assert opener.answer().state.shape == (8, 1, 1)
    assert made == [0, 8]
    cleared = []
    monkeypatch.setattr(opening.jax, "clear_caches", lambda: cleared.append(len(made)))
    for number in [9, 9, 9, *range(10, 9 + 2 * KINDS_COMPILED)]:
        opener.ask(lambda number=number: session(number))
        opener._asked.result()
        opener.answer()
    assert 1 <= len(cleared) <= 2
    gaps = [later - earlier for earlier, later in pairwise([0, *cleared])]
    assert min(gaps) > KINDS_COMPILED
    opener.close()
