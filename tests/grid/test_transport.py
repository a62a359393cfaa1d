import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffnca.grid.boundary import BOUNDARIES, pad
from ffnca.grid.perceive import perceive
from ffnca.grid.transport import Code
from ffnca.perceptions import FIRST_HIDDEN
from ffnca.systems.growth.position_code import coordinates, position_code, wave_numbers

AMPLITUDE, HALF_WIDTH, NUM_CODE = 0.7, 8.0, 12
IDENTITY = (0.7, -0.7, 0.7)
SHAPE = (13, 17)
MODES = {"wrap": "wrap", "zero": "constant", "reflect": "reflect"}
CODE = Code.along_axes(wave_numbers(NUM_CODE, HALF_WIDTH), AMPLITUDE)


def _coded(angle: float = 0.0, moved: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """The right code of every cell, and of a body of several."""
    x, y = coordinates(SHAPE, (6 - moved[1], 8 - moved[0]), HALF_WIDTH, angle)
    code = position_code(x, y, NUM_CODE, HALF_WIDTH, AMPLITUDE)
    return np.concatenate([code, np.broadcast_to(IDENTITY, (*SHAPE, 3))], -1).astype(np.float32)


def _grid(code: np.ndarray, seed: int, share: float = 0.4) -> np.ndarray:
    state = np.zeros((*SHAPE, FIRST_HIDDEN + code.shape[-1]), np.float32)
    state[..., 3] = np.random.default_rng(seed).random(SHAPE) < share
    state[..., FIRST_HIDDEN:] = code
    return state


def _number_of_neighbours(state: np.ndarray) -> np.ndarray:
    alive = np.pad(state[..., 3] > 0.1, 1)
    around = [alive[1 + r : 1 + r + SHAPE[0], 1 + c : 1 + c + SHAPE[1]] for r in (-1, 0, 1) for c in (-1, 0, 1)]
    return np.sum(around, 0) - alive[1:-1, 1:-1]


def _oracle(state: np.ndarray, boundary: str) -> np.ndarray:
    """One neighbour after another, in double precision."""
    padded = np.pad(state.astype(float), ((1, 1), (1, 1), (0, 0)), mode=MODES[boundary])
    waves = np.asarray(CODE.waves, float)
    votes = np.zeros((*SHAPE, state.shape[-1] - FIRST_HIDDEN))
    for row in range(SHAPE[0]):
        for column in range(SHAPE[1]):
            total = 0.0
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    cell = padded[row + 1 + down, column + 1 + right]
                    if (down, right) == (0, 0) or cell[3] <= 0.1:
                        continue
                    weight = 0.5 if down and right else 1.0
                    said = cell[FIRST_HIDDEN:].copy()
                    for pair, (across, along) in enumerate(waves):
                        back = across * right + along * down
                        phasor = (said[2 * pair + 1] + 1j * said[2 * pair]) * np.exp(-1j * back)
                        said[2 * pair], said[2 * pair + 1] = phasor.imag, phasor.real
                    votes[row, column] += weight * said
                    total += weight
            votes[row, column] /= max(total, 0.5)
    return votes


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_vote_against_numpy(boundary: str) -> None:
    random = np.random.default_rng(0)
    state = _grid(random.normal(size=(*SHAPE, 15)).astype(np.float32), 1)
    vote = CODE.vote(pad(jnp.asarray(state), boundary), 0.1)
    oracle = _oracle(state, boundary)
    pairs = np.moveaxis(oracle[..., :NUM_CODE].reshape(*SHAPE, -1, 2), (-1, -2), (0, 1))
    np.testing.assert_allclose(vote.sines, pairs[0], atol=1e-5)
    np.testing.assert_allclose(vote.cosines, pairs[1], atol=1e-5)
    np.testing.assert_allclose(vote.singles, np.moveaxis(oracle[..., NUM_CODE:], -1, 0), atol=1e-5)
    np.testing.assert_allclose(vote.lengths, np.hypot(*pairs), atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.floats(-360, 360), st.integers(0, 99))
def test_whatever_lives_and_however_a_body_is_turned_neighbours_tell_the_exact_code(angle: float, seed: int) -> None:
    state = _grid(_coded(angle), seed)
    seen = CODE.turned(angle).vote(pad(jnp.asarray(state), "zero"), 0.1)
    has_neighbours = _number_of_neighbours(state) > 0
    said = np.asarray(seen.at_full_length())
    np.testing.assert_allclose(said[has_neighbours], state[..., FIRST_HIDDEN:][has_neighbours], atol=1e-5)
    np.testing.assert_allclose(np.asarray(seen.agreement())[has_neighbours], 1, atol=1e-5)
    assert not said[~has_neighbours].any()


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_code_of_a_place_off_the_grid(right: float, down: float) -> None:
    there = CODE.rotated(jnp.asarray(_coded()), jnp.array([right, down]))
    np.testing.assert_allclose(there, _coded(moved=(right, down)), atol=1e-4)


def test_neighbours_that_say_different_things_agree_less() -> None:
    """A seam: the left part is two cells off."""
    code = _coded()
    code[:, :8] = _coded(moved=(2.0, 0.0))[:, :8]
    vote = CODE.vote(pad(jnp.asarray(_grid(code, 0, share=2.0)), "zero"), 0.1)
    agreement = np.asarray(vote.agreement())[1:-1, 1:-1, 0]
    assert agreement[:, 6:8].max() < 0.9
    np.testing.assert_allclose(np.delete(agreement, (6, 7), 1), 1, atol=1e-5)
    lengths = np.hypot(*np.moveaxis(np.asarray(vote.at_full_length())[..., :NUM_CODE].reshape(*SHAPE, -1, 2), -1, 0))
    np.testing.assert_allclose(lengths, AMPLITUDE, atol=1e-5)


def test_a_cell_without_neighbours_keeps_its_own_code() -> None:
    state = np.zeros((*SHAPE, FIRST_HIDDEN + 15), np.float32)
    state[6, 8, 3], state[6, 8, FIRST_HIDDEN:] = 1, 0.3
    seen = perceive(jnp.asarray(state), ("transported",), "zero", alive_threshold=0.1, code=CODE)
    np.testing.assert_allclose(seen[6, 8], 0.3)
    assert not np.asarray(seen)[0, 0].any()


def test_without_waves_there_is_nothing_to_transport() -> None:
    with pytest.raises(ValueError, match="waves"):
        perceive(jnp.zeros((4, 4, 8)), ("agreement",), "zero", alive_threshold=0.1)
