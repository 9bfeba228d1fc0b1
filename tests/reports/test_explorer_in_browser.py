"""The explorable page in a real browser: its answers are the package's, and it can be used."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from firefox import firefox_page
from page_visits import MEASURE, Visit

from eigenformer import load
from eigenformer.construct import Network
from eigenformer.construct.algorithms.newton import newton_inverse
from eigenformer.construct.algorithms.power_iteration import power_iteration
from eigenformer.construct.theory import steps_to_floor
from eigenformer.reports.explorer.export import polar_network

pytestmark = pytest.mark.browser

PAGE = Path(__file__).parents[2] / "docs" / "explorer" / "index.html"
MATRICES = 1000
CLOSE = 1e-5
"""Relative to the largest coefficient of an answer."""
ASK = """([problem, rows]) => rows.map(one => {
  const { cards, films } = eigenformer.explorer.ask(problem, eigenformer.fromRows(one));
  return Object.fromEntries(Object.entries(cards).map(([name, card]) =>
    [name, card.missing ? null : (card.whole ? [card.whole] : card.parts.map(p => p[1])).map(
      eigenformer.toRows)]).concat([["layers", films.constructed.length - 1]]));
})"""
# Names of controls as a screen reader has them, and ids that stand twice.
UNNAMED = """() => [...document.querySelectorAll("input, select, textarea, button, [role=img]")]
  .filter(one => !(one.labels?.length || one.ariaLabel || one.textContent.trim()
    || one.getAttribute("aria-hidden")))
  .map(one => one.outerHTML.slice(0, 80))"""
TWICE = """() => { const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
  return ids.filter((id, i) => ids.indexOf(id) !== i); }"""


@pytest.fixture(scope="module")
def file() -> Path:
    return PAGE


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page()
    opened.goto(PAGE.as_uri())
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The page in Chromium, and in Firefox where it is installed."""
    if request.param == "chromium":
        yield request.getfixturevalue("page")
        return
    program = next(filter(None, map(shutil.which, ("firefox", "firefox-esr"))), None)
    if program is None:
        pytest.skip("Firefox is not installed")
    with firefox_page(program, tmp_path_factory.mktemp("profile")) as opened:
        opened.goto(PAGE.as_uri())
        yield opened


