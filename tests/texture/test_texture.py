"""A texture learned from one picture: its teacher, its measure, its locality, its files, and what is refused."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from ffnca.automata.base import rollout, step_program
from ffnca.automata.texture import Colours, Sight, Texture
from ffnca.budget import Budget
from ffnca.errors import InputError
from ffnca.ff.ascent import AscentLayer
from ffnca.lattice import Lattice
from ffnca.opening import opened, trainee
from ffnca.rule_file import StoredRule, read_rule, rule_bytes
from ffnca.systems.base import Request
from ffnca.systems.texture import measuring, trainer
from ffnca.systems.texture.descriptor import describe, places
from ffnca.systems.texture.distance import distance_to, self_distance, sliced_wasserstein
from ffnca.systems.texture.exemplars import EXEMPLARS, drawn
from ffnca.systems.texture.learner import TextureLearner
from ffnca.systems.texture.teacher import taught
from ffnca.training import train_rule

TOML = """kind = "texture"
title = "Stripes"
[grid]
size = [32, 40]
[texture]
exemplar = "{exemplar}"
[rule]
components = [2, 2, 1]
hidden = 24
[train]
pool_size = 4
"""
SIGHT = Sight((3, 2, 1), (1, 2, 4))


def _stripes() -> np.ndarray:
    rows = np.arange(64)[:, None] + 0.5 * np.arange(64)
    return np.stack([np.uint8(128 + 100 * np.sin(rows * 2 * np.pi / 8 + phase)) for phase in (0, 0.5, 1)], -1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texture")
    Image.fromarray(_stripes()).save(folder / "stripes.png")
    (folder / "stripes.toml").write_text(TOML.format(exemplar="stripes.png"))
    return folder / "stripes.toml"


@pytest.fixture(scope="module")
def learned(world: Path) -> TextureLearner:
    """A rule that learned for some seconds, from fewer cells than usual."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("NUM_CELLS", 512), ("NUM_PLACES", 512), ("SHOWN_SIDE", 32), ("AVERAGE", 0.95)):
            patched.setattr(trainer, name, value)
        return train_rule(trainee(world), Budget(updates=150 * trainer.UPDATES))


def _automaton(boundary="wrap", fire_rate: float = 1.0) -> Texture:
    layer = AscentLayer(SIGHT.num_features, 6, 10, key=jax.random.key(1)).bounded(0.45)
    layer.linear[...] = 0.1 * jax.random.normal(jax.random.key(2), layer.linear.shape)
    colours = Colours.of((0.5, 0.4, 0.3), 0.2, (-1.5,) * 6, (1.8,) * 6)
    return Texture(layer, SIGHT, colours, boundary=boundary, fire_rate=fire_rate)


def test_training_brings_a_texture_nearer_to_its_picture(learned: TextureLearner, world: Path) -> None:
    exemplar = trainee(world).exemplar
    np.testing.assert_array_equal(exemplar, _stripes() / np.float32(255))

    def distance(automaton: Texture) -> float:
        start = automaton.noise((32, 32, 8), jax.random.key(3))
        return distance_to(exemplar, automaton.rgb(rollout(automaton, start, 40, key=jax.random.key(4))))

    assert distance(learned.automaton) < 0.6 * distance(trainee(world).automaton)
    assert set(learned.errors) == {"step 80", "step 240"}


def test_the_teacher_is_the_denoiser_of_patches_with_every_place_asked_for_equally() -> None:
    generator = np.random.default_rng(0)
    seen, place_seen = generator.standard_normal((6, 5)), generator.standard_normal((9, 5))
    place_state = generator.standard_normal((9, 2))
    width, weight = 0.7, np.ones(9)

    def shares(weight: np.ndarray) -> np.ndarray:
        rows = []
        for cell in seen:
            each = [weight[q] * np.exp(-np.sum((cell - place_seen[q]) ** 2) / 5 / width) for q in range(9)]
            rows.append(np.array(each) / sum(each))
        return np.array(rows)

    for num in (0, 1, 30):
        weight = np.ones(9)
        for _ in range(num):
            weight = weight / shares(weight).sum(0) * 6 / 9
        found = taught(*map(jnp.asarray, (seen, place_seen, place_state)), width=width, num_balancings=num)
        np.testing.assert_allclose(found.goal, shares(weight) @ place_state, atol=1e-4)
        square = ((seen[:, None] - place_seen) ** 2).mean(-1)
        assert float(found.misfit) == pytest.approx(np.sqrt((shares(weight) * square).sum(1).mean()), abs=1e-4)
    np.testing.assert_allclose(shares(weight).sum(0), 6 / 9, rtol=0.02)
    assert np.ptp(shares(np.ones(9)).sum(0)) > 0.2  # the plain denoiser asks for some places and not for others


