"""Several real processes on this machine: one grid, one training, and what is left when one of them is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ffnca import processes
from ffnca.processes import Together, another_is_gone

WORLD = """
kind = "growth"
title = "Fish"
[grid]
size = [22, 22]
[target]
emoji = "🐟"
size = 10
"""
PATIENCE = 300.0
ENV = {**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
"""Most of the time is compiling."""


def free_port() -> int:
    """Of this machine, a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "ffnca", *map(str, words)]


def started(number: int, *words: object) -> list[subprocess.Popen]:
    """As many processes of the same command."""
    own = ("--coordinator", f"127.0.0.1:{free_port()}", "--processes", number)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return [subprocess.Popen(command(*words, *own, "--process-id", one), env=ENV, **pipes) for one in range(number)]


def until(happens: Callable[[], object], running: list[subprocess.Popen]) -> None:
    """Wait for an event, and fail if a process ends before it."""
    end = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < end
        assert all(process.poll() is None for process in running)
        time.sleep(0.05)


def test_who_waits_in_vain_says_so_in_a_line() -> None:
    """With less patience than is usual; and where there is no such host at all."""
    words = ["run", "highlife", "--size", "16", "--steps", "4", "--processes", "2"]
    impatient = "import ffnca.processes as p; p.SECONDS_TO_MEET = 2; from ffnca import cli; cli.main()"
    for index, host, said in ((0, "127.0.0.1", "not all 2 processes"), (1, "nowhere.invalid", "there is no such host")):
        own = ["--coordinator", f"{host}:{free_port()}", "--process-id", str(index)]
        ran = subprocess.run([sys.executable, "-c", impatient, *words, *own], capture_output=True, text=True)
        assert ran.returncode == 2, ran.stderr
        assert said in ran.stderr.splitlines()[-1]
        assert len(ran.stderr.splitlines()) <= 2


def test_four_processes_step_one_grid(tmp_path: Path) -> None:
    words = ("run", "mitosis", "--size", "32x48", "--steps", 40, "--json")
    four = started(4, *words, "--split", "2x2", "--out", tmp_path / "four.npz")
    outs = [process.communicate(timeout=PATIENCE) for process in four]
    assert [process.returncode for process in four] == [0] * 4, outs
    assert json.loads(outs[0][0])["steps"] == 40
    assert [out for out, _ in outs[1:]] == [""] * 3  # the first speaks for all
    subprocess.run(command(*words, "--out", tmp_path / "one.npz"), env=ENV, check=True, capture_output=True)
    one, split = (np.load(tmp_path / name)["state"] for name in ("one.npz", "four.npz"))
    assert np.array_equal(one, split)
    assert np.ptp(one) > 0.1


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (ValueError("UNKNOWN: Gloo all-reduce failed: Read error: Connection reset by peer"), True),
        (ValueError("a shape"), False),
        (MemoryError("RESOURCE_EXHAUSTED: Gloo"), False),
    ],
)
def test_who_is_gone_is_told_from_other_errors(error: Exception, gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not another_is_gone(error)  # one that is alone has nobody to miss
    monkeypatch.setattr(processes, "_OWN", Together("127.0.0.1:1", 2, 0))
    assert another_is_gone(error) == gone


def test_a_killed_process_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    world, run = tmp_path / "fish.toml", tmp_path / "run"
    world.write_text(WORLD, encoding="utf-8")
    words = ("train", world, "--out", run, "--updates")
    two = started(2, *words, 4000)
    try:
        until(lambda: [*run.glob("checkpoints/*/commit_success.txt")], two)
        two[1].send_signal(signal.SIGKILL)
        _, error = two[0].communicate(timeout=PATIENCE)
    finally:
        for process in two:
            process.kill()
            process.communicate()
    assert two[0].returncode in (3, -signal.SIGABRT)  # jax ends it itself where its own heartbeat notices first
    assert two[0].returncode != 3 or "ffnca: another process is gone" in error
    assert "Traceback" not in error
    again = subprocess.run(command(*words, 200, "--resume"), env=ENV, capture_output=True, text=True)
    assert again.returncode in (0, 1), again.stderr  # 1: it has not learned
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["updates"] for line in lines] == [100, 200]
    assert (run / "rule.safetensors").exists()
