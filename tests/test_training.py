"""A training run as a whole: what is checked before it, what is kept, and how it goes on."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

from ffnca import checkpoint
from ffnca.budget import Budget
from ffnca.checkpoint import Checkpoints
from ffnca.errors import InputError
from ffnca.run_folder import RunFolder
from ffnca.systems.growth.creature import Creature
from ffnca.trainer import Progress, RoundFigures
from ffnca.training import Interrupted, train_creature, worst_error


@pytest.fixture
def creature(ring_picture: np.ndarray) -> Creature:
    return _small(ring_picture)


def _small(picture: np.ndarray) -> Creature:
    return Creature.for_picture(picture, "ring.png", pool_size=16).reshaped(hidden=(8,)).by_recipe(margin=2)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Rounds that change nothing but their number; measurements give these errors in turn, the last for ever."""
    errors: list[float] = [0.5]

    def growth(automaton, bodies, *, key):
        error = errors.pop(0) if len(errors) > 1 else errors[0]
        found = {"rel_mse_200": error / 2, "rel_mse_600": error}
        return found, jnp.zeros((1, *bodies.each.picture.shape[-3:-1], 16))

    def train_round(state, *given, **keys):
        return state._replace(round=state.round + 1), RoundFigures(jnp.zeros(()), jnp.zeros(()))

    monkeypatch.setattr("ffnca.systems.growth.local_trainer.measured", growth)
    monkeypatch.setattr("ffnca.systems.growth.local_trainer.train_round", train_round)
    return errors


