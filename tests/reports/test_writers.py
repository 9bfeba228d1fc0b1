"""Both writers, over reports on tables, on studies, and on both."""

import base64
import io
import re
from pathlib import Path

import pytest
import study_examples
import table_examples
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from reading import HOSTILE, Parsed, rendered, within
from rich.console import Console

from eigenformer.papers import Paper, by_id, by_name
from eigenformer.reports import (
    Document,
    report,
    studies_chapter,
    tables_chapter,
    terminal,
    write_markdown,
    write_page,
)
from eigenformer.reports.blocks import Contents, Counts, DataTable, Guide, Heading, Section
from eigenformer.reports.drawing import INK
from eigenformer.reports.markdown import escape, markdown
from eigenformer.reports.markdown import prose as markdown_prose
from eigenformer.reports.page import Html, join, page, prose, tag


@pytest.fixture(scope="module", params=["tables", "studies", "both"])
def document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Document:
    folder = tmp_path_factory.mktemp("records")
    tables = table_examples.chapter(table_examples.some_records(folder / "tables"))
    studies = study_examples.chapter(study_examples.some_records(folder / "studies"))
    return report(*{"tables": [tables], "studies": [studies]}.get(request.param, [tables, studies]))


@pytest.fixture(scope="module")
def text(document: Document) -> str:
    return page(document)


def test_the_page_is_well_formed_and_asks_for_nothing(text: str) -> None:
    parsed = Parsed(text)
    assert (
        not {"script", "iframe", "object", "embed", "base", "form"} & dict(parsed.elements).keys()
    )
    addresses = [url for name in ("src", "srcset", "href") for url in parsed.values(name)]
    assert all(url.startswith(("#", "data:")) for url in addresses)
    assert "@import" not in text and "url(" not in text


def test_every_link_leads_somewhere(document: Document, text: str) -> None:
    parsed = Parsed(text)
    names = parsed.values("id")
    assert len(names) == len(set(names))
    assert {url[1:] for url in parsed.values("href") if url.startswith("#")} <= set(names)
    shown = markdown(document)
    links = re.findall(r"\]\(#([^)]+)\)", shown)
    # A heading of one word has it for a name.
    named = [f'<a id="{link}"></a>' in shown or f"## {link.title()}\n" in shown for link in links]
    assert links and all(named)


def test_each_claim_has_a_page_with_its_rule_and_its_runs(
    document: Document, tmp_path: Path
) -> None:
    write_markdown(document, tmp_path)
    shown = (tmp_path / "README.md").read_text("utf-8")
    cards = {card.claim: card for card in document.claims}
    assert {f"{claim}.md" for claim in cards} == {f.name for f in (tmp_path / "claims").iterdir()}
    for claim, card in cards.items():
        assert f"](claims/{claim}.md)" in shown
        text = (tmp_path / "claims" / f"{claim}.md").read_text("utf-8")
        links = re.findall(r"\]\(\.\./README\.md#([^)]+)\)", text)
        assert {card.anchor, "claims"} <= {*links}
        assert all(f'<a id="{link}"></a>' in shown for link in links)
        for part in card.parts:
            assert f"*{part.verdict}* · " in text
        assert all(f"## {fold.title}" in text for fold in card.more)
        runs = [row for table in within(card.more, DataTable) for row in table.rows]
        assert all(f"| {row[0]} |" in text for row in runs)
    assert any(card.more for card in cards.values())


def test_what_size_it_is_comes_first_and_the_verdicts_before_the_tables(document: Document) -> None:
    opening, *others = document.blocks
    first, second = within([opening], DataTable), within([opening], Counts)
    assert isinstance(opening, Section) and opening.blocks[0] == next(first)
    assert next(second).parts
    kinds = [type(block) for block in others]
    assert kinds[:3] == [Section, Guide, Contents]
    assert [heading.anchor for heading in within(others[:1], Heading)] == ["claims"]


def test_hostile_text_is_shown_as_it_stands(document: Document, text: str) -> None:
    # What stands between backticks is code.
    plain = HOSTILE.replace("`", "")
    assert "".join(Parsed(text).texts).count(plain) >= 2
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown(document))
    assert "<script" not in html
    assert "".join(Parsed(html).texts).count(plain) >= 2


