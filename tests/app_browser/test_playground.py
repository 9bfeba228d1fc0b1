"""The playground in a real browser: `make test-app`.

EIGENFORMER_SCREENSHOTS=FOLDER keeps a picture of each tab at both widths, as in docs/images.
"""

import base64
import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from visits import PATIENCE, Visit, visit_page

pytestmark = pytest.mark.app
# Whether the address holds a text, whose state is base64url of JSON.
HOLDS = """text => {
  const packed = new URLSearchParams(location.search).get("s") || "";
  return atob(packed.replace(/-/g, "+").replace(/_/g, "/")).includes(text);
}"""


@pytest.fixture(params=[1280, 400])
def visit(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    visit = visit_page(browser, address, request.param)
    yield visit
    assert visit.said == []
    outside = [url for url in visit.asked if not url.startswith((address, "data:", "blob:"))]
    assert outside == []
    root = "document.documentElement"
    assert visit.page.evaluate(f"{root}.scrollWidth") <= visit.page.viewport_size["width"]
    visit.page.close()


def _keep(visit: Visit, name: str) -> None:
    folder = os.environ.get("EIGENFORMER_SCREENSHOTS")
    if folder:
        width = visit.page.viewport_size["width"]
        path = Path(folder) / f"app-{name}-{width}.png"
        visit.page.screenshot(path=path, full_page=True)


def test_a_matrix_is_typed_solved_and_polished(visit: Visit) -> None:
    page = visit.page
    _keep(visit, "ask")
    matrix = page.locator("#ef-matrix textarea")
    page.get_by_label("Problem").first.click()
    page.get_by_role("option", name="inverse", exact=True).click()
    visit.wait("#ef-answer", "by inverse-any, the best here")
    visit.choose("#ef-model", "inverse-2x2")
    visit.wait("#ef-answer", "by inverse-2x2")
    matrix.fill("[4, 1; 2, 3]")
    page.locator("#ef-solve").click()
    page.locator("#ef-answer td[title='4']").first.wait_for()
    cells = page.locator("#ef-answer .ef-card", has_text="Polished").first.locator("td")
    found = [float(cell.get_attribute("title")) for cell in cells.all()]
    np.testing.assert_allclose(found, np.linalg.inv([[4, 1], [2, 3]]).ravel(), rtol=1e-12)
    assert "predicted chance of being right" in visit.text("#ef-answer")
    assert page.locator("#ef-attention .ef-look").count() == 16

    matrix.fill("1 2; 3 x")
    page.locator("#ef-solve").click()
    visit.wait("#ef-ask-sentence", r"'x' in row 2 is not a number")
    # The page goes on working, and its address holds what it shows.
    matrix.fill("2 1; 1 1")
    page.locator("#ef-solve").click()
    page.locator("#ef-answer td[title='2']").first.wait_for()
    page.wait_for_function(HOLDS, arg="2 1; 1 1")
    again = visit_page(page.context.browser, page.url)
    assert again.page.locator("#ef-matrix textarea").input_value() == "2 1; 1 1"
    assert "inverse-2x2" in again.text("#ef-answer")
    again.page.close()


def test_a_program_is_compiled_and_stepped(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("tab", name="Build an algorithm").click()
    visit.wait("#ef-network", "13, optimal \\(3 distinct\\)")
    for layer in (2, 3, 4):
        page.locator("#ef-next").click()
        visit.wait("#ef-layer", f"Layer {layer}(?![0-9])")
    assert "head 1: X += X (I - A X)" in visit.text("#ef-layer")
    assert page.locator("#ef-layer .ef-weight").count() == 3
    assert page.locator("#ef-curve img").count() == 1
    _keep(visit, "build")
    program = page.locator("#ef-program textarea")
    program.fill("A: 2x2\nreturn A*B")
    page.locator("#ef-compile").click()
    visit.wait("#ef-build-sentence", "Line 2: unknown name 'B'")
    program.fill("A: 2x2\nB: 2x2\nreturn A*B")
    page.locator("#ef-compile").click()
    visit.wait("#ef-network", "width")
    assert visit.text("#ef-build-sentence").strip() == ""


def test_a_comparison_runs_and_its_csv_is_right(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("tab", name="Compare").click()
    page.locator("#ef-compare").click()
    link = page.locator("a[download='comparison.csv']")
    link.wait_for()
    packed = link.get_attribute("href").split("base64,")[1]
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(packed).decode())))
    assert {row["solver"] for row in rows} == {"inverse-2x2", "constructed Newton", "LAPACK"}
    assert all(row["n"] == "200" for row in rows) and len(rows) == 39
    easy = [row for row in rows if float(row["condition number"]) == 1.0]
    assert all(float(row["share"]) > 0.9 for row in easy)
    picture = page.locator("a[download='comparison.png']").get_attribute("href").split("base64,")[1]
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    _keep(visit, "compare")


def test_a_comparison_can_be_stopped(browser: Any, address: str) -> None:
    visit = visit_page(browser, address)
    page = visit.page
    page.get_by_role("tab", name="Compare").click()
    page.get_by_label("number input for Matrices a point").fill("2000")
    page.locator("#ef-compare").click()
    visit.wait("#ef-progress", r"of 39 points")
    page.locator("#ef-stop").click()
    visit.wait("#ef-progress", "Stopped")
    page.wait_for_timeout(3000)
    assert "Stopped" in visit.text("#ef-progress")
    page.close()


@pytest.mark.parametrize("link", ["!!", "A" * 7000, "eyJ2Ijo5fQ"])
def test_a_hostile_link_gets_a_sentence_and_the_usual_page(
    browser: Any, address: str, link: str
) -> None:
    visit = visit_page(browser, f"{address}/?s={link}")
    visit.wait("#ef-link-sentence", "The link")
    assert visit.page.locator("#ef-answer table").count() > 0
    visit.page.close()


def test_two_users_do_not_see_each_other(browser: Any, address: str) -> None:
    one, two = visit_page(browser, address), visit_page(browser, address)
    one.page.locator("#ef-matrix textarea").fill("1 0; 0 2")
    one.page.locator("#ef-solve").click()
    one.wait("#ef-answer", "the best here for 2x2")
    assert "2x2" not in two.text("#ef-answer")
    two.page.locator("#ef-draw").click()
    two.page.wait_for_function("document.querySelector('#ef-matrix textarea').value.length > 60")
    assert one.page.locator("#ef-matrix textarea").input_value() == "1 0; 0 2"
    for visit in (one, two):
        assert visit.said == []
        visit.page.close()


def test_files_are_out_of_reach(browser: Any, address: str) -> None:
    page = browser.new_page()
    for path in ("gradio_api/file=/etc/passwd", "gradio_api/upload", "docs", "openapi.json"):
        assert page.request.get(f"{address}/{path}").status == 404
    posted = page.request.post(f"{address}/gradio_api/upload", data=b"x")
    assert posted.status == 404
    page.close()


def test_scripts_come_as_they_are(browser: Any, address: str) -> None:
    page = browser.new_page()
    encodings: list[str | None] = []
    page.on(
        "response",
        lambda response: (
            "/assets/" in response.url
            and encodings.append(response.headers.get("content-encoding"))
        ),
    )
    page.goto(address)
    page.locator("#ef-answer td").first.wait_for(timeout=PATIENCE)
    assert len(encodings) > 20
    assert set(encodings) == {"identity"}
    page.close()
