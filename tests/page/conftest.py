"""A real browser: Debian's Chromium without a window, by Playwright. What needs it is skipped where there is none."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
PATIENCE = 120_000
"""Milliseconds, for what happens at once where nothing else runs."""
FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium with a software renderer."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium")
    sync_api.expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


class Visit:
    """A page that is open, and what it did besides: requests, messages, errors."""

    def __init__(self, browser: Any, path: Path, fragment: str = "", **context: Any) -> None:
        """Open a file."""
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri() + fragment)
        self.page.evaluate("ffnca.ready")

    def do(self, script: str, argument: Any = None) -> Any:
        """Evaluate JavaScript in the page."""
        return self.page.evaluate(script, argument)

    def close(self) -> None:
        """Nothing went wrong, and nothing but the file and what it made itself was asked for."""
        self.context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def _visits(browser: Any) -> Iterator[Any]:
    """Opens pages; closes them at the end, and complains if they did."""
    visits: list[Visit] = []

    def visit(path: Path, fragment: str = "", **context: Any) -> Visit:
        visits.append(Visit(browser, path, fragment, **context))
        return visits[-1]

    yield visit
    for each in visits:
        each.close()


visited = pytest.fixture(_visits, name="visited")
visited_once = pytest.fixture(_visits, scope="module", name="visited_once")
"""For a page that the tests of a module share."""
