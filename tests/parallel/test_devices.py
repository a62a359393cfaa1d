"""A grid or a training that is split over eight devices is that of one: to the bit, or but for the rounding of sums."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ffnca.systems.registry import kinds

ROUNDED = {"growth": 1e-6, "classifier": 1e-4}
"""Kinds whose sums of products are rounded otherwise when they are compiled for another shape, and by how much.

Growing worlds perceive rotated codes; those of learned transport are among the boundaries, which are exact. What digits
sum up is in the tens.
"""
WHOLE = {"flow_lenia", "lenia", "ant", "elementary"}
"""Kinds that see all of the grid, or have a memory of another form."""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    script = Path(__file__).with_name("eight_devices.py")
    ran = subprocess.run(
        [sys.executable, script], env={**os.environ, "JAX_NUM_CPU_DEVICES": "8"}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def test_worlds_of_every_kind(found: dict[str, Any]) -> None:
    worlds = found["worlds"]
    assert set(worlds) == set(kinds())
    assert {kind for kind, apart in worlds.items() if apart is None} == WHOLE
    for kind in set(worlds) - WHOLE:
        assert worlds[kind] <= ROUNDED.get(kind, 0.0), kind


def test_every_boundary_in_every_direction_to_the_bit(found: dict[str, Any]) -> None:
    assert len(found["boundaries"]) == 5
    assert set(found["boundaries"].values()) == {0.0}


def test_states_of_a_batch_and_rows_at_once(found: dict[str, Any]) -> None:
    assert found["batch"] == 0.0


def test_a_round_of_training(found: dict[str, Any]) -> None:
    """Gradients are means of means, so they differ in the last digits."""
    assert found["training"]["apart"] < 1e-5
    assert found["training"]["everywhere"]


def test_what_cannot_be_split_is_refused(found: dict[str, Any]) -> None:
    refused = found["refused"]
    assert refused["uneven"] == "32 rows in 5 parts; allowed: a number that divides 32"
    assert refused["too many"].startswith("9 parts need as many devices; here are 8 of cpu")
    assert "JAX_NUM_CPU_DEVICES" in refused["too many"]
    assert refused["none"] == "parts (1, 0, 1); allowed: 1 at least along each axis"
    assert "parts of 2" in refused["narrow"]
