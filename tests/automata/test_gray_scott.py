"""Gray-Scott against plain NumPy, bounded in every regime, and what its world files refuse."""

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.gray_scott import GrayScott, drops
from ffnca.errors import InputError
from ffnca.opening import make
from ffnca.systems.gray_scott import REGIMES
from ffnca.world_file import parse_world

FIVE = {(-1, 0): 1, (1, 0): 1, (0, -1): 1, (0, 1): 1, (0, 0): -4}
NINE = {(row, column): 1 / 6 for row in (-1, 1) for column in (-1, 1)} | {
    place: -20 / 6 if place == (0, 0) else 4 / 6 for place in FIVE
}


def _numpy_step(state: np.ndarray, feed: float, kill: float, weights: dict, boundary) -> np.ndarray:
    """Pearson's equations by Euler's method in float32, with his diffusion and a time step of 1."""
    mode = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary]
    around = np.pad(state, [(1, 1), (1, 1), (0, 0)], mode=mode)
    tall, wide = state.shape[:2]
    spread = sum(
        np.float32(weight) * around[1 + row : 1 + row + tall, 1 + column : 1 + column + wide]
        for (row, column), weight in weights.items()
    )
    u, v = state[..., 0], state[..., 1]
    change_u = np.float32(0.2097) * spread[..., 0] - u * v**2 + np.float32(feed) * (1 - u)
    change_v = np.float32(0.1049) * spread[..., 1] + u * v**2 - np.float32(feed + kill) * v
    return np.stack([u + change_u, v + change_v], -1).astype(np.float32)


@pytest.mark.parametrize(
    ("size", "laplacian", "boundary"),
    [((17, 24), "5-point", "wrap"), ((16, 16), "9-point", "reflect"), ((21, 13), "5-point", "zero")],
)
def test_two_hundred_steps_are_those_of_numpy(size: tuple[int, int], laplacian: str, boundary, key) -> None:
    start = drops(size, 3, 8, 0.05, key=key)
    automaton = GrayScott.of(*REGIMES["coral"], laplacian=laplacian, boundary=boundary)
    program, wanted, as_data = step_program(automaton, 2), np.asarray(start), np.asarray(start)
    for step in range(200):
        wanted = _numpy_step(wanted, *REGIMES["coral"], FIVE if laplacian == "5-point" else NINE, boundary)
        as_data = program.run(as_data) if step < 20 else as_data
        if step == 19:
            np.testing.assert_allclose(as_data, wanted, atol=1e-5)
            assert wanted[..., 1].max() > 0.1  # something reacts
    np.testing.assert_allclose(rollout(automaton, start, 200, key=key), wanted, atol=1e-4)


@pytest.mark.computes
def test_every_regime_lives_and_stays_within_bounds(key) -> None:
    """One compilation: feed and kill are data."""
    start = drops((48, 48), 6, 8, 0.01, key=key)
    ends = {name: np.asarray(rollout(GrayScott.of(*REGIMES[name]), start, 800, key=key)) for name in REGIMES}
    for name, end in ends.items():
        assert np.isfinite(end).all(), name
        assert end.min() >= 0, name
        assert end.max() <= 1, name
    living = {name for name, end in ends.items() if end[..., 1].max() > 0.1}
    assert living >= set(REGIMES) - {
        "alpha",
        "bubbles",
        "spirals",
        "waves",
        "zeta",
    }  # which may burn out on a small grid
    assert np.ptp(ends["mitosis"][..., 1]) > 0.2


def test_rolled_states_give_rolled_steps(key) -> None:
    coral = make("coral")
    rolled = jax.numpy.roll(coral.start, (5, -3), (0, 1))
    first, second = (rollout(coral.automaton, one, 30, key=key) for one in (coral.start, rolled))
    np.testing.assert_allclose(np.roll(first, (5, -3), (0, 1)), second, atol=1e-6)


WORLD = 'kind = "gray_scott"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[rule]\nregime = "omega"\n', 'regime = "omega"; allowed: "alpha", "beta"'),
        ("[rule]\nfeed = 0.03\n", "[rule] allowed: regime alone, or both feed and kill"),
        ('[rule]\nregime = "mu"\nfeed = 0.03\nkill = 0.06\n', "allowed: regime alone, or both feed and kill"),
        ("[rule]\nfeed = 1.0\nkill = 0.06\n", "rule.feed = 1.0; allowed: a number from 0 to 0.2"),
        ("[rule]\ndiffusion_u = 0.3\n", "at most 0.25, for it to be stable"),
        ("[start]\nside = 21\n", "start.side = 21; allowed: at most the grid's shorter side"),
        ("[start]\ndrops = 1000000000000\n", "start.drops = 1000000000000; allowed: a whole number from 1 to 200"),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)


def test_numbers_stand_for_a_regime() -> None:
    assert parse_world(WORLD + "[rule]\nfeed = 0.05\nkill = 0.063\n", "w").rule.rates == REGIMES["kappa"]
    assert parse_world(WORLD + "[rule]\ntime_step = 0.5\n", "w").rule.regime == "mitosis"
