"""What pages look like: pictures of them in a real browser, at three widths, light and dark.

    python scripts/page_pictures.py FOLDER [WORLD | PAGE.html ...] [--steps 150]

Writes FOLDER/NAME-WIDTH-SCHEME.png, of the whole page, after so many steps; needs Chromium and `playwright`. With
`--rate` it prints instead how many steps a second each engine makes of the first world there.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from report import machine

from ffnca.opening import opened
from ffnca.page.writing import page_text
from ffnca.systems.base import Request

SIZES = ((1280, 800), (768, 1024), (360, 740))
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic")
RATE = """([engine, steps]) => {
  ffnca.pause(); const name = ffnca.use(engine); ffnca.restart(1); ffnca.step(200);
  const begun = performance.now(); ffnca.step(steps); return [name, 1000 * steps / (performance.now() - begun)]; }"""


def written(what: str, folder: Path) -> Path:
    """The page of a world, or the page itself."""
    if what.endswith(".html"):
        return Path(what)
    path = folder / f"{Path(what).stem}.html"
    path.write_text(page_text(opened(Request(what))), encoding="utf-8")
    return path


def visited(browser: Browser, path: Path, size: tuple[int, int], scheme: str) -> Page:
    """An open page."""
    width, height = size
    dark = "dark" if scheme == "dark" else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=dark)
    page.goto(path.resolve().as_uri())
    page.evaluate("ffnca.ready")
    return page


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("worlds", nargs="*", default=["lizard"])
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rate", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        paths = [written(world, Path(folder)) for world in options.worlds]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        if options.rate:
            page = visited(browser, paths[0], SIZES[0], "light")
            for engine in ("js", "webgl"):
                name, rate = page.evaluate(RATE, [engine, 200])
                print(f"{options.worlds[0]}, grown, {name}: {rate:.0f} steps a second, software renderer, {machine()}")
            return
        for path in paths:
            for size in SIZES:
                for scheme in ("light", "dark"):
                    page = visited(browser, path, size, scheme)
                    page.evaluate("steps => ffnca.step(steps)", options.steps)
                    page.screenshot(path=options.folder / f"{path.stem}-{size[0]}-{scheme}.png", full_page=True)
                    page.close()


if __name__ == "__main__":
    main()
