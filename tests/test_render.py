"""Colour from states, against straight computation."""

import numpy as np
import pytest
from PIL import Image

from ffnca.render import contact_sheet, enlarge, heat, ink_on, over, signed, straight


def random_state(*shape):
    return np.random.default_rng(0).normal(0.5, 0.6, shape).astype(np.float32)


@pytest.mark.parametrize("background", [0.0, 0.5, 1.0])
def test_over_agrees_with_blending_straight_colours(background):
    rng = np.random.default_rng(0)
    colour, alpha = rng.random((7, 5, 3)), rng.random((7, 5, 1))
    state = np.concatenate([colour * alpha, alpha, rng.normal(size=(7, 5, 12))], axis=-1)
    expected = 255 * (colour * alpha + background * (1 - alpha))
    shown = over(state.astype(np.float32), background)
    assert shown.dtype == np.uint8
    assert abs(shown - expected).max() <= 0.501


def test_over_extremes():
    assert (over(np.zeros((2, 2, 4))) == 255).all()
    assert (over(np.zeros((2, 2, 16)), 0.0) == 0).all()
    assert over(np.array([[[9.0, -9.0, 0.5, 7.0]]])).tolist() == [[[255, 0, 128]]]
    assert over(np.array([[[np.nan, np.inf, -np.inf, np.nan]]])).tolist() == [[[255, 255, 255]]]
    with pytest.raises(ValueError, match="3 channels"):
        over(np.zeros((2, 2, 3)))


def test_over_batches_and_leaves_its_input_alone():
    states = random_state(3, 2, 6, 5, 8)
    before = states.copy()
    shown = over(states)
    assert shown.shape == (3, 2, 6, 5, 3)
    np.testing.assert_array_equal(shown[2, 1], over(states[2, 1]))
    np.testing.assert_array_equal(states, before)


def test_over_accepts_jax_arrays():
    jnp = pytest.importorskip("jax.numpy")
    states = random_state(4, 4, 16)
    np.testing.assert_array_equal(over(jnp.asarray(states)), over(states))


def lightness(colours):
    """CIE L*, up to scale, of sRGB bytes."""
    levels = colours / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ [0.2126, 0.7152, 0.0722])


DEUTERANOPIA = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
"""Of linear RGB, after Machado, Oliveira and Fernandes (2009)."""


def as_seen_without_green(colours: np.ndarray) -> np.ndarray:
    """What a deuteranope sees of sRGB bytes, as bytes that others see alike."""
    levels = colours / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ DEUTERANOPIA.T, 0, 1)
    return 255 * np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("seen", [lambda colours: colours, as_seen_without_green], ids=["all", "deuteranope"])
def test_heat_is_light_where_little_is_good_and_falls_evenly(seen):
    ramp = seen(heat(np.linspace(2, 5, 64)[None], 2, 5)[0].astype(float))
    fall = -np.diff(lightness(ramp))
    assert (fall > 0).all()
    assert fall.max() < 3 * np.median(fall)
    assert lightness(np.array([255.0, 255.0, 255.0])) - lightness(ramp)[0] > 0.15  # stands out from white
    assert lightness(ramp)[0] - lightness(ramp)[-1] > 0.5


def test_heat_clips_and_draws_the_dead_in_the_background():
    values = np.array([[-1.0, 0.0, 1.0, 9.0, np.nan, np.inf]])
    colours = heat(values, 0, 1)[0]
    assert (colours[0] == colours[1]).all()
    assert (colours[2] == colours[3]).all()
    assert (colours[4] == colours[2]).all()  # not a number is the worst, not the best
    assert (colours[5] == colours[2]).all()
    alive = np.array([[True, False, True, False, True, False]])
    masked = heat(values, 0, 1, alive)[0]
    assert (masked[~alive[0]] == 255).all()
    assert (masked[alive[0]] == colours[alive[0]]).all()
    assert (heat(values, 0, 1, alive, background=0.0)[0][~alive[0]] == 0).all()


def test_heat_of_a_flat_map_and_wrong_order():
    assert (heat(np.zeros((3, 3)), 0, 0) == heat(np.zeros((3, 3)), 0, 1)).all()
    with pytest.raises(ValueError, match="above high"):
        heat(np.zeros((3, 3)), 1, 0)


def test_signed_is_white_at_zero_blue_under_red_over():
    blue, white, red = signed(np.array([[-2.0, 0.0, 2.0]]), 2.0)[0].astype(int)
    assert (white == 255).all()
    assert blue[2] > 2 * blue[0]
    assert red[0] > 2 * red[2]
    assert (signed(np.array([[-50.0, 50.0]]), 2.0)[0] == [blue, red]).all()
    half_under, half_over = lightness(signed(np.array([[-1.0, 1.0]]), 2.0)[0].astype(float))
    assert half_under == pytest.approx(half_over, abs=0.05)
    with pytest.raises(ValueError, match="not above 0"):
        signed(np.zeros((2, 2)), 0.0)


