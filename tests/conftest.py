"""Shared settings: rank promotion raises, annotated shapes are checked, hypothesis keeps to the clock."""

import atexit
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
if hasattr(signal, "SIGHUP"):  # which nohup lets this process and all that it starts ignore
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers have the settings and the cache of the process that started them
    if "XLA_FLAGS" not in os.environ:  # most of a test's time is compiling: this halves it
        os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=1 --xla_cpu_use_fusion_emitters=false"
        if subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], capture_output=True).returncode:
            os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=1"  # XLA ends a process with an unknown flag
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="ffnca-tests-")
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

for package in ("ffnca.ff", "ffnca.grid", "ffnca.automata"):  # before they are imported
    install_import_hook(package, "beartype.beartype")

settings.register_profile("ffnca", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ffnca")


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """At least two: in one process the whole suite compiles into more memory mappings than Linux allows it (65,530)."""
    return max(2, (yield))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After each file, set aside what is left: jax keeps all that it has traced, and to look it through takes time."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Most tests compile more than they compute: only those marked `computes` are fully optimised."""
    jax.config.update("jax_disable_most_optimizations", item.get_closest_marker("computes") is None)


@pytest.fixture
def ring_picture() -> np.ndarray:
    """A ring with a hole, premultiplied RGBA, 12 cells wide."""
    rows, columns = np.mgrid[0:12, 0:12] - 5.5
    radius = np.hypot(rows, columns)
    alpha = ((radius < 6) & (radius > 2.2)).astype(np.float32)
    colours = np.stack([0.5 + 0.08 * columns, 0.5 + 0.08 * rows, np.full((12, 12), 0.3)], -1)
    return np.concatenate([colours * alpha[..., None], alpha[..., None]], -1).astype(np.float32)


@pytest.fixture
def key() -> jax.Array:
    """The key of a test."""
    return jax.random.key(0)


@pytest.fixture
def ffnca(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process, in a folder of its own; gives exit code, stdout, stderr."""
    from ffnca import cli

    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ffnca", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call