def test_the_distance_is_the_sliced_wasserstein_distance_of_patches() -> None:
    generator = np.random.default_rng(1)
    one, other = generator.random((30, 33, 3)), generator.random((29, 28, 3)) ** 2
    directions = np.random.default_rng(0).standard_normal((147, 64))
    total = 0.0
    for scale in (1, 2, 4):
        rows = []
        for picture in (one, other):
            tall, wide = picture.shape[0] // scale, picture.shape[1] // scale
            small = np.zeros((tall, wide, 3))
            for row in range(tall):
                for column in range(wide):
                    small[row, column] = picture[
                        row * scale : (row + 1) * scale, column * scale : (column + 1) * scale
                    ].mean((0, 1))
            patches = [
                small[row : row + 7, column : column + 7].transpose(2, 0, 1).ravel()
                for row in range(tall - 6)
                for column in range(wide - 6)
            ]
            rows.append(np.array(patches))
        squares = []
        for direction in directions.T:
            lines = [np.sort(patches @ direction / np.linalg.norm(direction)) for patches in rows]
            levels = (np.arange(256) + 0.5) / 256
            read = [np.interp(levels * (len(line) - 1), np.arange(len(line)), line) for line in lines]
            squares.append((read[0] - read[1]) ** 2)
        total += np.sqrt(np.mean(squares)) / 3
    assert sliced_wasserstein(one, other) == pytest.approx(total, rel=1e-6)
    assert sliced_wasserstein(one, one) == 0


@pytest.mark.parametrize("boundary", ["wrap", "zero", "reflect"])
def test_a_cell_sees_squares_at_the_distance_of_each_group_and_a_page_steps_alike(boundary) -> None:
    automaton = _automaton(boundary)
    state = np.random.default_rng(2).standard_normal((9, 12, 6)).astype(np.float32)
    seen = np.asarray(automaton.see(jnp.asarray(state)))
    mode = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary]
    padded = np.pad(state, [(4, 4), (4, 4), (0, 0)], mode=mode)
    for row, column in ((0, 0), (3, 11), (8, 5)):
        wanted = [
            padded[4 + row + down * distance, 4 + column + across * distance, first:end]
            for first, end, distance in ((0, 3, 1), (3, 5, 2), (5, 6, 4))
            for down in (-1, 0, 1)
            for across in (-1, 0, 1)
        ]
        np.testing.assert_array_equal(seen[row, column], np.concatenate(wanted))
    np.testing.assert_array_equal(SIGHT.own(jnp.asarray(seen)), state)
    stepped = np.asarray(automaton.step(jnp.asarray(state), jax.random.key(0)))
    random = np.zeros((9, 12, 1), np.float32)
    np.testing.assert_allclose(step_program(automaton, 6).run(state, random), stepped, atol=1e-5)
    lattice = Lattice(6, boundary)
    found = lattice.program(automaton.described_deficit(lattice)).run(state)[..., 0]
    np.testing.assert_allclose(found, automaton.deficit(jnp.asarray(state)), rtol=1e-3, atol=1e-4)


