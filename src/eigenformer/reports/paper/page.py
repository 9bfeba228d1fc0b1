"""The report as one HTML page that needs nothing from elsewhere."""

from pathlib import Path

from ...papers import Verdict
from ..html import Html, join, prose, tag
from ..page import document, fact_list, guide, picture, scrolling
from ..words import STATES, verdict_word
from .grid_page import grid_table
from .text import (
    GUIDE,
    RUN_HEADS,
    facts,
    heading,
    is_brief,
    lead,
    nothing,
    progress,
    run_row,
    verdict_counts,
    verdict_summary,
    whereabouts,
)
from .tree import Report, Section


def write_page(report: Report, file: Path) -> None:
    """Write the report to `file`: no scripts, no requests; light and dark, screen and print.

    The same report gives the same bytes. Figures need matplotlib.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(report), encoding="utf-8", newline="\n")


def page(report: Report) -> str:
    """The text of the page."""
    return document(
        report.title,
        lead(report),
        _summary(report),
        guide(GUIDE),
        _contents(report),
        _claims(report),
        *(_section(section, report) for section in report.sections),
    )


def _summary(report: Report) -> Html:
    counts = verdict_counts(report.verdicts)
    tiles = [
        tag("li", tag("b", str(number)), f" {verdict_word(state, number)}", class_=state)
        for state, number in counts.items()
        if report.verdicts
    ]
    return tag(
        "section",
        tag("ul", *tiles, class_="counts", aria_label="Verdicts on the claims") if tiles else None,
        fact_list(facts(report.runs)),
    )


def _contents(report: Report) -> Html:
    lines = [
        tag(
            "li",
            tag("a", section.number, href=f"#{section.name}"),
            tag("span", section.title, class_="title"),
            tag("span", progress(section.runs), class_="runs"),
            tag("span", verdict_summary(section.verdicts), class_="runs"),
        )
        for section in report.sections
    ]
    return tag(
        "nav",
        tag("h2", "Contents", id="contents"),
        tag("ol", *lines, class_="contents"),
        aria_labelledby="contents",
    )


def _claims(report: Report) -> Html | None:
    if not report.verdicts:
        return None
    numbers = {section.name: section.number for section in report.sections}
    groups = []
    for state, words in STATES.items():
        these = [verdict for verdict in report.verdicts if verdict.state == state]
        if these:
            cards = [_verdict(verdict, numbers) for verdict in these]
            title = f"{words.capitalize()} ({len(these)})"
            groups.append(
                tag("details", tag("summary", title), *cards, open=True, class_="verdicts")
            )
    return tag("section", tag("h2", "Claims", id="claims"), *groups)


def _verdict(verdict: Verdict, tables: dict[str, str] | None = None) -> Html:
    """A card; in the summary with links to `tables` (their numbers by name), elsewhere to it."""
    claim = verdict.claim
    name = f"claim-{claim.id}"
    title = tag("b", claim.id) if tables is not None else tag("a", claim.id, href=f"#{name}")
    known = tables or {}
    links = [tag("a", known[one], href=f"#{one}") for one in claim.studies if one in known]
    said = [
        tag("p", prose(verdict.sentence)),
        tag("p", tag("b", "Would decide it: "), prose(verdict.would_decide))
        if verdict.would_decide
        else None,
        tag("p", "The paper: ", prose(claim.figures), class_="where") if claim.figures else None,
    ]
    return tag(
        "article",
        tag(
            "p",
            tag("span", STATES[verdict.state], class_="badge"),
            " ",
            title,
            " ",
            prose(claim.text),
            " ",
            tag("span", f"({claim.where})", class_="where"),
        ),
        *(said if tables is not None or not is_brief(verdict) else []),
        tag("p", join(links, ", "), class_="where") if links else None,
        class_=f"verdict {verdict.state}",
        id=name if tables is not None else None,
    )


def _section(section: Section, report: Report) -> Html:
    said = nothing(section, report.scale)
    return tag(
        "section",
        tag("h2", heading(section), id=section.name),
        tag(
            "p",
            f"{whereabouts(section)} · " if section.where else None,
            tag("a", "contents", href="#contents"),
            class_="where",
        ),
        tag("p", said) if said else None,
        *(_verdict(verdict) for verdict in section.verdicts),
        *(picture(figure) for figure in section.figures),
        grid_table(section.grid, heading(section)) if section.grid is not None else None,
        tag("p", prose(section.note), class_="note") if section.note else None,
        fact_list(facts(section.runs)),
        _runs(section) if section.runs else None,
        tag(
            "details",
            tag("summary", "How the paper's table was read"),
            tag("p", prose(section.paper_note)),
        )
        if section.paper_note
        else None,
    )


def _runs(section: Section) -> Html:
    heads = tag("tr", *(tag("th", head, scope="col") for head in RUN_HEADS))
    lines = [tag("tr", *(tag("td", text) for text in run_row(run))) for run in section.runs]
    table = tag("table", tag("thead", heads), tag("tbody", *lines), class_="runs")
    return tag(
        "details",
        tag("summary", f"Runs ({len(section.runs)})"),
        scrolling(table, "Runs"),
    )
