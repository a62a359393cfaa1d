"""A page draws finer than its cells, as Python does."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("playwright")

from ffnca.errors import InputError
from ffnca.opening import opened
from ffnca.page.writing import page_text
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.detail_training import train_detail
from ffnca.world import rule_path_for

DETAIL = 4
PIXELS = """(() => { const view = document.getElementById('view');
  return [view.width, view.height, Array.from(view.getContext('2d').getImageData(0, 0, view.width, view.height).data)];
})()"""


@pytest.fixture(scope="module")
def rule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A creature with a decoder that has hardly learned."""
    path = tmp_path_factory.mktemp("decoder") / "fish.safetensors"
    train_detail(Creature.load(rule_path_for("fish")), DETAIL, updates=100, hidden=(12, 8)).save(path)
    return path


@pytest.fixture(scope="module")
def fine(visited_once: Any, rule: Path) -> Any:
    """Its page, paused."""
    page = rule.with_suffix(".html")
    page.write_text(page_text(opened(Request(str(rule), detail=DETAIL))), encoding="utf-8")
    visit = visited_once(page)
    visit.do("ffnca.pause()")
    return visit


def _begun(visit: Any, angle: int = 0, steps: int = 0) -> None:
    """From its first cell, at an angle."""
    visit.do(
        "([angle, steps]) => { ffnca.pause(); ffnca.use('js'); const one = document.getElementById('angle');"
        " one.value = angle; one.dispatchEvent(new Event('change')); ffnca.restart(1); ffnca.step(steps); }",
        [angle, steps],
    )


def _pixels(visit: Any) -> np.ndarray:
    """What is drawn once nothing waits, over white."""
    visit.do(
        "new Promise((resolve) => { const look = () => (ffnca.drawnWhole() ? resolve() : requestAnimationFrame(look));"
        " ffnca.step(0); look(); })"
    )
    width, height, levels = visit.do(PIXELS)
    return np.asarray(levels).reshape(height, width, 4)[..., :3].astype(int)


@pytest.mark.parametrize("angle", [0, 90, 30])
def test_it_draws_what_python_draws(fine: Any, rule: Path, angle: int) -> None:
    """Growing, grown, wounded; turned too."""
    simulation = opened(Request(str(rule), angle=angle, detail=DETAIL))
    _begun(fine, angle)
    paper = np.asarray(fine.do("getComputedStyle(document.getElementById('view')).backgroundColor.match(/\\d+/g)"), int)
    assert paper[:3].tolist() == [255] * 3
    for what in ("ffnca.step(12)", "ffnca.step(150)", "ffnca.erase(24, 24, 4)", "ffnca.step(3)"):
        fine.do(what)
        state = np.asarray(fine.do("Array.from(ffnca.read())"), np.float32).reshape(simulation.start.shape)
        wanted, drawn = simulation.picture(jnp.asarray(state)).astype(int), _pixels(fine)
        assert drawn.shape == wanted.shape == (*(DETAIL * side for side in state.shape[:2]), 3)
        assert np.abs(drawn - wanted).max() <= 8
        assert np.abs(drawn - wanted).mean() < 0.1
        assert (drawn != 255).any()


def test_other_views_have_a_pixel_a_cell(fine: Any) -> None:
    fine.page.locator("#show").select_option("health")
    height, width = opened(Request("fish")).start.shape[:2]
    assert _pixels(fine).shape == (height, width, 3)
    fine.page.locator("#show").select_option("colour")
    assert _pixels(fine).shape == (DETAIL * height, DETAIL * width, 3)


def test_what_rests_is_not_drawn_again(fine: Any) -> None:
    _begun(fine, steps=300)
    before = _pixels(fine)
    fine.do("ffnca.step(1)")
    assert fine.do("ffnca.drawnWhole()")
    np.testing.assert_allclose(_pixels(fine), before, atol=2)


def test_a_page_that_is_saved_keeps_the_decoder(fine: Any, visited: Any, tmp_path: Path) -> None:
    given = "JSON.parse(document.getElementById('data').textContent)"
    (tmp_path / "one.html").write_text(fine.do(f"FfncaTeaching.pageText(ffnca.pristine, {given})"), encoding="utf-8")
    again = visited(tmp_path / "one.html")
    for visit in (again, fine):
        _begun(visit, steps=80)
    np.testing.assert_array_equal(_pixels(again), _pixels(fine))


def test_more_pixels_than_a_page_holds_are_refused(rule: Path) -> None:
    with pytest.raises(InputError, match="up to 2048 pixels"):
        page_text(opened(Request(str(rule), size=(200, 200), detail=11)))