def test_hidden_channels_are_principal_components_of_the_surroundings() -> None:
    picture = drawn("spots")[:50, :56]
    described = describe(picture, (2, 3, 1))
    assert described.states.shape == (34, 40, 9)
    np.testing.assert_allclose(
        described.states[..., :3] * described.scale + described.mean, picture[8:-8, 8:-8], atol=1e-5
    )
    rows = []
    for row in range(8, 42):  # the second scale: means of 2x2 pixels, two apart
        for column in range(8, 48):
            steps = [(row + down, column + across) for down in (-4, -2, 0, 2, 4) for across in (-4, -2, 0, 2, 4)]
            rows.append(np.concatenate([picture[r - 1 : r + 1, c - 1 : c + 1].mean((0, 1)) for r, c in steps]))
    centred = np.array(rows, np.float64) - np.mean(rows, 0)
    _, values, vectors = np.linalg.svd(centred, full_matrices=False)
    for component in range(3):
        line = centred @ vectors[component]
        wanted = line / line.std() * np.sqrt(values[component] / values[0])
        found = described.states[..., 5 + component].ravel()
        np.testing.assert_allclose(found * np.sign(found @ wanted), wanted, atol=2e-3)
    every = places(described, SIGHT._replace(sizes=(3, 2, 4)))
    assert every.seen.shape == (26 * 32, 81)
    np.testing.assert_array_equal(every.state, described.states[4:-4, 4:-4].reshape(-1, 9))


def test_nothing_flows_back_through_the_steps_or_into_the_teacher(world: Path) -> None:
    """The change of the layer is the difference of its own two Hebbian terms; what rolled the states gets none."""
    learner = trainee(world)
    blank, known = learner.automaton, learner.trained_by.places
    states = blank.noise((2, 12, 12, 8), jax.random.key(5))

    def learns(rolling: AscentLayer) -> jax.Array:
        rolled = rollout(trainer.with_layer(blank, rolling), states, 2, key=jax.random.key(6))
        batch = trainer.lessons(rolled, blank, known, key=jax.random.key(7))
        gradient, loss = trainer.gradient(blank.layer, batch.cells, blank)
        return loss + sum(jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(gradient))

    change, gradient = jax.jit(jax.value_and_grad(learns))(blank.layer)
    assert float(change) > 0
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(gradient))

    cells = trainer.lessons(states, blank, known, key=jax.random.key(7)).cells
    found, _ = trainer.gradient(blank.layer, cells, blank)
    weights = {name: np.asarray(getattr(blank.layer, name)[...]) for name in ("context_weight", "state_weight", "bias")}
    seen, own, goal = (np.asarray(part, np.float64) for part in (cells.perception, cells.state, cells.target))
    drive, given = seen @ weights["context_weight"] + weights["bias"], 0.0  # linear and offset begin at 0
    climbed = own
    for _ in range(3):
        hidden = np.maximum(drive + climbed @ weights["state_weight"], 0)
        climbed = np.clip(hidden @ weights["state_weight"].T + given, blank.colours.lowest, blank.colours.highest)
    good, bad = (np.maximum(drive + one @ weights["state_weight"], 0) for one in (goal, climbed))
    np.testing.assert_allclose(found.context_weight[...], seen.T @ (bad - good) / len(seen), atol=1e-4)
    np.testing.assert_allclose(found.linear[...], seen.T @ (climbed - goal) / len(seen), atol=1e-4)


def test_a_rule_file_keeps_all_that_runs_and_is_measured(learned: TextureLearner, tmp_path: Path) -> None:
    path = tmp_path / "rule.safetensors"
    learned.save(path)
    again = TextureLearner.load(path)
    assert again.world == learned.world
    assert again.record == learned.record
    np.testing.assert_array_equal(again.exemplar, learned.exemplar)
    for one, two in zip(*map(jax.tree.leaves, (learned.automaton, again.automaton)), strict=True):
        np.testing.assert_array_equal(one, two)
    assert opened(Request(str(path), (20, 9), seed=2)).start.shape == (20, 9, 8)


