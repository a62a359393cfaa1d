"""A decoder that draws finer than the grid: what it knows of a point, how it learns, how it is kept and shown."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from ffnca import train_detail as public_name
from ffnca.errors import InputError
from ffnca.ff.calibration import MAGNITUDE
from ffnca.render import over
from ffnca.rule_file import read_rule
from ffnca.systems.base import Request
from ffnca.systems.growth import detail_training
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.detail import CodeLayout, Decoder, features, offsets, patches
from ffnca.systems.growth.detail_training import ColourLayer, decibels, fine_pictures, local_gradients, train_detail
from ffnca.systems.growth.sharpener import Sharpener
from ffnca.systems.growth.simulated import creature_simulation
from ffnca.systems.growth.target import load_target

DETAIL = 4


@pytest.fixture(scope="module")
def plain() -> Creature:
    """A fish whose rule learned nothing: what is tested here needs none that did."""
    return Creature.for_target("🐟", 12)


@pytest.fixture(scope="module")
def sharp(plain) -> Creature:
    """The same with a decoder that learned nothing either."""
    decoder = Decoder.blank(plain.code.num_features, (8, 6), key=jax.random.key(1))
    decoder.head.kernel[...] = jax.random.normal(jax.random.key(2), decoder.head.kernel.shape)
    decoder.head.bias[...] = jnp.array([0.2, 0.4, 0.1, 0.6])
    return replace(plain, sharpener=Sharpener(decoder, plain.code, DETAIL), record={"updates": 1})


@pytest.fixture(scope="module")
def rule(sharp, tmp_path_factory):
    path = tmp_path_factory.mktemp("rules") / "fish.safetensors"
    sharp.save(path)
    return path


def _grown(creature: Creature) -> jax.Array:
    return jnp.asarray(creature.body().target)


def _known(creature: Creature, state: jax.Array, angle: float = 0.0):
    height, width, _ = state.shape
    padded, place = jnp.pad(state, [(1, 1), (1, 1), (0, 0)]), jnp.arange(height * width)
    turned = jnp.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    points = jnp.asarray(offsets(DETAIL))[None]
    return jax.jit(lambda padded: features(patches(padded, place, width), points, turned, creature.code))(padded)


def test_a_point_knows_its_place_from_any_living_cell_beside_it(plain) -> None:
    """The waves of the code, gone on from the cells around, are those of the point itself, wounds or not."""
    body = plain.body()
    known, share = _known(plain, jnp.asarray(body.target))
    some = jnp.asarray(body.target).at[:, ::2].set(0)  # every other column is gone
    left, left_share = _known(plain, some)
    both = np.asarray((share > 0) & (left_share > 0))
    count = len(plain.code.waves)
    flat = np.asarray(known[..., 4:]), np.asarray(left[..., 4:])
    assert both.sum() > 500
    np.testing.assert_allclose(flat[0][both], flat[1][both], atol=2e-3)
    width = body.alive.shape[1]
    column = np.arange(width)[:, None] + offsets(DETAIL)[:, 1]
    angle = np.tile(plain.code.waves[-1] * (column - width / 2), (body.alive.shape[0], 1))
    inside = np.asarray(share > 0)
    cosine = np.asarray(known)[..., 4 + 2 * (count - 1)]
    np.testing.assert_allclose(cosine[inside], np.cos(angle)[inside], atol=2e-3)


def test_where_nothing_lives_nothing_is_drawn_and_little_is_computed_wrong(sharp) -> None:
    """The drawing in chunks of living cells is that of every point by itself."""
    state = _grown(sharp)
    assert sharp.sharpener is not None
    drawn = sharp.sharpener.drawn(state)
    assert drawn.shape == (state.shape[0] * DETAIL, state.shape[1] * DETAIL, 4)
    known, share = _known(sharp, state)
    alone = np.asarray(sharp.sharpener.decoder(known) * np.clip(share / 0.25, 0, 1)[..., None])
    height, width, _ = state.shape
    alone = alone.reshape(height, width, DETAIL, DETAIL, 4).swapaxes(1, 2).reshape(drawn.shape)
    np.testing.assert_allclose(drawn, alone, atol=1e-5)
    assert not sharp.sharpener.drawn(jnp.zeros_like(state)).any()
    corner = drawn[: 3 * DETAIL, : 3 * DETAIL]
    assert not corner.any()
    assert (drawn[..., :3] <= drawn[..., 3:]).all()
    shown = sharp.sharpener.over_white(state)
    assert np.abs(shown.astype(int) - over(drawn)).max() <= 1
    shown[:] = 0  # walls are drawn into it


def test_turned_bodies_are_drawn_turned(sharp) -> None:
    assert sharp.sharpener is not None
    turned = sharp.turned(90)
    frames = []
    for creature, (height, width) in ((sharp, sharp.picture.shape[:2]), (turned, sharp.picture.shape[1::-1])):
        drawn = sharp.sharpener.drawn(_grown(creature), angle=creature.angle)
        top, left = (
            (side - own) // 2 * DETAIL for side, own in zip(creature.world.grid.size, (height, width), strict=True)
        )
        frames.append(drawn[top : top + height * DETAIL, left : left + width * DETAIL])
    assert frames[0].std() > 0.05
    np.testing.assert_allclose(frames[1], np.rot90(frames[0], -1), atol=5e-3)


def test_layers_of_a_decoder_learn_alone() -> None:
    gradients = jax.jit(local_gradients)
    keys = jax.random.split(jax.random.key(0), 5)
    sizes = ((7, 5), (12, 4))
    layers = tuple(
        ColourLayer(reads, width, 4, key=key, calibration=MAGNITUDE)
        for (reads, width), key in zip(sizes, keys[:2], strict=True)
    )
    known, colour, weight = jax.random.normal(keys[2], (50, 7)), jax.random.uniform(keys[3], (50, 4)), jnp.ones(50)
    layers = tuple(jax.tree.map(lambda leaf: leaf + 0.1, layer) for layer in layers)
    before, _ = gradients(layers, known, colour, weight)
    first, second = layers
    after, _ = gradients((first, jax.tree.map(lambda leaf: leaf + 0.5, second)), known, colour, weight)
    same, changed = (jax.tree.leaves(part) for part in (after[0], after[1]))
    assert all((one == other).all() for one, other in zip(jax.tree.leaves(before[0]), same, strict=True))
    assert any((one != other).any() for one, other in zip(jax.tree.leaves(before[1]), changed, strict=True))
    heads, _ = gradients((jax.tree.map(jnp.array, first), second), known, colour, weight)
    first.head[...] = first.head[...] + 1  # what only the first needs is nothing to the second
    perturbed, _ = gradients((first, second), known, colour, weight)
    assert all((one == other).all() for one, other in zip(*map(jax.tree.leaves, (heads[1], perturbed[1])), strict=True))


def test_a_head_may_go_beyond_what_can_be_seen() -> None:
    layer = ColourLayer(3, 2, 4, key=jax.random.key(0), calibration=MAGNITUDE)
    layer.offset[...] = jnp.array([-0.5, 1.5, 0.5, 0.5])
    losses = [
        float(layer.colour_loss(jnp.zeros((1, 3)), jnp.array([colour]), jnp.ones(1)))
        for colour in ((0.0, 1.0, 0.5, 0.5), (0.2, 1.0, 0.5, 0.5), (0.0, 0.8, 0.5, 0.5))
    ]
    assert losses[0] == 0
    assert min(losses[1:]) > 0.01


def test_training_a_decoder_learns_and_leaves_the_rule_alone(plain, monkeypatch) -> None:
    target, losses = plain.training_bodies().each.target[0], []
    monkeypatch.setattr(detail_training, "rollout", lambda rule, states, *steps, key: np.resize(target, states.shape))
    monkeypatch.setattr(detail_training, "CELLS", 512)
    taught = train_detail(
        plain, 2, updates=200, hidden=(16, 8), show=lambda updates, loss: losses.append((updates, loss))
    )
    assert [updates for updates, _ in losses] == [100, 200]
    assert losses[1][1] < losses[0][1]
    leaves = [jax.tree.leaves(one.automaton) for one in (plain, taught)]
    assert all((one == other).all() for one, other in zip(*leaves, strict=True))
    assert replace(taught, sharpener=None, record={}) == plain
    assert taught.sharpener is not None
    assert taught.sharpener.factor == 2
    fine = fine_pictures(plain, 2)[0]
    cells = np.repeat(np.repeat(np.asarray(plain.body().target[..., :4]), 2, 0), 2, 1)
    learned = decibels(taught.sharpener.drawn(_grown(plain)), fine, 2)
    assert learned > decibels(cells, fine, 2)


def test_a_rule_file_keeps_the_decoder(sharp, plain, rule, tmp_path) -> None:
    again = Creature.load(rule)
    assert again == sharp
    assert again != replace(sharp, sharpener=None)
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == rule.read_bytes()
    sharp.save(tmp_path / "half.safetensors", half=True)
    half = Creature.load(tmp_path / "half.safetensors").sharpener
    assert half is not None
    kept = read_rule(tmp_path / "half.safetensors").tensors
    for name, tensor in sharp.sharpener.tensors.items():
        assert kept[f"detail.{name}"].dtype == (np.float16 if tensor.ndim == 2 else np.float32)
        np.testing.assert_allclose(half.tensors[name], tensor, rtol=1e-3, atol=1e-6)
    plain.save(tmp_path / "plain.safetensors")
    assert "detail" not in read_rule(tmp_path / "plain.safetensors").model
    assert Creature.load(tmp_path / "plain.safetensors").sharpener is None


def _rewritten(rule, path, change) -> None:
    """The rule file with its header or tensors changed."""
    from ffnca import rule_file

    stored = read_rule(rule)
    model, tensors = dict(stored.model), dict(stored.tensors)
    change(model, tensors)
    content = rule_file.rule_bytes(replace(stored, model=model, tensors=tensors), "test")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda model, tensors: model.pop("detail"), "decoder"),
        (lambda model, tensors: model["detail"].update(factor=17), "factor"),
        (lambda model, tensors: model["detail"].update(hidden=[8, 7]), "shape"),
        (lambda model, tensors: model["detail"].update(colour=1), "colour"),
        (lambda model, tensors: [tensors.pop(name) for name in [*tensors] if name.startswith("detail.")], "decoder"),
        (lambda model, tensors: tensors.pop("detail.scale"), "scale"),
        (lambda model, tensors: tensors.update({"detail.more": np.zeros(2, np.float32)}), "more"),
        (lambda model, tensors: tensors.update({"detail.scale": np.zeros(2, np.int32)}), "int32"),
    ],
)
def test_rule_files_whose_decoder_does_not_fit_are_refused(rule, tmp_path, change, words) -> None:
    _rewritten(rule, tmp_path / "bad.safetensors", change)
    with pytest.raises(InputError, match=words):
        Creature.load(tmp_path / "bad.safetensors")


def test_an_export_has_as_many_pixels_as_asked_for(rule, ffnca, tmp_path) -> None:
    """The file, decoded back, is the grid times the detail, whatever the decoder was trained for."""
    side = Creature.load(rule).world.grid.size[0]
    for detail, words, pixels in ((4, (), 4), (3, ("--scale", "6"), 6)):
        out = tmp_path / f"{detail}.webp"
        code, _, said = ffnca("export", rule, out, "--steps", 1, "--detail", detail, *words)
        assert code == 0, said
        with Image.open(out) as picture:
            assert picture.size == (side * pixels, side * pixels)
    out = tmp_path / "clear.png"
    code, _, said = ffnca("export", rule, out, "--steps", 0, "--detail", 4, "--background", "transparent")
    assert code == 0, said
    with Image.open(out) as picture:
        assert picture.mode == "RGBA"
        alpha = np.asarray(picture)[..., 3]
    assert (alpha.min(), alpha.max()) == (0, 255)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "RULE", "out.gif", "--detail", "1"), "--detail"),
        (("export", "RULE", "out.gif", "--detail", "17"), "2 to 16"),
        (("export", "RULE", "out.gif", "--detail", "4", "--show", "health"), "colour"),
        (("export", "RULE", "out.gif", "--detail", "4", "--scale", "6"), "multiples of 4"),
        (("export", "RULE", "out.gif", "--detail", "4", "--palette", "target"), "--palette"),
        (("export", "fish", "out.gif", "--detail", "8"), "ffnca grow TARGET --detail 8"),
        (("export", "life", "out.gif", "--detail", "8"), "is of kind life"),
        (("view", "orbium", "--detail", "8", "--headless-frames", "1"), "is of kind lenia"),
        (("grow", "🐟", "--detail", "99"), "2 to 16"),
    ],
)
def test_what_cannot_be_drawn_so_is_refused(words, said, rule, ffnca, tmp_path) -> None:
    code, _, error = ffnca(*(rule if word == "RULE" else word for word in words))
    assert code == 2
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments_of_training_are_refused(plain) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({"detail": 1}, "detail"),
        ({"detail": 2.5}, "detail"),
        ({"updates": 0}, "updates"),
        ({"hidden": (0,)}, "hidden"),
        ({"hidden": (8.5,)}, "hidden"),
        ({"hidden": (8,) * 5}, "allowed: 1 to 4 widths"),
        ({"hidden": 8}, "hidden: 8; allowed: 1 to 4 widths"),
        ({"fine": np.zeros((1, 3, 3, 4), np.float32)}, "shape"),
        ({"fine": 2 * np.ones_like(fine_pictures(plain, 8))}, "0 to 1"),
    ]
    for changed, said in bad:
        with pytest.raises(InputError, match=said):
            train_detail(plain, **changed)
    with pytest.raises(InputError, match="channels"):
        CodeLayout.of(6.0, 7, 0, "wrap", 0.1)


def test_a_body_that_has_died_is_not_drawn_finer(ffnca, tmp_path) -> None:
    """The training ends as any that ends too early, with all its files."""
    code, _, error = ffnca("grow", "🍩", "--size", 8, "--updates", 4, "--detail", 2, "--out", "d.gif")
    assert code == 1
    assert "nothing of it lives" in error
    assert "has not learned yet" in error
    assert {path.name for path in tmp_path.iterdir()} >= {"d.gif", "d.png", "d.safetensors"}


def test_fine_pictures_lie_over_the_cells(tmp_path) -> None:
    """Each cell of the grid picture is about the mean of its pixels, of emoji and files, whatever their size."""
    noise = np.random.default_rng(0).random((5, 9, 4), np.float32)
    art = Image.fromarray(np.uint8(255 * noise)).resize((270, 150), Image.Resampling.BICUBIC)
    art.save(tmp_path / "art.png")
    for target in ("🦎", str(tmp_path / "art.png"), art):
        cells, fine = load_target(target, 30), load_target(target, 30, detail=5)
        height, width, _ = cells.shape
        assert fine.shape == (5 * height, 5 * width, 4)
        means = fine.reshape(height, 5, width, 5, 4).mean((1, 3))
        assert np.corrcoef(means.ravel(), cells.ravel())[0, 1] > 0.98
        assert (fine[..., :3] <= fine[..., 3:] + 1e-6).all()


def test_other_views_stay_as_they_are(sharp) -> None:
    simulation = creature_simulation("fish", sharp, detail=DETAIL)
    assert simulation.view("colour").detail == DETAIL
    assert simulation.view("health").detail == 1
    assert simulation.turned is not None
    assert simulation.turned(simulation, 30.0).view("colour").detail == DETAIL
    assert simulation.picture(simulation.start).shape[:2] == tuple(DETAIL * side for side in sharp.world.grid.size)
    with pytest.raises(InputError, match="--detail"):
        Request("lizard", detail=True)


def test_decoders_have_few_parameters() -> None:
    from ffnca.systems.growth.detail_training import HIDDEN, HIDDEN_OF_SEVERAL

    for channels, identity, hidden in ((16, 0, HIDDEN), (20, 0, HIDDEN), (35, 15, HIDDEN_OF_SEVERAL)):
        code = CodeLayout.of(20.0, channels, identity, "wrap", 0.1)
        decoder = Decoder.blank(code.num_features, hidden, key=jax.random.key(0))
        assert decoder.hidden == hidden
        assert 5000 < decoder.num_parameters < 10_000


def test_the_package_offers_it() -> None:
    assert public_name is train_detail
