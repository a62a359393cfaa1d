"""A page learns what is drawn; what it saves is what it shows."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("playwright")

from ffnca.automata.nca import NCA
from ffnca.opening import opened
from ffnca.page.writing import page_text
from ffnca.systems.base import Request

SECONDS, STEPS = (5, 20, 80), 30
"""How long it learns: longer where that was not enough."""
ENOUGH = 10
"""Updates."""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a creature whose rule has the usual form."""
    path = tmp_path_factory.mktemp("teaching") / "fish.html"
    path.write_text(page_text(opened(Request("fish"))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def taught(visited_once: Any, page_file: Path) -> Any:
    """A page that has learned its first drawing."""
    visit = visited_once(page_file)
    for seconds in SECONDS:
        visit.reached = visit.do("seconds => ffnca.learn(seconds)", seconds)
        if visit.reached["updates"] > ENOUGH:
            break
    return visit


def _saved(visit: Any, button: str, path: Path) -> Path:
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=button).click()
    download.value.save_as(path)
    return path


def _stepped(visit: Any, masks: np.ndarray) -> np.ndarray:
    """The state after these masks, from the first cell."""
    visit.do("ffnca.pause()")
    visit.do(
        "bytes => { ffnca.restart(0); ffnca.useMasks(Uint8Array.from(bytes)); }", masks.astype(int).ravel().tolist()
    )
    visit.do("count => ffnca.step(count)", len(masks))
    return np.asarray(visit.do("Array.from(ffnca.read())"))


def test_it_learns(taught: Any) -> None:
    assert taught.reached["updates"] > ENOUGH
    assert taught.reached["relativeMse"] < 0.9
    assert taught.page.locator("#title").text_content() == "Learned"


def test_what_is_saved_is_what_is_shown(taught: Any, visited: Any, tmp_path: Path) -> None:
    """By Python, by the page that learned it, and by the page that it saved; health too."""
    rule = _saved(taught, "Save rule", tmp_path / "learned.safetensors")
    simulation = opened(Request(str(rule)))
    masks = np.random.default_rng(0).random((STEPS, *simulation.start.shape[:2])) < 0.5
    state, automaton = simulation.start, simulation.automaton
    assert isinstance(automaton, NCA)
    advance = jax.jit(lambda state, fire: automaton.advance(state, fire))
    for mask in masks:
        state = advance(state, jnp.asarray(mask))
    again = visited(_saved(taught, "Save page", tmp_path / "learned.html"))
    for visit in (taught, again):
        for engine in ("js", "webgl"):
            visit.do("engine => ffnca.use(engine)", engine)
            np.testing.assert_allclose(_stepped(visit, masks), np.asarray(state).ravel(), atol=1e-3)
        assert visit.do("ffnca.relativeMse()") == pytest.approx(simulation.relative_mse(state), rel=1e-2)
        visit.page.locator("#show").select_option("health")
        visit.do("ffnca.step(0)")
        pixels = visit.do(
            "(() => { const view = document.getElementById('view');"
            " return Array.from(view.getContext('2d').getImageData(0, 0, view.width, view.height).data); })()"
        )
        drawn = np.asarray(pixels).reshape(*state.shape[:2], 4)[..., :3].astype(int)
        alive = np.asarray(state[..., 3]) > 0.1
        wanted = simulation.picture(state, "health").astype(int)
        assert np.median(np.abs(drawn - wanted)[alive]) <= 8
    assert again.page.locator("#title").text_content() == "Learned"


def test_the_creature_comes_back(taught: Any) -> None:
    taught.page.get_by_role("button", name="Go back").click()
    assert taught.page.locator("#title").text_content() == opened(Request("fish")).world.title


def test_an_empty_drawing_and_no_picture_are_refused(visited: Any, page_file: Path, tmp_path: Path) -> None:
    visit = visited(page_file)
    visit.page.get_by_role("button", name="Clear").click()
    visit.page.get_by_role("button", name="Learn", exact=True).click()
    assert "empty" in visit.page.locator("#learned").text_content()
    hostile = tmp_path / "picture.png"
    hostile.write_bytes(b"\x89PNG\r\n\x1a\n<script>window.harmed = 1</script>" + bytes(1000))
    visit.page.locator("#file").set_input_files(hostile)
    visit.page.get_by_text("That is no picture").wait_for()
    assert visit.do("window.harmed") is None


def test_a_world_that_cannot_be_taught_has_no_desk(visited: Any, tmp_path: Path) -> None:
    path = tmp_path / "life.html"
    path.write_text(page_text(opened(Request("life"))), encoding="utf-8")
    visit = visited(path)
    assert visit.page.locator("#teach").is_hidden()
    assert "not learned" in visit.do("ffnca.learn(1).catch((error) => error.message)")
