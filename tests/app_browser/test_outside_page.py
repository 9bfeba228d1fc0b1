"""Faults of the playground found from outside (audit of 2026-11, rows D1, D2, D13, E5, E6)."""

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from visits import Visit, served, visit_page

pytestmark = pytest.mark.app
HERE = Path(__file__).parent
TYPED = "4 1; 1 3"
BOX, PROGRAM = "#ef-matrix textarea", "#ef-program textarea"


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page whose every event takes a second longer; it says nothing of errors."""
    errors = tmp_path_factory.mktemp("slow") / "errors"
    with served(str(HERE / "slow_page.py"), "1", errors=errors) as (address, _):
        yield address
    assert errors.read_text() == ""


def _quiet(visit: Visit) -> None:
    """No toast, and nothing in the console."""
    assert visit.page.locator(".toast-body").count() == 0
    assert visit.said == []


def _fields(page: Any, tab: str) -> list[Any]:
    place = page.locator(f"[role=tabpanel]:has({tab}) input:visible")
    return [field for field in place.all() if field.is_enabled()]


def test_d1_d2_what_is_typed_survives_every_control_on_a_slow_server(
    browser: Any, slow: str
) -> None:
    """Rows D1 and D2: the typed matrix was lost to an event on blur; toasts at each choice."""
    visit = visit_page(browser, slow)
    page = visit.page
    page.locator(BOX).fill(TYPED)
    for field in _fields(page, "#ef-matrix"):
        field.focus()
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
    visit.choose("#ef-problem", "eigenvalues")  # again
    visit.wait("#ef-answer", "for 2x2")
    assert page.locator(BOX).input_value() == TYPED
    for name in ("inverse", "svd", "eigenvectors", "transpose", "matmul", "inverse"):
        visit.choose("#ef-problem", name)  # the answer to the one before is still under way
        page.wait_for_timeout(200)
    visit.wait("#ef-answer", "predicted chance")
    page.wait_for_timeout(2500)
    assert page.locator(BOX).input_value() == TYPED
    assert page.locator("#ef-problem input").input_value() == "inverse"
    assert "A X against I" in visit.text("#ef-answer")
    # What is drawn takes the place of what is typed meanwhile, and gives it back.
    page.locator("#ef-draw").click()
    page.locator(BOX).fill("7 1; 1 9")
    page.wait_for_function("document.querySelector('#ef-matrix textarea').value.length > 10")
    page.locator("#ef-undo").click()
    assert page.locator(BOX).input_value() == "7 1; 1 9"
    _quiet(visit)
    page.close()


def test_d1_a_list_left_by_tab_is_closed(browser: Any, address: str) -> None:
    """Row D1: it stayed on the screen, and failed in the console as its choices became fewer."""
    visit = visit_page(browser, address)
    page = visit.page
    for field in _fields(page, "#ef-matrix"):
        field.focus()
        page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    assert page.locator("[aria-expanded=true]").count() == 0
    assert page.locator("ul[role=listbox]:visible").count() == 0
    _quiet(visit)
    page.close()


def test_d1_a_program_that_was_edited_survives_and_comes_back(browser: Any, slow: str) -> None:
    """Row D1: Begin with emptied or overwrote it."""
    visit = visit_page(browser, slow)
    page = visit.page
    page.get_by_role("tab", name="Build an algorithm").click()
    assert page.locator("#ef-begin-program input").input_value().startswith("Newton")
    page.locator(PROGRAM).fill("A: 2x2\nreturn A*A")
    assert page.locator("#ef-begin-program input").input_value() == ""
    for field in _fields(page, "#ef-program"):
        field.focus()
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
    assert page.locator(PROGRAM).input_value() == "A: 2x2\nreturn A*A"
    visit.choose("#ef-begin-program", "An iteration of order 3")
    assert "R^2" in page.locator(PROGRAM).input_value()
    page.locator("#ef-build-undo").click()
    assert page.locator(PROGRAM).input_value() == "A: 2x2\nreturn A*A"
    visit.wait("#ef-network", "width")
    _quiet(visit)
    page.close()


def test_d1_back_goes_back_and_a_link_restores(browser: Any, address: str) -> None:
    """Row D1: the browser's Back left the page."""
    visit = visit_page(browser, address)
    page = visit.page
    page.locator(BOX).fill(TYPED)
    page.keyboard.press("Control+Enter")  # row D13: it did nothing
    visit.wait("#ef-answer", "for 2x2")
    page.wait_for_timeout(500)
    visit.choose("#ef-problem", "inverse")
    visit.wait("#ef-answer", "A X against I")
    page.wait_for_timeout(500)
    page.locator(BOX).fill("1 2; 3 5")
    page.locator("#ef-answer td[title='5']").first.wait_for()
    page.wait_for_timeout(500)
    page.go_back()
    page.wait_for_function(f"document.querySelector('{BOX}').value === '{TYPED}'")
    page.locator("#ef-answer td[title='4']").first.wait_for()
    page.go_back()
    visit.wait("#ef-answer", "trace against their sum")
    assert page.locator("#ef-problem input").input_value() == "eigenvalues"
    assert page.locator(BOX).input_value() == TYPED
    page.reload()
    visit.wait("#ef-answer", "for 2x2")
    assert page.locator(BOX).input_value() == TYPED
    page.go_forward()
    visit.wait("#ef-answer", "A X against I")
    _quiet(visit)
    page.close()


