"""A report on tables and on studies in a real browser: `make test-browser`."""

from pathlib import Path
from typing import Any

import pytest
import study_examples
import table_examples
from page_visits import MEASURE, Visit

from eigenformer.reports import report, write_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    tables = table_examples.chapter(table_examples.some_records(folder / "tables"))
    studies = study_examples.chapter(study_examples.some_records(folder / "studies"))
    write_page(report(tables, studies), folder / "report.html")
    return folder / "report.html"


def test_it_says_nothing_and_asks_for_nothing(visit: Visit, file: Path) -> None:
    visit.page.wait_for_load_state("networkidle")
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [file.as_uri()]


@pytest.mark.parametrize("report", ["paper", "incontext"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_kept_reports_fit_and_ask_for_nothing(
    browser: Any, report: str, scheme: str, width: int
) -> None:
    """Their texts are longer than made-up ones: one verdict was wider than a telephone."""
    kept = Path(__file__).parents[2] / "docs" / report / "index.html"
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(kept.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [kept.as_uri()]
    page.close()


def test_nothing_is_wider_than_the_window(visit: Visit) -> None:
    root = "document.documentElement"
    assert visit.page.evaluate(f"{root}.scrollWidth") == visit.page.viewport_size["width"]


def test_a_wide_table_scrolls_in_its_box_and_its_rows_keep_their_heads(visit: Visit) -> None:
    # Table 6, of whose ten columns three are ours.
    box = visit.page.locator(".scroll", has=visit.page.locator("table.grid")).first
    inner, outer = (box.evaluate(f"one => one.{name}") for name in ("scrollWidth", "clientWidth"))
    if visit.page.viewport_size["width"] == 400:
        assert inner > outer
    head = box.locator("tbody th.stub").first
    before = head.bounding_box()["x"]
    box.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    assert head.bounding_box()["x"] == pytest.approx(before, abs=1)


def test_figures_show_within_the_window(visit: Visit) -> None:
    images = "[...document.images].map(one => one.naturalWidth)"
    widths = visit.page.evaluate(images)
    assert len(widths) == 2 + len(study_examples.PANELS) + len(study_examples.MAPS)
    assert min(widths) > 100
    # Wide ones scroll in theirs.
    boxes = "[...document.querySelectorAll('figure')].map(one => one.getBoundingClientRect().right)"
    assert max(visit.page.evaluate(boxes)) <= visit.page.viewport_size["width"]


def test_verdicts_are_in_sight(visit: Visit) -> None:
    badges = visit.page.locator(".verdict .badge, .reasons .badge")
    assert badges.count() > 3
    for place in range(badges.count()):
        box = badges.nth(place).bounding_box()
        assert box["x"] + box["width"] <= visit.page.viewport_size["width"]


def test_text_is_not_tiny_and_stands_out(visit: Visit) -> None:
    sizes, contrasts = visit.page.evaluate(MEASURE)
    assert min(sizes) >= 12
    # WCAG 2.2, level AA, for text of normal size.
    assert min(contrasts) >= 4.5
