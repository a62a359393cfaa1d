"""The learner in the page: it does what the Python trainer does, and what it saves is a rule like any other."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ffnca as package
from ffnca.draws import bernoulli
from ffnca.ff.standardise import Standardiser
from ffnca.systems.growth import local_trainer
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.recipe import Recipe
from ffnca.systems.growth.spec import TrainSpec

LEARN = Path(package.__file__).parent / "page" / "learn.js"
SMALL = {"pool_batch": 2, "teacher_batch": 2, "cells": 64, "max_rollout": 3, "margin": 3, "average": 0.99}
UNITS = 24

HELPERS = """
const create = (options) => FfncaLearner.create({...options, target: Float32Array.from(options.target)});
const parts = ["context_weight", "bias", "state_weight", "linear", "offset"];

/** A layer as Python has it: nested lists by name. */
function read(layer) {
  const {units, context, own, linear} = layer;
  const table = (rows, columns, at) =>
    Array.from({length: rows}, (_, r) => Array.from({length: columns}, (_, c) => at(r, c)));
  return {
    context_weight: table(17, units, (p, u) => context[18 * u + p]),
    bias: table(1, units, (_, u) => context[18 * u + 17])[0],
    state_weight: table(4, units, (c, u) => own[4 * u + c]),
    linear: table(17, 4, (p, c) => linear[18 * c + p]),
    offset: table(1, 4, (_, c) => linear[18 * c + 17])[0],
  };
}

