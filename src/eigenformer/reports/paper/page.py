"""The report as one HTML page that needs nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from ...experiments.study import Verdict
from .drawing import dark
from .grid_page import grid_table
from .html import Html, join, prose, tag
from .text import (
    GUIDE,
    RUN_HEADS,
    STATES,
    facts,
    heading,
    is_brief,
    lead,
    nothing,
    progress,
    run_row,
    verdict_counts,
    verdict_summary,
    verdict_word,
    whereabouts,
)
from .tree import Figure, Report, Section

# A browser that obeys it asks nobody for anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_page(report: Report, file: Path) -> None:
    """Write the report to `file`: no scripts, no requests; light and dark, screen and print.

    The same report gives the same bytes. Figures need matplotlib.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(report), encoding="utf-8", newline="\n")


def page(report: Report) -> str:
    """The text of the page."""
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", report.title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(style)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", report.title), tag("p", lead(report), class_="lead")),
        tag(
            "main",
            _summary(report),
            _guide(),
            _contents(report),
            _claims(report),
            *(_section(section, report) for section in report.sections),
        ),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


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
        _facts(facts(report.runs)),
    )


def _guide() -> Html:
    lines = [join([tag("dt", term), tag("dd", text)]) for term, text in GUIDE]
    return tag(
        "details", tag("summary", "How to read the numbers"), tag("dl", *lines), class_="guide"
    )


def _facts(lines: Sequence[tuple[str, str]]) -> Html | None:
    if not lines:
        return None
    items = [tag("div", tag("dt", term), tag("dd", text)) for term, text in lines]
    return tag("dl", *items, class_="facts")


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
    links = [tag("a", known[one], href=f"#{one}") for one in claim.tables if one in known]
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
        *(_figure(figure) for figure in section.figures),
        grid_table(section.grid, heading(section)) if section.grid is not None else None,
        tag("p", prose(section.note), class_="note") if section.note else None,
        _facts(facts(section.runs)),
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
        tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="Runs"),
    )


def _figure(figure: Figure) -> Html:
    return tag(
        "figure",
        tag(
            "picture",
            tag(
                "source",
                media="screen and (prefers-color-scheme: dark)",
                srcset=_data(dark(figure.svg)),
            ),
            tag("img", src=_data(figure.svg), alt=figure.alt),
        ),
        tag("figcaption", figure.caption),
    )


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode('ascii')}"
