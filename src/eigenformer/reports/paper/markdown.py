"""The report as Markdown (GitHub's), with its figures beside it."""

import re
from collections.abc import Sequence
from pathlib import Path

from ...papers import Verdict
from ..markdown import bullets, escape, picture, prose, table, write, write_figures
from ..words import STATES, verdict_word
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
    shared,
    verdict_counts,
    verdict_summary,
    whereabouts,
)
from .tree import Entry, Grid, Line, Report, Section, Slot


def write_markdown(report: Report, folder: Path) -> None:
    """Write `folder`/README.md and the figures, each for light and for dark pages.

    The same report gives the same bytes. Figures need matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_figures([one for section in report.sections for one in section.figures], folder)
    write(folder / "README.md", markdown(report))


def markdown(report: Report) -> str:
    """The text of README.md."""
    blocks = [f"# {escape(report.title)}", escape(lead(report))]
    if report.verdicts:
        counts = verdict_counts(report.verdicts)
        shown = " · ".join(f"{n} {verdict_word(state, n)}" for state, n in counts.items())
        blocks.append(f"**{shown}** of {len(report.verdicts)} claims")
    blocks.append(bullets(f"**{term}**: {escape(text)}" for term, text in facts(report.runs)))
    blocks.append("## How to read the numbers")
    blocks.append(bullets(f"**{escape(term)}**: {escape(text)}" for term, text in GUIDE))
    blocks.append("## Contents")
    blocks.append(
        table(
            ("", "", "runs", "claims"),
            [
                (
                    f"[{escape(section.number)}](#{section.name})",
                    escape(section.title),
                    escape(progress(section.runs)),
                    escape(verdict_summary(section.verdicts)),
                )
                for section in report.sections
            ],
        )
    )
    if report.verdicts:
        blocks.append("## Claims")
        blocks += _claims(report)
    for section in report.sections:
        blocks += _section(section, report)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _claims(report: Report) -> list[str]:
    known = {section.name: section.number for section in report.sections}
    blocks = []
    for state, words in STATES.items():
        these = [verdict for verdict in report.verdicts if verdict.state == state]
        if not these:
            continue
        blocks.append(f"### {words.capitalize()} ({len(these)})")
        for verdict in these:
            links = [f"[{known[name]}](#{name})" for name in verdict.claim.studies if name in known]
            blocks.append(_verdict(verdict, links))
    return blocks


def _verdict(verdict: Verdict, links: Sequence[str] | None = None) -> str:
    """An item of a list; in the summary with `links` to its tables, elsewhere with one to it."""
    claim = verdict.claim
    name = f"claim-{claim.id}"
    title = f"**{escape(claim.id)} {STATES[verdict.state]}.**"
    title = f"[{title}](#{name})" if links is None else f'<a id="{name}"></a>{title}'
    lines = [f"{title} {prose(claim.text)} ({escape(claim.where)})"]
    if links is not None or not is_brief(verdict):
        lines.append(prose(verdict.sentence))
        if verdict.would_decide:
            lines.append(f"**Would decide it:** {prose(verdict.would_decide)}")
        if claim.figures:
            lines.append(f"The paper: {prose(claim.figures)}")
    if links:
        lines.append(", ".join(links))
    return "- " + "<br>".join(lines)


def _section(section: Section, report: Report) -> list[str]:
    blocks = [
        f'<a id="{section.name}"></a>',
        f"## {escape(heading(section))}",
        escape(whereabouts(section)),
        escape(nothing(section, report.scale)),
    ]
    blocks += [_verdict(verdict) for verdict in section.verdicts]
    for figure in section.figures:
        blocks += [picture(figure), escape(figure.caption)]
    if section.grid is not None:
        blocks.append(escape(" ".join(shared(section.grid))))
        blocks.append(_grid(section.grid))
    blocks.append(prose(section.note))
    blocks.append(bullets(f"{term}: {escape(text)}" for term, text in facts(section.runs)))
    if section.runs:
        blocks += ["<details><summary>Runs</summary>"]
        blocks.append(
            table(RUN_HEADS, [[escape(text) for text in run_row(run)] for run in section.runs])
        )
        blocks.append("</details>")
    if section.paper_note:
        blocks.append("<details><summary>How the paper's table was read</summary>")
        blocks += [prose(section.paper_note), "</details>"]
    return blocks


def _grid(grid: Grid) -> str:
    heads = [escape(key) for key in grid.row_keys]
    for column in grid.columns:
        name = "<br>".join(_part(grid.column_keys, column))
        both = column.has_paper and column.has_ours
        if column.has_paper:
            heads.append(_joined(name, "paper" if both or column.paper_only else ""))
        if column.has_ours:
            heads.append(_joined(name, "**ours**"))
    lines = []
    before: Line | None = None
    for row, slots in zip(grid.rows, grid.slots, strict=True):
        cells = _row_head(row, before)
        before = row
        for column, slot in zip(grid.columns, slots, strict=True):
            cells += _slot(slot, column.has_paper, column.has_ours)
        lines.append(cells)
    return table(heads, lines)


def _joined(*texts: str) -> str:
    return "<br>".join(text for text in texts if text)


def _part(keys: Sequence[str], line: Line) -> list[str]:
    """The labels of a column; a number alone says little, so it has its key with it."""
    found = []
    for key, part in zip(keys, line.parts, strict=True):
        if part.text:
            bare = re.fullmatch(r"[\d./%σ –]+|yes|no", part.text) is not None
            text = escape(f"{key} {part.text}" if bare else part.text)
            found.append(text + _paper_label(part.paper))
    return found


def _row_head(row: Line, before: Line | None) -> list[str]:
    """The labels of a row, those that the row before has too left out."""
    texts = []
    same = before is not None
    for place, part in enumerate(row.parts):
        same = same and before is not None and before.parts[place] == part
        last = place == len(row.parts) - 1
        repeated = same and not last
        texts.append("" if repeated else escape(part.text) + _paper_label(part.paper))
    return texts


def _paper_label(paper: str | None) -> str:
    return "" if paper is None else f"<br><sub>{_unbroken(f'paper: {paper}')}</sub>"


def _slot(slot: Slot, has_paper: bool, has_ours: bool) -> list[str]:
    cells = []
    if has_paper:
        cells.append("<br>".join(_entry(entry, "") for entry in slot.paper))
    if has_ours:
        cells.append("<br>".join(_entry(entry, "**") for entry in slot.ours))
    return cells


def _entry(entry: Entry, strong: str) -> str:
    number = escape(entry.text)
    if entry.missing:
        number = f"*{number}*"
    elif strong:
        number = f"{strong}{number}{strong}"
    details = "<br>".join(_unbroken(text) for text in entry.details)
    return f"{number}<br><sub>{details}</sub>" if details else number


def _unbroken(text: str) -> str:
    """Escaped, with spaces at which a narrow column does not break it."""
    return escape(text).replace(" ", "\N{NO-BREAK SPACE}")
