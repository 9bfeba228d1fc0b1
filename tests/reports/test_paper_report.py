"""The report of made-up tables and records, as a tree, as Markdown and as a page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from paper_examples import (
    FIGURE1,
    FIGURE2,
    HOSTILE,
    TABLE6,
    TABLE16,
    VERDICTS,
    some_records,
    verdict,
)

from eigenformer.papers import Table
from eigenformer.reports.drawing import INK, dark
from eigenformer.reports.html import Html, join, prose, tag
from eigenformer.reports.markdown import escape
from eigenformer.reports.markdown import prose as markdown_prose
from eigenformer.reports.paper import Report, build, write_markdown, write_page
from eigenformer.reports.paper.build import number_of
from eigenformer.reports.paper.markdown import markdown
from eigenformer.reports.paper.page import page
from eigenformer.reports.style import COLOURS
from eigenformer.runs import Records

TABLES = (TABLE6, TABLE16, FIGURE1, FIGURE2)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    records = some_records(tmp_path_factory.mktemp("records"))
    return build(TABLES, "laptop", records, VERDICTS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build(TABLES, "laptop", Records(tmp_path_factory.mktemp("none")), VERDICTS)


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return page(report)


class Parsed(HTMLParser):
    """Elements with their attributes and texts; fails on a tag that is not closed in its turn."""

    EMPTY = frozenset({"meta", "link", "img", "source", "wbr", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.stack[-1] if self.stack else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_names_of_tables() -> None:
    assert number_of("table06") == "Table 6"
    assert number_of("figure2") == "Figure 2"


def test_verdicts_stand_with_the_tables_that_decide_them(report: Report) -> None:
    by_section = {one.name: [v.claim.id for v in one.verdicts] for one in report.sections}
    assert by_section == {
        "table06": ["C07", "C25"],
        "table16": ["C09", "C25"],
        "figure1": [],
        "figure2": [],
    }


def test_a_verdict_on_many_tables_is_told_in_full_once(tmp_path: Path) -> None:
    many = verdict("C01", "holds", ("table06", "table16", "table02", "table03"))
    report = build([TABLE6, TABLE16], "laptop", Records(tmp_path), [many])
    sentence = many.sentence.split("`")[0]
    for text in (page(report), markdown(report)):
        assert text.count(sentence) == 1
        assert text.count("Claim C01 of the paper") == 3


def test_runs_are_told_with_state_cost_and_code(report: Report) -> None:
    runs = {run.name: run for run in report.sections[0].runs}
    assert {name: run.state for name, run in runs.items()} == {
        "p1000-0": "finished",
        "p1000-1": "finished",
        "p1000-2": "not run",
        "fp15": "running",
    }
    assert runs["p1000-0"].version == "a" * 10 + "-dirty"
    assert runs["p1000-0"].model == "2/1 layers, width 32, 1 head"
    # Both figures show one run.
    assert len(report.runs) == 6


def test_missing_unfinished_and_diverged_runs_say_so(report: Report, empty: Report) -> None:
    def ours(report: Report, place: int) -> list[tuple[str, tuple[str, ...]]]:
        grid = report.sections[place].grid
        assert grid is not None
        return [(e.text, e.details) for line in grid.slots for slot in line for e in slot.ours]

    assert ours(report, 0) == [
        ("85.0", ("2 of 3 seeds", "80.0 to 90.0", "ceiling 98.0")),
        ("not finished", ()),
        ("42.5", ("2 of 3 seeds", "40.0 to 45.0", "ceiling 98.0")),
    ]
    assert ours(report, 1) == [("> 3,000", ("examples", "diverged"))]
    assert {text for place in range(4) for text, _ in ours(empty, place)} == {"not run"}
    assert all(not section.figures for section in empty.sections)


def test_a_report_without_records_can_be_written(empty: Report, tmp_path: Path) -> None:
    write_markdown(empty, tmp_path / "docs")
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["README.md"]
    assert "none of 6 runs made" in (tmp_path / "docs" / "README.md").read_text(encoding="utf-8")
    write_page(empty, tmp_path / "deep" / "page.html")
    Parsed((tmp_path / "deep" / "page.html").read_text(encoding="utf-8"))


def test_a_scale_without_runs_shows_the_papers_numbers(tmp_path: Path) -> None:
    report = build([TABLE6], "gpu", Records(tmp_path))
    (section,) = report.sections
    assert section.grid is not None
    assert not any(column.has_ours for column in section.grid.columns)
    assert "Nothing of it is part of scale gpu" in page(report)
    assert "Nothing of it is part of scale gpu" in markdown(report)


# The page


def test_the_page_is_well_formed_and_asks_for_nothing(text: str) -> None:
    parsed = Parsed(text)
    for name, attributes in parsed.elements:
        assert name not in ("script", "iframe", "object", "embed", "base", "form")
        for key in ("src", "srcset", "href"):
            address = attributes.get(key)
            assert address is None or address.startswith(("data:", "#")), (name, address)
    assert "@import" not in text and "url(" not in text


def test_links_of_the_page_lead_somewhere(text: str) -> None:
    parsed = Parsed(text)
    ids = [a["id"] for _, a in parsed.elements if "id" in a]
    assert len(ids) == len(set(ids))
    links = [a["href"] for a in parsed.all("a")]
    assert {link[1:] for link in links if link} <= set(ids)
    assert {"#table06", "#table16", "#claim-C07"} <= set(links)


def test_hostile_text_stays_text(report: Report, text: str) -> None:
    parsed = Parsed(text)
    shown = "".join(data for _, data in parsed.texts)
    # `c` becomes code, so the text around it comes in pieces without its backticks.
    assert HOSTILE.replace("`", "") in shown
    assert "Eigenvalues & <friends>" in shown


def test_the_page_shows_numbers_with_interval_ceiling_and_counterpart(text: str) -> None:
    shown = [data for _, data in Parsed(text).texts]
    for wanted in ("85.0", "80.0 to 90.0", "ceiling 98.0", "paper: 5x5", "not run", "> 3,000"):
        assert wanted in shown
    assert "76 epochs" in shown and "22.8 M examples" in shown


def test_every_row_of_a_table_is_as_wide_as_the_others(text: str) -> None:
    for table in re.findall(r"<table.*?</table>", text, flags=re.DOTALL):
        assert len(set(widths(table))) == 1, table


def widths(table: str) -> list[int]:
    """The columns that each row of an HTML table takes, cells from above included."""
    found: list[int] = []
    below: dict[int, int] = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL):
        spans = [
            (int(dict(pairs).get("colspan", 1)), int(dict(pairs).get("rowspan", 1)))
            for pairs in (
                re.findall(r'(colspan|rowspan)="(\d+)"', opening)
                for opening in re.findall(r"<t[hd][^>]*>", row)
            )
        ]
        place = len(found)
        found.append(sum(width for width, _ in spans) + below.get(place, 0))
        for width, height in spans:
            for later in range(place + 1, place + height):
                below[later] = below.get(later, 0) + width
    return found


@given(st.text())
def test_text_in_an_element_comes_back(text: str) -> None:
    text = text.replace("\r", "")  # which HTML reads as a line break
    element = tag("p", text, title=text)
    parsed = Parsed(element)
    assert "".join(data for _, data in parsed.texts) == text
    assert parsed.all("p") == [{"title": text}]


def test_elements() -> None:
    assert tag("p", "a<b", Html("<b>c</b>"), None) == "<p>a&lt;b<b>c</b></p>"
    assert tag("img", alt='"', src=None, hidden=True, aria_label="x") == (
        '<img alt="&quot;" hidden aria-label="x">'
    )
    assert join(["a", "<"], ", ") == "a, &lt;"
    assert prose("run `a<b` now") == "run <code>a&lt;b</code> now"
    assert prose("a lone ` is kept") == "a lone ` is kept"


# Markdown


def rendered(text: str) -> str:
    """As HTML, tables included, by an independent reader."""
    return str(MarkdownIt("commonmark").enable("table").render(text))


def test_markdown_has_its_tables_claims_and_figures(report: Report, tmp_path: Path) -> None:
    write_markdown(report, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "README.md",
        "figure1-dark.svg",
        "figure1.svg",
        "figure2-dark.svg",
        "figure2.svg",
    ]
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    for reference in re.findall(r'(?:src|srcset)="([^"]+)"', text):
        assert (tmp_path / reference).exists()
    html = rendered(text).replace("\N{NO-BREAK SPACE}", " ")
    # Contents; a grid and a list of runs for each of four sections.
    assert html.count("<table>") == 1 + 2 * len(report.sections)
    assert "<strong>2 hold · 1 fails · 1 not decided</strong> of 4 claims" in html
    assert "Would decide it:</strong> three seeds of 90,000 examples, 2 h" in html
    assert "<td><strong>85.0</strong><br><sub>2 of 3 seeds<br>80.0 to 90.0<br>" in html
    assert "<script>" not in html
    for link in re.findall(r'href="#([^"]+)"', html):
        assert f'<a id="{link}"></a>' in text


def test_rows_of_markdown_tables_have_equally_many_cells(report: Report) -> None:
    for table in re.findall(r"<table>.*?</table>", rendered(markdown(report)), flags=re.DOTALL):
        rows = [len(re.findall(r"<t[hd][ >]", row)) for row in table.split("</tr>")[:-1]]
        assert len(set(rows)) == 1


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1))
def test_escaped_text_is_read_as_it_stands(text: str) -> None:
    plain = " ".join(text.split())
    for source in (escape(text), f"| {escape(text)} |\n| --- |\n| {escape(text)} |"):
        shown = Parsed(rendered(source)).texts
        assert {data.strip() for _, data in shown if data.strip()} <= {plain}
        assert not plain or shown


def test_a_backtick_pair_is_code() -> None:
    assert rendered(markdown_prose("the recipe is `fast_1`, *here*")) == (
        "<p>the recipe is <code>fast_1</code>, *here*</p>\n"
    )


# Figures


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    records = some_records(tmp_path / "records")
    written = []
    for place in ("first", "second"):
        report = build(TABLES, "laptop", records, VERDICTS)
        write_markdown(report, tmp_path / place)
        write_page(report, tmp_path / place / "page.html")
        written.append({p.name: p.read_bytes() for p in (tmp_path / place).iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 6


@pytest.mark.parametrize("table", [FIGURE1, FIGURE2], ids=lambda table: str(table.name))
def test_figures_come_in_two_sets_of_colours(table: Table, tmp_path: Path) -> None:
    (figure,) = build([table], "laptop", some_records(tmp_path)).sections[0].figures
    light = figure.draw()
    assert light.startswith("<?xml") and "<metadata>" not in light and "http-equiv" not in light
    assert INK in light and COLOURS[0] in light
    other = dark(light)
    assert light.count("#") == other.count("#")
    assert not any(colour in other for colour in (INK, *COLOURS, "#000000", "#ffffff"))
    assert "eigenvalues 2x2" in figure.alt
