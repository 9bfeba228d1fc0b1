"""The report as Markdown (GitHub's), with its figures beside it."""

from pathlib import Path

from ...papers import Finding, Verdict
from ..markdown import bullets, escape, picture, prose, table, write, write_figures
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
    state_of,
)


def write_markdown(report: Report, folder: Path) -> None:
    """Write `folder`/README.md and the figures, each for light and for dark pages.

    The same report gives the same bytes. Figures need matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_figures([one for section in report.sections for one in section.figures], folder)
    write(folder / "README.md", markdown(report))


def markdown(report: Report) -> str:
    """The text of README.md."""
    blocks = [f"# {escape(TITLE)}", escape(lead(report))]
    if report.verdicts:
        shown = " · ".join(f"{number} {word}" for _, number, word in count_words(report))
        blocks += [f"**{shown}** of {len(report.verdicts)} claims", "## Claims"]
        known = {section.study.name for section in report.sections}
        blocks.append(table(CLAIM_HEADS, [_claim(verdict, known) for verdict in report.verdicts]))
    blocks += [
        "## How to read the numbers",
        bullets(f"**{escape(term)}**: {escape(text)}" for term, text in GUIDE),
        "## Contents",
        _contents(report),
    ]
    for paper, sections in report.papers.items():
        blocks += [f'<a id="{anchor(paper)}"></a>', f"## {escape(paper)}"]
        for section in sections:
            blocks += _section(section, report)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _claim(verdict: Verdict, known: set[str]) -> list[str]:
    claim = verdict.claim
    said = [
        f"{f'[{name}](#{name})' if name in known else name}: {state}"
        for name, state in said_by(verdict)
    ]
    return [
        f'<a id="claim-{claim.id}"></a>{claim.id}',
        f"{prose(claim.text)} *{escape(claim.source)}*",
        f"**{STATES[verdict.state]}**",
        "<br>".join(said) or "no study bears on it",
    ]


def _contents(report: Report) -> str:
    lines = [
        [
            f"[{section.study.name}](#{section.study.name})",
            escape(section.study.title),
            escape(state_of(section)),
        ]
        for section in report.sections
    ]
    return table(("", "", "claims"), lines)


def _section(section: Section, report: Report) -> list[str]:
    study, record = section.study, section.record
    blocks = [
        f'<a id="{study.name}"></a>',
        f"### {escape(study.title)}",
        f"`{study.name}` · {escape(f'{study.paper}, {study.section}')}",
    ]
    if record is None:
        blocks.append(prose(missing(section, report)))
    else:
        found = record.findings
        blocks.append(bullets(_finding(claim, one) for claim, one in found.verdicts.items()))
        blocks.append("\n".join(picture(figure) for figure in section.figures))
        blocks.append(bullets(_captions(section)))
        if found.numbers:
            rows = [[prose(text) for text in number_row(number)] for number in found.numbers]
            blocks.append(table(NUMBER_HEADS, rows))
    blocks.append(prose(study.note))
    blocks.append(bullets(f"{term}: {escape(text)}" for term, text in facts(section)))
    if section.runs:
        rows = [[escape(text) for text in run_row(run)] for run in section.runs]
        blocks += ["<details><summary>Runs</summary>", table(RUN_HEADS, rows), "</details>"]
    return blocks


def _captions(section: Section) -> list[str]:
    """Notes, with the titles of the figures that they belong to."""
    assert section.record is not None
    found = section.record.findings
    notes = [(panel.title, panel.note) for panel in found.panels]
    notes += [(one.title, one.note) for one in found.maps]
    return [f"*{escape(title)}*: {prose(note)}" for title, note in notes if note]


def _finding(claim: str, finding: Finding) -> str:
    text = f"[**{claim} {STATES[finding.state]}.**](#claim-{claim}) {prose(finding.sentence)}"
    if finding.would_decide:
        text += f"<br>**Would decide it:** {prose(finding.would_decide)}"
    return text
