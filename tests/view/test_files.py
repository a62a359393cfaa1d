"""What the window writes and reads: recordings, pictures, rules, world files, dropped files; and learning."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import Pipe, connection
from pathlib import Path
from types import SimpleNamespace

import imageio.v3 as imageio
import jax
import numpy as np
import pygame
import pytest
from PIL import Image

from ffnca.errors import InputError
from ffnca.opening import open_creature
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.recipe import Recipe
from ffnca.trainer import ROUNDS_PER_REPORT, RoundFigures
from ffnca.view.app import view_world
from ffnca.view.easel import Easel
from ffnca.view.learner import Learner, News
from ffnca.view.recorder import Recorder, fitted, unused_path
from ffnca.world import shipped_worlds


def drop(user, path: Path) -> None:
    pygame.event.post(pygame.event.Event(pygame.DROPFILE, file=str(path)))
    user.frames(2)


@pytest.mark.parametrize(("world", "suffix"), [("life", ".gif"), ("fish", ".webp"), ("fish", ".gif")])
def test_a_recording_decoded_is_the_frames_shown(hand, world: str, suffix: str) -> None:
    user = hand(world)
    controller = user.controller
    while controller.formats[0] != suffix:
        user.key(pygame.K_f)
    user.frames(20)
    controller.pace.shift(2)  # several steps a frame: every one of them is taken
    wanted = [user.session.frame("colour")]
    first, advance = user.session.step, user.session.advance

    def spied(num_steps: int) -> None:
        advance(num_steps)
        if num_steps:
            wanted.append(user.session.frame("colour"))

    user.session.advance = spied
    controller.record()
    user.frames(8)
    pygame.display.set_mode((500, 400), pygame.RESIZABLE)
    user.frames(4)
    controller.record()
    assert len(wanted) == user.session.step - first + 1
    assert len(wanted) > 12
    (line,) = controller.recorder.written(wait=True)
    path = controller.folder / f"{world}{suffix}"
    assert line == f"recorded {path}"
    frames = decoded(path, 40)
    assert len(frames) == len(wanted)
    if (world, suffix) == ("fish", ".gif"):  # 256 colours
        assert np.abs(frames.astype(int) - fitted(np.stack(wanted))).mean() < 2
    else:
        np.testing.assert_array_equal(frames, fitted(np.stack(wanted)))


def decoded(path: Path, milliseconds: int) -> np.ndarray:
    """Every frame as often as it is shown."""
    frames = []
    with Image.open(path) as animation:
        for index in range(animation.n_frames):
            animation.seek(index)
            animation.load()
            shown = round(animation.info["duration"] / milliseconds)
            frames += [np.asarray(animation.convert("RGB"))] * shown
    return np.stack(frames)


def test_mp4_has_every_frame(hand) -> None:
    user = hand("fish")
    user.frames(30)
    while user.controller.formats[0] != ".mp4":
        user.key(pygame.K_f)
    user.key(pygame.K_r)
    user.frames(25)
    user.key(pygame.K_r)
    user.controller.recorder.written(wait=True)
    frames = imageio.imread(user.controller.folder / "fish.mp4", plugin="pyav")
    assert len(frames) in (26, 27)
    last = fitted(user.session.frame("colour"))
    assert np.abs(frames[-1].astype(int) - last).mean() < 8


def test_a_recording_ends_when_the_picture_changes_size_and_at_the_end(hand) -> None:
    user = hand("fish")
    user.controller.record()
    user.frames(5)
    user.key(pygame.K_a)
    user.frames(2)
    assert not user.controller.recorder.on
    user.controller.record()
    user.frames(3)
    lines = user.controller.close()
    assert sorted(path.name for path in user.controller.folder.iterdir()) == ["fish-2.gif", "fish.gif"]
    assert any("fish-2.gif" in line for line in lines)
    with Image.open(user.controller.folder / "fish.gif") as animation:
        assert animation.n_frames >= 3


def test_a_recording_ends_before_what_is_written_grows_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffnca.view.recorder.MAX_BYTES", 5 * 400 * 400 * 3)
    recorder, frame = Recorder(), np.zeros((8, 8, 3), np.uint8)  # written as 400x400 pixels
    recorder.start(frame)
    assert [recorder.add(frame) for _ in range(6)] == [True] * 4 + [False] * 2
    recorder.close()


def test_a_recording_that_cannot_be_written_is_said(hand, tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.start(np.zeros((4, 4, 3), np.uint8))
    recorder.stop(tmp_path / "no-such-format.xyz")
    (line,) = recorder.close()
    assert line.startswith("not recorded")
    assert not list(tmp_path.iterdir())
    user = hand("fish")
    user.controller.folder = user.controller.study.folder = tmp_path / "gone"
    user.controller.record()
    for key in (pygame.K_p, pygame.K_s, pygame.K_r):
        user.controller.say("")
        user.key(key)
        assert user.controller.warning
        assert "gone" in user.controller.message
    assert user.controller.recorder.on  # nothing is lost
    (tmp_path / "gone").mkdir()
    user.key(pygame.K_r)
    # a frame may have said it already
    written = user.controller.recorder.written(wait=True) or [user.controller.message]
    assert written == [f"recorded {tmp_path / 'gone' / 'fish.gif'}"]


def test_names_are_never_taken_twice(tmp_path: Path) -> None:
    for name in ("a.gif", "a-2.gif", "a-3.gif"):
        path = unused_path(tmp_path, "a", ".gif")
        assert path.name == name
        path.touch()


def test_a_picture_is_what_is_shown(hand) -> None:
    user = hand("fish")
    user.frames(20)
    user.controller.pace.paused = True
    user.key(pygame.K_p)
    picture = np.asarray(Image.open(user.controller.folder / "fish.png"))
    np.testing.assert_array_equal(picture, fitted(user.session.frame("colour")))


def test_a_saved_rule_is_the_one_shown(hand) -> None:
    user = hand("fish")
    user.key(pygame.K_s)
    saved = Creature.load(user.controller.folder / "fish.safetensors")
    for old, new in zip(
        jax.tree.leaves(user.session.simulation.automaton), jax.tree.leaves(saved.automaton), strict=True
    ):
        np.testing.assert_array_equal(old, new)


def test_an_edited_world_is_reloaded_and_nonsense_keeps_the_last_good_one(hand, tmp_path: Path) -> None:
    world = tmp_path / "mine.toml"
    text = shipped_worlds()["life"].read_text(encoding="utf-8")
    world.write_text(text, encoding="utf-8")
    user = hand(str(world))
    user.frames(5)
    world.write_text(text.replace("B3/S23", "B36/S23"), encoding="utf-8")
    user.frames(40)
    assert user.session.simulation.world.rule.notation == "B36/S23"
    session = user.session
    world.write_text(text.replace("notation", "natation"), encoding="utf-8")
    user.frames(40)
    assert user.session is session
    assert user.controller.warning
    assert 'unknown key "natation"' in user.controller.message
    world.unlink()
    user.frames(40)
    world.write_text(text, encoding="utf-8")
    user.frames(40)
    assert user.session.simulation.world.rule.notation == "B3/S23"


def test_dropped_files(hand, tmp_path: Path) -> None:
    user = hand("fish")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for name in ("notes.txt", "broken.png", "gone.png", "broken.safetensors"):
        user.controller.message = ""
        drop(user, tmp_path / name)
        assert user.controller.warning, name
        assert name in user.controller.message
        assert user.session.simulation.name == "fish"
        assert not user.controller.study.learning
    drop(user, shipped_worlds()["highlife"])
    assert user.session.simulation.name == "highlife"


def test_the_easel_paints_where_the_pointer_is(hand) -> None:
    user = hand("fish")
    user.key(pygame.K_t)
    step = user.session.step
    easel: Easel = user.window.easel
    user.controller.take_colour(8)
    cell = easel.area.width / 24
    user.press((easel.area.left + 4.5 * cell, easel.area.top + 10.5 * cell))
    user.move((easel.area.left + 18.5 * cell, easel.area.top + 10.5 * cell))
    user.release()
    cells = user.controller.painting.cells
    assert (cells[10, 4:19, 3] == 1).all()
    assert cells[20].sum() == 0
    user.click((easel.area.left + 10.5 * cell, easel.area.top + 10.5 * cell), 3)
    assert cells[10, 10].sum() == 0
    swatch = easel.swatches[3]
    user.click((swatch.left + 4, swatch.top + 4))
    assert user.controller.colour == 3
    pygame.event.post(pygame.event.Event(pygame.TEXTINPUT, text="🐙"))
    user.frames()
    assert user.controller.painting.name == "🐙"
    pygame.event.post(pygame.event.Event(pygame.TEXTINPUT, text="⁂"))
    user.frames()
    assert user.controller.warning
    assert user.controller.painting.name == "🐙"
    user.key(pygame.K_BACKSPACE, text="\b")
    assert not cells[10].any() or not user.controller.painting.cells.any()
    user.key(pygame.K_RETURN, text="\r")
    assert "paint at least" in user.controller.message
    assert user.session.step == step  # the world waits meanwhile
    user.key(pygame.K_ESCAPE, text="\x1b")
    assert user.controller.painting is None
    assert not user.controller.closed


def test_beside_the_easel_nothing_is_touched_and_ctrl_q_quits(hand) -> None:
    user = hand("life")
    user.key(pygame.K_t)
    easel, before = user.window.easel, np.asarray(user.session.state)
    user.click((easel.area.left + easel.area.width + 40, easel.area.top + 40))
    np.testing.assert_array_equal(user.session.state, before)
    user.key(pygame.K_q, pygame.KMOD_CTRL, text="\x11")
    assert user.controller.closed


class Thread(threading.Thread):
    """Stands for the learner's process; `terminate` ends it at its next round."""

    turns = threading.Semaphore(0)

    def __init__(self, *, target: Callable, args: tuple, daemon: bool, name: str) -> None:
        pipe = connection.Connection(os.dup(args[0].fileno()))  # a process has a copy of its own
        super().__init__(target=target, args=(pipe, *args[1:]), daemon=daemon, name=name)
        self.ended = False

    def terminate(self) -> None:
        self.ended = True
        self.turns.release()

    def round(self, state, *given, **keys):
        """Nothing is learned, as soon as there is leave to."""
        self.turns.acquire()
        if self.ended:
            raise EOFError
        return state._replace(round=state.round + 1), RoundFigures(jax.numpy.zeros(()), jax.numpy.zeros(()))


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Learners are threads, and their rounds learn nothing; as many are done as are released."""
    turns = threading.Semaphore(0)
    monkeypatch.setattr(Thread, "turns", turns)
    monkeypatch.setattr("ffnca.view.learner.signal.signal", lambda *given: None)  # for processes, not for threads
    monkeypatch.setattr("ffnca.view.learner.os.nice", lambda steps: 0)
    monkeypatch.setattr("ffnca.view.learner.keep_memory", lambda: True)
    monkeypatch.setattr(
        "ffnca.view.learner.multiprocessing.get_context", lambda kind: SimpleNamespace(Pipe=Pipe, Process=Thread)
    )

    def train_round(*given, **keys):
        thread = threading.current_thread()
        assert isinstance(thread, Thread)
        return thread.round(*given, **keys)

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.train_round", train_round)
    return turns


def test_a_painted_target_is_learned_shown_and_saved_when_the_window_closes(hand, ffnca, tmp_path, rounds) -> None:
    user = hand("life", patient=False)
    user.key(pygame.K_t)
    user.controller.painting.paint((8, 8), (12, 12), 3.0, (0.8, 0.2, 0.1))
    user.key(pygame.K_RETURN, text="\r")
    study = user.controller.study
    assert study.learning
    learner = study._learner
    for number in (1, 2):
        rounds.release(ROUNDS_PER_REPORT)
        connection.wait([learner._pipe], 600)
        user.frames()
        assert study.times_heard == number, user.controller.message
        assert study.news.updates == number * ROUNDS_PER_REPORT * learner.creature.recipe.updates_per_round
    asked = user.controller.opener._asked
    assert asked is None or asked.result(600)  # its world may open after its rule was heard
    user.frames()
    shown = user.session.simulation.creature
    assert shown is study.learned
    assert user.session.simulation.name == "painting"
    user.key(pygame.K_l)
    assert not study.learning
    (line,) = [line for line in user.controller.close() if "saved" in line]
    assert not learner.alive
    path = tmp_path / "painting-learned.safetensors"
    assert line == f"saved {path}"
    assert Creature.load(path).record["updates"] == shown.record["updates"]
    code, out, err = ffnca("run", path, "--steps", 3, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["rel_mse"] is not None


@pytest.mark.slow
def test_a_painted_target_is_learned_in_another_process(hand, ffnca, tmp_path: Path, monkeypatch) -> None:
    little = Recipe(cells=64, displaced_share=0.0)  # to compile and compute
    monkeypatch.setattr(Creature, "for_picture", partial(Creature.for_picture, recipe=little, pool_size=16))
    user = hand("life", patient=False)
    user.key(pygame.K_t)
    user.controller.painting.paint((8, 8), (12, 12), 3.0, (0.8, 0.2, 0.1))
    user.key(pygame.K_RETURN, text="\r")
    assert user.controller.study.learning
    user.frames(2)
    learner = user.controller.study._learner
    while user.controller.study.times_heard < 2:
        connection.wait([learner._pipe, learner._process.sentinel], 3600)  # until it says something or is gone
        user.frames()
        assert learner._process.is_alive(), user.controller.message
    shown = user.session.simulation.creature
    assert shown is user.controller.study.learned
    assert user.session.simulation.name == "painting"
    assert user.controller.study.news.updates > 0
    user.key(pygame.K_l)
    assert not user.controller.study.learning
    (line,) = [line for line in user.controller.close() if "saved" in line]
    path = tmp_path / "painting-learned.safetensors"
    assert line == f"saved {path}"
    assert Creature.load(path).record["updates"] == shown.record["updates"]
    _, out, _ = ffnca("run", path, "--steps", 3, "--json")
    assert json.loads(out)["rel_mse"] is not None


def test_closing_while_the_learner_starts_leaves_nothing_behind(hand, tmp_path: Path) -> None:
    user = hand("fish")
    user.key(pygame.K_l)
    process = user.controller.study._learner._process
    assert process.is_alive()
    user.controller.close()
    assert not process.is_alive()
    assert not list(tmp_path.iterdir())


def test_a_learner_that_dies_is_said(hand) -> None:
    user = hand("fish")
    user.key(pygame.K_l)
    user.controller.study._learner._process.kill()
    user.controller.study._learner._process.join()
    user.frames(3)
    assert user.controller.warning
    assert "the learner has stopped" in user.controller.message
    assert not user.controller.study.learning
    user.controller.say("something else")
    user.frames(3)
    assert user.controller.message == "something else"


def test_the_last_rule_of_a_learner_comes_before_what_it_died_of() -> None:
    learner = Learner(open_creature("fish").untaught())
    learner.close()
    learner._pipe, theirs = Pipe()
    leaves = tuple(np.asarray(leaf) for leaf in jax.tree.leaves(learner.creature.automaton))
    for news in (News(leaves, {"updates": 1}), News(leaves, {"updates": 2}), News(error="ValueError: the real cause")):
        theirs.send(news)
    theirs.close()
    assert learner.hear().record == {"updates": 2}
    with pytest.raises(InputError, match="the real cause"):
        learner.hear()
    assert learner.hear() is None
    assert not learner.learning


def test_a_learned_rule_that_was_saved_turned_is_saved_once(hand) -> None:
    user = hand("fish")
    study, fish = user.controller.study, user.session.simulation.creature
    study.learned, study._unsaved, study._name = fish, True, "fish"
    user.key(pygame.K_RIGHT)
    user.frames(2)
    assert user.session.angle == 15
    user.key(pygame.K_s)
    assert study.end() == []


def test_after_learning_a_large_stroke_does_not_start_again(hand) -> None:
    user = hand("fish")
    user.frames(20)
    user.controller.study.learned = user.session.simulation.creature
    user.session.begin_stroke()
    user.session.state = user.session.state.at[..., :4].set(1.0)
    step = user.session.step
    user.frames(30)
    assert user.session.step == step + 30
    assert user.session.undo()


def test_headless_frames_from_the_command_line(ffnca, tmp_path: Path) -> None:
    code, out, err = ffnca("view", "life", "--headless-frames", 70, "--out", tmp_path, "--json")
    assert (code, err) == (0, "")
    figures = json.loads(out)
    assert figures["frames"] == 70
    assert figures["steps"] == 70
    assert 0 < figures["median_ms"] <= figures["p95_ms"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frame-000060.png", "frame-000070.png"]
    with Image.open(tmp_path / "frame-000070.png") as shot:
        assert shot.size == (1120, 800)
        assert len(shot.getcolors(10**6)) > 20


def test_ctrl_c_ends_the_window_and_saves(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ffnca", "view", "life", "--headless-frames", "1000000", "--out", str(tmp_path)]
    window = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.iterdir()) and window.poll() is None:
        time.sleep(0.1)
    window.send_signal(signal.SIGINT)
    _, err = window.communicate()
    assert window.returncode == 130
    assert err.splitlines() == ["ffnca: interrupted"]


def test_view_world_returns_the_step_of_headless_frames(tmp_path: Path) -> None:
    figures = view_world(Request("life"), num_frames=5, folder=tmp_path)
    assert (figures["frames"], figures["steps"]) == (5, 5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["view", "life"], "no display"),
        (["view", "lifes", "--headless-frames", "2"], "did you mean life"),
        (["view", "fish", "--size", "9", "--headless-frames", "2"], "too small"),
    ],
)
def test_bad_input_is_one_line(ffnca, tmp_path: Path, monkeypatch, arguments: list[str], words: str) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = ffnca(*arguments)
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())
