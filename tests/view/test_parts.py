"""The parts of the window that need no screen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffnca.errors import InputError
from ffnca.view.brushes import swept
from ffnca.view.camera import MAX_ZOOM, Area, Camera
from ffnca.view.chart import LENGTH, Chart
from ffnca.view.pace import SPEEDS, STEPPING_SECONDS, Pace
from ffnca.view.painting import PALETTE, SIZE, Painting
from ffnca.view.session import Vitals

cells = st.floats(-3, 30)


@given(row=cells, column=cells, down=cells, across=cells, radius=st.floats(0.5, 6))
def test_a_sweep_is_every_cell_near_the_line(row, column, down, across, radius) -> None:
    found = swept((24, 20), (row, column), (down, across), radius, wrap=False)
    rows, columns = np.mgrid[0:24, 0:20]
    near = np.zeros((24, 20), bool)
    for share in np.linspace(0, 1, 400):
        middle = row + share * (down - row), column + share * (across - column)
        near |= np.hypot(rows - middle[0], columns - middle[1]) <= radius - 0.1
    assert not (near & ~found).any()
    far = np.ones((24, 20), bool)
    for share in np.linspace(0, 1, 400):
        middle = row + share * (down - row), column + share * (across - column)
        far &= np.hypot(rows - middle[0], columns - middle[1]) > radius + 0.1
    assert not (far & found).any()


@given(row=st.integers(0, 23), column=st.integers(0, 19), radius=st.floats(0.5, 8))
def test_on_a_wrapped_grid_a_disc_goes_on_at_the_other_side(row, column, radius) -> None:
    middle = swept((24, 20), (12, 10), (12, 10), radius, wrap=True)
    found = swept((24, 20), (row, column), (row, column), radius, wrap=True)
    np.testing.assert_array_equal(found, np.roll(middle, (row - 12, column - 10), (0, 1)))


@given(
    width=st.integers(1, 2000),
    height=st.integers(1, 2000),
    rows=st.integers(1, 300),
    columns=st.integers(1, 300),
    factor=st.floats(0.2, 5),
    at=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_the_camera_finds_the_cell_that_it_draws(width, height, rows, columns, factor, at) -> None:
    area, camera = Area(10, 20, width, height), Camera()
    scale = camera.scale(area, rows, columns)
    assert scale <= MAX_ZOOM
    assert scale <= max(width / columns, 1e-2)
    point = (area.left + at[0] * width, area.top + at[1] * height)
    camera.zoom(factor, point, area, rows, columns)
    camera.pan(7, -3, area, rows, columns)
    scale, (left, top) = camera.scale(area, rows, columns), camera.corner(area, rows, columns)
    assert 0 < scale <= MAX_ZOOM
    row, column = camera.place((left + 2.5 * scale, top + 1.5 * scale), area, rows, columns)
    assert row == pytest.approx(1, abs=1e-6)
    assert column == pytest.approx(2, abs=1e-6)


def test_zoom_keeps_the_cell_under_the_pointer() -> None:
    area, camera = Area(0, 0, 800, 600), Camera()
    for factor in (1.25, 1.25, 1.25, 0.8, 2.0):
        before = camera.place((500, 200), area, 72, 72)
        camera.zoom(factor, (500, 200), area, 72, 72)
        np.testing.assert_allclose(camera.place((500, 200), area, 72, 72), before, atol=0.2)


def test_pace_gives_its_speed_whatever_the_frame_rate() -> None:
    for level, speed in enumerate(SPEEDS[:-1]):
        for rate in (30, 60, 144):
            pace = Pace(level)
            pace._step_seconds = 1e-5
            steps = sum(pace.due(1 / rate) for _ in range(4 * rate))
            assert abs(steps - 240 * speed) <= 1.2


def test_pace_does_not_owe_what_does_not_fit() -> None:
    pace = Pace(SPEEDS.index(32.0))
    for _ in range(50):
        pace.took(1, STEPPING_SECONDS / 2)
    assert [pace.due(1 / 60) for _ in range(5)] == [2] * 5
    pace.level = len(SPEEDS) - 1
    assert math.isinf(SPEEDS[pace.level])
    assert pace.due(1 / 60) == 2
    pace.paused = True
    assert pace.due(1) == 0


def test_a_painting_becomes_a_target() -> None:
    painting = Painting()
    with pytest.raises(InputError, match="paint at least 8 cells"):
        painting.picture()
    red, green, blue = (value / 255 for value in PALETTE[3])
    painting.paint((5, 6), (5, 15), 1.2, (red, green, blue))
    picture = painting.picture()
    assert picture.shape == (SIZE, SIZE, 4)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    painted = np.hypot(rows - 5, columns - np.clip(columns, 6, 15)) <= 1.2
    np.testing.assert_array_equal(picture[..., 3] > 0, painted)
    np.testing.assert_allclose(picture[5, 10], (red, green, blue, 1), rtol=1e-6)
    painting.paint((5, 10), (5, 10), 1.0, None)
    assert painting.picture()[5, 10].sum() == 0
    painting.take_emoji("🍄")
    assert painting.name == "🍄"
    living = painting.picture()[..., 3] > 0
    assert max(living.any(0).sum(), living.any(1).sum()) == SIZE
    with pytest.raises(InputError, match="neither an emoji"):
        painting.take_emoji("hello")
    assert painting.name == "🍄"


def test_the_chart_keeps_the_last_and_starts_again_when_time_goes_back() -> None:
    chart = Chart()
    chart.add(Vitals(0, None, None))
    assert not chart.vitals
    for step in range(2 * LENGTH):
        chart.add(Vitals(step, 10.0**-step if step else math.inf, step / 10))
        chart.add(Vitals(step, 1.0, 0.0))
    assert len(chart.vitals) == LENGTH
    lines = chart.error_line() + chart.illness_line()
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in lines)
    chart.add(Vitals(3, 0.01, 1.0))
    assert [vitals.step for vitals in chart.vitals] == [3]
    assert chart.illness_line() == [(0.0, 1.0)]
    assert chart.error_line() == [(0.0, pytest.approx(0.5))]


def test_the_chart_has_axes_of_steps_and_decades() -> None:
    chart = Chart()
    for step in range(100, 331, 6):
        chart.add(Vitals(step, 0.1, 1e-3))
    decades = chart.decade_ticks()
    assert [tick.text for tick in decades] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert [tick.place for tick in decades] == [0, 0.25, 0.5, 0.75, 1]
    ticks = chart.step_ticks()
    assert len(ticks) >= 3
    for tick in ticks:
        assert tick.place == pytest.approx((int(tick.text) - 100) / 228)
    assert chart.error_line()[-1] == (1.0, pytest.approx(0.75))  # on the line of 0.1
    assert chart.illness_line()[-1] == (1.0, pytest.approx(0.25))
