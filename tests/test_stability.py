"""Whether a state rests, recurs or wanders, against plain loops and rules whose fate is known."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.automata.base import Random
from ffnca.automata.nca import NCA
from ffnca.automata.recurrence import draws_numbers
from ffnca.opening import make
from ffnca.simulation import Simulation
from ffnca.stability import ages_until, certified


@pytest.fixture(scope="module")
def glider() -> Simulation:
    return make("glider", (12, 12))


class _Orbit:
    """A number in every cell that is added to itself modulo another: a tail, then a cycle, as one chooses."""

    def __init__(self, table: jax.Array) -> None:
        self.table = table

    def step(self, state: jax.Array, key: jax.Array) -> jax.Array:
        return self.table[state.astype(int)]

    def render(self, state: jax.Array) -> np.ndarray:
        return np.zeros((*state.shape[:-1], 3), np.uint8)


jax.tree_util.register_pytree_node(_Orbit, lambda orbit: ((orbit.table,), None), lambda _, leaves: _Orbit(*leaves))


def _orbit(world: Simulation, tail: int, period: int) -> Simulation:
    """Counts up to `tail + period - 1`, then goes back to `tail`."""
    table = jnp.append(jnp.arange(1, tail + period), tail).astype(jnp.float32)
    return replace(world, automaton=_Orbit(table), start=jnp.zeros((3, 2, 1)), own_measures={"number": _number})


def _number(automaton: object, state: jax.Array) -> jax.Array:
    return state[0, 0, 0]


def test_a_creature_is_looked_at_as_often_as_it_is_said() -> None:
    looks: list[int] = []
    certified(make("fish"), 3000, key=jax.random.key(0), pause=looks.append)
    assert max(np.diff([0, *looks])) <= 2500


@pytest.mark.parametrize(("tail", "period"), [(0, 1), (0, 7), (13, 1), (5, 3), (100, 41)])
def test_a_period_and_where_it_begins_are_exact(glider, tail: int, period: int) -> None:
    found = certified(_orbit(glider, tail, period), 20_000, key=jax.random.key(0))
    assert (found.exact, found.since, found.period) == (True, tail, period if period > 1 else None)
    assert found.verdict == ("fixed point" if period == 1 else "periodic")
    numbers = {age: float(tail + (age - tail) % period) for age in (10_000, 20_000)}
    assert {age: measures["number"] for age, measures in found.measures.items()} == numbers


def test_what_has_not_come_again_wanders(glider) -> None:
    found = certified(_orbit(glider, 100, 41), 120, key=jax.random.key(0))
    assert (found.verdict, found.exact, found.period, found.since) == ("wandering", False, None, None)


def test_a_glider_on_a_torus_recurs_when_it_is_back(ffnca) -> None:
    code, out, _ = ffnca("eval", "glider", "--long", "--size", "12", "--steps", "1000", "--json")
    table = json.loads(out)
    assert (code, table["state"], table["period"], table["since"], table["exact"]) == (0, "periodic", 48, 0, True)
    assert (table["measures"], table["rel_mse"]) == ({"1000": {"population": 5.0}}, None)
    code, out, _ = ffnca("eval", "glider", "--long", "--size", "12", "--steps", "1000")
    assert "periodic from step 0 on, period 48" in " ".join(out.split())


def test_a_grown_creature_rests_and_says_how_nearly(ffnca) -> None:
    code, out, _ = ffnca("eval", "ghost", "--long", "--size", "30", "--steps", "400", "--json")
    table = json.loads(out)
    assert code == 0
    assert list(table["rel_mse"]) == ["400"]
    assert table["rel_mse"]["400"] < 0.01
    assert (table["state"], table["exact"], table["period"]) == ("fixed point", False, None)
    assert max(table["largest_change"], table["moved"]["most"]) < 1e-5
    assert (table["moved"]["cells"], table["moved"]["drawn"]) == (0, 0)
    assert table["since"] <= 40
    code, out, _ = ffnca("eval", "ghost", "--long", "--size", "30", "--steps", "100")
    assert "wandering: in the last nine tenths numbers moved by up to 1" in " ".join(
        out.split()
    )  # at step 10 it was growing


class _Fading:
    """Living cells lose or gain alpha by the sign of channel 4; a rule of no weights."""

    def change(self, perception: jax.Array, state: jax.Array) -> jax.Array:
        return jnp.zeros_like(state).at[:, 3].set(state[:, 4])

    def deficit(self, perception: jax.Array, state: jax.Array) -> jax.Array:
        return jnp.zeros(state.shape[0])


jax.tree_util.register_pytree_node(_Fading, lambda rule: ((), None), lambda *_: _Fading())


def test_the_largest_change_is_that_of_the_worst_choice_of_cells() -> None:
    """Beside a brute force over all choices, where a cell dies only if the one that would gain alpha does not fire."""
    automaton = NCA(_Fading(), perception=("identity",), boundary="zero")  # pyright: ignore[reportArgumentType]
    state = np.zeros((1, 3, 5), np.float32)
    state[0, :, 3], state[0, :, 4], state[0, :, 0] = (0.05, 0.15, 0.09), (0.0, -0.06, 0.02), (0.9, 0.3, 0.7)
    worst, before = 0.0, jnp.asarray(state)
    for number in range(8):
        fire = jnp.asarray([[number >> place & 1 for place in range(3)]], bool)
        worst = max(worst, float(jnp.abs(automaton.advance(before, fire) - before).max()))
    assert isinstance(automaton, Random)
    assert float(automaton.largest_change(before)) == pytest.approx(worst) == pytest.approx(0.9)
    state[0, :, 4] = 0
    assert float(automaton.largest_change(jnp.asarray(state))) == 0


def test_a_state_that_nothing_changes_ends_the_run_early(glider) -> None:
    automaton = NCA(_Fading(), perception=("identity",), boundary="zero")  # pyright: ignore[reportArgumentType]
    state = jnp.full((2, 3, 5), 0.5).at[..., 4].set(0)
    still = replace(glider, automaton=automaton, start=state, own_measures={"number": _number})
    steps: list[int] = []
    found = certified(still, 10**6, key=jax.random.key(0), pause=steps.append)
    assert (found.verdict, found.exact, len(steps)) == ("fixed point", True, 1)
    assert found.measures == {age: {"number": 0.5} for age in (10_000, 100_000, 1_000_000)}


def test_who_draws_numbers_is_seen_without_asking_the_kind(glider) -> None:
    key = jax.random.key(0)
    assert not draws_numbers(glider.automaton, glider.start, key=key)
    creature = make("ghost")
    assert draws_numbers(creature.automaton, creature.start, key=key)
    assert ages_until(10_000) == (10_000,)
    assert ages_until(200_000) == (10_000, 100_000, 200_000)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--long", "--out", "a.png"), ("--out a.png", "without --long")),
        (("--steps", "5"), ("--steps 5", "with --long")),
        (("--size", "48"), ("--size 48", "with --long")),
        (("--long", "--steps", "0"), ("--steps",)),
    ],
)
def test_options_that_do_not_go_together_are_refused(ffnca, words: tuple, named: tuple) -> None:
    code, _, err = ffnca("eval", "glider", *words)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert all(name in err for name in named)