def some_matrices(problem: str, count: int = MATRICES) -> list[np.ndarray]:
    """Of 2 to 10 rows and columns, square where they have to be, uniform in [-10, 10]."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        m, n = rng.integers(2, 11, 2)
        a = rng.uniform(-10, 10, (m, n if problem == "svd" else m))
        found.append(a + a.T if problem == "eigenvectors" else a)
    return found


def gap(answer: Any, expected: np.ndarray) -> float:
    return float(np.abs(np.asarray(answer) - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("problem", ["inverse", "eigenvectors", "svd"])
def test_a_trained_network_answers_as_in_the_package(either: Any, problem: str) -> None:
    matrices = some_matrices(problem)
    model = load(f"{problem}-any").model
    found = either.evaluate(ASK, [problem, [a.tolist() for a in matrices]])
    with torch.no_grad():
        expected = [model.solve(torch.from_numpy(a)[None])[0].numpy() for a in matrices]
    gaps = [gap(one["trained"][0], true) for one, true in zip(found, expected, strict=True)]
    print(f"{problem}: {len(gaps)} answers of the trained network, largest gap {max(gaps):.1e}")
    assert max(gaps) < CLOSE


@cache
def newton(dim: int, steps: int) -> Network:
    return newton_inverse(dim, steps)


def test_constructed_networks_and_the_reference_answer_as_in_the_package(either: Any) -> None:
    matrices = some_matrices("inverse")
    found = either.evaluate(ASK, ["inverse", [a.tolist() for a in matrices]])
    gaps = []
    for a, one in zip(matrices, found, strict=True):
        network = newton(len(a), steps_to_floor(a[None]))
        gaps.append(gap(one["constructed"][0], network(a).numpy()))
        assert gap(one["reference"][0], np.linalg.inv(a)) < CLOSE
    print(f"inverse: {len(gaps)} answers of Newton's network, largest gap {max(gaps):.1e}")
    assert max(gaps) < CLOSE


@cache
def polar(rows: int, columns: int, steps: int) -> Network:
    return polar_network(rows, columns, steps)


def test_the_constructed_polar_factor_is_that_of_the_compiled_network(either: Any) -> None:
    matrices = some_matrices("svd", 300)
    found = either.evaluate(ASK, ["svd", [a.tolist() for a in matrices]])
    for a, one in zip(matrices, found, strict=True):
        tall = a if len(a) >= len(a.T) else a.T
        network = polar(*tall.shape, one["layers"])
        w = network(tall / np.linalg.norm(tall, 2)).numpy()
        assert gap(one["constructed"][0], w if tall is a else w.T) < CLOSE
        assert gap(w.T @ w, np.eye(len(w.T))) < 1e-12


def test_power_iteration_and_the_reference_of_eigenvectors(either: Any) -> None:
    matrices = some_matrices("eigenvectors", 100)
    found = either.evaluate(ASK, ["eigenvectors", [a.tolist() for a in matrices]])
    for a, one in zip(matrices, found, strict=True):
        start = np.cos(np.arange(1, len(a) + 1))
        expected = power_iteration(len(a), 20)(a, start).numpy()
        assert gap(np.ravel(one["constructed"][1]), expected) < CLOSE
        values, vectors = np.asarray(one["reference"][0][0]), np.asarray(one["reference"][0][1:])
        assert gap(values, np.linalg.eigvalsh(a)[::-1]) < 1e-12
        assert gap(vectors @ np.diag(values) @ vectors.T, a) < 1e-12


def test_the_reference_of_the_svd(either: Any) -> None:
    matrices = [*some_matrices("svd", 100), np.ones((4, 3)), np.arange(9.0).reshape(3, 3)]
    found = either.evaluate(ASK, ["svd", [a.tolist() for a in matrices]])
    for a, one in zip(matrices, found, strict=True):
        whole = np.asarray(one["reference"][0])
        s, u, v = whole[0], whole[1 : len(a) + 1], whole[len(a) + 1 :]
        assert gap(s, np.linalg.svd(a, compute_uv=False)) < 1e-12
        assert gap(u @ np.diag(s) @ v.T, a) < 1e-12
        assert gap(u.T @ u, np.eye(len(s))) < 1e-12


def test_it_says_nothing_and_asks_for_nothing(visit: Visit) -> None:
    visit.page.wait_for_load_state("networkidle")
    for problem in ("Eigenvectors", "SVD", "Inverse"):
        visit.page.get_by_role("radio", name=problem).check()
    visit.page.get_by_role("button", name="Nearly singular").click()
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [PAGE.as_uri()]


def test_the_first_answer_is_there_within_a_second(page: Any) -> None:
    # The best of some: another program may have the core.
    seconds = []
    for _ in range(5):
        page.goto("about:blank")
        page.goto(PAGE.as_uri())
        seconds.append(page.evaluate("eigenformer.answeredAt") / 1000)
    print(f"first answer after {min(seconds):.2f} s")
    assert min(seconds) < 1


@pytest.mark.parametrize("state", ["", "#problem=svd", "#problem=eigenvectors"])
def test_it_fits_can_be_read_and_has_names(visit: Visit, state: str) -> None:
    visit.page.goto(PAGE.as_uri() + state)
    visit.page.select_option("#rows", "10")
    root = "document.documentElement"
    assert visit.page.evaluate(f"{root}.scrollWidth") == visit.page.viewport_size["width"]
    sizes, contrasts = visit.page.evaluate(MEASURE)
    assert min(sizes) >= 12
    assert min(contrasts) >= 4.5
    assert visit.page.evaluate(UNNAMED) == []
    assert visit.page.evaluate(TWICE) == []


def test_it_can_be_used_with_the_keyboard_alone(page: Any) -> None:
    page.goto(f"{PAGE.as_uri()}#problem=inverse&step=3&matrix=4,1;2,3")
    page.locator("#editor input").first.focus()
    page.keyboard.type("5")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("-1")
    assert page.evaluate("eigenformer.toRows(eigenformer.view.matrix)") == [[5, 1], [-1, 3]]
    page.locator("#play").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("eigenformer.view.step") == 2
    page.locator("#step").focus()
    page.keyboard.press("End")
    assert page.locator("#step-title").inner_text() == "Layer 18 of 18"
    assert "matrix=5,1;-1,3" in page.url


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("1\t2\n3\t-4.5", [[1, 2], [3, -4.5]]),
        ("[[1, 2], [3, 1e2]]", [[1, 2], [3, 100]]),
        ("1/2 2; −3 4", [[0.5, 2], [-3, 4]]),
    ],
)
def test_what_is_pasted_is_taken(page: Any, text: str, rows: list[list[float]]) -> None:
    read = "text => eigenformer.toRows(eigenformer.readMatrix(text))"
    assert page.evaluate(read, text) == rows


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no number; write a matrix such as 1 2; 3 4."),
        ("1 2; 3", "Row 2 has 1 number and row 1 has 2; give all rows as many."),
        ("1 x; 3 4", "Row 1, column 2 is “x”; write a number such as -2.5."),
        ("1 2 3; 4 5 6", "The matrix is 2 × 3; an inverse needs as many rows as columns."),
        ("7", "The matrix has 1 row; this page takes 2 to 10."),
        (
            "1 1e999; 3 4",
            "Row 1, column 2 is 1e999; this page takes 0 and sizes from 1e-100 to 1e100.",
        ),
    ],
)
def test_bad_input_is_one_sentence(page: Any, text: str, says: str) -> None:
    page.goto(f"{PAGE.as_uri()}#problem=inverse&matrix=4,1;2,3")
    page.evaluate("document.getElementById('paste-box').open = true")
    page.fill("#paste", text)
    page.click("#read")
    assert page.locator("#wrong").inner_text() == says


def test_a_singular_matrix_has_no_inverse_and_is_not_believed(page: Any) -> None:
    page.goto(f"{PAGE.as_uri()}#problem=inverse&matrix=1,2;2,4")
    page.wait_for_function("eigenformer.view.matrix.v[3] === 4")
    texts = page.locator(".answer").all_inner_texts()
    assert "do not believe it" in texts[0]
    assert all("singular to working precision" in text for text in texts[1:])
