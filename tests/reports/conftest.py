"""Visits to the page that a test module makes with its fixture `file`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_visits import Visit


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
