"""A browser, and visits to the page that a test module makes with its fixture `file`."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_visits import Visit

BROWSERS = ("chromium", "google-chrome")
# Chromium asks its maker for many things at each start; on a machine without a way out these fail.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert path is not None, f"install one of {', '.join(BROWSERS)}; `make test-browser` does"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(params=[(w, scheme) for w in (1280, 400) for scheme in ("light", "dark")], ids=str)
def visit(browser: Any, file: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    width, scheme = request.param
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    visit = Visit(page=page)
    page.on("console", lambda message: visit.said.append(message.text))
    page.on("pageerror", lambda error: visit.said.append(str(error)))
    page.on("request", lambda request: visit.asked.append(request.url))
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    yield visit
    page.close()
