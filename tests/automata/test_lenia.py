"""Lenia against plain NumPy, and Orbium's glide."""

from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import rollout, step_program
from ffnca.automata.lenia_cells import parse_cells
from ffnca.automata.lenia_growth import ring_kernel
from ffnca.errors import InputError
from ffnca.grid.convolution import by_fourier, by_slices, spectrum
from ffnca.lattice import Lattice
from ffnca.opening import make
from ffnca.systems.base import Request
from ffnca.systems.lenia import LENIA
from ffnca.world import dump_world, shipped_worlds
from ffnca.world_file import load_world, parse_world, world_from_json


def _numpy_orbium(state: np.ndarray, num_steps: int, radius: int = 13) -> np.ndarray:
    """The published equations in float64: https://arxiv.org/abs/1812.05433, with a polynomial kernel and growth."""
    side = state.shape[0]
    place = np.minimum(np.arange(side), side - np.arange(side))
    distance = np.sqrt(place[:, None] ** 2 + place[None] ** 2) / radius
    kernel = np.where(distance < 1, (4 * distance * (1 - distance)) ** 4, 0)
    transformed = np.fft.fft2(kernel / kernel.sum())
    for _ in range(num_steps):
        mean = np.real(np.fft.ifft2(np.fft.fft2(state) * transformed))
        growth = np.maximum(0, 1 - (mean - 0.15) ** 2 / (9 * 0.015**2)) ** 4 * 2 - 1
        state = np.clip(state + growth / 10, 0, 1)
    return state


def _centre(state: np.ndarray) -> np.ndarray:
    """Centre of mass on a torus, in cells."""
    turns = np.exp(2j * np.pi * np.arange(len(state)) / len(state))
    return np.array([np.angle((state.sum(1 - axis) * turns).sum()) * len(state) / (2 * np.pi) for axis in (0, 1)])


def _moved(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.hypot(*((_centre(after) - _centre(before) + 32) % 64 - 32)))


def test_orbium_glides_as_the_equations_say(key) -> None:
    orbium = make("orbium")
    start = np.asarray(orbium.start, float)[..., 0]
    after = np.asarray(rollout(orbium.automaton, orbium.start, 100, key=key))[..., 0]
    np.testing.assert_allclose(after, _numpy_orbium(start, 100), atol=1e-4)
    later = rollout(orbium.automaton, orbium.start, 200, key=key)
    wanted = _numpy_orbium(start, 200)
    grown = rollout(orbium.automaton, orbium.start, 20, key=key)  # from here on it is in shape
    assert orbium.measured(later)["mass"] == pytest.approx(orbium.measured(grown)["mass"], rel=0.02)
    assert orbium.measured(later)["mass"] == pytest.approx(wanted.sum(), rel=1e-3)
    assert _moved(start, np.asarray(later)[..., 0]) == pytest.approx(_moved(start, wanted), abs=0.05)
    assert _moved(start, wanted) > 5


