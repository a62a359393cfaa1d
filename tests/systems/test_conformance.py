"""What every system promises, tried on one world of each kind that is registered: a new kind is tested by existing."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from toy import MEAN

from ffnca.automata import base
from ffnca.automata.base import rollout
from ffnca.brushes import Touch
from ffnca.export.scene import Scene
from ffnca.opening import opened
from ffnca.simulation import Simulation
from ffnca.systems.base import Request
from ffnca.systems.registry import registered, system_of, systems
from ffnca.view.session import Session
from ffnca.world import dump_world, shipped_worlds
from ffnca.world_file import load_world, world_from_json

FIRST_OF_KIND = {load_world(path).kind: path for path in reversed(shipped_worlds().values())}
KINDS = [*systems(), "mean"]
STEPS = 6


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    path = tmp_path_factory.mktemp("worlds") / "rows.toml"
    path.write_text('kind = "mean"\ntitle = "Rows"\n[grid]\nsize = [8, 12]\n')
    return FIRST_OF_KIND | {"mean": path}


@pytest.fixture(scope="module", params=KINDS)
def simulation(request: pytest.FixtureRequest, files: dict[str, Path]):
    with registered(MEAN):
        yield opened(Request(str(files[request.param])))


def _after(simulation: Simulation, num_steps: int, seed: int = 0) -> np.ndarray:
    return np.asarray(rollout(simulation.automaton, simulation.start, num_steps, key=jax.random.key(seed)))


def test_every_kind_ships_a_world() -> None:
    assert set(FIRST_OF_KIND) == set(systems())


def test_its_world_survives_writing(simulation: Simulation) -> None:
    world = simulation.world
    assert world_from_json(dump_world(world), "world") == world
    assert system_of(world.kind).spec is type(world)


def test_steps_are_pure_and_of_one_shape(simulation: Simulation) -> None:
    state = _after(simulation, STEPS)
    assert (state.shape, state.dtype) == (simulation.start.shape, np.float32)
    assert np.isfinite(state).all()
    np.testing.assert_array_equal(state, _after(simulation, STEPS))
    np.testing.assert_array_equal(simulation.start, _after(simulation, 0))


def test_pieces_make_the_whole_and_compile_once(simulation: Simulation) -> None:
    _after(simulation, 1)
    compiled = base._rolled._cache_size()
    *_, last = simulation.states(STEPS, 2, key=jax.random.key(0))
    np.testing.assert_array_equal(last, _after(simulation, STEPS))
    _after(simulation, STEPS + 3, seed=4)
    assert base._rolled._cache_size() == compiled


def test_the_trajectory_of_one_scan_is_that_of_pieces(simulation: Simulation) -> None:
    pieces = list(simulation.states(STEPS, 2, key=jax.random.key(0)))[1:]
    at_once = rollout(simulation.automaton, simulation.start, STEPS, key=jax.random.key(0), every=2)
    np.testing.assert_allclose(at_once, np.stack(pieces), atol=1e-5)


def test_a_batch_steps_as_its_members_do(simulation: Simulation) -> None:
    """Only where chance has no part: in a batch every member has fire masks of its own."""
    states = jnp.stack([simulation.start, jnp.roll(simulation.start, 1, 1), 0 * simulation.start])
    key = jax.random.key(1)
    each = jax.jit(jax.vmap(simulation.automaton.step, (0, None)))(states, key)
    assert each.shape == states.shape
    for before, after in zip(states, each, strict=True):
        np.testing.assert_allclose(after, simulation.automaton.step(before, key), atol=1e-5)


def test_every_view_draws_every_cell(simulation: Simulation) -> None:
    state, size = jnp.asarray(_after(simulation, STEPS)), simulation.start.shape[:2]
    assert "colour" in simulation.views
    for name, view in simulation.views.items():
        picture = view.draw(simulation.automaton, state)
        assert (picture.dtype, picture.shape[-1]) == (np.uint8, 3), name
        assert name == "tiles" or picture.shape[:2] == size, name
        if view.draw_on is not None:
            assert view.draw_on(simulation.automaton, state, (1, 2, 3)).shape == (*size, 3)
            assert view.draw_on(simulation.automaton, state, "transparent").shape == (*size, 4)


def test_measures_are_finite_numbers(simulation: Simulation) -> None:
    for state in (simulation.start, 0 * simulation.start, jnp.asarray(_after(simulation, STEPS))):
        assert all(np.isfinite(value) for value in simulation.measured(state).values())


def test_brushes_change_what_they_touch_and_nothing_else(simulation: Simulation) -> None:
    assert set(simulation.brushes) == {"erase", "noise", "seed", "paint"}
    height, width = simulation.start.shape[:2]
    cells = np.zeros((height, width), bool)
    cells[height // 2 - 2 : height // 2 + 2, width // 2 - 2 : width // 2 + 2] = True
    for name, brush in simulation.brushes.items():
        state = np.array(_after(simulation, STEPS))
        before = state.copy()
        brush.change(state, Touch(cells, (1.0, 0.0, 0.0), np.random.default_rng(0)))
        assert np.isfinite(state).all(), name
        if not brush.single:
            np.testing.assert_array_equal(state[~cells], before[~cells])
        if name == "erase":
            touched = (brush.data or {}).get("channels")  # of a state that also holds the frame before
            assert not state[cells][..., :touched].any()


def test_run_window_and_export_show_the_same_states(simulation: Simulation) -> None:
    session = Session(simulation, seed=3)
    session.advance(2)
    session.advance(STEPS - 2)
    *_, drawn = Scene(simulation, STEPS).states(key=jax.random.key(3))
    np.testing.assert_array_equal(session.state, _after(simulation, STEPS, seed=3))
    np.testing.assert_array_equal(drawn, session.state)


def test_it_can_be_opened_larger_and_seen_small(simulation: Simulation, files: dict[str, Path]) -> None:
    path = files[simulation.world.kind]
    larger = opened(Request(str(path), (80, 90)))
    assert larger.start.shape == (80, 90, simulation.num_channels)
    picture = system_of(simulation.world.kind).thumbnail(simulation.world, path)
    assert (picture.dtype, picture.ndim, picture.shape[-1]) == (np.uint8, 3, 3)


def test_turning_choosing_and_new_seeds_go_by_the_simulation(simulation: Simulation) -> None:
    assert (simulation.chosen is None) == (not simulation.choices)
    if simulation.chosen is not None:
        assert [simulation.chosen(simulation, name).which for name in simulation.choices] == list(simulation.choices)
    if simulation.turned is not None:
        turned = simulation.turned(simulation, 90.0)
        assert (turned.angle, turned.start.shape) == (90.0, simulation.start.shape)
    if simulation.reseeded is not None:
        again = simulation.reseeded(simulation, 0)
        np.testing.assert_array_equal(again.start, simulation.start)
