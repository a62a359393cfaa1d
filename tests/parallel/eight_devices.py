"""Run in a process of its own with 8 devices: prints as JSON how far what is split is from what is whole."""

import json
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ffnca.automata.base import Automaton, Local, rollout
from ffnca.automata.layered_rule import LayeredRule
from ffnca.automata.nca import NCA
from ffnca.automata.split import Split, mesh_of
from ffnca.opening import opened
from ffnca.part import Part
from ffnca.perceptions import perception_size
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.local_trainer import LocalTrainer
from ffnca.world import shipped_worlds

CHANNELS, SIDE, STEPS = 6, 32, 3
NAMES = ("identity", "sobel", "alive")
PARTS = (Part(down=4, across=2), Part(across=8), Part(down=8))
AT_EDGES = {"wrap": PARTS, "zero": PARTS[:1], "reflect": PARTS[:1]}


def distance(one: Any, other: Any) -> float:
    """Largest difference of two trees of arrays."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return max(float(np.max(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)))) for a, b in pairs)


def learned_like(boundary: Any) -> NCA:
    """A rule whose bodies grow, move and die."""
    rule = LayeredRule.drawn(perception_size(NAMES, CHANNELS), (16,), CHANNELS, key=jax.random.key(3), proposes="delta")
    draw = np.random.default_rng(4)
    rule.update_layer.kernel[...] = 0.06 * draw.standard_normal(rule.update_layer.kernel.shape, np.float32)
    rule.update_layer.bias[...] = 0.15 * (np.arange(CHANNELS) == 3)
    return NCA(rule, perception=NAMES, boundary=boundary)


def apart(automaton: Automaton, state: jax.Array, part: Part, steps: int = STEPS) -> float:
    """After some steps from a state; the whole runs first, as its compiled code must not be taken for a part's."""
    key, split = jax.random.key(5), Split.over(automaton, part)
    whole = state
    for number in range(steps):
        whole = automaton.step(whole, jax.random.fold_in(key, number))
    parts = rollout(split, split.placed(state), steps, key=key)
    assert len(parts.sharding.device_set) == 8, parts.sharding
    return distance(whole, parts)


def of_worlds() -> dict[str, float | None]:
    """One world of each kind; None where it cannot be split."""
    found = {}
    for name in shipped_worlds():
        simulation = opened(Request(name))
        kind = simulation.world.kind
        if kind in found:
            continue
        automaton = simulation.automaton
        if not isinstance(automaton, Local) or automaton.halo is None:
            found[kind] = None
            continue
        height, width, _ = simulation.start.shape
        part = next((part for part in PARTS if height % part.down == 0 and width % part.across == 0), None)
        found[kind] = "no part divides it" if part is None else apart(automaton, simulation.start, part, 8)
    return found


def of_boundaries() -> dict[str, float]:
    """A rule of learned transport at all edges, in all parts."""
    draw = np.random.default_rng(1)
    state = jnp.asarray(draw.uniform(-0.5, 1, (SIDE, SIDE, CHANNELS)), jnp.float32)
    state *= jnp.asarray(draw.random((SIDE, SIDE, 1)) < 0.3)
    found = {}
    for boundary, parts in AT_EDGES.items():
        for part in parts:
            found[f"{boundary} {part.down}x{part.across}"] = apart(learned_like(boundary), state, part, 12)
    return found


def of_a_batch() -> float:
    """States and rows at the same time."""
    state = jnp.asarray(np.random.default_rng(2).uniform(0, 1, (4, SIDE, SIDE, CHANNELS)), jnp.float32)
    return apart(learned_like("wrap"), state, Part(states=4, down=2), 6)


def of_training() -> dict[str, Any]:
    """A round of one device and of eight, from the same state; six states, so that two devices have none."""
    creature = Creature.for_target("🐟", 10).by_recipe(cells=512, pool_batch=6)
    one = LocalTrainer(creature.plan(), creature.training_bodies())
    all_devices = one.over(mesh_of(Part(states=8)))
    key = jax.random.key(0)
    whole, shared = (trainer.round(trainer.begin(key=key), 0.02, key=key)[0] for trainer in (one, all_devices))
    everywhere = all(leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(shared))
    return {"apart": distance(whole, shared), "everywhere": everywhere}


def refused() -> dict[str, str]:
    """What is said of parts that cannot be."""
    state, automaton, found = jnp.zeros((SIDE, SIDE, CHANNELS)), learned_like("wrap"), {}
    for name, part in {"uneven": Part(down=5), "too many": Part(down=9), "none": Part(down=0)}.items():
        try:
            split = Split.over(automaton, part)
            rollout(split, split.placed(state), 1, key=jax.random.key(0))
        except ValueError as error:
            found[name] = str(error)
    narrow = jnp.zeros((8, SIDE, CHANNELS))
    split = Split.over(learned_like("reflect"), Part(down=8))
    try:
        rollout(split, split.placed(narrow), 1, key=jax.random.key(0))
    except ValueError as error:
        found["narrow"] = str(error)
    return found


if __name__ == "__main__":
    checks = {
        "worlds": of_worlds,
        "boundaries": of_boundaries,
        "batch": of_a_batch,
        "training": of_training,
        "refused": refused,
    }
    json.dump({name: check() for name, check in checks.items()}, sys.stdout)
