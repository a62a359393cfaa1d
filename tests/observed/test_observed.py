"""A rule learned by watching: exact from what it sees, layer by layer, kept in a file, drawn, exported."""

import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.life import Life
from ffnca.automata.observed import UNKNOWN, ContrastRule, DistanceRule, Observed, started
from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.ff.local_update import Pair
from ffnca.ff.predicting import Answered
from ffnca.lattice import Lattice
from ffnca.opening import opened, trainee
from ffnca.systems.base import Request
from ffnca.systems.learning import updated
from ffnca.systems.observed.measuring import anomaly_auroc, exact_steps, neighbourhoods_right
from ffnca.systems.observed.observer import Observer
from ffnca.systems.observed.watching import seen_in
from ffnca.training import train_rule

TOML = """kind = "observed"
title = "Watched"
[grid]
size = [16, 20]
[observed]
world = "{world}"
flipped = {flipped}
[rule]
hidden = {hidden}
"""
WATCHED = """kind = "life"
title = "Watched HighLife"
[grid]
size = [16, 16]
[rule]
notation = "B36/S23"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("observed")
    (path / "watched.toml").write_text(WATCHED)
    return path


def _world(folder: Path, name: str, world: str = "watched.toml", flipped: float = 0.0, hidden: str = "[32]") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(TOML.format(world=world, flipped=flipped, hidden=hidden))
    return path


@pytest.fixture(scope="module")
def learned(folder: Path) -> Observer:
    """Two layers that watched HighLife, two in a hundred cells seen wrong."""
    blank = trainee(_world(folder, "two", flipped=0.02, hidden="[32, 16]"))
    return train_rule(blank, Budget(updates=2000), seed=1)


def test_every_neighbourhood_is_learned_from_frames_with_wrong_cells(learned: Observer) -> None:
    assert neighbourhoods_right(learned) == (512, 512)
    assert exact_steps(learned, 7, 64, 40) == 40
    assert anomaly_auroc(learned, 3) > 0.999
    assert learned.errors == {"unlike_seen": 0.0}


def test_a_rule_that_errs_in_a_single_neighbourhood_is_found_out(learned: Observer) -> None:
    """The measures are none that any rule passes: with the last layer's sign turned, or blank, they fall."""
    worse = replace(learned, automaton=trainee_blank(learned))
    right, number = neighbourhoods_right(worse)
    assert right is not None
    assert number == 512
    assert right < 500
    assert exact_steps(worse, 7, 64, 40) < 3


def trainee_blank(observer: Observer) -> Observed:
    return Observer.untrained(observer.world, observer.watched).automaton


def test_what_was_seen_is_counted_by_pairs_of_neighbourhood_and_next_state() -> None:
    generator, rule = np.random.default_rng(0), ContrastRule(9, (8,), 1, key=jax.random.key(0))
    frames = (generator.random((3, 2, 6, 7, 1)) < 0.5).astype(np.float32)
    seen = seen_in(frames, Observed(rule, boundary="zero"), binary=True)
    counted: dict[tuple, list[int]] = {}
    for before, after in frames:
        padded = np.pad(before[..., 0], 1)
        for row in range(6):
            for column in range(7):
                patch = tuple(padded[row : row + 3, column : column + 3].ravel().astype(int))
                counted.setdefault(patch, [0, 0])[int(after[row, column, 0])] += 1
    wanted = {
        (*patch, which): number[which] / sum(number)
        for patch, number in counted.items()
        for which in (0, 1)
        if number[which]
    }
    rows = np.concatenate([seen.patch, seen.after], 1).astype(int)
    found = {tuple(row): weight for row, weight in zip(rows.tolist(), seen.weight.tolist(), strict=True)}
    assert found == pytest.approx(wanted)
    np.testing.assert_array_equal(seen.state[:, 0], seen.patch[:, 4])


@pytest.mark.parametrize("objective", ["contrast", "distance"])
def test_no_layer_learns_from_another_but_by_what_that_passes_up(objective: str) -> None:
    generator = np.random.default_rng(0)
    patch = jnp.asarray(generator.random((20, 9)), jnp.float32)
    if objective == "contrast":
        layers = tuple(ContrastRule(9, (8, 8, 8), 1, key=jax.random.key(1)).layers)
        signal = Pair(ContrastRule.inputs(patch, 1.0), ContrastRule.inputs(patch, 0.0))
    else:
        layers = tuple(DistanceRule(9, (8, 8, 8), 2, key=jax.random.key(1)).layers)
        signal = Answered(patch, jnp.asarray(generator.normal(size=(20, 2)), jnp.float32))

    def step(layers: tuple, signal) -> tuple:
        return updated(layers, tuple(optax.adam(0.01).init(layer) for layer in layers), signal, 0.01)[0]

    def gradient_like(before, after) -> list[np.ndarray]:
        return [np.asarray(new - old) for old, new in zip(*map(jax.tree.leaves, (before, after)), strict=True)]

    plain = step(layers, signal)
    for shaken in range(3):
        other = tuple(
            jax.tree.map(lambda leaf: leaf + 0.3, layer) if place == shaken else layer
            for place, layer in enumerate(layers)
        )
        changed = step(other, signal)
        for below in range(shaken):
            for one, two in zip(*map(jax.tree.leaves, (plain[below], changed[below])), strict=True):
                np.testing.assert_array_equal(one, two)

    # nothing flows down: the loss of an upper layer has no slope in a lower one, through what that passes up
    def above(lower):
        return layers[1].loss(lower.passed_on(signal))

    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(jax.grad(above)(layers[0])))
    assert any(np.abs(one).max() > 0 for one in gradient_like(layers[1], plain[1]))