function write(layer, given) {
  const {units, context, own, linear} = layer;
  for (let u = 0; u < units; u++) {
    for (let p = 0; p < 17; p++) context[18 * u + p] = given.context_weight[p][u];
    context[18 * u + 17] = given.bias[u];
    for (let c = 0; c < 4; c++) own[4 * u + c] = given.state_weight[c][u];
  }
  for (let c = 0; c < 4; c++) {
    for (let p = 0; p < 17; p++) linear[18 * c + p] = given.linear[p][c];
    linear[18 * c + 17] = given.offset[c];
  }
}
"""


@pytest.fixture(scope="module")
def run(browser: Any) -> Any:
    """Run JavaScript in a page that has the learner, with one argument; no network, no error."""
    page, wrong = browser.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith("blob:") or wrong.append(request.url))
    page.add_script_tag(content=LEARN.read_text() + HELPERS)
    yield lambda script, given=None: page.evaluate(script, given)
    page.close()
    assert not wrong


def _options(picture: np.ndarray, **more: Any) -> dict[str, Any]:
    height, width = picture.shape[:2]
    return {
        "target": picture.ravel().tolist(),
        "height": height,
        "width": width,
        "units": UNITS,
        "updates": 100,
        **more,
    }


def _tensors(layer: Any) -> dict[str, np.ndarray]:
    names = ("context_weight", "bias", "state_weight", "linear", "offset")
    return {name: np.asarray(getattr(layer, name)[...]) for name in names}


def _lists(tensors: dict[str, np.ndarray]) -> dict[str, list]:
    return {name: tensor.tolist() for name, tensor in tensors.items()}


def _creature(picture: np.ndarray, **changes: Any) -> Creature:
    creature = Creature.for_picture(picture, recipe=Recipe(**SMALL | changes), pool_size=16)
    return creature.reshaped(hidden=(UNITS,))


def test_its_recipe_is_that_of_python(run: Callable) -> None:
    theirs, train = run("() => FfncaLearner.RECIPE"), TrainSpec()
    train_keys = ("learning_rate", "noise", "pool_size")
    assert {name: theirs.pop(name) for name in train_keys} == {name: getattr(train, name) for name in train_keys}
    assert theirs == {name: value for name, value in asdict(Recipe()).items() if name in theirs}
    assert asdict(Recipe()).keys() - theirs.keys() == {"first_renewed_share"}  # None, for bodies of this size


def test_a_body_is_laid_out_as_in_python(run: Callable, ring_picture: np.ndarray) -> None:
    picture = ring_picture[:, :10].copy()
    picture[:, 3:5] = 0  # two parts, which need a bridge
    body = jax.tree.map(lambda leaf: np.asarray(leaf[0]), _creature(picture).training_bodies()).each
    found = run(
        """(options) => {
          const {body} = create(options);
          const names = ["picture", "goal", "target", "start", "alive", "distance", "wanted"];
          return {...Object.fromEntries(names.map((name) => [name, Array.from(body[name])])),
            seedAt: body.seedAt, reach: body.reach, waves: body.waves, width: body.width};
        }""",
        _options(picture, recipe=SMALL),
    )
    for name in ("picture", "goal", "target", "start", "alive"):
        np.testing.assert_allclose(found[name], getattr(body, name).ravel(), atol=1e-6, err_msg=name)
    np.testing.assert_allclose(found["wanted"], np.asarray(body.wanted(Recipe().unwanted_alpha))[..., :4].ravel())
    inside = body.distance.ravel() < 1e6
    np.testing.assert_array_equal(np.array(found["distance"])[inside], body.distance.ravel()[inside])
    assert min(np.array(found["distance"])[~inside]) > 1e6
    assert divmod(found["seedAt"], found["width"]) == tuple(body.seed_at)
    assert found["reach"] == body.reach
    np.testing.assert_allclose(found["waves"], _creature(picture).plan().code.waves)


def _first_state(creature: Creature, key: jax.Array) -> local_trainer.TrainState:
    """Fresh layers, and a pool of noisy bodies of which much is missing."""
    plan, body = creature.plan(), creature.training_bodies().each
    layers = plan.learning.start(plan.num_perception, plan.rule.hidden, 4, key=key)
    random = np.random.default_rng(0)
    pool = np.where(random.random((16, *body.target.shape[1:3], 1)) < 0.6, body.target, 0)
    pool = pool + (pool != 0) * random.normal(0, 0.2, pool.shape)
    mean, scale = random.normal(0, 0.3, plan.num_perception), random.uniform(0.5, 1.2, plan.num_perception)
    return local_trainer.TrainState(
        layers=layers,
        averaged=jax.tree.map(jnp.array, layers),
        optimisers=tuple(local_trainer.optimiser(plan).init(layer) for layer in layers),
        pool=jnp.asarray(pool, jnp.float32),
        standardiser=Standardiser(jnp.asarray(mean, jnp.float32), jnp.asarray(scale, jnp.float32)),
        round=jnp.zeros((), jnp.int32),
    )


def test_a_round_is_that_of_the_python_trainer(
    run: Callable, ring_picture: np.ndarray, monkeypatch: pytest.MonkeyPatch, key: jax.Array
) -> None:
    """With the draws of a round of Python: what is rolled out, who is learned from, and all weights after it."""
    creature = _creature(ring_picture)
    plan, state = creature.plan(), _first_state(creature, key)
    first, mean, scale = _tensors(state.layers[0]), state.standardiser.mean.tolist(), state.standardiser.scale.tolist()
    noticed: dict[str, list[list[np.ndarray]]] = {}

    def notice(owner: Any, name: str, choose: Callable) -> None:
        function = getattr(owner, name)

        def keep(*values: Any) -> None:
            noticed.setdefault(name, []).append([np.asarray(value) for value in values])

        def noticing(*given: Any, **named: Any) -> Any:
            result = function(*given, **named)
            jax.debug.callback(keep, *choose(given, named, result), ordered=True)
            return result

        monkeypatch.setattr(owner, name, noticing)

    notice(
        local_trainer,
        "rolled_by_all",
        lambda given, named, rolled: (*given[1:3], jax.random.key_data(named["key"]), rolled),
    )
    notice(local_trainer, "add_noise", lambda given, named, noisy: (noisy,))
    notice(local_trainer, "chances", lambda given, named, chances: (chances,))
    notice(jnp, "searchsorted", lambda given, named, cells: (cells,))
    after, figures = local_trainer.train_round(state, creature.training_bodies(), 0.015, plan, key=key)
    jax.effects_barrier()
    monkeypatch.undo()
    ((drawn, num_steps, rollout_key, rolled),) = noticed["rolled_by_all"]
    keys = [
        jax.random.fold_in(jax.random.wrap_key_data(jnp.asarray(rollout_key)), step) for step in range(int(num_steps))
    ]
    fires = [bernoulli(step_key, 0.5, drawn.shape[:-1]) for step_key in keys]
    (teacher,) = noticed["add_noise"][-1]
    found = run(
        """(given) => {
          const learner = create(given.options);
          const {size, body, automaton, states, recipe} = learner;
          write(learner.layer, given.layer);
          learner.averaged.copy(learner.layer);
          learner.ascent.mean.set(given.mean);
          learner.ascent.scale.set(given.scale);
          learner.readAveraged();
          states.set(given.states);
          for (let i = 0; i < recipe.pool_batch; i++)
            for (const fires of given.fires)
              automaton.step(states, (recipe.teacher_batch + i) * size, Uint8Array.from(fires), i * body.cells);
          learner.findChances();
          const chances = new Array(learner.living.length).fill(0);
          for (let i = 0; i < learner.numCandidates; i++)
            chances[learner.candidates[i]] = learner.upTo[i] - (i ? learner.upTo[i - 1] : 0);
          const gaps = given.chosen.map((cells) =>
            learner.update(Int32Array.from(cells), given.rate, learner.left(recipe.robust_scale, given.rate)));
          const rolled = Array.from(states.subarray(recipe.teacher_batch * size));
          return {rolled, chances, gaps, layer: read(learner.layer), averaged: read(learner.averaged)};
        }""",
        {
            "options": _options(ring_picture, recipe=SMALL),
            "layer": _lists(first),
            "mean": mean,
            "scale": scale,
            "states": np.concatenate([teacher, drawn]).ravel().tolist(),
            "fires": [np.asarray(fire, int).ravel().tolist() for fire in fires],
            "chosen": [cells.tolist() for (cells,) in noticed["searchsorted"]],
            "rate": 0.015,
        },
    )
    np.testing.assert_allclose(found["rolled"], rolled.ravel(), atol=1e-4)
    np.testing.assert_allclose(found["chances"], noticed["chances"][0][0].ravel(), atol=1e-6)
    assert np.mean(found["gaps"]) == pytest.approx(float(figures.loss), abs=1e-4)
    for name, tensor in _tensors(after.layers[0]).items():
        np.testing.assert_allclose(found["layer"][name], tensor, atol=1e-4, err_msg=name)
        assert np.abs(tensor - first[name]).max() > 5e-3, name
    for name, tensor in _tensors(after.averaged[0]).items():
        np.testing.assert_allclose(found["averaged"][name], tensor, atol=1e-6, err_msg=name)


def test_an_update_knows_states_only_as_data(run: Callable, ring_picture: np.ndarray) -> None:
    """Nothing flows through time: whatever rule rolled the states out, they teach the same, to the bit."""
    found = run(
        """(options) => {
          const learner = create(options);
          learner.round();
          learner.findChances();
          learner.chooseCells();
          const learn = () => {
            const {layer, states, living, chosen, ascent} = learner;
            return [ascent.learn(layer, states, living, chosen, 0.1), ...ascent.gradient.arrays.flatMap((a) => [...a])];
          };
          const before = learn();
          for (const array of learner.averaged.arrays) array.forEach((value, i) => (array[i] = 1.3 * value + 0.05));
          learner.readAveraged();
          learner.pool.fill(0.5);
          const others = learn();
          for (const array of learner.layer.arrays) array.forEach((value, i) => (array[i] = 1.3 * value + 0.05));
          return {before, others, own: learn()};
        }""",
        _options(ring_picture, recipe=SMALL),
    )
    assert found["others"] == found["before"]
    assert found["own"] != found["before"]
    assert np.abs(found["before"]).max() > 1e-3


def test_at_a_given_negative_a_weight_learns_from_its_two_ends_alone(run: Callable, ring_picture: np.ndarray) -> None:
    """With the negative held, a unit's update knows no other unit, and the linear part knows none at all."""
    before, others, linear = run(
        """(options) => {
          const learner = create(options);  // a climb of rate 0 ends where it began
          learner.round();
          learner.findChances();
          learner.chooseCells();
          const {layer, ascent, states, living, chosen} = learner;
          const learn = () => {
            ascent.learn(layer, states, living, chosen, Infinity);
            const {context, own, linear} = ascent.gradient;
            return {unit: [...context.slice(18, 36), ...own.slice(4, 8)], linear: [...linear], context: [...context]};
          };
          const shake = (array, first, end) => {
            for (let i = first; i < (end ?? array.length); i++) array[i] = 1.3 * array[i] + 0.05;
          };
          const found = [learn()];
          shake(layer.context, 0, 18);
          shake(layer.context, 36);
          shake(layer.own, 0, 4);
          shake(layer.own, 8);
          found.push(learn());
          shake(layer.linear, 0);
          found.push(learn());
          return found;
        }""",
        _options(ring_picture, recipe=SMALL | {"ascent_rate": 0}),
    )
    assert others["unit"] == before["unit"]
    assert np.abs(before["unit"]).max() > 1e-3
    assert others["linear"] == before["linear"]
    assert np.abs(before["linear"]).max() > 1e-3
    assert others["context"] != before["context"]
    assert linear == others


