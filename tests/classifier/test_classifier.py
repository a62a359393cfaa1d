"""Cells that classify their figure: the step, what it ends in, what is learned from what, files, commands."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ffnca.automata.base import rollout, step_program
from ffnca.automata.classifier import (
    ALIVE,
    MOMENTUM,
    NONE,
    PULL,
    SPREAD,
    UNDECIDED,
    Classifier,
    blank_layers,
)
from ffnca.brushes import Touch
from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.ff.voting import SHARPNESS, Votes, mean_votes
from ffnca.opening import opened, trainee
from ffnca.systems.base import Request
from ffnca.systems.classifier.cells import brightness, by_mean_vote, living_cells, votes
from ffnca.systems.classifier.figures import Figures
from ffnca.systems.classifier.images import load_images
from ffnca.systems.classifier.measuring import classified, edited_into, said
from ffnca.systems.classifier.simulated import agreement, laid_out
from ffnca.systems.classifier.trainer import updated
from ffnca.training import train_rule

TOML = """kind = "classifier"
title = "Digits"
[grid]
size = [28, 56]
boundary = "zero"
[rule]
hidden = [12, 12]
[train]
learning_rate = 0.03
"""
KEY = jax.random.key(0)


def _layers(hidden: tuple[int, ...] = (5, 4), num_labels: int = 10) -> list:
    """Layers that say something without having learned it."""
    layers = blank_layers(hidden, num_labels, key=jax.random.key(1))
    for number, layer in enumerate(layers):
        key = jax.random.fold_in(jax.random.key(2), number)
        layer.spokesmen[...] = jax.random.normal(key, layer.spokesmen.shape)
        layer.layer.bias[...] = 0.1 * jax.random.normal(key, layer.layer.bias.shape)
    return layers


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classifier") / "digits.toml"
    path.write_text(TOML)
    return path


@pytest.fixture(scope="module")
def learned(world: Path) -> Figures:
    return train_rule(trainee(world), Budget(updates=240), seed=0)


def _figure(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Bright and dark cells, some of them too dark to live."""
    generator = np.random.default_rng(seed)
    return (generator.random(size) * (generator.random(size) < 0.7)).astype(np.float32)


def _patch(plane: np.ndarray, boundary: str) -> np.ndarray:
    modes: dict[str, Any] = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}
    padded = np.pad(plane, ((1, 1), (1, 1), (0, 0)), mode=modes[boundary])
    (height, width), found = plane.shape[:2], []
    for row in range(height):
        found.append([padded[row : row + 3, column : column + 3].ravel() for column in range(width)])
    return np.array(found)


@pytest.mark.parametrize(("boundary", "size"), [("wrap", (7, 8)), ("zero", (8, 8)), ("reflect", (6, 9))])
def test_a_step_is_what_its_equations_say(boundary, size: tuple[int, int]) -> None:
    automaton = Classifier(_layers(), boundary=boundary)
    state = np.asarray(rollout(automaton, automaton.started(_figure(size)), 9, key=KEY))
    bright, one, two, heard, before = np.split(state, [1, 6, 10, 20], -1)
    lives = (bright > ALIVE).astype(np.float32)
    near, living = _patch(bright * lives, boundary), _patch(lives, boundary)
    wanted = [bright]
    for layer, seen in zip(automaton.layers, ([near, living], [_patch(one, boundary), near]), strict=True):
        inputs = np.concatenate(seen, -1)
        inputs = inputs / np.sqrt(np.mean(inputs**2, -1, keepdims=True) + 1e-12)
        drive = inputs @ np.asarray(layer.layer.kernel) + np.asarray(layer.layer.bias)
        wanted.append(lives * np.maximum(drive, 0))
    last = automaton.layers[-1]
    direction = two / np.sqrt(np.mean(two**2, -1, keepdims=True) + 1e-12)
    goodness = direction @ np.asarray(last.spokesmen) + np.asarray(last.offset)
    goodness -= goodness.mean(-1, keepdims=True)
    nine = _patch(heard, boundary).reshape(*size, 9, 10).sum(2)
    spread = (nine - heard * living.sum(-1, keepdims=True)) / 9
    after = heard + MOMENTUM * (heard - before) + SPREAD * (PULL * (goodness - heard) + spread)
    wanted = np.concatenate([*wanted, lives * after, lives * heard], -1)
    np.testing.assert_allclose(automaton.step(jnp.asarray(state), KEY), wanted, atol=1e-5)
    np.testing.assert_allclose(step_program(automaton, state.shape[-1]).run(state), wanted, atol=1e-5)