@settings(max_examples=12)
@given(
    st.sampled_from(["wrap", "zero", "reflect"]),
    st.sampled_from([2, 5, 9]),
    st.sampled_from([(12, 17), (10, 10), (8, 9)]),
)
def test_fourier_and_slices_agree(boundary, radius: int, size: tuple[int, int]) -> None:
    if boundary == "reflect" and radius >= min(size):
        return
    state = jax.random.uniform(jax.random.key(radius), (*size, 1))
    kernel = ring_kernel(radius, (1.0, 0.5), "exponential")
    mode = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}[boundary]
    padded = np.pad(np.asarray(state, float)[..., 0], radius, mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    wanted = np.einsum("ijkl,kl->ij", windows, kernel)
    fourier = by_fourier(state, spectrum(kernel[None], size, boundary), boundary)
    np.testing.assert_allclose(np.asarray(fourier)[..., 0], wanted, atol=1e-5)
    slices = by_slices(state, jax.numpy.asarray(kernel[None], jax.numpy.float32), boundary)
    np.testing.assert_allclose(np.asarray(slices)[..., 0], wanted, atol=1e-5)


def test_both_methods_run_alike(key) -> None:
    orbium = make("orbium")
    slices = orbium.world.model_copy(update={"rule": orbium.world.rule.model_copy(update={"method": "slices"})})
    other = LENIA.open(slices, Request("orbium"), Path("orbium.toml"))
    ends = [rollout(one.automaton, one.start, 20, key=key) for one in (orbium, other)]
    np.testing.assert_allclose(*ends, atol=1e-4)


KERNELS = """
[rule]
channels = 2
radius = 6
kernel = "gaussian"
growth = "exponential"
update = "UPDATE"
method = "METHOD"
time_resolution = 4
[[kernels]]
kernel_peaks = [0.5, 1]
growth_centre = 0.2
growth_width = 0.06
weight = 0.6
[[kernels]]
source = 1
radius_share = 0.7
growth_centre = 0.25
growth_width = 0.1
weight = 0.4
[[kernels]]
target = 1
radius_share = 0.85
growth_centre = 0.3
growth_width = 0.1
"""


def _numpy_channels(state: np.ndarray, kernels: tuple, asymptotic: bool) -> np.ndarray:
    """One step of two channels in float64, neighbour by neighbour: arXiv:2005.03742, and Kawaguchi et al. (2021)."""
    wanted = np.zeros_like(state)
    for kernel in kernels:
        total, mean, peaks = 0.0, np.zeros(state.shape[:2]), kernel.kernel_peaks
        for down in range(-6, 7):
            for across in range(-6, 7):
                place = len(peaks) * np.hypot(down, across) / (6 * kernel.radius_share)
                if place < len(peaks):
                    weight = peaks[int(place)] * np.exp(-(((place % 1 - 0.5) / 0.15) ** 2) / 2)
                    total += weight
                    mean += weight * np.roll(state[..., kernel.source], (-down, -across), (0, 1))
        bell = np.exp(-(((mean / total - kernel.growth_centre) / kernel.growth_width) ** 2) / 2)
        wanted[..., kernel.target] += kernel.weight * (bell if asymptotic else 2 * bell - 1)
    return np.clip(state + (wanted - state * asymptotic) / 4, 0, 1)


@pytest.mark.parametrize(("update", "method"), [("growth", "fft"), ("growth", "slices"), ("asymptotic", "auto")])
def test_several_kernels_and_channels_as_the_equations_say(key, update: str, method: str) -> None:
    text = WORLD.replace("20, 20", "21, 26") + KERNELS.replace("UPDATE", update).replace("METHOD", method)
    world = parse_world(text, "w.toml")
    assert world_from_json(dump_world(world), "w") == world
    lenia = LENIA.open(world, Request("w"), Path("w.toml"))
    state = np.asarray(lenia.start, float)
    assert state[..., 1].any()
    for _ in range(5):
        state = _numpy_channels(state, world.kernels, update == "asymptotic")
    found = rollout(lenia.automaton, lenia.start, 5, key=key)
    assert state.std() > 0.02
    np.testing.assert_allclose(found, state, atol=1e-4)
    if method != "fft":  # the page's program says the same, and draws the same colours but for their steps
        program, wanted = (
            step_program(lenia.automaton, 2),
            _numpy_channels(state, world.kernels, update == "asymptotic"),
        )
        np.testing.assert_allclose(program.run(np.asarray(found)), wanted, atol=1e-4)
        for name, view in lenia.views.items():
            if view.level is not None:
                lattice = Lattice(2, "wrap")
                level = lattice.program(view.level.write(lenia.automaton, lattice)).run(np.asarray(found))[..., 0]
                colours = view.level.colours[np.rint(level * (len(view.level.colours) - 1)).astype(int)]
                apart = np.abs(colours.astype(int) - lenia.picture(found, name))
                assert apart.max() <= 9, name


def test_kernels_sum_to_one_and_have_their_rings() -> None:
    kernel = ring_kernel(10, (1.0, 0.25), "polynomial")
    assert kernel.sum() == pytest.approx(1)
    middle = kernel[10, 10:]
    np.testing.assert_allclose(middle[[0, 5, 10]], 0, atol=1e-12)
    assert middle[7] / middle[2] == pytest.approx(0.25 * (4 * 0.4 * 0.6) ** 4 / (4 * 0.4 * 0.6) ** 4)
    np.testing.assert_array_equal(kernel, kernel.T)


def test_cells_are_read() -> None:
    assert parse_cells("A2.X$pAyO!") == [[1 / 255, 0, 0, 24 / 255], [25 / 255, 1.0, 0, 0]]
    assert parse_cells("o2$b!") == [[1.0], [0.0], [0.0]]
    for wrong in ("Z", "A!B", "12", "1025A", "1025$", "99999A", "pp", "é"):
        with pytest.raises(ValueError, match="animal"):
            parse_cells(wrong)


@pytest.mark.parametrize("share", [1e-300, 5e-324, 0.05])
def test_a_kernel_of_less_than_a_cell_has_no_weight(share: float) -> None:
    with pytest.raises(ValueError, match="no weight in any cell"):
        ring_kernel(13, (1.0, 0.5), "polynomial", share)


WORLD = 'kind = "lenia"\ntitle = "t"\ngrid.size = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[rule]\nradius = 1\n", "rule.radius = 1; allowed: a whole number from 2 to 128"),
        ("[rule]\nkernel_peaks = [0, 0]\n", "no ring has a weight"),
        ("[rule]\ngrowth_width = 0\n", "rule.growth_width = 0"),
        ("[rule]\nmethod = 'gpu'\n", 'allowed: "auto", "fft" or "slices"'),
        ("[rule]\nchannels = 2\n", "rule.channels = 2 without [[kernels]]; allowed: 1"),
        ("[rule]\ngrowth_width = 0.1\n[[kernels]]\n", "rule.growth_width beside [[kernels]]; allowed: in each of them"),
        ("[[kernels]]\n[[kernels]]\ntarget = 1\n", "kernels[1].target = 1 with rule.channels = 1; allowed: less"),
        ("[[kernels]]\nweight = 'a'\n", 'kernels[0].weight = "a"; allowed: a number from -10 to 10'),
        ("[[kernels]]\nwight = 1\n", 'unknown key "wight"; did you mean "weight"?'),
        ("kernels = 1\n[rule]\n", "kernels = 1; allowed: at most 64 tables [[kernels]]"),
        (65 * "[[kernels]]\n", "allowed: at most 64 tables [[kernels]]"),
        ("[[kernels]]\nkernel_peaks = [0]\n", "no ring has a weight"),
        ("[start]\ncells = 'A!B!'\n", "start.cells has 2 channels; allowed: 1"),
        (f"[start]\ncells = '{9 * 'A!'}'\n", "[start.cells] the animal has 9 channels; allowed: up to 8"),
        (f"[start]\ncells = '900$900A{150_000 * '!'}'\n", "[start.cells] the animal has 150000 channels"),
        ("[start]\ncells = '$$!'\n", "[start.cells] the animal is empty; allowed: at least one cell"),
        ("[start]\ncells = '\u0663A!'\n", "is no animal; allowed"),
        ("[rule]\ngrowth_width = 1e-40\n", "rule.growth_width = 1e-40; allowed: a number from 0.000001 to 1"),
        ("[start]\ncells = 'hello'\n", "is no animal; allowed"),
        ("[start]\ncells = 'A'\ndensity = 0.5\n", "not both"),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)