@pytest.mark.parametrize("boundary", ["wrap", "zero", "reflect"])
@pytest.mark.parametrize("kind", ["patch", "rings"])
def test_the_step_and_the_goodness_as_data_are_those_that_run(kind: str, boundary) -> None:
    generator = np.random.default_rng(1)
    if kind == "patch":
        observed = Observed(ContrastRule(9, (12, 8), 1, key=jax.random.key(2)), boundary=boundary)
        state = (generator.random((9, 12, 2)) < 0.5).astype(np.float32)
    else:
        rule = DistanceRule(4 * 2, (12,), 2, key=jax.random.key(2))
        rule.layers[0].projected.head[...] = 0.1 * jax.random.normal(jax.random.key(3), (12, 2))
        observed = Observed(rule, boundary=boundary, radius=3)
        state = generator.random((9, 12, 4)).astype(np.float32)
    state[2:4, 3:5, state.shape[-1] // 2 :] = UNKNOWN
    stepped = np.asarray(observed.step(jnp.asarray(state), jax.random.key(0)))
    np.testing.assert_allclose(step_program(observed, state.shape[-1]).run(state), stepped, atol=1e-5)
    lattice = Lattice(state.shape[-1], boundary)
    found = lattice.program(observed.described_deficit(lattice)).run(state)[..., 0]
    np.testing.assert_allclose(found, observed.deficit(jnp.asarray(state)), rtol=1e-4, atol=1e-5)
    assert (found[2:4, 3:5] == 0).all()
    assert (found > 0).any()


def test_rings_are_the_means_at_each_distance() -> None:
    generator = np.random.default_rng(2)
    cells = generator.random((8, 9, 2)).astype(np.float32)
    observed = Observed(DistanceRule(6, (8,), 2, key=jax.random.key(0)), boundary="wrap", radius=2)
    found = np.asarray(observed.see(jnp.asarray(cells)))
    rows, columns = np.mgrid[-2:3, -2:3]
    for ring in range(3):
        near = np.rint(np.hypot(rows, columns)) == ring
        moved = [np.roll(cells, (-row, -column), (0, 1)) for row, column in zip(rows[near], columns[near], strict=True)]
        np.testing.assert_allclose(found[..., 2 * ring : 2 * ring + 2], np.mean(moved, 0), atol=1e-5)


def test_a_rule_file_keeps_all_that_runs_and_is_measured(learned: Observer, tmp_path: Path) -> None:
    path = tmp_path / "rule.safetensors"
    learned.save(path)
    assert path.stat().st_size < 8000
    again = Observer.load(path)
    assert again.world == learned.world
    assert again.watched == learned.watched
    assert again.record == learned.record
    simulation = opened(Request(str(path), (24, 24), seed=2))
    state = rollout(simulation.automaton, simulation.start, 5, key=jax.random.key(0))
    world = Life.from_notation("B36/S23")
    wanted = rollout(world, simulation.start[..., :1], 5, key=jax.random.key(0))
    np.testing.assert_array_equal(state[..., :1], wanted)


def test_wrong_cells_stand_out_in_the_view_of_goodness(learned: Observer) -> None:
    start = started((np.random.default_rng(0).random((16, 20, 1)) < 0.4).astype(np.float32))
    assert not np.asarray(learned.automaton.deficit(start)).any()
    state = np.array(rollout(learned.automaton, start, 3, key=jax.random.key(0)))
    assert not np.asarray(learned.automaton.deficit(jnp.asarray(state))).any()
    state[4, 5, 0] = 1 - state[4, 5, 0]
    lacking = np.asarray(learned.automaton.deficit(jnp.asarray(state)))
    assert np.argwhere(lacking > 0).tolist() == [[4, 5]]


def test_from_the_command_line(ffnca, folder: Path, tmp_path: Path) -> None:
    world = _world(folder, "short")
    code, out, _ = ffnca("train", world, "--updates", 1000, "--out", tmp_path / "run")
    assert (code, "learned, share of neighbourhoods" in out) == (0, True)
    rule = tmp_path / "run" / "rule.safetensors"
    code, out, _ = ffnca("run", rule, "--steps", 3, "--json")
    assert code == 0
    assert json.loads(out)["measures"]["mean_goodness"] == 0
    assert ffnca("export", rule, tmp_path / "a.gif", "--steps", 4, "--wound", "2", "--show", "goodness")[0] == 0
    assert ffnca("export", rule, tmp_path / "a.html")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('world = "nowhere"', "no such world"),
        ('world = "nothing.toml"', "no such file"),
        ('world = "missing.rle"', "missing.rle: no such file"),
        ('world = "brain-ship"', 'has a state 0.5; allowed for a watched world: 0 and 1, or objective = "distance"'),
        ('world = "x.safetensors"', "allowed is a shipped world, a .toml file or a pattern"),
        ('world = "self.toml"', "is of kind observed, which learns itself"),
        ('world = "orbium"', 'allowed for a watched world: 0 and 1, or objective = "distance"'),
        ('world = "sandpile"', "has a state 10000; allowed for a watched world: 0 and 1"),
        ('world = "lizard"', "is of kind growth, which learns itself; allowed to be watched: kinds that do not"),
        ('world = "life"\nepisode = 9\nframes = 8', "allowed: at most as many"),
        ('world = "life"\n[rule]\nperception = "rings"', 'allowed: patch, or objective = "distance"'),
        ('world = "life"\nflipped = 0.7', "allowed: a number from 0 to 0.5"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "self.toml"
    path.write_text(f'kind = "observed"\ntitle = "T"\n[grid]\nsize = [16, 16]\n[observed]\n{text}\n')
    with pytest.raises(InputError) as refused:
        train_rule(trainee(path), Budget(updates=40))
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
