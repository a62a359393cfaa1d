"""Pages in a real browser: they compute what Python computes, and every control does what it says."""

import base64
import zlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from ffnca.automata.base import rollout
from ffnca.opening import opened
from ffnca.page.writing import page_text
from ffnca.systems.base import Request

ENGINES = {"js": ("JavaScript", 1e-4), "webgl": ("WebGL2", 1e-3)}
STEPS = 50
TEXTS = """(() => {
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/rgba\\(.*, 0\\)/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const said = (one) => one.offsetParent && one.children.length === 0 && one.textContent.trim();
  const seen = [...document.querySelectorAll('body *')].filter(said);
  return seen.map((one) => [one.textContent, getComputedStyle(one).color, ground(one)]);
})()"""
"""Every text, its colour and the colour under it."""
NAMES = (
    "#seed=1e99&speed=-4&brush=NaN&show=<img src=x onerror=alert(1)>&tool=__proto__&angle=constructor"
    "&which=toString&engine=valueOf"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Writes the page of a world once."""
    folder, written = tmp_path_factory.mktemp("pages"), {}

    def make(name: str) -> Path:
        if name not in written:
            written[name] = folder / f"{len(written)}.html"
            written[name].write_text(page_text(opened(Request(name))), encoding="utf-8")
        return written[name]

    return make


@pytest.fixture(scope="module")
def fish(visited_once: Any, made: Any) -> Any:
    """The page of a creature, paused."""
    visit = visited_once(made("fish"))
    visit.do("ffnca.pause()")
    return visit


def _read(visit: Any) -> np.ndarray:
    """The state, exactly."""
    text = visit.do(
        "(() => { const bytes = new Uint8Array(ffnca.read().buffer); let text = '';"
        " for (const one of bytes) text += String.fromCharCode(one); return btoa(text); })()"
    )
    return np.frombuffer(base64.b64decode(text), "<f4")


def _halved(automaton: Any) -> Any:
    """As the page keeps its numbers."""
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float16).astype(jnp.float32), automaton.rule)
    automaton.rule = params
    return automaton


@pytest.mark.parametrize("engine", ENGINES)
def test_given_who_updates_a_creature_is_that_of_python(fish: Any, engine: str) -> None:
    simulation = opened(Request("fish"))
    automaton, start = _halved(simulation.automaton), simulation.start
    start = rollout(automaton, start, 60, key=jax.random.key(1))
    masks = np.random.default_rng(2).random((STEPS, *start.shape[:2])) < 0.5
    wanted = start
    advance = jax.jit(lambda state, fire: automaton.advance(state, fire))
    for mask in masks:
        wanted = advance(wanted, jnp.asarray(mask))
    name, tolerance = ENGINES[engine]
    assert fish.do("engine => ffnca.use(engine)", engine) == name
    fish.do("state => ffnca.write(Float32Array.from(state))", np.asarray(start).ravel().tolist())
    fish.do("bytes => ffnca.useMasks(Uint8Array.from(bytes))", masks.astype(int).ravel().tolist())
    fish.do("count => ffnca.step(count)", STEPS)
    np.testing.assert_allclose(_read(fish), np.asarray(wanted).ravel(), atol=tolerance)


def test_both_engines_draw_the_same_random_numbers(fish: Any) -> None:
    states = []
    for engine in ENGINES:
        fish.do("engine => { ffnca.use(engine); ffnca.restart(7); ffnca.step(30); }", engine)
        states.append(_read(fish))
    np.testing.assert_allclose(states[0], states[1], atol=1e-4)
    assert np.abs(states[0]).max() > 0.5


@pytest.mark.parametrize(("world", "tolerance"), [("life", 0.0), ("star-wars", 0.0), ("orbium", 1e-4)])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_world_without_chance_is_that_of_python(
    visited: Any, made: Any, world: str, tolerance: float, engine
) -> None:
    simulation, visit = opened(Request(world)), visited(made(world))
    visit.do("engine => { ffnca.pause(); ffnca.use(engine); ffnca.restart(0); ffnca.step(20); }", engine)
    wanted = rollout(simulation.automaton, simulation.start, 20, key=jax.random.key(0))
    np.testing.assert_allclose(_read(visit), np.asarray(wanted).ravel(), atol=tolerance)


def test_it_grows_as_well_as_in_python(fish: Any) -> None:
    simulation = opened(Request("fish"))
    starts = jnp.broadcast_to(simulation.start, (8, *simulation.start.shape))
    grown = rollout(simulation.automaton, starts, 200, key=jax.random.key(0))
    wanted = np.median([simulation.relative_mse(state) or 0.0 for state in grown])
    found = fish.do(
        "(() => { ffnca.use('js'); return [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {"
        " ffnca.restart(seed); ffnca.step(200); return ffnca.relativeMse(); }); })()"
    )
    assert np.median(found) == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize("angle", [90, 30])
def test_a_turned_creature_is_measured_as_in_python(fish: Any, angle: int) -> None:
    simulation = opened(Request("fish", angle=angle))
    fish.do(
        "angle => { const one = document.getElementById('angle'); one.value = angle;"
        " one.dispatchEvent(new Event('change')); ffnca.step(40); }",
        angle,
    )
    state = _read(fish).reshape(simulation.start.shape)
    assert fish.do("ffnca.relativeMse()") == pytest.approx(simulation.relative_mse(jnp.asarray(state)), rel=2e-3)
    assert fish.do("ffnca.relativeMse()") < 0.9
    fish.do(
        "(() => { const one = document.getElementById('angle'); one.value = 0;"
        " one.dispatchEvent(new Event('change')); })()"
    )


def test_a_drag_erases_and_it_heals(fish: Any) -> None:
    fish.do("(() => { ffnca.use('js'); ffnca.restart(3); ffnca.step(200); })()")
    before, box = fish.do("ffnca.relativeMse()"), fish.page.locator("#view").bounding_box()
    fish.page.get_by_role("button", name="Erase").click()
    mouse = fish.page.mouse
    mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.up()
    wounded = fish.do("ffnca.relativeMse()")
    fish.do("ffnca.step(200)")
    assert wounded > before + 0.1
    assert fish.do("ffnca.relativeMse()") < before + 0.02


def test_every_tool_changes_cells_by_keyboard_too(fish: Any) -> None:
    for key, tool in {"e": "erase", "n": "noise", "p": "paint", "s": "seed"}.items():
        fish.do("(() => { ffnca.restart(3); ffnca.step(200); })()")
        before = _read(fish)
        fish.page.locator("#view").focus()
        fish.page.keyboard.press(key)
        assert fish.page.locator(f"[data-tool={tool}]").get_attribute("aria-pressed") == "true"
        fish.page.keyboard.press("ArrowUp")
        fish.page.keyboard.press("Enter")
        assert np.abs(_read(fish) - before).max() > 0.01


def test_a_seed_is_one_cell_where_it_is_one_in_the_window(visited: Any, made: Any) -> None:
    visit = visited(made("ants"))
    visit.do("(() => { ffnca.pause(); ffnca.use('js'); ffnca.restart(0); })()")
    changed = []
    for tool in ("s", "p"):
        before = _read(visit)
        visit.page.locator("#view").focus()
        for key in (tool, "ArrowUp", "Enter"):
            visit.page.keyboard.press(key)
        changed.append((_read(visit) != before).reshape(128 * 128, -1).any(-1).sum())
    assert changed[0] == 1
    assert changed[1] > 100


def test_controls_by_keyboard_and_mouse(fish: Any) -> None:
    page, text = fish.page, fish.page.locator
    fish.do("ffnca.pause()")
    page.locator("#view").focus()
    page.keyboard.press("r")
    page.keyboard.press(".")
    expect(text("#step")).to_have_text("1")
    page.keyboard.press("Space")
    assert text("#play").text_content() == "Pause"
    expect(text("#step")).not_to_have_text("1")
    page.locator("#play").click()
    assert text("#play").text_content() == "Play"
    page.locator("#once").click()
    page.locator("#restart").click()
    expect(text("#step")).to_have_text("0")
    page.locator("#view").focus()
    for key, output, shown in (
        ("]", "#brush-shown", None),
        ("+", "#speed-shown", "120/s"),
        ("-", "#speed-shown", "60/s"),
    ):
        before = text(output).text_content()
        page.keyboard.press(key)
        assert text(output).text_content() == shown or (shown is None and text(output).text_content() != before)
    page.locator("#seed").fill("5")
    page.locator("#seed").press("Enter")
    page.locator("#seed").blur()
    assert "seed=5" in fish.do("ffnca.link()")


def test_what_is_shown_changes_the_picture(fish: Any) -> None:
    fish.do("(() => { ffnca.use('js'); ffnca.restart(3); ffnca.step(60); })()")
    pictures = set()
    names = [option.get_attribute("value") for option in fish.page.locator("#show option").all()]
    assert {"colour", "health", "channel:4"} <= set(names)
    for name in ("colour", "health", "channel:4"):
        fish.page.locator("#show").select_option(name)
        pictures.add(fish.do("(() => { ffnca.step(0); return document.getElementById('view').toDataURL(); })()"))
    fish.page.locator("#show").select_option("colour")
    assert len(pictures) == 3


def test_a_finger_wounds(visited: Any, made: Any) -> None:
    visit = visited(made("fish"), viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    visit.do("(() => { ffnca.pause(); ffnca.restart(1); ffnca.step(200); })()")
    before, box = visit.do("ffnca.relativeMse()"), visit.page.locator("#view").bounding_box()
    visit.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert visit.do("ffnca.relativeMse()") > before + 0.05
    visit.page.locator("#restart").tap()
    expect(visit.page.locator("#step")).to_have_text("0")


@pytest.mark.parametrize("width", [1280, 768, 360])
def test_everything_fits_and_can_be_hit(visited: Any, made: Any, width: int) -> None:
    visit = visited(made("fish"), viewport={"width": width, "height": 740})
    visit.do("ffnca.pause()")
    assert visit.do("document.documentElement.scrollWidth") <= width
    small = visit.do(
        "[...document.querySelectorAll('button, select, input, summary')].filter((one) => one.offsetParent)"
        ".map((one) => [one.id || one.textContent, one.getBoundingClientRect()])"
        ".filter(([, box]) => box.height < 40 || box.width < 40).map(([name]) => name)"
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(visited: Any, made: Any, scheme: str) -> None:
    """Contrast of WCAG 2, of every element that has text."""
    visit = visited(made("fish"), color_scheme=scheme)
    pairs = visit.do(TEXTS)
    assert len(pairs) > 15

    def light(colour: str) -> float:
        level = np.array([float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]) / 255
        linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    for text, ink, paper in pairs:
        one, other = sorted((light(ink), light(paper)))
        assert (other + 0.05) / (one + 0.05) >= 4.5, (text, ink, paper)


def test_a_link_opens_what_was_seen(visited: Any, made: Any) -> None:
    first = visited(made("fish"))
    first.do("(() => { ffnca.pause(); ffnca.use('js'); ffnca.restart(9); ffnca.step(150); ffnca.erase(24, 24, 4); })()")
    first.page.locator("#show").select_option("health")
    link, before = first.do("ffnca.link()"), _read(first)
    assert len(link) < 40_000
    second = visited(made("fish"), link)
    assert second.page.locator("#show").input_value() == "health"
    assert second.page.locator("#seed").input_value() == "9"
    assert second.page.locator("#step").text_content() == "150"
    np.testing.assert_allclose(_read(second), before, atol=np.abs(before).max() / 200)


@pytest.mark.parametrize(
    "fragment",
    [
        NAMES,
        "#top=1&state=%%%%",
        "#top=1&state=AAAA",
        "#top=inf&state=" + "A" * 1000,
        "#" + "x=" + "y" * 500_000,
        "#seed=1&top=1&state=" + base64.urlsafe_b64encode(zlib.compress(bytes(50_000_000), 9)[2:-4]).decode(),
    ],
    ids=["names", "no base64", "no deflate", "no number", "long", "bomb"],
)
def test_a_hostile_link_does_no_harm(visited: Any, made: Any, fragment: str) -> None:
    visit = visited(made("fish"), fragment)
    visit.do("(() => { ffnca.pause(); ffnca.restart(1); ffnca.step(5); })()")
    assert np.isfinite(_read(visit)).all()
    assert visit.page.locator("#show").input_value() == "colour"
    assert visit.page.locator("img").count() == 0


def test_a_hostile_title_is_only_text(visited: Any, tmp_path: Path) -> None:
    title = "</script><script>window.harmed = 1</script><img src=x onerror=alert(1)> {{script}}"
    world = tmp_path / "it.toml"
    world.write_text(f'kind = "life"\ntitle = """{title}"""\n[grid]\nsize = [16, 16]\n[rule]\nnotation = "B3/S23"\n')
    page = tmp_path / "it.html"
    page.write_text(page_text(opened(Request(str(world)))), encoding="utf-8")
    visit = visited(page)
    assert visit.page.locator("#title").text_content() == title
    assert visit.do("window.harmed") is None
    assert visit.page.locator("img").count() == 0


def test_random_worlds_start_otherwise_from_another_seed(visited: Any, made: Any) -> None:
    visit = visited(made("life"))
    visit.do("(() => { ffnca.pause(); ffnca.restart(0); })()")
    start = opened(Request("life")).start
    np.testing.assert_array_equal(_read(visit), np.asarray(start).ravel())
    visit.do("ffnca.restart(1)")
    other = _read(visit)
    assert other.sum() == np.asarray(start).sum()
    assert (other != np.asarray(start).ravel()).any() or not opened(Request("life")).reseeded


def test_pages_are_small(made: Any) -> None:
    assert made("lizard").stat().st_size < 150_000


def test_refused_in_one_line(ffnca: Any, tmp_path: Path) -> None:
    code, _, said = ffnca("export", "life", "out.html", "--tiles", "4")
    assert code == 2
    assert "holds a rule and no frames" in said
    assert not (tmp_path / "out.html").exists()