def _updates(run: Path) -> list[int]:
    return [json.loads(line)["updates"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_best_measured_rule_is_kept_and_the_last_is_measured(creature, measured, tmp_path: Path) -> None:
    measured[:] = [0.4, 0.2, 0.3]
    best = train_creature(creature, Budget(updates=300), run=str(tmp_path / "run"))
    assert _updates(tmp_path / "run") == [100, 200, 300]
    assert (best.record["updates"], worst_error(best)) == (200, 0.2)
    assert measured == [0.3]  # all were asked for
    assert Creature.load(tmp_path / "run" / "rule.safetensors").record["updates"] == 200


@pytest.mark.usefixtures("measured")
def test_a_run_goes_on_with_a_larger_budget_and_at_its_learning_rate(creature, tmp_path: Path) -> None:
    run, rates = tmp_path / "run", []
    train_creature(creature, Budget(updates=200), run=run)
    assert RunFolder(run).budget == Budget(updates=200)
    seen: list = []
    train_creature(creature, Budget(updates=200), run=run, resume=True, show=seen.append)
    assert not seen  # nothing was left to do
    train_creature(
        creature, Budget(updates=800), run=run, resume=True, show=lambda report: rates.append(report.learning_rate)
    )
    assert _updates(run) == [100, 200, *range(300, 801, 100)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 0.5 * creature.world.train.learning_rate  # a quarter was behind it, no longer all of it
    assert RunFolder(run).budget == Budget(updates=800)
    assert RunFolder(run).spent[1] == 800


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_saves_and_the_run_goes_on(creature, tmp_path: Path, number: signal.Signals) -> None:
    run = RunFolder(tmp_path / "run")
    with pytest.raises(Interrupted):
        train_creature(creature, Budget(updates=300), run=run, show=lambda report: os.kill(os.getpid(), number))
    assert run.rule.exists()
    assert run.spent[1] < 300
    train_creature(creature, run.budget, run=run, resume=True)
    assert run.spent[1] == 300


@pytest.mark.usefixtures("measured")
def test_two_trainings_do_not_share_a_folder_and_a_dead_one_is_no_obstacle(creature, tmp_path: Path) -> None:
    run, budget = RunFolder(tmp_path / "run"), Budget(updates=100)
    code = (
        "import sys\nfrom pathlib import Path\nfrom ffnca.atomic import locked\n"
        "with locked(Path(sys.argv[1])):\n    print(flush=True)\n    input()\n"
    )
    run.folder.mkdir()
    words = [sys.executable, "-c", code, str(run.folder / ".lock")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(InputError, match=f"run: is in use by process {other.pid}"):
            train_creature(creature, budget, run=run)
        with pytest.raises(InputError, match="in use"):
            run.clear()
        assert [path.name for path in run.folder.iterdir()] == [".lock"]
        other.kill()
    train_creature(creature, budget, run=run)
    assert run.spent[1] == 100


@pytest.mark.usefixtures("measured")
def test_a_resumed_run_must_be_of_the_same(creature, ring_picture, tmp_path: Path) -> None:
    run, budget = tmp_path / "run", Budget(updates=4)
    with pytest.raises(InputError, match="no run"):
        train_creature(creature, budget, run=run, resume=True)
    train_creature(creature, budget, run=run)
    other = _small(ring_picture[::-1] * 0.9)
    for changed, seed, name in (
        (creature, 1, "seed 0, not 1"),
        (creature.reshaped(hidden=(9,)), 0, r"world.rule.hidden \[8\], not \[9\]"),
        (creature.by_recipe(cells=64), 0, "recipe.cells 2048, not 64"),
        (other, 0, "another picture"),
    ):
        with pytest.raises(InputError, match=name):
            train_creature(changed, budget, seed=seed, run=run, resume=True)
    with pytest.raises(InputError, match="holds a run already"):
        train_creature(creature, budget, run=run)


@pytest.mark.usefixtures("measured")
def test_a_rule_that_is_better_than_its_checkpoint_is_not_lost(creature, measured, tmp_path: Path) -> None:
    """As after a kill between the two: the rule is the newer."""
    run = RunFolder(tmp_path / "run")
    first = train_creature(creature, Budget(updates=100), run=run)
    newer = replace(first, record=first.record | {"rel_mse_200": 0.1, "rel_mse_600": 0.1})
    newer.save(run.rule)
    measured[:] = [0.3]  # better than what the checkpoint knows of
    kept = train_creature(creature, Budget(updates=200), run=run, resume=True)
    assert worst_error(kept) == worst_error(Creature.load(run.rule)) == 0.1


@pytest.mark.usefixtures("measured")
def test_a_damaged_checkpoint_and_odd_lines_lose_no_more_than_they_held(creature, tmp_path: Path, capsys) -> None:
    run = RunFolder(tmp_path / "run")
    train_creature(creature, Budget(updates=100), run=run)
    train_creature(creature, Budget(updates=200), run=run, resume=True)
    newest = max(run.checkpoints.iterdir(), key=lambda path: int(path.name))
    for path in filter(Path.is_file, newest.rglob("*")):
        path.write_bytes(path.read_bytes()[:40])
    with run.metrics.open("ab") as lines:
        lines.write(b'12\n{}\n{"updates": "x", "seconds": null}\n\xff\0\n{"updates": 7, "sec')
    train_creature(creature, Budget(updates=300), run=run, resume=True)
    assert f"the checkpoint of round {newest.name} is damaged" in capsys.readouterr().err
    assert _updates(run.folder) == [100, 200, 300]


class _State(NamedTuple):
    pool: np.ndarray
    round: np.ndarray


STATES = [_State(np.random.default_rng(number).normal(size=(64, 64)), np.array(number)) for number in (1, 2)]


def _spoil(folder: Path, name: str = "*") -> None:
    """Flip a bit in the middle of the largest file of that name."""
    largest = max(filter(Path.is_file, folder.rglob(name)), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)


def test_a_flipped_bit_in_a_checkpoint_is_found_and_one_without_a_digest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    kept = Checkpoints(tmp_path / "run")
    with monkeypatch.context() as before:  # as versions did that kept no digest
        leaves = checkpoint._leaves
        without = ("state", "progress")
        before.setattr(checkpoint, "_leaves", lambda *given: {name: leaves(*given)[name] for name in without})
        kept.save(STATES[0], Progress(seconds=1.5))
    kept.save(STATES[1], Progress(seconds=2.5))
    _spoil(tmp_path / "run" / "2")
    state, progress = kept.load(STATES[0])
    kept.close()
    assert np.array_equal(state.pool, STATES[0].pool)
    assert progress.seconds == 1.5
    assert "the checkpoint of round 2 is damaged; goes on from that of round 1" in capsys.readouterr().err


def test_damaged_checkpoints_are_refused_in_one_line_and_damaged_notes_of_orbax_do_no_harm(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "run")
    kept.save(STATES[0], Progress())
    kept.close()
    notes = tmp_path / "run" / "1" / "_CHECKPOINT_METADATA"
    notes.write_text(notes.read_text().replace('"commit_timestamp_nsecs": ', '"commit_timestamp_nsecs": 0.'))
    kept = Checkpoints(tmp_path / "run")
    assert np.array_equal(kept.load(STATES[0])[0].pool, STATES[0].pool)
    (tmp_path / "run" / "1" / "default" / "_METADATA").write_text('{"a": "b')
    with pytest.raises(InputError, match="run: the checkpoint is damaged, or not of this world"):
        kept.load(STATES[0])
    kept.close()


def test_a_full_disk_is_named_in_one_line_and_the_checkpoints_before_stay(tmp_path: Path, monkeypatch) -> None:
    kept = Checkpoints(tmp_path / "run")
    kept.save(STATES[0], Progress())
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**16))
        with pytest.raises(
            InputError, match=r"the checkpoint of round 2 cannot be written \(No space left on device\)"
        ):
            kept.save(STATES[1], Progress())
    assert kept.load(STATES[0])[0].round == 1
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/run: cannot be made or read \(Not a directory\)"):
        Checkpoints(tmp_path / "file" / "run")
    kept.close()


def test_checkpoints_name_their_arrays_and_those_of_older_versions_are_refused(creature, measured, tmp_path) -> None:
    run = RunFolder(tmp_path / "run")
    train_creature(creature, Budget(updates=100), run=run)
    newest = Checkpoints(run.checkpoints)
    names = newest.names()
    assert {"pool", "round", "standardiser.mean"} <= set(names)
    assert any(name.startswith("layers.0.context_weight") for name in names)
    newest.close()
    shutil.rmtree(run.checkpoints)
    old = ocp.CheckpointManager(run.checkpoints.resolve())
    numbered = {"state": {"0000": np.zeros(2)}, "progress": {"seconds": np.float64(1)}}
    old.save(25, args=ocp.args.StandardSave(numbered))
    old.close()
    with pytest.raises(InputError, match="is of an older ffnca; train anew"):
        train_creature(creature, Budget(updates=200), run=run, resume=True)


def test_a_better_rule_stays_where_the_checkpoints_are_gone(creature, measured, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    measured[:] = [0.1]
    train_creature(creature, Budget(updates=100), run=run)
    shutil.rmtree(run.checkpoints)
    measured[:] = [0.3]
    assert worst_error(train_creature(creature, Budget(updates=100), run=run, resume=True)) == 0.1
    assert worst_error(Creature.load(run.rule)) == 0.1


def _not_finite(creature: Creature) -> Creature:
    pictures = creature.pictures.copy()
    pictures[0, 3, 3, 0] = math.nan
    return replace(creature, pictures=pictures)


@pytest.mark.parametrize(
    ("spoilt", "options", "match"),
    [
        (_not_finite, {}, "not finite"),
        (lambda creature: creature, {"budget": 5}, "budget"),
        (lambda creature: creature, {"seed": -1}, "seed"),
        (lambda creature: creature, {"seed": "a"}, "seed"),
        (lambda creature: creature, {"seed": 1.5}, "seed"),
        (lambda creature: creature, {"resume": True}, "run"),
    ],
)
def test_what_could_not_be_saved_or_is_no_setting_is_refused_before_the_training(
    creature: Creature, spoilt: Callable, options: dict, match: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffnca.training.train", lambda *given, **keys: pytest.fail("it began"))
    options = {"budget": Budget(updates=4)} | options
    with pytest.raises(InputError, match=match):
        train_creature(spoilt(creature), **options)
