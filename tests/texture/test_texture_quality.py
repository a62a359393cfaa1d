"""The shipped textures are what the table says: near their pictures when they have grown, and when they are old."""

import jax
import numpy as np
import pytest

from ffnca.automata.base import rollout
from ffnca.opening import opened
from ffnca.systems.base import Request
from ffnca.systems.registry import system_of
from ffnca.systems.texture.distance import distance_to, self_distance
from ffnca.world import find_world, shipped_worlds
from ffnca.world_file import load_world

TEXTURES = [name for name in shipped_worlds() if load_world(find_world(name)).kind == "texture"]
FAR, SHARE = 2.7, 0.5
"""Times the distance of the picture's halves, and of the noise that it grows from, at most after 200 and 400 steps.
Starts differ by a third."""


def test_all_of_them_are_tried() -> None:
    assert {"waves", "cells", "marble", "woven"} == set(TEXTURES)
    assert all(system_of("texture").is_trained(load_world(find_world(name)), find_world(name)) for name in TEXTURES)


@pytest.mark.computes
@pytest.mark.parametrize("name", TEXTURES)
def test_it_grows_from_noise_and_stays(name: str) -> None:
    simulation = opened(Request(name, seed=1))
    automaton, exemplar = simulation.automaton, simulation.trainee.exemplar
    unit = self_distance(exemplar)
    young = rollout(automaton, simulation.start, 200, key=jax.random.key(1))
    old = rollout(automaton, young, 200, key=jax.random.key(1), first_step=200)
    found = [distance_to(exemplar, automaton.rgb(state)) / unit for state in (simulation.start, young, old)]
    assert max(found[1:]) < min(FAR, SHARE * found[0]), found
    assert np.isfinite(np.asarray(old)).all()
