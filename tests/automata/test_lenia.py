"""Lenia against plain NumPy, and Orbium's glide."""

from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.automata.base import rollout
from ffnca.automata.lenia import ring_kernel
from ffnca.errors import InputError
from ffnca.grid.convolution import by_fourier, by_slices, spectrum
from ffnca.opening import make
from ffnca.systems.base import Request
from ffnca.systems.lenia import LENIA, parse_cells
from ffnca.world_file import parse_world


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
    fourier = by_fourier(state, spectrum(kernel, size, boundary), boundary)
    np.testing.assert_allclose(np.asarray(fourier)[..., 0], wanted, atol=1e-5)
    slices = by_slices(state, jax.numpy.asarray(kernel, jax.numpy.float32), boundary)
    np.testing.assert_allclose(np.asarray(slices)[..., 0], wanted, atol=1e-5)


def test_both_methods_run_alike(key) -> None:
    orbium = make("orbium")
    slices = orbium.world.model_copy(update={"rule": orbium.world.rule.model_copy(update={"method": "slices"})})
    other = LENIA.open(slices, Request("orbium"), Path("orbium.toml"))
    ends = [rollout(one.automaton, one.start, 20, key=key) for one in (orbium, other)]
    np.testing.assert_allclose(*ends, atol=1e-4)


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


WORLD = 'kind = "lenia"\ntitle = "t"\n[grid]\nsize = [20, 20]\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[rule]\nradius = 1\n", "rule.radius = 1; allowed: a whole number from 2 to 128"),
        ("[rule]\nkernel_peaks = [0, 0]\n", "no ring has a weight"),
        ("[rule]\ngrowth_width = 0\n", "rule.growth_width = 0"),
        ("[rule]\nmethod = 'gpu'\n", 'allowed: "fft" or "slices"'),
        ("[start]\ncells = 'hello'\n", "is no animal; allowed"),
        ("[start]\ncells = 'A'\ndensity = 0.5\n", "not both"),
    ],
)
def test_bad_worlds_say_what_is_allowed(text: str, part: str) -> None:
    with pytest.raises(InputError, match=r"w\.toml") as caught:
        parse_world(WORLD + text, "w.toml")
    assert part in str(caught.value)