def test_rows_of_a_table_are_equally_wide(document: Document, text: str) -> None:
    html = rendered(markdown(document))
    for table in re.findall(r"<table.*?</table>", text + html, flags=re.DOTALL):
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


def test_pictures_are_files_of_the_markdown_and_data_of_the_page(
    document: Document, text: str, tmp_path: Path
) -> None:
    write_markdown(document, tmp_path)
    names = re.findall(r'(?:src|srcset)="([^"]+)"', (tmp_path / "README.md").read_text("utf-8"))
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "claims", *names}
    assert len(set(names)) == len(names) == 2 * len(document.pictures) > 0
    sources = [
        base64.b64decode(url.partition(",")[2]).decode() for url in Parsed(text).values("srcset")
    ]
    assert sources == [
        (tmp_path / f"{one.figure.name}-dark.svg").read_text("utf-8") for one in document.pictures
    ]
    for light, dark in zip((one.svg for one in document.pictures), sources, strict=True):
        assert INK in light and INK not in dark
        assert light.startswith("<?xml") and "<metadata>" not in light


def test_the_same_report_gives_the_same_bytes(document: Document, tmp_path: Path) -> None:
    again = Document(title=document.title, lead=document.lead, blocks=document.blocks)
    for name, one in (("a", document), ("b", again)):
        write_markdown(one, tmp_path / name)
        write_page(one, tmp_path / name / "deep" / "index.html")
    for path in (tmp_path / "a").rglob("*.*"):
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == other.read_bytes(), path


def test_a_paper_with_studies_of_both_kinds_has_each_claim_once(tmp_path: Path) -> None:
    table, study = table_examples.TABLE6, study_examples.FULL
    claims = (*table_examples.CLAIMS, study_examples.claim("N04", study))
    paper = Paper(
        name="both",
        title="Both",
        citation="Both (2020)",
        studies=by_name(table, study),
        claims=by_id(*claims),
        records=study_examples.some_records(tmp_path).root,
    )
    excerpt = paper.excerpt(("all",))
    text = page(report(tables_chapter(excerpt, "laptop"), studies_chapter([excerpt], "laptop")))
    names = Parsed(text).values("id")
    assert len(names) == len(set(names))
    assert {f"claim-{claim.id}" for claim in claims} <= set(names)


@given(st.text())
def test_text_in_an_element_comes_back(text: str) -> None:
    text = text.replace("\r", "")  # which HTML reads as a line break
    parsed = Parsed(tag("p", text, title=text))
    assert "".join(parsed.texts) == text
    assert parsed.elements == [("p", {"title": text})]


def test_elements() -> None:
    assert tag("p", "a<b", Html("<b>c</b>"), None) == "<p>a&lt;b<b>c</b></p>"
    assert tag("img", alt='"', src=None, hidden=True, aria_label="x") == (
        '<img alt="&quot;" hidden aria-label="x">'
    )
    assert join(["a", "<"], ", ") == "a, &lt;"
    assert prose("run `a<b` now") == "run <code>a&lt;b</code> now"
    assert prose("a lone ` is kept") == "a lone ` is kept"


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1))
def test_escaped_text_is_read_as_it_stands(text: str) -> None:
    plain = " ".join(text.split())
    for source in (escape(text), f"| {escape(text)} |\n| --- |\n| {escape(text)} |"):
        shown = Parsed(rendered(source)).texts
        assert {data.strip() for data in shown if data.strip()} <= {plain}
        assert not plain or shown


def test_a_backtick_pair_is_code() -> None:
    assert rendered(markdown_prose("the recipe is `fast_1`, *here*")) == (
        "<p>the recipe is <code>fast_1</code>, *here*</p>\n"
    )


@pytest.mark.parametrize("width", [60, 80, 300])
def test_a_table_wider_than_the_terminal_comes_in_parts_and_nothing_is_cut(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    heads = ["trained on", *(f"column {i}" for i in range(12))]
    rows = [[f"row {i}", *(f"{100 * i + j}.5" for j in range(12))] for i in range(3)]
    terminal._table(console, heads, rows)
    words = console.export_text().split()
    cells = [cell for row in rows for cell in row[1:]]
    assert sorted(word for word in words if "." in word) == sorted(cells)
    assert words.count("column") == 12 and (words.count("trained") == 1) == (width == 300)
    assert words.count("row") == 3 * words.count("trained")
