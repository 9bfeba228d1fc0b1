"""The report on made-up studies and records."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import Parsed, part
from study_examples import FULL, FULL_FINDINGS, PAPERS, chapter, some_records

from eigenformer.incontext import Gaussian, LinearAttention, Optimizer, Regression
from eigenformer.reports import Document, report, studies_chapter
from eigenformer.reports.blocks import Pictures
from eigenformer.reports.markdown import markdown
from eigenformer.reports.page import page
from eigenformer.reports.panels import pictures
from eigenformer.reports.studies import described, number_text


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return report(chapter(some_records(tmp_path_factory.mktemp("records"))))


def test_a_missing_study_says_how_to_make_it(document: Document) -> None:
    text = page(document)
    said = "or changed since: {}eigenformer paper run giannou2024-noise --scale laptop{}"
    assert text.count("or changed since") == text.count(said.format("<code>", "</code>")) == 1
    shown = markdown(document)
    assert shown.count("or changed since") == shown.count(said.format("`", "`")) == 1
    assert "giannou2024-noise: not made" in "".join(Parsed(text).texts)


def test_an_outdated_record_is_missing(tmp_path: Path) -> None:
    records = some_records(tmp_path)
    file = tmp_path / "giannou2024-depth-laptop.json"
    identity = FULL.identity("laptop")
    file.write_text(file.read_text().replace(identity, identity[::-1]))
    shown = markdown(report(chapter(records, FULL.name)))
    assert "eigenformer paper run giannou2024-depth" in shown
    assert "0 of 1 studies made" in shown


def test_all_claims_stand_in_the_summary(document: Document) -> None:
    text, shown = page(document), markdown(document)
    assert "**1 holds · 1 fails · 1 not decided** of 3 claims" in shown
    for claim, word in (("N04", "holds"), ("N05", "not decided"), ("N13", "fails")):
        assert f'id="claim-{claim}"' in text
        assert f'<a id="claim-{claim}"></a>[**{claim} {word}.**](claims/{claim}.md)' in shown


def test_without_claims_there_is_no_summary(tmp_path: Path) -> None:
    silent = replace(PAPERS[1], claims={}).excerpt(("all",), tmp_path)
    empty = report(studies_chapter([silent], "paper"))
    assert "Claims" not in markdown(empty)
    assert 'id="claims"' not in page(empty)
    assert "none: computed" in page(empty)


def test_models_are_solid_algorithms_dashed_theory_dotted(document: Document) -> None:
    (shown,) = part(document, FULL.name, Pictures)
    # The legend has each line once more: all of them, by their dashes.
    svg = shown.pictures[0].svg
    lines = re.findall(r'<g id="line2d_\d+">\s*<path d="[^"]*"[^>]*style="([^"]*)"', svg)
    dashes = [
        match[1] if (match := re.search(r"stroke-dasharray: ([\d.]+)", style)) else "solid"
        for style in lines
        if "stroke-width: 1.5" in style
    ]
    kinds = [next(group) for _, group in itertools.groupby(dashes)]
    solid, dashed, dotted = kinds[:3]
    assert solid == "solid" and dashed != "solid" and float(dotted) < float(dashed)
    assert dashes[:5] == [solid, solid, dashed, dashed, dotted]


def test_figures_are_named_after_the_study() -> None:
    figures = [one.figure for one in pictures("a-b", FULL_FINDINGS)]
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
