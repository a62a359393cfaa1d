"""Flow Lenia against a plain loop over cells, its matter, and its walls."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.flow_lenia import FlowLenia
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.systems.base import Request
from ffnca.systems.flow_lenia import FLOW_LENIA
from ffnca.world import shipped_worlds
from ffnca.world_file import load_world, parse_world

WORLD = """
kind = "flow_lenia"
title = "t"
grid.size = [11, 14]
grid.boundary = "BOUNDARY"
[rule]
channels = CHANNELS
radius = 3
kernel = "gaussian"
growth = "exponential"
[flow]
reach = 2
spread = 0.6
critical_mass = 1.5
[[kernels]]
growth_centre = 0.4
growth_width = 0.1
weight = 0.7
[[kernels]]
source = LAST
target = LAST
growth_centre = 0.3
growth_width = 0.2
"""


def _opened(boundary: str, channels: int):
    text = WORLD.replace("BOUNDARY", boundary).replace("CHANNELS", str(channels)).replace("LAST", str(channels - 1))
    return FLOW_LENIA.open(parse_world(text, "w.toml"), Request("w"), Path("w.toml"))


def _slope(plane: np.ndarray, row: int, column: int, boundary: str) -> np.ndarray:
    """The Sobel slope at a cell; beyond a wall is what the cell has."""
    found = np.zeros(2)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            at = row + down, column + across
            if boundary == "zero" and not (0 <= at[0] < plane.shape[0] and 0 <= at[1] < plane.shape[1]):
                at = row, column
            value = plane[at[0] % plane.shape[0], at[1] % plane.shape[1]]
            found += value * np.array([down * (2 - abs(across)), across * (2 - abs(down))])
    return found


def _overlap(middle: float, half: float, cell: int) -> float:
    """Of a stretch around `middle`, the share that lies on a cell."""
    return max(0.0, min(middle + half, cell + 0.5) - max(middle - half, cell - 0.5)) / (2 * half)


def _numpy_step(state: np.ndarray, affinity: np.ndarray, boundary: str) -> np.ndarray:
    """One step, cell by cell: the flow of arXiv:2212.07906, then each square of matter on what lies under it."""
    height, width, channels = state.shape
    total, after = state.sum(-1), np.zeros_like(state)
    for row in range(height):
        for column in range(width):
            spreading = min((total[row, column] / 1.5) ** 2, 1)
            for channel in range(channels):
                flow = (1 - spreading) * _slope(affinity[..., channel], row, column, boundary)
                flow -= spreading * _slope(total, row, column, boundary)
                middle, matter = np.clip(flow / 5, -1.4, 1.4), state[row, column, channel]
                rows = {cell: _overlap(middle[0], 0.6, cell) for cell in range(-2, 3)}
                columns = {cell: _overlap(middle[1], 0.6, cell) for cell in range(-2, 3)}
                for shares, at, side in ((rows, row, height), (columns, column, width)):
                    for cell in shares:
                        if boundary == "zero" and not 0 <= at + cell < side:
                            shares[0] += shares[cell]
                            shares[cell] = 0
                for down, first in rows.items():
                    for across, second in columns.items():
                        after[(row + down) % height, (column + across) % width, channel] += first * second * matter
    return after


@pytest.mark.parametrize(("boundary", "channels"), [("wrap", 1), ("zero", 2)])
def test_matter_moves_as_the_equations_say(key, boundary: str, channels: int) -> None:
    flow = _opened(boundary, channels)
    state = jax.random.uniform(key, flow.start.shape, maxval=1.2)
    after = rollout(flow.automaton, state, 1, key=key)
    affinity = np.asarray(flow.automaton.growth.wanted(state), float)
    wanted = _numpy_step(np.asarray(state, float), affinity, boundary)
    assert np.abs(wanted - np.asarray(state)).max() > 0.2
    np.testing.assert_allclose(after, wanted, atol=1e-5)
    described = step_program(flow.automaton, channels).run(np.asarray(state))
    np.testing.assert_allclose(described, wanted, atol=2e-5)


def test_shares_are_exactly_one_together_and_none_is_less_than_nothing() -> None:
    automaton = _opened("wrap", 1).automaton
    assert isinstance(automaton, FlowLenia)
    most = automaton.reach - automaton.spread
    shares = np.asarray(automaton._shares(jnp.linspace(-most, most, 2**18, dtype=jnp.float32).reshape(512, 512, 1), 0))
    assert shares.min() == 0
    np.testing.assert_array_equal(shares.sum(0), 1)


def test_no_matter_leaves_through_a_wall(key) -> None:
    flow = _opened("zero", 1)
    state = jax.random.uniform(key, (32, 40, 1))
    automaton = FLOW_LENIA.open(flow.world, Request("w", (32, 40)), Path("w.toml")).automaton
    after = np.asarray(rollout(automaton, state, 1000, key=key), float)
    assert after.sum() == pytest.approx(np.asarray(state, float).sum(), rel=1e-5)
    assert np.abs(after - np.asarray(state)).max() > 0.5
    assert after.min() >= 0


@pytest.mark.parametrize(
    "name", [name for name, path in shipped_worlds().items() if load_world(path).kind == "flow_lenia"]
)
def test_a_shipped_world_loses_nothing_stays_together_and_moves(key, name: str) -> None:
    simulation = make(name)
    before = rollout(simulation.automaton, simulation.start, 1000, key=key)
    after = rollout(simulation.automaton, before, 50, key=key)
    matter = float(simulation.start.sum())
    assert float(after.sum()) == pytest.approx(matter, rel=1e-5)
    assert float(np.abs(after - before).sum()) > 0.2 * matter
    assert 100 < simulation.measured(after)["population"] < after.size / 3


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("grid.boundary = 'reflect'\n", 'grid.boundary = "reflect"; allowed here: "wrap", or "zero" for walls'),
        ("[flow]\nreach = 1\nspread = 1.0\n", "spread = 1 with reach = 1; allowed: spread less than reach"),
        ("[flow]\ncritical_mass = 1e-320\n", "flow.critical_mass = 1e-320; allowed: a number from 0.001 to 100"),
        ("[flow]\nreach = 6\n", "flow.reach = 6; allowed: a whole number from 1 to 5"),
        ("[rule]\nupdate = 'growth'\n", 'unknown key "update"'),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world("kind = 'flow_lenia'\ntitle = 't'\ngrid.size = [20, 20]\n" + text, "w.toml")
    assert part in str(caught.value)