def test_votes_end_where_the_equations_balance_wherever_they_start() -> None:
    automaton, bright = Classifier(_layers()), _figure((9, 10), 3)
    fresh = automaton.started(bright)
    disturbed = fresh.at[..., 1:].set(jax.random.normal(KEY, (9, 10, automaton.num_channels - 1)))
    ends = [rollout(automaton, start, 9000, key=KEY) for start in (fresh, disturbed)]
    places = np.argwhere(bright > ALIVE)
    away = np.abs(places[:, None] - places[None]).max(-1) <= 1
    laplacian = (np.diag(away.sum(1)) - away) / 9
    goodness = np.asarray(automaton.alone(ends[0]))[tuple(places.T)]
    wanted = np.linalg.solve(PULL * np.eye(len(places)) + laplacian, PULL * goodness)
    for end in ends:
        np.testing.assert_allclose(np.asarray(automaton.heard(end))[tuple(places.T)], wanted, atol=2e-4)
    assert np.abs(wanted).max() > 0.01


def test_figures_that_do_not_touch_do_not_hear_of_each_other() -> None:
    automaton, bright = Classifier(_layers()), np.zeros((8, 20), np.float32)
    bright[2:6, 2:8] = bright[2:6, 11:17] = 0.9
    other = bright.copy()
    other[3:5, 12:15] = 0.0
    ends = [np.asarray(rollout(automaton, automaton.started(one), 40, key=KEY)) for one in (bright, other)]
    np.testing.assert_array_equal(ends[0][:, :9], ends[1][:, :9])
    assert np.abs(ends[0][:, 11:] - ends[1][:, 11:]).max() > 1e-4
    assert not ends[0][bright <= ALIVE, 1:].any()


def test_a_list_of_living_cells_votes_as_the_lattice_does() -> None:
    automaton = Classifier(_layers((6, 5, 4)))
    images = (255 * np.stack([_figure((8, 8), seed) for seed in range(3)])).astype(np.uint8)
    bright = brightness(images)
    cells = living_cells(images, 300)
    lives = bright > ALIVE
    found = np.asarray(votes(automaton.layers, cells))[: lives.sum()]
    state = rollout(automaton, automaton.started(bright), 4, key=KEY)
    np.testing.assert_allclose(
        found - found.mean(-1, keepdims=True), np.asarray(automaton.alone(state))[lives], atol=1e-5
    )
    judged = np.split(found, np.cumsum(lives.sum((1, 2)))[:-1])
    assert by_mean_vote(automaton.layers, images, together=2).tolist() == [one.mean(0).argmax() for one in judged]
    room = int(lives[:2].sum()) + 3
    assert np.bincount(living_cells(images, room).image, minlength=4)[:3].tolist() == [*lives[:2].sum((1, 2)), 0]


def test_the_loss_is_over_the_mean_of_the_votes_of_each_figure() -> None:
    (layer,) = _layers((6,), 3)
    inputs = jax.random.normal(jax.random.key(4), (7, 18))
    whole, labels = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([2, 0])
    goodness = np.asarray(layer.goodness(inputs))
    means = np.stack([goodness[:3].mean(0), goodness[3:5].mean(0)])
    np.testing.assert_allclose(mean_votes(jnp.asarray(goodness), jnp.asarray(whole), 2), means, atol=1e-6)
    sharp = SHARPNESS * means
    wanted = np.mean(np.log(np.exp(sharp).sum(-1)) - sharp[[0, 1], labels])
    found = layer.loss(Votes(inputs, jnp.asarray(whole), jnp.asarray(labels)))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_no_layer_learns_from_another_but_by_what_that_passes_up() -> None:
    layers = tuple(_layers((6, 5, 4)))
    images = (255 * np.stack([_figure((8, 8), seed) for seed in range(4)])).astype(np.uint8)
    cells, labels = jax.tree.map(jnp.asarray, living_cells(images, 300)), jnp.array([0, 3, 9, 1])

    @jax.jit
    def step(layers: tuple) -> tuple:
        return updated(layers, tuple(optax.adam(0.01).init(layer) for layer in layers), cells, labels, 0.01)[0]

    plain = step(layers)
    for shaken in range(3):
        other = tuple(
            jax.tree.map(lambda leaf: leaf + 0.3, layer) if place == shaken else layer
            for place, layer in enumerate(layers)
        )
        changed = step(other)
        for below in range(shaken):
            for one, two in zip(*map(jax.tree.leaves, (plain[below], changed[below])), strict=True):
                np.testing.assert_array_equal(one, two)
    signal = Votes(jax.random.normal(KEY, (20, 18)), jnp.zeros(20, int), jnp.array([3]))

    def above(lower) -> jax.Array:
        passed = lower.passed_on(signal)
        return layers[1].loss(passed._replace(inputs=jnp.tile(passed.inputs, (1, 11))[:, :63]))

    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(jax.jit(jax.grad(above))(layers[0])))
    moved = jax.tree.map(lambda old, new: float(jnp.abs(new - old).max()), layers, plain)
    assert all(change > 0 for change in jax.tree.leaves(moved))