QUICK = {"margin": 3, "cells": 256, "pool_batch": 4, "teacher_batch": 4, "pool_size": 32, "average": 0.98}


@pytest.fixture(scope="module")
def learned(run: Callable) -> dict[str, Any]:
    """What the page learned of a ring in about a second, as it is saved, and how that grows with given fire masks."""
    rows, columns = np.mgrid[0:12, 0:12] - 5.5
    alpha = (np.hypot(rows, columns) < 6) & (np.hypot(rows, columns) > 2.2)
    picture = np.stack([0.5 + 0.08 * columns, 0.5 + 0.08 * rows, 0.3 + 0 * rows, 1 + 0 * rows], -1) * alpha[..., None]
    fires = np.random.default_rng(1).integers(0, 2, (40, 18 * 18))
    found = run(
        """(given) => {
          const learner = create(given.options);
          const figures = [];
          do figures.push(learner.round());
          while (learner.fraction < 1);
          const relativeMse = learner.relativeMse();
          const rule = learner.rule();
          const state = learner.body.start.slice();
          for (const fires of given.fires) learner.automaton.step(state, 0, Uint8Array.from(fires), 0);
          return {figures, relativeMse, bytes: [...FfncaLearner.save(rule)], state: [...state], waves: rule.waves};
        }""",
        {"options": _options(picture, recipe=QUICK, updates=300, title="A ring & <b>"), "fires": fires.tolist()},
    )
    return found | {"picture": picture, "fires": fires}


