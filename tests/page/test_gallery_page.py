"""The page of many worlds in a real browser: each lives on its card, and opens in full."""

import json
from pathlib import Path
from typing import Any

import pytest

from ffnca.page.writing import gallery_text
from ffnca.systems.base import Request
from ffnca.systems.growth.creature import Creature
from ffnca.world_file import load_world

HOSTILE = "<b>Glider</b> & </script><script>window.harmed = 1</script>"
LIFE = f'kind = "life"\ntitle = "{HOSTILE}"\n[grid]\nsize = [12, 12]\n[rule]\nnotation = "B3/S23"\n'
SEEDLING = 'kind = "growth"\ntitle = "Seedling"\n[grid]\nsize = [20, 20]\n[target]\nemoji = "🐟"\nsize = 12\n'
NAMES = ["fish", "seedling", "glider"]


def _until(visit: Any, test: str, given: Any = None) -> None:
    """Wait until a function of JavaScript is true at a frame; fails after two minutes."""
    visit.do(
        f"(given) => new Promise((resolve, reject) => {{ const met = {test};"
        " setTimeout(() => reject(new Error(`never: ${met}`)), 120000);"
        " const look = () => (met(given) ? resolve() : requestAnimationFrame(look)); look(); })",
        given,
    )


def _shows(visit: Any, title: str) -> None:
    """Wait until that is the heading."""
    _until(visit, "(title) => document.getElementById('title').textContent === title", title)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a trained creature, one that never learned, and a world of counting."""
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "glider.toml").write_text(LIFE + '[start]\nrle = "x = 3, y = 3\\nbo$2bo$3o!"\n', encoding="utf-8")
    (folder / "seedling.toml").write_text(SEEDLING, encoding="utf-8")
    Creature.untrained(load_world(folder / "seedling.toml"), folder).save(folder / "seedling.safetensors")
    requests = [Request("fish"), *(Request(str(folder / name)) for name in ("seedling.safetensors", "glider.toml"))]
    page = folder / "index.html"
    text = gallery_text(requests, title="Three", hint="Open one.", credits=f"By <b>hand</b>, {60 * 'o'}.")
    page.write_text(text, encoding="utf-8")
    return page


@pytest.fixture(scope="module")
def three(visited_once: Any, gallery: Path) -> Any:
    """The page, with all cards in sight."""
    return visited_once(gallery, viewport={"width": 1280, "height": 800})


def test_it_is_small(gallery: Path) -> None:
    """A share of 1.5 MB for the nineteen of the real one; the code is in it once."""
    text = gallery.read_text(encoding="utf-8")
    assert len(text.encode()) < 260_000
    worlds = json.loads(text.split('id="data">')[1].split("</script>")[0])["worlds"]
    assert [world["turns"] for world in worlds] == [{}] * 3


def test_every_card_lives(three: Any) -> None:
    pictures = "[...document.querySelectorAll('#creatures canvas')].map((one) => one.toDataURL())"
    _until(three, "() => Object.values(ffnca.cards()).every((steps) => steps > 0)")
    before, steps = three.do(pictures), three.do("ffnca.cards()")
    assert list(steps) == NAMES
    _until(three, "(before) => Object.entries(ffnca.cards()).every(([name, steps]) => steps > before[name] + 2)", steps)
    three.page.get_by_role("button", name="Pause").click()
    after = three.do(pictures)
    stood = three.do("ffnca.cards()")
    three.do("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    rested = three.do("ffnca.cards()")
    three.page.get_by_role("button", name="Play").click()
    assert rested == stood
    assert [name for name, one, other in zip(NAMES, before, after, strict=True) if one == other] == []
    _until(three, "(stood) => ffnca.cards().fish > stood.fish", stood)


def test_what_is_out_of_sight_rests(visited: Any, gallery: Path) -> None:
    visit = visited(gallery, viewport={"width": 360, "height": 240})
    _until(visit, "() => ffnca.cards().fish > 5")
    assert visit.do("ffnca.cards().glider") == 0
    visit.page.locator("#creatures a").last.scroll_into_view_if_needed()
    _until(visit, "() => ffnca.cards().glider > 0")


def test_a_card_is_wounded_and_begins_anew(three: Any) -> None:
    world = "JSON.parse(document.getElementById('data').textContent).worlds[0]"
    found = three.do(
        f"""(() => {{ const card = new FfncaGallery.Card({world}), cells = () => {{ let living = 0;
          const state = card.engine.read(); for (let at = 3; at < state.length; at += 16) living += state[at] > 0.1;
          return living; }};
          document.body.append(card.link);
          do card.step(0); while (card.age < card.woundAt);
          const grown = cells(); card.wound(); const wounded = cells();
          card.end = card.age; card.step(0);
          card.link.remove();
          return {{ grown, wounded, age: card.age, living: cells() }}; }})()"""
    )
    assert found["grown"] > 200
    assert found["wounded"] < found["grown"] - 10
    assert found["age"] == 1
    assert found["living"] <= 9


def test_a_card_opens_in_full_and_one_returns(three: Any) -> None:
    page, main = three.page, three.page.locator("main")
    assert not main.is_visible()
    for opens, returns in (("click", "back"), ("Enter", "Escape"), ("click", "link")):
        card = page.get_by_role("link", name="Fish")
        if opens == "click":
            card.click()
        else:
            card.focus()
            page.keyboard.press(opens)
        _shows(three, "Fish")
        assert page.url.endswith("#creature=fish")
        assert main.is_visible()
        assert not page.locator("#gallery").is_visible()
        _until(three, "() => Number(document.getElementById('step').textContent) > 2")
        rested = three.do("ffnca.cards()")
        if returns == "back":
            page.go_back()
        elif returns == "Escape":
            page.keyboard.press(returns)
        else:
            assert three.do("ffnca.cards()") == rested
            page.get_by_role("link", name="All creatures").click()
        _shows(three, "Three")
        assert not main.is_visible()
        _until(three, "() => document.activeElement.hash === '#creature=fish'")
        _until(three, "(rested) => ffnca.cards().fish > rested.fish", rested)


def test_another_creature_has_its_own_controls(three: Any) -> None:
    for title, tools, teaches in ((HOSTILE, 4, False), ("Seedling", 4, True)):
        three.page.get_by_role("link", name=title).click()
        _shows(three, title)
        assert three.page.locator("#tools button").count() == tools
        assert three.page.locator("#teach").is_visible() == teaches
        three.page.keyboard.press("Escape")
        _shows(three, "Three")
    assert three.do("window.harmed") is None
    assert three.page.locator("h1 b, #creatures b, #credits b").count() == 0


def test_learning_ends_where_it_is_left(three: Any) -> None:
    three.page.get_by_role("link", name="Seedling").click()
    _shows(three, "Seedling")
    three.do("() => { window.reached = 0; ffnca.learn(60).then((found) => (window.reached = found)); }")
    _shows(three, "Learned")
    three.page.keyboard.press("Escape")
    _shows(three, "Three")
    _until(three, "() => window.reached === null")
    three.page.get_by_role("link", name="Seedling").click()
    _shows(three, "Seedling")
    assert three.page.locator("#learn").text_content() == "Learn"
    assert three.page.locator("#save-rule").is_disabled()
    three.page.keyboard.press("Escape")
    _shows(three, "Three")


def test_a_link_opens_what_was_seen(three: Any, visited: Any, gallery: Path) -> None:
    three.page.get_by_role("link", name="Fish").click()
    _shows(three, "Fish")
    link = three.do("(() => { ffnca.pause(); ffnca.restart(9); ffnca.step(7); return ffnca.link(); })()")
    three.page.keyboard.press("Escape")
    _shows(three, "Three")
    other = visited(gallery, link)
    assert other.page.locator("#title").text_content() == "Fish"
    assert other.page.locator("#seed").input_value() == "9"
    _until(other, "() => document.getElementById('step').textContent === '7'")


def test_a_link_to_none_shows_all(three: Any, visited: Any, gallery: Path) -> None:
    visit = visited(gallery, "#creature=__proto__")
    assert visit.page.locator("#title").text_content() == "Three"
    assert visit.page.locator("#creatures").is_visible()
    for fragment in ("#creature=%E0%A4%A", "#seed=1&state=AAAA"):
        three.do("(fragment) => { location.hash = fragment; }", fragment)
        assert three.page.locator("#creatures").is_visible()


def test_a_page_saved_from_it_holds_one_world(three: Any, visited: Any, tmp_path: Path) -> None:
    text = three.do(
        "FfncaTeaching.pageText(ffnca.pristine, JSON.parse(document.getElementById('data').textContent).worlds[1])"
    )
    (tmp_path / "one.html").write_text(text, encoding="utf-8")
    one = visited(tmp_path / "one.html")
    assert one.page.locator("#title").text_content() == "Seedling"
    assert one.page.locator("main").is_visible()
    assert one.page.locator("#creatures, #back-to-all").count() == 0
    assert "creature" not in one.do("ffnca.link()")


def test_everything_fits_and_can_be_hit(three: Any) -> None:
    for title, width in (("Three", 1280), ("Three", 360), ("Seedling", 360), ("Seedling", 1280)):
        three.page.set_viewport_size({"width": width, "height": 740})
        three.do("(title) => { location.hash = title === 'Three' ? '' : 'creature=seedling'; }", title)
        _shows(three, title)
        assert three.do("document.documentElement.scrollWidth") <= width
        boxes = three.do(
            "[...document.querySelectorAll('button, select, input, summary, a')].filter((one) => one.offsetParent)"
            ".map((one) => [one.id || one.textContent, one.getBoundingClientRect()])"
        )
        assert len(boxes) >= 4
        assert [name for name, box in boxes if box["height"] < 40 or box["width"] < 40] == []
