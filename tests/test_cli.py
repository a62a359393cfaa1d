"""The command line as a user meets it: figures, files, and one line for every kind of bad input."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from ffnca.errors import Stopped
from ffnca.run_folder import RunFolder
from ffnca.systems.growth import evaluate
from ffnca.systems.growth.recipe import Recipe
from ffnca.trainer import RoundFigures
from ffnca.world import shipped_patterns, shipped_worlds

pytestmark = pytest.mark.computes

LITTLE: dict[str, Any] = {
    **{"pool_batch": 2, "teacher_batch": 2, "cells": 64, "margin": 2},
    **{"displaced_share": 0.0},
}
"""A recipe with little to compile and compute."""
MAIN = "from ffnca.cli import main; main()"
LITTLE_MAIN = (
    "from ffnca.systems.growth import creature, recipe\n"
    f"creature.fitted_recipe = lambda *given: recipe.Recipe(**{LITTLE})\n"
    f"{MAIN}"
)
PATIENCE = 600
"""Seconds, for what takes a few where nothing else runs."""
COMMANDS = ("worlds", "run", "view", "train", "grow", "export", "import", "eval", "bench", "demo")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A world that trains in seconds."""
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[1:9, 2:8] = [200, 90, 30, 255]
    Image.fromarray(pixels).save(tmp_path / "block.png")
    world = tmp_path / "tiny.toml"
    world.write_text(
        'kind = "growth"\ntitle = "Tiny"\n[grid]\nsize = [16, 16]\n[rule]\nhidden = [16]\n'
        '[target]\nimage = "block.png"\nsize = 10\n[train]\npool_size = 16\nminutes = 0.1\n'
    )
    return world


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules are trained by a recipe with little to do."""
    monkeypatch.setattr("ffnca.systems.growth.creature.fitted_recipe", lambda *given: Recipe(**LITTLE))


def _one_line(code: int, out: str, err: str, *parts: str) -> None:
    assert code == 2, (out, err)
    assert err.startswith("ffnca: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for part in parts:
        assert part in err


def test_help_lists_what_is_there_and_nothing_else(ffnca) -> None:
    code, out, _ = ffnca("--help")
    assert code == 0
    for name in COMMANDS:
        assert f" {name} " in out
    code, _, err = ffnca()
    assert (code, err) == (2, out)
    assert "..." not in out.replace("[ARGS]...", "")  # nothing is cut at 80 columns


@pytest.mark.parametrize("words", [("--help",), ("worlds",), ("worlds", "--json")])
def test_help_and_worlds_import_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.argv = ['ffnca', *{words!r}]\nfrom ffnca.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'jax', 'flax', 'optax', 'matplotlib', 'scipy', 'orbax', 'pygame'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_worlds_json_names_every_world(ffnca) -> None:
    code, out, _ = ffnca("worlds", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["name"] for row in rows] == [*sorted(shipped_worlds()), *sorted(shipped_patterns())]
    assert {"name", "kind", "size", "trained", "hand_wired"} <= set(rows[0])
    assert sum(row["trained"] is True for row in rows) >= 6


def test_run_prints_the_contract_and_writes_the_state(ffnca, tmp_path: Path) -> None:
    code, out, _ = ffnca("run", "lizard", "--steps", 60, "--json", "--out", tmp_path / "state.npz")
    figures = json.loads(out)
    assert code == 0
    figured = {"world", "steps", "seconds", "steps_per_second", "cell_updates_per_second", "rel_mse", "measures"}
    assert set(figures) == figured
    with np.load(tmp_path / "state.npz") as arrays:
        assert arrays["state"].dtype == np.float32
        assert arrays["state"].shape == (72, 72, 16)
        assert arrays["target"].shape == (72, 72, 4)
        assert int(arrays["step"]) == 60
        assert int(arrays["seed"]) == 0
        error = np.mean((arrays["state"][..., :4] - arrays["target"]) ** 2) / np.mean(arrays["target"] ** 2)
        living = int((arrays["state"][..., 3] > 0.1).sum())
    assert figures["rel_mse"] == pytest.approx(error, rel=1e-4)
    assert figures["rel_mse"] < 0.1
    measures = figures["measures"]
    assert set(measures) == {"population", "relative_mse", "mean_goodness"}
    assert (measures["population"], measures["relative_mse"]) == (living, figures["rel_mse"])
    assert -0.5 < measures["mean_goodness"] < 0


def test_run_on_another_size_and_on_life(ffnca) -> None:
    code, out, _ = ffnca("run", "lizard", "--steps", 60, "--size", "60x90", "--json")
    assert code == 0
    assert json.loads(out)["rel_mse"] < 0.2
    code, out, _ = ffnca("run", "life", "--steps", 5, "--size", "128", "--json", "--out", "S.NPZ")
    assert code == 0
    assert json.loads(out)["rel_mse"] is None
    with np.load("S.NPZ") as arrays:
        assert json.loads(out)["measures"] == {"population": int(arrays["state"].sum())}


def test_eval_prints_the_contract(ffnca, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: stress._replace(num_trials=2) for name, stress in evaluate.STRESSES.items()}
    monkeypatch.setattr(evaluate, "STRESSES", few)
    monkeypatch.setattr(evaluate, "NUM_SEEDS", 2)
    code, out, _ = ffnca("eval", "ghost", "--json", "--out", "stress.png")
    table = json.loads(out)
    assert code == 0
    with Image.open("stress.png") as sheet:
        assert sheet.width > 6 * 96
        assert sheet.height > 6 * 96
    assert set(table) == {"empty_mse", "rel_mse", "stress", "goodness_auroc", "params"}
    assert set(table["rel_mse"]) == {"100", "200", "500", "1000", "2000"}
    assert set(table["stress"]) == {"disc", "half", "quarter_left", "centre", "noise", "cut"}
    for stress in table["stress"].values():
        assert set(stress) == {"trials", "healed", "median_rel_mse"}
        assert 0 <= stress["healed"] <= stress["trials"]
    assert table["rel_mse"]["200"] <= 0.01
    assert table["rel_mse"]["2000"] <= 0.01
    assert table["goodness_auroc"] > 0.9


def test_which_of_several_targets_grows(ffnca) -> None:
    errors, last = {}, {}
    for name in ("fish", "cactus"):
        code, out, _ = ffnca("run", "menagerie", "--which", name, "--json", "--out", "state.npz")
        assert code == 0
        errors[name] = json.loads(out)["rel_mse"]
        with np.load("state.npz") as saved:
            last[name] = saved["state"][..., :4], saved["target"]
    assert max(errors.values()) <= 0.02
    (fish, fish_target), (_, cactus_target) = last["fish"], last["cactus"]
    assert np.square(fish - cactus_target).mean() > 10 * np.square(fish - fish_target).mean()
    first = [ffnca("run", "menagerie", "--steps", 9, "--json", *words)[1] for words in ((), ("--which", "anchor"))]
    assert json.loads(first[0])["rel_mse"] == json.loads(first[1])["rel_mse"]


@pytest.mark.slow
def test_the_lizard_is_as_good_as_promised(ffnca) -> None:
    _, out, _ = ffnca("eval", "lizard", "--json")
    table = json.loads(out)
    assert max(table["rel_mse"]["200"], table["rel_mse"]["2000"]) <= 0.01
    assert {name: stress["trials"] for name, stress in table["stress"].items()} == {
        "disc": 48,
        "half": 16,
        "quarter_left": 16,
        "centre": 16,
        "noise": 16,
        "cut": 16,
    }
    assert table["stress"]["disc"]["healed"] >= 45
    assert table["goodness_auroc"] >= 0.97


@pytest.mark.usefixtures("little")
def test_train_leaves_a_whole_run_behind_and_its_rule_runs(ffnca, tiny: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    code, out, err = ffnca("train", tiny, "--out", run, "--updates", 200)
    _says_whether_it_learned(code, out, err)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["updates"] for row in rows] == [100, 200]
    for name in ("curve.png", "preview.png"):
        with Image.open(run / name) as picture:
            assert min(picture.size) > 30
    code, out, _ = ffnca("run", run / "rule.safetensors", "--steps", 10, "--json")
    assert code == 0
    assert json.loads(out)["rel_mse"] is not None
    _one_line(*ffnca("train", tiny, "--out", run, "--updates", 200), "--resume")
    code, out, err = ffnca("train", tiny, "--out", run, "--updates", 200, "--resume")
    _says_whether_it_learned(code, out, err)
    assert "nothing left to do" in out
    _one_line(*ffnca("train", tiny, "--out", run, "--seed", 1, "--resume"), "seed 0, not 1")


@pytest.mark.usefixtures("little")
def test_killed_and_resumed_equals_never_killed(ffnca, tiny: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    _says_whether_it_learned(*ffnca("train", tiny, "--out", whole, "--updates", 300))
    words = ["train", str(tiny), "--out", str(killed), "--updates", "300"]
    at_the_second_report = (
        "import itertools, os, signal, ffnca.run_folder as folders\n"
        "previews, preview = itertools.count(1), folders.RunFolder.preview\n"
        "def last_preview(*given):\n"
        "    os.kill(os.getpid(), signal.SIGKILL) if next(previews) == 2 else preview(*given)\n"
        "folders.RunFolder.preview = last_preview\n"
    )
    process = subprocess.run([sys.executable, "-c", at_the_second_report + LITTLE_MAIN, *words])
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in (killed / "checkpoints").glob("[0-9]*")] == ["25"]
    _says_whether_it_learned(*ffnca(*words, "--resume"))
    assert (killed / "rule.safetensors").exists()
    rows = [[json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()] for run in (whole, killed)]
    assert [row["updates"] for row in rows[1]] == [row["updates"] for row in rows[0]] == [100, 200, 300]
    assert rows[1][-1]["loss"] == rows[0][-1]["loss"]
    assert rows[1][-1]["measured"] == rows[0][-1]["measured"]
    (killed / "rule.safetensors").unlink()
    _one_line(*ffnca(*words, "--resume"), "rule.safetensors", "ended")


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_saves_and_exits_130(tiny: Path, tmp_path: Path, number: signal.Signals) -> None:
    run = tmp_path / "run"
    words = ["train", str(tiny), "--out", str(run), "--minutes", "5"]
    process = subprocess.Popen([sys.executable, "-c", LITTLE_MAIN, *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not (run / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err.count("\n") == 1
    assert str(run / "rule.safetensors") in err
    assert f"ffnca {shlex.join(words)} --resume" in err
    assert any((run / "checkpoints").glob("[0-9]*"))
    assert (run / "rule.safetensors").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_ctrl_c_ends_a_long_run_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    words = ["run", "life", "--steps", "10000000", "--out", str(tmp_path / "state.npz")]
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # not so behind `&` of a shell
    command = [sys.executable, "-c", f"{heard}; from ffnca.cli import main; main()", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + PATIENCE
        while not any(tmp_path.iterdir()) and time.monotonic() < deadline:  # the file is made just before the steps
            time.sleep(0.05)
        process.send_signal(number)
        try:
            _, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, err) == (130, "ffnca: interrupted\n")
    assert not any(tmp_path.iterdir())


@pytest.fixture
def blue(tmp_path: Path) -> Path:
    """A picture to grow."""
    pixels = np.zeros((9, 9, 4), np.uint8)
    pixels[1:8, 1:8] = [20, 120, 230, 255]
    Image.fromarray(pixels).save(tmp_path / "blue.png")
    return tmp_path / "blue.png"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Rounds that change nothing but their number, and measurements that give the first of these errors."""
    errors = [0.66]

    def growth(automaton, bodies, *, key):
        found = {"rel_mse_200": errors[0], "rel_mse_600": errors[0]}
        return found, jnp.zeros((1, *bodies.each.picture.shape[-3:-1], 16))

    def train_round(state, *given, **keys):
        return state._replace(round=state.round + 1), RoundFigures(jnp.zeros(()), jnp.zeros(()))

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.measured", growth)
    monkeypatch.setattr("ffnca.systems.growth.local_trainer.train_round", train_round)
    return errors


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The animation and the sheet of a growth are empty files."""
    monkeypatch.setattr("ffnca.train_commands.story", lambda rule, paths, **how: [path.touch() for path in paths])


def _says_whether_it_learned(code: int, out: str, err: str) -> None:
    assert code in (0, 1)
    assert ("learned, relative MSE" in out) == (code == 0)
    assert (code == 1) == ("has not learned yet" in err and "go on with: ffnca " in err)


def _go_on(err: str) -> list[str]:
    return shlex.split(err.partition("go on with: ")[2])[1:]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_grow_says_that_it_has_not_learned_and_goes_on_until_it_has(ffnca, blue: Path, measured, tmp_path) -> None:
    code, out, err = ffnca("grow", blue.name, "--size", 9, "--updates", 50)
    _says_whether_it_learned(code, out, err)
    assert code == 1
    assert "0.6600" in err
    assert "52 updates of about 1000 that 9 cells need" in err
    grown = [f"blue-grown{suffix}" for suffix in (".gif", ".png", ".run", ".safetensors")]
    assert _names(tmp_path) == [
        "blue-grown.gif",
        "blue-grown.png",
        "blue-grown.run",
        "blue-grown.safetensors",
        "blue.png",
    ]
    with Image.open(tmp_path / "blue-grown.gif") as animation:
        assert animation.n_frames > 1  # pyright: ignore[reportAttributeAccessIssue]
    with Image.open(blue) as picture:
        assert picture.size == (9, 9)  # the target itself is never overwritten

    code, out, _ = ffnca(*_go_on(err)[:-3], "--resume")  # no more budget
    assert code == 1
    assert "nothing left to do" in out
    assert "replaced" not in out

    measured[0] = 0.01
    words = _go_on(err)
    assert words[:4] == ["grow", "blue.png", "--size", "9"]
    assert words[-3:] == ["--updates", "1000", "--resume"]
    code, out, err = ffnca(*words[:-3], "--updates", 100, "--resume")
    assert (code, err) == (0, "")
    assert "learned, relative MSE 0.0100" in out
    assert f"replaced: {', '.join(grown[:2])}, {grown[3]}" in out
    assert _names(tmp_path) == sorted([*grown, "blue.png"])


@pytest.mark.usefixtures("untold")
def test_grow_says_what_must_be_said_of_a_target_once(ffnca, measured, tmp_path: Path, monkeypatch) -> None:
    measured[0] = 0.01
    code, _, err = ffnca("grow", "🐟", "--size", 12, "--updates", 4)
    credit = "All emojis designed by OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0"
    assert (code, err) == (0, f"ffnca: {credit}\n")

    def begin(*given):
        raise Stopped("enough")

    monkeypatch.setattr("ffnca.train_commands._train", begin)
    Image.new("RGB", (20, 20), (250, 250, 250)).save(tmp_path / "plain.png")
    with Image.open(tmp_path / "plain.png") as drawn:
        drawn.paste((200, 30, 30), (5, 5, 15, 15))
        drawn.save(tmp_path / "plain.png")
    _, _, err = ffnca("grow", "plain.png", "--size", 20)
    warning, _ = err.splitlines()
    assert "plain.png" in warning
    assert "--cut-background" in warning
    _, _, err = ffnca("grow", "plain.png", "--size", 20, "--cut-background")
    assert err == "ffnca: enough\n"
    _one_line(*ffnca("grow", "🐟", "--size", 12, "--cut-background"), "background")


def test_training_says_when_size_chooses_the_objective(ffnca, tmp_path: Path, monkeypatch) -> None:
    """Of rules that learn how codes are passed on; the others need no other objective for large bodies."""

    def begin(*given):
        raise Stopped("enough")

    monkeypatch.setattr("ffnca.train_commands._train", begin)
    world = 'kind = "growth"\ntitle = "Fish"\ngrid.size = [60, 60]\nrule.transport = "{}"\n[target]\nemoji = "🐟"\n'
    for transport, size, num_lines in (("learned", 42, 1), ("learned", 43, 2), ("exact", 43, 1)):
        (tmp_path / "fish.toml").write_text(world.format(transport) + f"size = {size}\n")
        _, _, err = ffnca("train", "fish.toml")
        assert len(err.splitlines()) == num_lines
        assert ("of 43, are trained by distance in place of ascent" in err) == (num_lines == 2)


@pytest.mark.usefixtures("untold")
def test_grow_replaces_nothing_unasked(ffnca, blue: Path, measured, tmp_path: Path) -> None:
    measured[0] = 0.01
    short = ("grow", blue.name, "--size", 9, "--updates", 4)
    (tmp_path / "blue-grown.png").write_text("mine")
    assert "blue-grown-2.gif" in ffnca(*short)[1]
    assert (tmp_path / "blue-grown.png").read_text() == "mine"
    before = (tmp_path / "blue.png").read_bytes()
    _one_line(*ffnca(*short, "--out", "blue.gif"), "overwrite")
    assert (tmp_path / "blue.png").read_bytes() == before

    (tmp_path / "a.png").write_text("asked for")
    code, out, _ = ffnca(*short, "--out", "a.gif")
    assert (code, "replaced: a.png\n" in out) == (0, True)
    code, out, _ = ffnca(*short, "--out", "a.gif")
    assert (code, "replaced: a.gif, a.png, a.safetensors, a.run" in out) == (0, True)
    (tmp_path / "a.safetensors").unlink()  # as after Ctrl-C
    _one_line(*ffnca(*short, "--out", "a.gif"), "a.run", "--resume")

    for folder in ("made/deep/", "made", "other"):
        code, out, _ = ffnca(*short, "--out", folder)
        assert code == 0
        assert out.startswith(str(Path(folder) / "blue-grown.gif"))
    (tmp_path / "file").touch()
    _one_line(*ffnca(*short, "--out", "file"), "file")
    _one_line(*ffnca(*short, "--out", "/dev/null"), "/dev/null")


def test_what_stops_grow_is_in_a_folder_and_the_command_that_goes_on_is_said(
    ffnca, blue: Path, measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured[0] = 0.01
    monkeypatch.setattr(RunFolder, "preview", lambda *given: os.kill(os.getpid(), signal.SIGTERM))
    code, out, err = ffnca("grow", blue.name, "--size", 9, "--updates", 200, "--out", "b c.gif")
    assert (code, out, err.count("\n")) == (130, "", 1)
    assert "b c.run/rule.safetensors" in err
    assert _names(tmp_path) == ["b c.run", "blue.png"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    words = _go_on(err)
    assert words == ["grow", "blue.png", "--size", "9", "--out", "b c.gif", "--updates", "200", "--resume"]


def test_export_gif_is_the_same_in_two_processes(tmp_path: Path) -> None:
    for name in ("one.gif", "two.gif"):  # neither here, where other tests have compiled with less or more optimisation
        words = ["export", "fish", name, "--steps", "40", "--wound", "30", "--scale", "2"]
        subprocess.run([sys.executable, "-c", MAIN, *words], check=True, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    with Image.open(tmp_path / "one.gif") as animation:
        assert animation.size == (96, 96)


@pytest.mark.parametrize("show", ["goodness", "channel:1"])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".apng"])
def test_export_views_and_formats(ffnca, tmp_path: Path, show: str, suffix: str) -> None:
    out = tmp_path / f"view{suffix}"
    code, _, err = ffnca("export", "lizard", out, "--steps", 12, "--show", show, "--scale", 1)
    assert (code, err) == (0, "")
    with Image.open(out) as picture:
        picture.seek(getattr(picture, "n_frames", 1) - 1)
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 2


@pytest.mark.parametrize(
    "suffix", [".gif", ".mp4", *(pytest.param(suffix, marks=pytest.mark.slow) for suffix in (".png", ".webp", ".apng"))]
)
def test_export_in_liked_colours(ffnca, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "liked.json").write_text('{"liked": ["#ff8800"], "disliked": ["#00ff00"], "seed": 1}')
    outs = [tmp_path / f"{name}{suffix}" for name in ("plain", "liked", "again")]
    for out, words in zip(outs, ((), *(("--palette", "liked.json"),) * 2), strict=True):
        code, _, err = ffnca("export", "lizard", out, "--steps", 30, "--scale", 1, *words)
        assert (code, err) == (0, "")
    assert outs[0].read_bytes() != outs[1].read_bytes() == outs[2].read_bytes()
    if suffix != ".mp4":
        green, orange = (_last_frame(out) for out in outs[:2])
        assert green.shape == orange.shape
        assert (green[0, 0] == 255).all()
        assert (orange[0, 0] == 255).all()
        assert ((green[..., 1] - green[..., 0]) > 10).sum() > 50
        assert ((orange[..., 1] - orange[..., 0]) > 10).sum() == 0


def _last_frame(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        picture.seek(getattr(picture, "n_frames", 1) - 1)
        return np.asarray(picture.convert("RGB")).astype(int)


def test_demo_writes_its_files(ffnca, tmp_path: Path) -> None:
    code, out, _ = ffnca("demo")
    assert code == 0
    assert "heal" in out
    for name in ("demo.gif", "demo.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 100


BAD = [
    (("run", "lizzard"), ("lizzard", "lizard")),
    (("run", "no-such.toml"), ("no-such.toml",)),
    (("run", "lizard", "--steps", -1), ("steps",)),
    (("run", "lizard", "--size", "0"), ("size",)),
    (("run", "lizard", "--size", "-5"), ("size",)),
    (("run", "lizard", "--size", "100000"), ("size",)),
    (("run", "lizard", "--size", "axb"), ("size",)),
    (("run", "lizard", "--size", "9" * 5000), ("size",)),
    (("run", "lizard", "--size", "20"), ("too small",)),
    (("run", "lizard", "--seed", "x"), ("seed",)),
    (("run", "lizard", "--out", "nowhere/state.npz"), ("nowhere",)),
    (("run", "lizard", "--out", "state.txt"), (".npz",)),
    (("run",), ("WORLD",)),
    (("fly",), ("fly",)),
    (("run", "lizard", "--wings"), ("--wings",)),
    (("train", "life"), ("life", "growth")),
    (("train", "lizard", "--minutes", 0), ("--minutes",)),
    (("train", "lizard", "--minutes", "nan"), ("--minutes",)),
    (("train", "lizard", "--updates", 0), ("--updates",)),
    (("train", "lizard", "--updates", 5, "--minutes", 1), ("one of the two",)),
    (("train", "lizard", "--objective", "guess"), ("guess", "ascent", "distance")),
    (("train", "lizard", "--resume"), ("no run",)),
    (("grow", "lizard", "--minutes", 1), ("lizard",)),
    (("grow", "🦎", "--minutes", 0), ("--minutes",)),
    (("grow", "🦎", "--size", 3, "--minutes", 1), ("size",)),
    (("grow", "🦎", "--minutes", 1, "--out", "a.mp3"), (".gif",)),
    (("grow", "🦎", "--out", "/dev/null/a.gif"), ("/dev/null",)),
    (("grow", "🦎", "--updates", 5, "--minutes", 1), ("one of the two",)),
    (("grow", "🦎", "--resume"), ("lizard.run", "no run")),
    (("view", "life", "--which", "fish", "--headless-frames", 1, "--out", "shots"), ("--which", "life")),
    (("grow", "missing.png", "--minutes", 1), ("missing.png",)),
    (("grow", "empty.png", "--minutes", 1), ("empty.png",)),
    (("grow", "clear.png", "--minutes", 1), ("clear.png",)),
    (("grow", "huge.png", "--minutes", 1), ("huge.png",)),
    (("grow", "cut.png", "--minutes", 1), ("cut.png",)),
    (("grow", "./folder", "--minutes", 1), ("folder",)),
    (("export", "lizard", "a.avi"), (".gif",)),
    (("export", "lizard", "a.gif", "--fps", 0), ("fps",)),
    (("export", "lizard", "a.gif", "--wound", "soon"), ("--wound",)),
    (("export", "lizard", "a.gif", "--wound", "300"), ("--wound",)),
    (("export", "life", "a.gif", "--wound", "2:1,1,1e200"), ("--wound",)),
    (("export", "life", "a.gif", "--wound", "2:1,1,-3"), ("--wound", "above 0")),
    (("export", "life", "a.gif", "--fps", "1e-320"), ("fps", "0.001")),
    (("export", "lizard", "a.gif", "--show", "smell"), ("--show",)),
    (("export", "lizard", "a.gif", "--show", "channel:16"), ("channel:15",)),
    (("export", "life", "a.gif", "--show", "goodness"), ("goodness",)),
    (("export", "lizard", "folder", "--steps", 1), ("folder",)),
    (("export", "lizard", "a.gif", "--palette", "none.json"), ("none.json", "no such file")),
    (("export", "lizard", "a.gif", "--palette", "odd.json"), ("odd.json", "liked[1]", "#rrggbb")),
    (("export", "lizard", "a.gif", "--palette", "liked.json", "--show", "goodness"), ("--palette", "colour")),
    (("export", "life", "a.gif", "--palette", "liked.json"), ("--palette", "growth")),
    (("run", "menagerie", "--which", "dragon"), ("--which", "dragon", "anchor, butterfly, cactus")),
    (("export", "lizard", "a.gif", "--which", "fish"), ("--which", "single")),
    (("view", "life", "--which", "fish", "--headless-frames", 1), ("--which", "life")),
    (("run", "life", "--angle", "90"), ("--angle 90", "life")),
    (("run", "lizard", "--size", "42", "--angle", "20"), ("42x42", "too small", "at least")),
    (("run", "lizard", "--angle", "nan"), ("--angle", "nan")),
    (("run", "lizard", "--angle", "400"), ("--angle", "400", "360")),
    (("eval", "life"), ("life", "growth")),
    (("eval", "lizard", "--out", "stress.jpg"), ("stress.jpg", ".png")),
    (("eval", "lizard", "--out", "nowhere/stress.png"), ("nowhere",)),
    (("eval", "other.toml"), ("no trained rule",)),
    (("run", "cut.safetensors"), ("cut.safetensors",)),
    (("run", "text.safetensors"), ("text.safetensors",)),
]


@pytest.mark.parametrize(("words", "parts"), BAD, ids=[" ".join(map(str, words)) for words, _ in BAD])
def test_bad_input_is_one_line_and_leaves_nothing(ffnca, tmp_path: Path, words, parts) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.safetensors").write_text("not a rule")
    (tmp_path / "liked.json").write_text('{"liked": ["#ff8800"]}')
    (tmp_path / "odd.json").write_text('{"liked": ["#ff8800", "orange"]}')
    world = 'kind = "growth"\ntitle = "O"\n[grid]\nsize=[40,40]\n[target]\nemoji="🐟"\nsize=20'
    (tmp_path / "other.toml").write_text(world)
    rule = next(shipped_worlds()["lizard"].parent.glob("rules/lizard.safetensors"))
    (tmp_path / "cut.safetensors").write_bytes(rule.read_bytes()[:5000])
    Image.new("RGBA", (20, 20)).save(tmp_path / "clear.png")
    Image.new("1", (20_000, 10)).save(tmp_path / "huge.png")
    Image.new("RGB", (64, 64), (9, 9, 99)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:90])
    before = sorted(tmp_path.rglob("*"))
    _one_line(*ffnca(*words), *parts)
    assert not [path for path in tmp_path.rglob("*") if path not in before]


def test_folders_for_the_window_are_made(ffnca, tmp_path: Path) -> None:
    code, out, _ = ffnca("view", "life", "--headless-frames", 1, "--out", "made/shots")
    assert code == 0
    assert "frame-000001.png" in out
    assert _names(tmp_path / "made" / "shots") == ["frame-000001.png"]


@pytest.mark.parametrize("asked", ["", "1"])
def test_what_nobody_foresaw_is_one_line(ffnca, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    def fail() -> None:
        raise RuntimeError("a cell\nhas left")

    monkeypatch.setattr("ffnca.listing.list_worlds", fail)
    monkeypatch.setenv("FFNCA_TRACEBACK", asked)
    code, _, err = ffnca("worlds")
    assert code == 1
    assert err.splitlines()[-1].startswith("ffnca: RuntimeError: a cell")
    assert "FFNCA_TRACEBACK" in err
    assert ("Traceback" in err, err.count("\n") == 1) == (bool(asked), not asked)


def test_messages_that_repeat_what_was_typed_are_short_and_printable(ffnca) -> None:
    for words in (
        ("run", "lizard", "--size", "9" * 5000),
        ("run", "\x1b[31mred\x07" + "x" * 3000),
        ("run", "life", "--steps", "9" * 3000 + "\x1b"),
        ("grow", "\u202e\u200b🐟" * 900),
        ("worlds", "--" + "y" * 3000),
        ("x" * 4000,),
    ):
        code, out, err = ffnca(*words)
        _one_line(code, out, err)
        assert len(err) < 2000
        assert err[:-1].isprintable() or "\u200d" in err


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"JAX_PLATFORMS": "cuda"}, ("JAX_PLATFORMS=cuda", "cpu")),
        pytest.param({"JAX_PLATFORM_NAME": "cuda"}, ("JAX_PLATFORM_NAME=cuda", "cpu"), marks=pytest.mark.slow),
        ({"JAX_DEBUG_NANS": "maybe"}, ("JAX_DEBUG_NANS=maybe", "cannot be used")),
        ({"XLA_FLAGS": "--xla_nonsense=1"}, ("XLA_FLAGS", "--xla_nonsense")),
    ],
)
def test_a_machine_that_jax_cannot_use_is_one_line(settings: dict[str, str], parts: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "ffnca", "run", "life", "--steps", "1"]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)
    _one_line(done.returncode, done.stdout, done.stderr, *parts)


def test_settings_of_jax_for_other_programs_change_nothing(ffnca, tmp_path: Path) -> None:
    strict = {
        "JAX_ENABLE_X64": "1",
        "JAX_NUMPY_RANK_PROMOTION": "raise",
        "JAX_TRANSFER_GUARD": "disallow",
        "JAX_DEBUG_NANS": "1",
        "JAX_DEFAULT_PRNG_IMPL": "rbg",
    }
    words = ["run", "life", "--steps", "2", "--out"]
    assert ffnca(*words, "plain.npz")[0] == 0
    command = [sys.executable, "-m", "ffnca", *words, "strict.npz"]
    subprocess.run(command, env=os.environ | strict, check=True, capture_output=True)
    states = [np.load(tmp_path / name)["state"] for name in ("plain.npz", "strict.npz")]
    np.testing.assert_array_equal(*states)


def test_a_narrow_terminal_still_shows_the_worlds(ffnca, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1")
    assert "lizard" in ffnca("worlds")[1]


def test_a_full_disk_is_one_line(ffnca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, os.strerror(28), str(tmp_path / "state.npz"))

    monkeypatch.setattr(np, "savez", full)
    _one_line(*ffnca("run", "lizard", "--steps", 1, "--out", tmp_path / "state.npz"), "No space left")
    assert not list(tmp_path.iterdir())