SPECIES = [name for name, path in shipped_worlds().items() if load_world(path).kind == "lenia"]


@pytest.mark.parametrize("name", SPECIES)
def test_a_shipped_species_lives(key, name: str) -> None:
    """300 steps on: neither gone nor grown over the grid, and the same whatever the key."""
    simulation = make(name)
    mass, grid = float(simulation.start.sum()), simulation.start[..., 0].size
    after = simulation.automaton, simulation.start, 300
    lived = rollout(*after, key=key)
    assert 0.7 * mass < float(lived.sum()) < (2.5 if name == "tessellatium" else 1.3) * mass  # which divides once
    assert 20 < simulation.measured(lived)["population"] < grid / 4
    np.testing.assert_array_equal(lived, rollout(*after, key=jax.random.key(7)))
    thumbnail = LENIA.thumbnail(simulation.world, shipped_worlds()[name])
    np.testing.assert_array_equal(thumbnail, simulation.picture(simulation.start))


def test_a_dozen_species_ship() -> None:
    assert len(SPECIES) >= 12
    worlds = [load_world(shipped_worlds()[name]) for name in SPECIES]
    assert {world.rule.channels for world in worlds} == {1, 3}
    assert len({len(world.rule.kernel_peaks) for world in worlds}) > 2
    assert all("https://" in shipped_worlds()[name].read_text().splitlines()[0] for name in SPECIES)