def test_what_cells_say_is_counted_by_hand() -> None:
    labels = np.full((3, 2, 3), NONE)
    labels[0, 0] = (4, 4, 7)
    labels[1, 0] = (5, 5, 5)
    labels[2] = UNDECIDED
    found = said(labels, np.array([4, 6, 0]))
    assert found == ((12, 2), 1, 2, 3)
    assert found.shares() == {"cells": 2 / 12, "majority": 1 / 3, "agreed": 2 / 3}


def test_it_learns_digits_that_it_has_not_seen_and_hears_of_an_edit(learned: Figures) -> None:
    assert learned.errors["wrong"] < 0.7  # by chance 0.9
    tested = load_images("digits", Path()).tested[slice(0, 20)]
    found = classified(learned.automaton, tested, (60, 200))
    assert min(found["at_200"]["majority"], found["edited_200"]["majority"]) > 0.3
    assert found["at_200"]["agreed"] >= found["at_60"]["agreed"] > 0
    start = learned.automaton.started(brightness(tested.images[:1]))
    assert (np.asarray(learned.automaton.label(start)) < 0).all()
    moved = edited_into(start, brightness(tested.images[1:2]))
    np.testing.assert_array_equal(moved[..., 0], brightness(tested.images[1:2]))


def test_sets_of_images_share_none() -> None:
    split = load_images("digits", Path())
    sizes = [len(part.labels) for part in split]
    assert sizes == [1293, 144, 360]
    every = {image.tobytes() for part in split for image in part.images}
    assert len(every) == sum(sizes)
    assert split.learned.images.shape[1:] == (28, 28)


def test_a_rule_file_keeps_all_that_runs(learned: Figures, tmp_path: Path) -> None:
    path = tmp_path / "rule.safetensors"
    learned.save(path)
    again = Figures.load(path)
    assert again.record == learned.record
    np.testing.assert_array_equal(again.samples, learned.samples)
    simulation = opened(Request(str(path), (56, 60), seed=0))
    np.testing.assert_array_equal(simulation.start[:28, 2:30, 0], brightness(learned.samples[0]))
    assert float(agreement(simulation.automaton, simulation.start)) == 1.0
    for one, two in zip(*map(jax.tree.leaves, (learned.automaton, again.automaton)), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)  # kept in half precision


def test_brushes_draw_and_disturb_but_keep_what_is_drawn(learned: Figures, tmp_path: Path) -> None:
    learned.save(tmp_path / "rule.safetensors")
    simulation = opened(Request(str(tmp_path / "rule.safetensors")))
    cells = np.zeros(simulation.start.shape[:2], bool)
    cells[10:14, 3:9] = True
    touch = Touch(cells, (1.0, 0.0, 0.0), np.random.default_rng(0))
    state = np.array(simulation.start)
    simulation.brushes["noise"].change(state, touch)
    np.testing.assert_array_equal(state[..., 0], simulation.start[..., 0])
    simulation.brushes["paint"].change(state, touch)
    assert (state[cells, 0] == 1).all()


def test_as_many_figures_as_fit_are_laid_out() -> None:
    samples = np.arange(1, 5, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    found = np.rint(255 * laid_out(samples, (17, 27), 0))
    assert [found[4, 3 + 8 * column] for column in range(3)] == [1, 2, 3]
    assert [found[12, 3 + 8 * column] for column in range(3)] == [4, 1, 2]
    assert not found[16:].any()
    assert sorted(set(np.rint(255 * laid_out(samples, (16, 16), 5)).ravel())) == [1, 2, 3, 4]


def test_from_the_command_line(ffnca, learned: Figures, tmp_path: Path) -> None:
    rule = tmp_path / "rule.safetensors"
    learned.save(rule)
    code, out, _ = ffnca("run", rule, "--steps", 20, "--json")
    assert code == 0
    assert json.loads(out)["measures"]["living_cells"] > 100
    assert ffnca("export", rule, tmp_path / "a.gif", "--steps", 20, "--show", "alone")[0] == 0
    assert ffnca("export", rule, tmp_path / "a.html")[0] == 0
    code, _, told = ffnca("run", rule, "--size", 20)
    assert code == 2
    assert "20x20 cells; allowed: at least 28x28, one figure" in told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[classifier]\nimages = "nowhere"', "has none of train-images-idx3-ubyte"),
        ('[classifier]\nimage = "digits"', 'unknown key "image"; did you mean "images"?'),
        ("[rule]\nhidden = [3]", "hidden[0] = 3; allowed"),
        ('[rule]\nobjective = "guess"', 'allowed: "votes"'),
    ],
)
def test_what_cannot_be_learned_is_refused_in_a_line(text: str, wanted: str, tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(f'kind = "classifier"\ntitle = "T"\n[grid]\nsize = [28, 28]\n{text}\n')
    with pytest.raises(InputError) as refused:
        train_rule(trainee(path), Budget(updates=20))
    assert wanted in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
