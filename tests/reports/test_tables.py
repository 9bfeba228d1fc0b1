"""The report on made-up tables and records."""

from pathlib import Path

import pytest
from reading import part, rendered
from table_examples import (
    CLAIMS,
    FIGURE1,
    FIGURE2,
    TABLE6,
    TABLE16,
    chapter,
    claim,
    some_records,
)

from eigenformer.core.plot import COLOURS
from eigenformer.papers import Table
from eigenformer.reports import Document, report, write_markdown
from eigenformer.reports.blocks import Cards, DataTable, Facts, Grid, Picture
from eigenformer.reports.drawing import INK, dark
from eigenformer.reports.markdown import markdown
from eigenformer.reports.page import page
from eigenformer.reports.tables import number_of
from eigenformer.runs import Records


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return report(chapter(some_records(tmp_path_factory.mktemp("records"))))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return report(chapter(Records(tmp_path_factory.mktemp("none"))))


def test_names_of_tables() -> None:
    assert number_of("table06") == "Table 6"
    assert number_of("figure2") == "Figure 2"
    assert number_of("mine2025-table6") == "Table 6"


@pytest.mark.parametrize(
    ("table", "claims"),
    [("table06", ["C07", "C25"]), ("table16", ["C09", "C25"]), ("figure1", []), ("figure2", [])],
)
def test_verdicts_stand_with_the_tables_that_decide_them(
    document: Document, table: str, claims: list[str]
) -> None:
    shown = [card for cards in part(document, table, Cards) for card in cards.cards]
    assert [card.claim for card in shown] == claims
    assert not any(card.home for card in shown)


def test_a_verdict_on_many_tables_is_told_in_full_once(tmp_path: Path) -> None:
    many = claim("C01", "holds", ("table06", "table16", "table02", "table03"))
    document = report(chapter(Records(tmp_path), [TABLE6, TABLE16], [many]))
    sentence = many.decide(None).sentence.split("`")[0]
    for text in (page(document), markdown(document)):
        assert text.count(sentence) == 1
        assert text.count("Claim C01 of the paper") == 3


def test_runs_are_told_with_state_cost_and_code(document: Document) -> None:
    (runs,) = part(document, "table06", DataTable)
    assert {row[0]: row[4] for row in runs.rows} == {
        "p1000-0": "finished",
        "p1000-1": "finished",
        "p1000-2": "not run",
        "fp15": "not finished",
    }
    assert runs.rows[0][2] == "2/1 layers, width 32, 1 head"
    assert runs.rows[0][5:] == ("3,000", "1.5 h", "a" * 10 + "-dirty")
    # Both figures show one run.
    (facts,) = (one for one in document.blocks[0].blocks if isinstance(one, Facts))
    assert dict(facts.terms)["Runs"] == "4 of 6 runs made, 1 diverged, 1 not finished"


def test_missing_unfinished_and_diverged_runs_say_so(document: Document, empty: Document) -> None:
    def ours(document: Document, table: str) -> list[tuple[str, tuple[str, ...]]]:
        (grid,) = part(document, table, Grid)
        return [(e.text, e.details) for line in grid.slots for slot in line for e in slot.ours]

    assert ours(document, "table06") == [
        ("85.0", ("2 of 3 seeds", "80.0 to 90.0", "ceiling 98.0")),
        ("not finished", ()),
        ("42.5", ("2 of 3 seeds", "40.0 to 45.0", "ceiling 49.0")),
    ]
    assert ours(document, "table16") == [("> 3,000", ("examples", "diverged"))]
    for table in (TABLE6, TABLE16, FIGURE1, FIGURE2):
        assert {text for text, _ in ours(empty, table.name)} == {"not run"}
    assert not empty.pictures


def test_a_report_without_records_can_be_written(empty: Document, tmp_path: Path) -> None:
    write_markdown(empty, tmp_path / "docs")
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {"README.md", "claims"}
    assert "none of 6 runs made" in (tmp_path / "docs" / "README.md").read_text(encoding="utf-8")


def test_a_scale_without_runs_shows_the_papers_numbers(tmp_path: Path) -> None:
    document = report(chapter(Records(tmp_path), [TABLE6], (), "gpu"))
    (grid,) = part(document, "table06", Grid)
    assert not any("ours" in column.sides for column in grid.columns)
    assert "Nothing of it is part of scale gpu" in page(document)
    assert "Nothing of it is part of scale gpu" in markdown(document)


def test_numbers_stand_with_interval_ceiling_and_counterpart(document: Document) -> None:
    html = rendered(markdown(document)).replace("\N{NO-BREAK SPACE}", " ")
    for text in (page(document), html):
        for wanted in ("85.0", "80.0 to 90.0", "ceiling 98.0", "paper: 5x5", "not run"):
            assert wanted in text
        assert "&gt; 3,000" in text and "76 epochs" in text and "22.8 M examples" in text
    # Sizes; contents; a grid and a list of runs for each of four tables.
    assert html.count("<table>") == 2 + 2 * 4
    assert f"<strong>2 hold · 1 fails · 1 not decided</strong> of {len(CLAIMS)} claims" in html
    assert "Would decide it:</strong> three seeds of 90,000 examples, 2 h" in html
    assert "<td><strong>85.0</strong><br><sub>2 of 3 seeds<br>80.0 to 90.0<br>" in html


@pytest.mark.parametrize("table", [FIGURE1, FIGURE2], ids=lambda table: str(table.name))
def test_curves_come_in_two_sets_of_colours(table: Table, document: Document) -> None:
    (picture,) = part(document, table.name, Picture)
    light, other = picture.svg, dark(picture.svg)
    assert INK in light and COLOURS[0] in light
    assert light.count("#") == other.count("#")
    assert not any(colour in other for colour in (INK, *COLOURS, "#000000", "#ffffff"))
    assert "eigenvalues 2x2" in picture.figure.alt
