"""The report as one HTML page that needs nothing from elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from ...papers import Finding, Verdict
from ..html import Html, join, prose, tag
from ..page import document, fact_list, guide, picture, scrolling
from ..words import STATES
from .build import Report, Section
from .text import (
    CLAIM_HEADS,
    GUIDE,
    NUMBER_HEADS,
    RUN_HEADS,
    TITLE,
    anchor,
    count_words,
    facts,
    lead,
    missing,
    number_row,
    run_row,
    said_by,
    short_name,
    state_of,
)


def write_page(report: Report, file: Path) -> None:
    """Write the report to `file`: no scripts, no requests; light and dark, screen and print.

    The same report gives the same bytes. Figures need matplotlib.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(report), encoding="utf-8", newline="\n")


def page(report: Report) -> str:
    """The text of the page."""
    return document(
        TITLE,
        lead(report),
        _claims(report),
        guide(GUIDE),
        _contents(report),
        *(_paper(paper, sections, report) for paper, sections in report.papers.items()),
    )


def _claims(report: Report) -> Html | None:
    if not report.verdicts:
        return None
    tiles = [
        tag("li", tag("b", number), f" {word}", class_=state)
        for state, number, word in count_words(report)
    ]
    known = {section.study.name for section in report.sections}
    lines = [_claim(verdict, known) for verdict in report.verdicts]
    return tag(
        "section",
        tag("ul", *tiles, class_="counts", aria_label="Verdicts on the claims"),
        tag("h2", "Claims", id="claims"),
        _table(CLAIM_HEADS, lines, "claims", "Claims"),
    )


def _claim(verdict: Verdict, known: set[str]) -> list[Html]:
    claim = verdict.claim
    said = [
        tag("div", tag("a", name, href=f"#{name}") if name in known else name, f": {state}")
        for name, state in said_by(verdict)
    ]
    return [
        tag("th", claim.id, scope="row", id=f"claim-{claim.id}"),
        tag("td", prose(claim.text), " ", tag("span", claim.source, class_="where")),
        tag("td", _badge(verdict.state), class_=verdict.state),
        tag("td", *said) if said else tag("td", "no study bears on it", class_="muted"),
    ]


def _badge(state: str) -> Html:
    words = {str(known): text for known, text in STATES.items()}
    return tag("span", words[state], class_="badge")


def _contents(report: Report) -> Html:
    lines = [
        tag(
            "li",
            tag("a", short_name(section.study), href=f"#{section.study.name}"),
            tag("span", section.study.title, class_="title"),
            tag("span", paper, class_="runs"),
            tag("span", state_of(section), class_="runs"),
        )
        for paper, sections in report.papers.items()
        for section in sections
    ]
    return tag(
        "nav",
        tag("h2", "Contents", id="contents"),
        tag("ol", *lines, class_="contents wide"),
        aria_labelledby="contents",
    )


def _paper(paper: str, sections: Sequence[Section], report: Report) -> Html:
    shown = [_section(section, report) for section in sections]
    return tag("section", tag("h2", paper, id=anchor(paper)), *shown)


def _section(section: Section, report: Report) -> Html:
    study, record = section.study, section.record
    found = record.findings if record is not None else None
    return tag(
        "article",
        tag("h3", study.title, id=study.name),
        tag(
            "p",
            tag("code", study.name),
            f" · {study.paper}, {study.section} · ",
            tag("a", "contents", href="#contents"),
            class_="where",
        ),
        tag("p", prose(missing(section, report)), class_="missing") if found is None else None,
        *(_finding(claim, one) for claim, one in (found.verdicts.items() if found else ())),
        tag("div", *(picture(figure) for figure in section.figures), class_="figures")
        if section.figures
        else None,
        _numbers(section),
        tag("p", prose(study.note), class_="note") if study.note else None,
        fact_list(facts(section)),
        _runs(section) if section.runs else None,
        class_="study",
    )


def _finding(claim: str, finding: Finding) -> Html:
    return tag(
        "div",
        tag(
            "p",
            _badge(finding.state),
            " ",
            tag("a", claim, href=f"#claim-{claim}"),
            " ",
            prose(finding.sentence),
        ),
        tag("p", tag("b", "Would decide it: "), prose(finding.would_decide))
        if finding.would_decide
        else None,
        class_=f"verdict {finding.state}",
    )


def _numbers(section: Section) -> Html | None:
    if section.record is None or not section.record.findings.numbers:
        return None
    lines = []
    for number in section.record.findings.numbers:
        name, *rest, source = number_row(number)
        cells = [tag("td", text) for text in rest]
        lines.append(
            [tag("th", prose(name), scope="row"), *cells, tag("td", prose(source), class_="where")]
        )
    return _table(NUMBER_HEADS, lines, "numbers", "Numbers")


def _runs(section: Section) -> Html:
    lines = [[tag("td", text) for text in run_row(run)] for run in section.runs]
    return tag(
        "details",
        tag("summary", f"Runs ({len(section.runs)})"),
        _table(RUN_HEADS, lines, "runs", "Runs"),
    )


def _table(heads: Sequence[str], lines: Sequence[Sequence[Html]], kind: str, label: str) -> Html:
    return scrolling(
        tag(
            "table",
            tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
            tag("tbody", *(tag("tr", join(line)) for line in lines)),
            class_=kind,
        ),
        label,
    )
