"""What is cited: entries of papers, and this software's, held against CITATION.cff."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from eigenformer.incontext import ARCHITECTURES
from eigenformer.papers import papers
from eigenformer.papers.names import BUILT_IN
from eigenformer.papers.references import (
    LICENSE,
    OF_ARCHITECTURE,
    REFERENCES,
    RELEASED,
    SOFTWARE,
    Reference,
    mentioned,
)

CITATION = (Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8")


def field(name: str, text: str = CITATION) -> str:
    found = re.search(rf"^ *(?:- )?{name}: \"?(.*?)\"?$", text, re.MULTILINE)
    assert found is not None, name
    return found[1]


def people(text: str) -> tuple[str, ...]:
    """Family, Given."""
    found = re.findall(r"family-names: (.+)\n +given-names: (.+)", text)
    return tuple(f"{family}, {given}" for family, given in found)


def test_the_citation_file_says_the_same_of_the_software() -> None:
    assert field("title") == SOFTWARE.title
    assert (field("name"),) == SOFTWARE.authors
    assert field("version") == version("eigenformer")
    assert (field("license"), field("date-released")) == (LICENSE, RELEASED)


def test_the_citation_file_says_the_same_of_the_papers() -> None:
    _, *listed = CITATION.partition("references:")[2].split("- type: ")
    by_title = {one.title: one for one in REFERENCES.values()}
    assert len(listed) == 2
    for text in listed:
        one = by_title[field("title", text)]
        assert people(text) == one.authors
        assert field("year", text) == str(one.year)
        assert field("journal", text) == (one.venue or "arXiv preprint")


def test_every_paper_has_its_reference_and_every_architecture_its_papers() -> None:
    assert {*BUILT_IN} == {*REFERENCES, "efficiency", "matrices"}
    for name in ("fu2024", "efficiency"):  # of the others it is the same line
        assert papers()[name].reference == REFERENCES.get(name)
    assert {*OF_ARCHITECTURE} == {*ARCHITECTURES.names()}
    assert {key for keys in OF_ARCHITECTURE.values() for key in keys} <= {*REFERENCES}
    for one in REFERENCES.values():
        assert one.authors and one.year and re.fullmatch(r"\d{4}\.\d{5}", one.arxiv)
        assert all(", " in name for name in one.authors)
        assert one.key.endswith(str(one.year))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Li and Li 2010; Giannou et al. 2024, section 4", ["giannou2024"]),
        ("von Oswald et al. 2023; Ahn et al. 2023, form 11", ["vonoswald2023", "ahn2023"]),
        ("Cheng, Carin and Sra 2024 (arXiv 2410.16699)", ["cheng2025"]),
        ("Jacobi 1846, in the rounds of Brent and Luk 1985", []),
    ],
)
def test_papers_that_a_source_names(text: str, keys: list[str]) -> None:
    assert [one.key for one in mentioned(text)] == keys


def test_an_entry_as_bibtex_and_in_words() -> None:
    one = Reference(
        key="x2020", title="A & B_1", authors=("Doe, Jo", "Roe, Al"), year=2020, arxiv="2001.00001"
    )
    assert one.bibtex.splitlines() == [
        "@misc{x2020,",
        r"  title = {{A \& B\_1}},",
        "  author = {Doe, Jo and Roe, Al},",
        "  year = {2020},",
        "  eprint = {2001.00001},",
        "  archiveprefix = {arXiv},",
        "}",
    ]
    assert one.sentence == "Jo Doe and Al Roe, “A & B_1”, 2020, arXiv:2001.00001."