# Whether Enter takes the option at a place of the models' open list; of null, whether it is closed.
ACTIVE = """at => {
  const field = document.querySelector("#ef-model input");
  if (at === null) return field.ariaExpanded === "false";
  const active = field.getAttribute("aria-activedescendant") || "";
  return field.ariaExpanded === "true" && active.endsWith(`-option-${at}`);
}"""


def test_d1_the_keyboard_reaches_every_model(browser: Any, address: str) -> None:
    """Row D1: to tab past the problem chose its first model again."""
    visit = visit_page(browser, address)
    page = visit.page
    page.locator("#ef-problem input").focus()
    page.keyboard.press("Tab")
    field = page.locator("#ef-model input")
    seen = []
    for at in range(8):
        field.focus()
        page.wait_for_function(ACTIVE, arg=max(at - 1, 0))  # keys before the list opens are lost
        if at:
            page.keyboard.press("ArrowDown")
            page.wait_for_function(ACTIVE, arg=at)
        page.keyboard.press("Enter")
        page.wait_for_function(ACTIVE, arg=None)
        page.keyboard.press("Tab")
        page.locator("#ef-problem input").focus()
        page.keyboard.press("Tab")
        seen.append(field.input_value())
    assert len(set(seen)) == 8 and seen[0] == "the best here"
    visit.wait("#ef-answer", re.escape(f"by {seen[-1]}"))
    assert field.input_value() == seen[-1]
    _quiet(visit)
    page.close()


