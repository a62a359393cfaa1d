"""In a notebook a simulation is its page in a frame, or one line."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from ffnca.opening import make
from ffnca.page.writing import page_text
from ffnca.simulation import Simulation

TITLE = '"></iframe><script>window.harmed = 1</script> & co'


@pytest.fixture(scope="module")
def life() -> Simulation:
    """A small world of a hostile name."""
    whole = make("life", (24, 40))
    return replace(whole, world=whole.world.model_copy(update={"title": TITLE}))


@pytest.fixture(scope="module")
def frame(visited_once: Any, life: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page as it runs in another document."""
    path: Path = tmp_path_factory.mktemp("frame") / "notebook.html"
    shown = life._repr_html_()
    path.write_text(f"<!doctype html><meta charset='utf-8'><script>var ffnca = {{}}</script>{shown}", encoding="utf-8")
    visit = visited_once(path)
    assert visit.do("window.harmed") is None
    _, inner = visit.page.frames
    inner.evaluate("ffnca.ready")
    return inner


def test_a_frame_holds_the_page_and_nothing_more(life: Simulation) -> None:
    seen: list[tuple[str, dict]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: seen.append((tag, dict(attrs)))
    parser.feed(life._repr_html_() or "")
    ((tag, given),) = seen
    assert (tag, given["title"], given["sandbox"]) == ("iframe", TITLE, "allow-scripts allow-downloads")
    assert given["srcdoc"] == page_text(life)


def test_it_runs_in_another_document(frame: Any, life: Simulation) -> None:
    frame.evaluate("(() => { ffnca.pause(); ffnca.restart(0); ffnca.step(3); })()")
    *_, state = life.states(3, key=jax.random.key(0))
    np.testing.assert_array_equal(frame.evaluate("[...ffnca.read()]"), np.asarray(state).ravel())


def test_there_pictures_are_saved_and_no_link_is_offered(frame: Any) -> None:
    assert not frame.locator("#link").is_visible()
    with frame.page.expect_download() as download:
        frame.locator("#picture").click()
    assert download.value.suggested_filename.endswith(".png")


def test_without_a_description_it_is_one_line(life: Simulation) -> None:
    class Undescribed:
        """What any automaton is that only steps."""

        step, render = life.automaton.step, life.automaton.render

    assert replace(life, automaton=Undescribed())._repr_html_() is None