def test_from_the_command_line(ffnca, learned: TextureLearner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = tmp_path / "rule.safetensors"
    learned.save(rule)
    monkeypatch.setattr(measuring, "AGES", (10, 20))
    monkeypatch.setattr(measuring, "HEALING", 10)
    code, out, _ = ffnca("eval", rule, "--json")
    assert code == 0
    table = json.loads(out)
    assert table["self_distance"] == pytest.approx(self_distance(learned.exemplar), abs=1e-6)
    assert table["distance"] == table["distances"]["20"]
    assert 0 < table["self_distance"] < table["distance"] < 2 * table["noise_distance"]
    assert table["params"] == 72 * 24 + 8 * 24 + 24 + 72 * 8 + 8
    code, out, _ = ffnca("eval", rule)
    assert (code, "distance when healed" in out) == (0, True)
    assert ffnca("export", rule, tmp_path / "a.gif", "--steps", 4, "--wound", "2", "--show", "goodness")[0] == 0
    assert ffnca("export", rule, tmp_path / "a.html")[0] == 0


@pytest.mark.parametrize("name", EXEMPLARS)
def test_textures_that_ship_are_drawn_alike_each_time_and_differ_by_seed(name: str) -> None:
    picture = drawn(name)
    assert (picture.shape, picture.dtype) == ((96, 96, 3), np.float32)
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert self_distance(picture) < 0.5 * sliced_wasserstein(picture, np.random.default_rng(0).random((64, 64, 3)))
    assert not np.array_equal(picture, drawn(name, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('exemplar = "nowhere"', 'texture.exemplar = "nowhere"; allowed: bricks, cells, chequers'),
        ('exemplar = "nothing.png"', "nothing.png: no such picture file"),
        ('exemplar = "self.toml"', "or a picture file (.png"),
        ('exemplar = "small.png"', "has 60x80 pixels; allowed for a texture: 64 to 128 pixels a side"),
        ('exemplar = "large.png"', "has 70x129 pixels; allowed for a texture: 64 to 128 pixels a side"),
        ('exemplar = "clear.png"', "is transparent in places; allowed for a texture: an opaque picture"),
        ('exemplar = "text.png"', "is not a picture"),
        ('exemplar = "waves"\nseed = -1', "texture.seed = -1; allowed: a whole number from 0"),
        ('exemplar = "waves"\nsize = 3', "unknown key"),
        ('exemplar = "waves"\n[rule]\ncomponents = [4, 4]', "rule.components"),
        ('exemplar = "waves"\n[rule]\ncomponents = [4, 9, 1]', "allowed: a whole number from 1 to 8"),
        ('exemplar = "waves"\n[rule]\nfire_rate = 0', "rule.fire_rate = 0; allowed: a number above 0, at most 1"),
    ],
)
def test_what_cannot_be_a_texture_is_refused_in_a_line(ffnca, text: str, said: str, tmp_path: Path) -> None:
    for name, size, mode in (("small", (80, 60), "RGB"), ("large", (129, 70), "RGB"), ("clear", (64, 64), "RGBA")):
        Image.new(mode, size).save(tmp_path / f"{name}.png")
    (tmp_path / "text.png").write_text("no picture")
    path = tmp_path / "self.toml"
    path.write_text(f'kind = "texture"\ntitle = "T"\n[grid]\nsize = [16, 16]\n[texture]\n{text}\n')
    code, _, error = ffnca("train", path, "--updates", 8, "--out", tmp_path / "run")
    assert code == 2
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": {"lowest": [0.0]}}, "lowest and highest; allowed: 8 numbers each"),
        ({"model": {"scale": 0.0}}, "scale = 0.0; allowed: a number above 0"),
        ({"model": {"shape": 1}}, "unknown key"),
        ({"tensors": {}}, "allowed: rule.NAME and exemplar"),
        ({"tensors": {"exemplar": np.zeros(9, np.uint16)}}, "its exemplar cannot be read"),
        ({"parameters": {"bias": np.zeros(24, np.float16)}}, "does not fit the rule"),
    ],
)
def test_a_rule_file_that_is_not_one_is_refused(learned: TextureLearner, tmp_path: Path, change, said: str) -> None:
    path = tmp_path / "rule.safetensors"
    learned.save(path)
    stored = read_rule(path)
    model = dict(stored.model) | change.get("model", {})
    parts = {"parameters": stored.parameters, "tensors": stored.tensors} | {
        key: value for key, value in change.items() if key != "model"
    }
    path.write_bytes(rule_bytes(StoredRule("texture", model, parts["parameters"], parts["tensors"]), "rule"))
    with pytest.raises(InputError) as refused:
        TextureLearner.load(path)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