CONTRASTS = """() => {
  const parse = (text) => {
    const [r, g, b, a] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a ?? 1];
  };
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement)
      layers.push(parse(getComputedStyle(at).backgroundColor));
    let found = [255, 255, 255];
    for (const layer of layers.reverse()) found = over(layer, found);
    return found;
  };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const field = node.matches("textarea, input:not([type=checkbox], [type=radio], [type=range])")
      && node.value;
    if (!(own || field) || !node.checkVisibility({opacityProperty: true})) continue;
    if (node.closest("svg, script, style, :disabled, [aria-disabled=true]")) continue;
    const below = behind(node), style = getComputedStyle(node);
    const [a, b] = [light(over(parse(style.color), below)), light(below)].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${node.tagName}.${node.className} ` +
      (node.textContent || node.value).trim().slice(0, 40));
  }
  return [...new Set(bad)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_d13_every_text_can_be_read(browser: Any, address: str, scheme: str) -> None:
    """Row D13: the active tab had 3.1:1 in dark mode, and figures were white."""
    visit = visit_page(browser, address, color_scheme=scheme)
    page = visit.page
    visit.choose("#ef-preset", "Two rows that are nearly parallel")
    visit.wait("#ef-why", "three digits")
    visit.wait("#ef-answer", "by inverse-2x2")
    assert page.evaluate(CONTRASTS) == []
    page.get_by_role("tab", name="Build an algorithm").click()
    visit.wait("#ef-layer", "Layer 1")
    assert page.evaluate(CONTRASTS) == []
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_timeout(300)
    assert page.evaluate(CONTRASTS) == []
    _quiet(visit)
    page.close()


def test_d13_layers_play_my_matrix_is_taken_and_two_programs_share_a_figure(
    browser: Any, address: str
) -> None:
    """Row D13: Build could do none of these."""
    visit = visit_page(browser, address)
    page = visit.page
    page.get_by_role("tab", name="Build an algorithm").click()
    visit.wait("#ef-layer", "Layer 1(?![0-9])")
    page.locator("#ef-play").click()
    visit.wait("#ef-layer", "Layer 3(?![0-9])")
    page.get_by_role("button", name="My matrix").click()
    page.locator("#ef-take").click()
    page.locator("#ef-compile").click()
    visit.wait("#ef-build-sentence", "A is 4x4 in the program and your matrix 5x5")
    page.locator("#ef-own textarea").fill("4 1 0 0; 1 4 1 0; 0 1 4 1; 0 0 1 4")
    page.get_by_role("button", name="Beside another program").click()
    visit.choose("#ef-begin-other", "An iteration of order 3")
    page.locator("#ef-compile").click()
    visit.wait("#ef-curve", "the other")
    page.get_by_role("button", name="As Python").last.click()
    _quiet(visit)
    page.close()


class Client:
    """A client without a page: events as any program can send them."""

    def __init__(self, address: str, session: str) -> None:
        self.address, self.session = f"{address}/gradio_api", session
        with urllib.request.urlopen(f"{address}/config", timeout=60) as answer:
            self.config = json.load(answer)

    def ask(self, index: int, data: list[Any]) -> dict[str, Any]:
        """What the event `index` sent last, of `data`."""
        body = json.dumps({"data": data, "fn_index": index, "session_hash": self.session})
        request = urllib.request.Request(
            f"{self.address}/queue/join", body.encode(), {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                json.load(answer)
        except urllib.error.HTTPError as error:
            return {"success": None, "text": error.read().decode()}
        url = f"{self.address}/queue/data?session_hash={self.session}"
        with urllib.request.urlopen(url, timeout=120) as stream:
            for line in stream:
                if line.startswith(b"data:"):
                    message = json.loads(line[5:])
                    if message["msg"] in ("process_completed", "unexpected_error"):
                        return dict(message)
        raise AssertionError("the stream ended")


def test_e5_impossible_values_get_sentences(browser: Any, tmp_path: Path) -> None:
    """Row E5: they ended in errors of the framework, "error None"."""
    errors = tmp_path / "errors"
    with served("-m", "eigenformer", "app", "--port", "0", errors=errors) as (address, _):
        client = Client(address, "impossible")
        for event in client.config["dependencies"]:
            if not event["backend_fn"] or not event["inputs"]:
                continue
            count = len(event["inputs"])
            for value in (None, "x", -1, 1e308, 10**30, [1, [2]], {"a": 1}, float("nan")):
                found = client.ask(event["id"], [value] * count)
                assert found["success"], (event["id"], value, found)
            for data in ([], [1] * (count + 1)):
                found = client.ask(event["id"], data)
                assert found["success"] or found["text"], (event["id"], data, found)
    assert errors.read_text() == ""


def test_e6_a_question_does_not_wait_for_the_longest_comparison(
    browser: Any, server: tuple[str, int]
) -> None:
    """Row E6: one process answered all; it went on for minutes after its visitor had left."""
    address, pid = server
    one, two = visit_page(browser, address), visit_page(browser, address)
    page = one.page
    page.get_by_role("tab", name="Compare").click()
    page.get_by_label("number input for Matrices a point").fill("2000")
    page.get_by_label("number input for Size").last.fill("10")
    page.locator("#ef-compare").click()
    one.wait("#ef-progress", "of 39 points")

    def asked(text: str) -> float:
        begun = time.monotonic()
        two.page.locator(BOX).fill(text)
        two.page.locator(f"#ef-answer td[title='{text[0]}']").first.wait_for()
        return time.monotonic() - begun

    beside = min(asked(text) for text in ("6 1; 1 2", "7 1; 1 2", "8 1; 1 2"))
    assert "of 39 points" in one.text("#ef-progress")  # it still runs
    page.locator("#ef-stop").click()
    one.wait("#ef-progress", "Stopped")
    alone = min(asked(text) for text in ("9 1; 1 2", "5 1; 1 2"))
    assert beside < max(2.0, 4 * alone)
    assert _long_processes(pid) == []
    # Work whose page was closed ends too.
    page.locator("#ef-compare").click()
    one.wait("#ef-progress", "of 39 points")
    for _ in range(600):
        if _long_processes(pid):
            break
        time.sleep(0.1)
    page.close()
    for _ in range(600):
        if not _long_processes(pid):
            break
        time.sleep(0.1)
    assert _long_processes(pid) == []
    two.page.close()


def _long_processes(parent: int) -> list[int]:
    """Processes of lower priority that a page's has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent and int(fields[16]) > os.getpriority(os.PRIO_PROCESS, 0):
            found.append(int(path.parent.name))
    return found