@pytest.fixture(scope="module")
def saved(learned: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of that rule."""
    path = tmp_path_factory.mktemp("page") / "ring.safetensors"
    path.write_bytes(bytes(learned["bytes"]))
    return path


def test_it_learns_in_a_second_or_two(learned: dict[str, Any]) -> None:
    """With 544 parameters and 300 updates; 1 would be nothing grown."""
    first, last = learned["figures"][0], learned["figures"][-1]
    assert learned["relativeMse"] < 0.1
    assert last["gap"] < 0.2 * first["gap"]
    assert (last["rounds"], last["updates"], last["fraction"]) == (75, 300, 1)
    assert last["rate"] == pytest.approx(0.01 * 0.02)
    assert 0 < last["seconds"] < 600


def test_a_saved_rule_is_one_of_python(learned: dict[str, Any], saved: Path) -> None:
    """It is what a Creature of that picture would save, and grows there as it did in the page."""
    creature = Creature.load(saved)
    assert creature.world.title == "A ring & <b>"
    np.testing.assert_allclose(creature.picture, learned["picture"], atol=1e-6)
    np.testing.assert_allclose(creature.plan().code.waves, learned["waves"])
    assert creature.recipe == replace(Recipe(), **{name: QUICK[name] for name in QUICK if name != "pool_size"})
    assert creature.world.train.pool_size == QUICK["pool_size"]
    assert creature.record["updates"] == 300
    assert creature.record["rel_mse_200"] == learned["relativeMse"]
    usual = Creature.for_picture(learned["picture"]).reshaped(hidden=(UNITS,))
    assert creature.plan().model == usual.plan().model
    assert creature.world.grid == usual.world.grid
    state = creature.body((18, 18)).start
    advance = jax.jit(creature.automaton.advance)
    for fire in learned["fires"]:
        state = advance(state, jnp.asarray(fire.reshape(18, 18), bool))
    np.testing.assert_allclose(np.asarray(state).ravel(), learned["state"], atol=1e-4)
    assert np.asarray(state)[..., 3].max() > 0.5
    creature.save(saved.with_name("again.safetensors"))
    assert Creature.load(saved.with_name("again.safetensors")) == creature


def test_a_saved_rule_runs(learned: dict[str, Any], saved: Path, ffnca: Callable) -> None:
    code, out, err = ffnca("run", saved, "--steps", 200, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["rel_mse"] == pytest.approx(learned["relativeMse"], rel=0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, "height = 0; allowed: a whole number from 1 to 32"),
        ({"width": 10_000}, "width = 10000; allowed: a whole number from 1 to 32"),
        ({"height": 3, "width": 3}, "the drawing is 3x3; allowed: a longer side of 8 to 32"),
        ({"width": 11}, "the drawing has 576 numbers; allowed: 528, red, green, blue and alpha of each cell"),
        ({"target": [0.0] * 576}, "the drawing is empty; allowed: a cell with alpha above 0.1"),
        ({"target": [2.0] * 576}, "the drawing has a number 2; allowed: 0 to 1"),
        ({"units": 10**9}, "units = 1000000000; allowed: a whole number from 8 to 370"),
        ({"seed": -1}, "seed = -1; allowed: a whole number from 0 to 2147483647"),
        ({"updates": None, "seconds": 0}, "seconds = 0; allowed: a number above 0 up to 86400"),
        ({"title": "two\nlines"}, "title = two\nlines; allowed: one line of 1 to 200 characters"),
        ({"recipe": {"pool_size": 10**9}}, "recipe: pool_size = 1000000000; allowed: a whole number from 1 to 256"),
        ({"recipe": {"noise": "much"}}, "recipe: noise = much; allowed: a number, as 0.4"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    run: Callable, ring_picture: np.ndarray, change: dict[str, Any], message: str
) -> None:
    script = "(options) => { try { create(options); } catch (error) { return `${error.name}: ${error.message}`; } }"
    assert run(script, _options(ring_picture) | change) == f"InputError: {message}"


def test_numbers_that_are_none_are_refused(run: Callable) -> None:
    messages = run(
        """() => {
          const targets = [NaN, "1", Infinity, -1].map((value) => Array(256).fill(value));
          return [...targets, "text", null, {}].map((target) => {
            try {
              FfncaLearner.create({target, height: 8, width: 8});
            } catch (error) {
              return error.name;
            }
          });
        }"""
    )
    assert messages == ["InputError"] * 7


def test_a_worker_learns_pauses_and_stops(run: Callable, ring_picture: np.ndarray) -> None:
    """The file itself is the worker; no clock is asked, the page waits for messages."""
    found = run(
        """async ({source, options}) => {
          const address = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
          const worker = new Worker(address);
          URL.revokeObjectURL(address);
          const queue = [];
          let waiting = null;
          worker.onmessage = ({data}) => (waiting ? waiting(data) : queue.push(data));
          const told = () => queue.length ? queue.shift() : new Promise((resolve) => {
            waiting = (data) => { waiting = null; resolve(data); };
          });
          worker.postMessage({...options, width: 10000, type: "start"});
          const refused = await told();
          worker.postMessage({type: "start", ...options, updates: null, seconds: 3600});
          const progress = await told();
          worker.postMessage({type: "pause"});
          let paused;
          do paused = await told();
          while (paused.type !== "paused");
          worker.postMessage({type: "stop"});
          const done = await told();
          worker.postMessage({type: "start", ...options, updates: 8});
          let last;
          do last = await told();
          while (last.type !== "done");
          worker.terminate();
          const tensor = done.rule.tensors["rule.colour.context_weight"];
          return {refused, progress, paused, done, last, saved: [...FfncaLearner.save(done.rule)].length, tensor};
        }""",
        {"source": LEARN.read_text(), "options": _options(ring_picture, recipe=QUICK)},
    )
    assert found["refused"] == {"type": "error", "message": "width = 10000; allowed: a whole number from 1 to 32"}
    assert (found["progress"]["type"], found["done"]["type"]) == ("progress", "done")
    assert 0 < found["progress"]["rounds"] <= found["paused"]["rounds"] == found["done"]["rounds"]
    assert 0 <= found["done"]["relativeMse"] < 2
    assert found["last"]["updates"] == 8
    assert found["tensor"]["shape"] == [17, UNITS]
    assert found["saved"] > 4 * 17 * UNITS


def test_the_same_seed_learns_the_same(run: Callable, ring_picture: np.ndarray) -> None:
    script = """(options) => {
      const learner = create(options);
      while (learner.fraction < 1) learner.round();
      const {tensors} = learner.rule();
      return Object.keys(tensors).sort().map((name) => [...tensors[name].values]);
    }"""
    seeded = [_options(ring_picture, recipe=QUICK, updates=8, seed=seed) for seed in (5, 5, 6)]
    first, again, other = (run(script, options) for options in seeded)
    assert first == again
    assert first != other