def test_maps_keep_the_batch():
    values = random_state(3, 4, 5)
    assert heat(values, 0, 1).shape == (3, 4, 5, 3)
    np.testing.assert_array_equal(signed(values, 1.0)[1], signed(values[1], 1.0))


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (10, 200, 90)])
def test_a_background_is_a_colour_too(background):
    state = random_state(6, 7, 16)
    state[..., :4] = np.clip(np.abs(state[..., :4]), 0, 1)
    state[..., :3] *= state[..., 3:4]
    state[0] = 0
    frame = over(state, background)
    assert (frame[0] == background).all()
    shown = straight(state).astype(float)
    flat = (shown[..., :3] * shown[..., 3:] + np.array(background) * (255 - shown[..., 3:])) / 255
    assert abs(flat - frame).max() < 1.6
    if len(set(background)) == 1:
        np.testing.assert_array_equal(frame, over(state, background[0] / 255))


def test_straight_divides_by_alpha_and_holds_nothing_where_nothing_is():
    state = np.zeros((1, 6, 5), np.float32)
    state[0, :, :4] = [
        [0.2, 0.1, 0, 0.4],
        [2, -1, 0.5, 0.5],
        [0.3, 0.3, 0.3, 0],
        [1, 1, 1, 0.001],
        [1, 0, 1, 9],
        [0] * 4,
    ]
    state[0, 5, :4] = np.nan
    shown = straight(state)[0].tolist()
    assert shown[:2] == [[128, 64, 0, 102], [255, 0, 255, 128]]
    assert shown[2:] == [[0] * 4, [0] * 4, [255, 0, 255, 255], [0] * 4]


def test_ink_is_dark_on_light_and_light_on_dark():
    assert max(ink_on((255, 255, 255))) < 60
    assert ink_on((255, 255, 0)) == ink_on((120, 120, 120)) == (0, 0, 0)
    assert ink_on((0, 0, 0)) == ink_on((0, 0, 200)) == (255, 255, 255)


def test_a_sheet_on_nothing_is_clear_between_its_frames():
    frames = np.full((2, 20, 30, 4), 255, np.uint8)
    sheet = contact_sheet(frames, ["one", "two"], paper=None)
    assert sheet.shape[-1] == 4
    assert (sheet[..., 3] > 0)[: 8 + 20].sum() == 2 * 600
    label = sheet[8 + 20 :]
    ink = (label[..., :3] < 128).all(-1)
    assert ink.any()
    assert (label[ink][:, 3] == 255).all()


def test_enlarge_agrees_with_pillow():
    frames = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 3), dtype=np.uint8)
    large = enlarge(frames, 4)
    assert large.dtype == np.uint8
    expected = Image.fromarray(frames[1]).resize((20, 12), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(large[1], np.asarray(expected))
    np.testing.assert_array_equal(enlarge(frames, 1), frames)
    with pytest.raises(ValueError, match="under 1"):
        enlarge(frames, 0)


def find(sheet, frame):
    """Top left corners where `frame` lies in `sheet`."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, frame.shape)[:, :, 0]
    return np.argwhere((windows == frame).all(axis=(-3, -2, -1))).tolist()


def test_contact_sheet_holds_every_frame_in_reading_order():
    frames = np.random.default_rng(0).integers(0, 256, (5, 6, 9, 3), dtype=np.uint8)
    sheet = contact_sheet(frames, columns=3)
    corners = [find(sheet, frame) for frame in frames]
    assert [len(corner) for corner in corners] == [1] * 5
    places = [corner[0] for corner in corners]
    assert places == sorted(places)
    assert len({top for top, _ in places}) == 2
    assert places[0][1] == places[3][1]


def test_contact_sheet_labels_are_ink_under_their_frames_and_never_overlap():
    frames = np.full((2, 20, 20, 3), 255, np.uint8)
    bare = contact_sheet(frames)
    sheet = contact_sheet(frames, ["a label wider than its frame", "step 1000"])
    assert (bare == 255).all()
    assert sheet.shape[0] > bare.shape[0]
    inked = (sheet < 128).any(axis=2)
    assert not inked[: 8 + 20].any()
    rows = np.flatnonzero(inked.any(axis=1))
    assert rows[-1] < len(sheet) - 4
    gap = inked[:, len(inked[0]) // 2 - 3 : len(inked[0]) // 2 + 3]
    assert not gap.any()
    assert inked[:, : len(inked[0]) // 2].any()
    assert inked[:, len(inked[0]) // 2 :].any()


def test_contact_sheet_refuses_what_does_not_match():
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="1 labels for 2 frames"):
        contact_sheet(frames, ["one"])
    with pytest.raises(ValueError, match="at least 1"):
        contact_sheet(frames[:0])
    with pytest.raises(ValueError, match="at least 1"):
        contact_sheet(frames, columns=0)
