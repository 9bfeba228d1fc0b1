"""The report of made-up studies, as Markdown and as a page."""

import base64
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incontext_examples import (
    CLAIMS,
    COMPUTED,
    FULL,
    HOSTILE,
    MAPS,
    PANELS,
    STUDIES,
    kept,
    said,
    some_records,
)
from markdown_it import MarkdownIt

from eigenformer.incontext import Gaussian, LinearAttention, Optimizer, Regression
from eigenformer.reports.drawing import INK
from eigenformer.reports.incontext import Report, build, write_markdown, write_page
from eigenformer.reports.incontext.figures import figures_of
from eigenformer.reports.incontext.markdown import markdown
from eigenformer.reports.incontext.page import page
from eigenformer.reports.incontext.text import described, number_text


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    records = some_records(tmp_path_factory.mktemp("records"))
    return build(STUDIES, "laptop", kept(records), said(records))


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return page(report)


class Parsed(HTMLParser):
    """Elements, texts and names; fails on a tag that is not closed in its turn."""

    EMPTY = frozenset({"meta", "link", "img", "source", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.stack and self.stack[-1] != "style" else ""

    def values(self, name: str) -> list[str]:
        return [found for _, attributes in self.elements if (found := attributes.get(name))]


def test_the_page_is_well_formed_and_asks_for_nothing(text: str) -> None:
    parsed = Parsed(text)
    assert not {"script", "iframe", "object", "form"} & {tag for tag, _ in parsed.elements}
    assert all(url.startswith("data:") for url in (*parsed.values("src"), *parsed.values("srcset")))
    assert all(url.startswith(("#", "data:")) for url in parsed.values("href"))
    assert "@import" not in text and "url(" not in text


def test_every_link_of_the_page_leads_somewhere(text: str) -> None:
    parsed = Parsed(text)
    names = parsed.values("id")
    assert len(names) == len(set(names))
    links = {url[1:] for url in parsed.values("href") if url.startswith("#")}
    assert links <= set(names)
    assert {one.name for one in STUDIES} <= links


def test_hostile_text_is_shown_as_it_stands(report: Report, text: str) -> None:
    # What stands between backticks is code.
    assert Parsed(text).text.count(HOSTILE.replace("`", "")) >= 4
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown(report))
    assert "<script" not in html
    shown = Parsed(html).text
    assert shown.count(HOSTILE.replace("`", "")) >= 4


def test_a_missing_study_says_how_to_make_it(report: Report, text: str) -> None:
    for shown in (text, markdown(report)):
        assert "eigenformer incontext run giannou2024-noise --scale laptop" in shown
        assert "eigenformer incontext run giannou2024-depth" not in shown
    assert "giannou2024-noise: not made" in Parsed(text).text


def test_an_outdated_record_is_missing(tmp_path: Path) -> None:
    records = some_records(tmp_path)
    file = tmp_path / "giannou2024-depth-laptop.json"
    identity = FULL.identity("laptop")
    file.write_text(file.read_text().replace(identity, identity[::-1]))
    shown = markdown(build((FULL,), "laptop", kept(records)))
    assert "eigenformer incontext run giannou2024-depth" in shown
    assert "0 of 1 studies made" in shown


def test_all_claims_stand_in_the_summary(report: Report, text: str) -> None:
    states = {one.claim.id: one.state for one in report.verdicts}
    assert (states["N04"], states["N05"], states["N13"]) == ("holds", "undecided", "fails")
    shown = markdown(report)
    assert "**1 holds · 1 fails · 12 not decided** of 14 claims" in shown
    for id in CLAIMS:
        assert f'id="claim-{id}"' in text and f'id="claim-{id}"' in shown


def test_without_verdicts_there_is_no_summary(tmp_path: Path) -> None:
    empty = build((COMPUTED,), "paper", {})
    assert "Claims" not in markdown(empty)
    assert 'id="claims"' not in page(empty)
    assert "none: computed" in page(empty)


def test_the_same_report_gives_the_same_bytes(report: Report, tmp_path: Path) -> None:
    records = some_records(tmp_path / "records")
    for name, one in (("a", report), ("b", build(STUDIES, "laptop", kept(records), said(records)))):
        write_markdown(one, tmp_path / name)
        write_page(one, tmp_path / name / "index.html")
    files = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in "ab"]
    assert files[0] == files[1]
    assert len(files[0]) == 2 + 2 * (len(PANELS) + len(MAPS))
    for name in files[0]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_every_picture_of_the_markdown_is_a_file(report: Report, tmp_path: Path) -> None:
    write_markdown(report, tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    names = re.findall(r'(?:src|srcset)="([^"]+)"', text)
    assert len(names) == 2 * (len(PANELS) + len(MAPS))
    assert all((tmp_path / name).exists() for name in names)


def test_models_are_solid_algorithms_dashed_theory_dotted(report: Report) -> None:
    (first, *_) = report.sections[0].figures
    # The legend has each line once more: all of them, by their dashes.
    lines = re.findall(r'<g id="line2d_\d+">\s*<path d="[^"]*"[^>]*style="([^"]*)"', first.svg)
    dashes = [
        match[1] if (match := re.search(r"stroke-dasharray: ([\d.]+)", style)) else "solid"
        for style in lines
        if "stroke-width: 1.5" in style
    ]
    kinds = [next(group) for _, group in itertools.groupby(dashes)]
    solid, dashed, dotted = kinds[:3]
    assert solid == "solid" and dashed != "solid" and float(dotted) < float(dashed)
    assert dashes[:5] == [solid, solid, dashed, dashed, dotted]


def test_figures_are_recoloured_for_dark_pages(text: str) -> None:
    sources = [
        base64.b64decode(url.partition(",")[2]).decode() for url in Parsed(text).values("srcset")
    ]
    assert len(sources) == len(PANELS) + len(MAPS)
    assert all(INK not in svg for svg in sources)


def test_figures_are_named_after_the_study(report: Report) -> None:
    made = report.sections[0].record
    assert made is not None
    figures = figures_of("a-b", made.findings)
    assert [one.name for one in figures] == [f"a-b-{place}" for place in range(1, 6)]
    assert "Newton, order 3" in figures[0].alt


@given(st.floats(-1e12, 1e12))
def test_numbers_are_short_and_close(value: float) -> None:
    shown = number_text(value)
    assert len(shown) <= 10
    assert float(shown.replace(",", "")) == pytest.approx(value, rel=6e-3, abs=0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.5, "0.5000"),
        (12.0, "12"),
        (0.20763, "0.2076"),
        (999.97, "1000"),
        (123456.7, "123,457"),
        (3.2e-9, "3.20e-9"),
        (-1.5e9, "-1.50e9"),
    ],
)
def test_numbers(value: float, shown: str) -> None:
    assert number_text(value) == shown


def test_configurations_in_words() -> None:
    assert described(Regression(dim=5, points=20)) == "regression"
    assert described(LinearAttention(layers=3, heads=2)) == "linear-attention (layers 3, heads 2)"
    assert described(Optimizer(kind="sgd", rate=0.01)) == "sgd (rate 0.01)"
    spread = Gaussian(spectrum=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0))
    shown = described(Regression(covariates=spread, noise=(0.0, 0.5)))
    assert shown == ("regression (covariates gaussian (spectrum [1, 2, ..., 7]), noise [0, 0.5])")
