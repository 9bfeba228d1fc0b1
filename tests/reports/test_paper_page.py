"""The report in a real browser: `make test-browser`."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paper_examples import FIGURE1, FIGURE2, TABLE6, TABLE16, VERDICTS, some_records

from eigenformer.reports.paper import build, write_page

pytestmark = pytest.mark.browser
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


@dataclass
class Visit:
    """A page as it was opened, and what it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert path is not None, f"install one of {', '.join(BROWSERS)}; `make test-browser` does"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    records = some_records(folder / "records")
    report = build((TABLE6, TABLE16, FIGURE1, FIGURE2), "laptop", records, VERDICTS)
    write_page(report, folder / "report.html")
    return folder / "report.html"


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


def test_it_says_nothing_and_asks_for_nothing(visit: Visit, file: Path) -> None:
    visit.page.wait_for_load_state("networkidle")
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [file.as_uri()]


def test_nothing_is_wider_than_the_window(visit: Visit) -> None:
    root = "document.documentElement"
    assert visit.page.evaluate(f"{root}.scrollWidth") == visit.page.viewport_size["width"]


def test_a_wide_table_scrolls_in_its_box_and_its_rows_keep_their_heads(visit: Visit) -> None:
    # Table 6, of whose ten columns three are ours.
    box = visit.page.locator(".scroll").first
    inner, outer = (box.evaluate(f"one => one.{name}") for name in ("scrollWidth", "clientWidth"))
    if visit.page.viewport_size["width"] == 400:
        assert inner > outer
    head = box.locator("tbody th.stub").first
    before = head.bounding_box()["x"]
    box.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    assert head.bounding_box()["x"] == pytest.approx(before, abs=1)


def test_figures_show(visit: Visit) -> None:
    widths = visit.page.evaluate("[...document.images].map(one => one.naturalWidth)")
    assert len(widths) == 2 and min(widths) > 100


def test_text_is_not_tiny_and_stands_out(visit: Visit) -> None:
    sizes, contrasts = visit.page.evaluate(MEASURE)
    assert min(sizes) >= 12
    # WCAG 2.2, level AA, for text of normal size.
    assert min(contrasts) >= 4.5


# Font sizes in pixels of all elements with text of their own, and the contrast with their ground.
MEASURE = """() => {
  const channel = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => {
    const [r, g, b] = rgb(text).map(c => channel(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (rgb(colour)[3] !== 0) return colour;
    }
  };
  const sizes = [], contrasts = [];
  for (const one of document.body.querySelectorAll("*")) {
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(one);
    sizes.push(parseFloat(style.fontSize));
    const [a, b] = [light(style.color), light(ground(one))].sort((x, y) => y - x);
    contrasts.push((a + 0.05) / (b + 0.05));
  }
  return [sizes, contrasts];
}"""
