"""Writes docs/paper-map.md: tables, figures and studies of the papers, commands, claims, results.

    python docs/make_paper_map.py

Everything comes from the tables, the claims and the records of runs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eigenformer.papers import Study, Verdict, decide_all, papers
from eigenformer.papers.charton2022 import PAPER as CHARTON
from eigenformer.papers.findings import verdict_words
from eigenformer.papers.names import IN_CONTEXT
from eigenformer.reports.blocks import STATES, counted
from eigenformer.reports.markdown import escape, prose
from eigenformer.runs import SCALES, Records

HERE = Path(__file__).parent
PAGE = HERE / "paper-map.md"
SCALE: Final = "laptop"
STUDY_HEADS = ("what it measures, and the command that repeats it", "made", "claims")

LEAD = """\
# Paper map

Charton, *Linear algebra with transformers* (TMLR 2022), table by table: the command that repeats
it, the claims that rest on it, and what our runs say about them. `python docs/make_paper_map.py`
makes this page from the tables, the claims and the records that come with the package.

`eigenformer paper run TABLE` makes the missing runs. `--scale laptop` (the default) takes small
sizes that two CPU cores can train, `gpu` the paper's sizes with our recipe, `paper` the paper's own
settings; `--dry-run` shows what they would cost. `eigenformer paper report TABLE` writes the
numbers beside the paper's.
"""
STUDIES_LEAD = """\
## In-context studies

Giannou et al., *How well can transformers emulate in-context Newton's method?* (2024), and eight
papers beside it: small models trained on prompts, next to the algorithms that they are said to run.
[The report](incontext/README.md) has the claims, the figures and the numbers. Their
constructions: [constructions.md](constructions.md); why these compute what they compute, and what
of the papers had to be corrected: [derivations.md](derivations.md).
"""
CLAIMS_LEAD = """\
## Claims at scale laptop

A claim has a verdict for each of its parts. What is reached, one model shows; every other answer
takes three training seeds a side, and models that twice the length would not change. The last
column says which parts are decided, and what would decide the others.
"""


def page() -> str:
    """The text of the page."""
    records = Records(CHARTON.records)
    verdicts = decide_all(list(CHARTON.claims.values()), CHARTON.studies, SCALE, records)
    states = [verdict.state for verdict in verdicts]
    counts = ", ".join(f"{number} {word}" for _, number, word in counted(states))
    heads = ("what it reports, and the command that repeats it", *SCALES, "claims")
    rows = [_table_row(table, records, verdicts) for table in CHARTON.studies.values()]
    claims = [_claim_row(verdict) for verdict in verdicts]
    return "\n".join(
        (
            LEAD,
            "## Tables and figures",
            "",
            "Under each scale: runs that have a record, of all; - where the numbers are computed.",
            "",
            *_rows(heads, rows),
            "",
            CLAIMS_LEAD,
            f"Of {len(states)} claims: {counts}.",
            "",
            *_rows(("", "claim", "the paper", "state", "what was found"), claims),
            "",
            STUDIES_LEAD,
            *_rows(
                ("what it measures, and the command that repeats it", "made", "claims"), _studies()
            ),
            "",
        )
    )


def _table_row(table: Study, records: Records, verdicts: Sequence[Verdict]) -> list[str]:
    counts = []
    for scale in SCALES:
        runs = table.distinct(scale)
        counts.append(f"{len(table.made(scale, records))}/{len(runs)}" if runs else "-")
    verb = "run" if table.planned(SCALE) else "report"
    links = [
        f"[{v.claim.id}](#{v.claim.id.lower()}) {verdict_words(v.state)}"
        for v in verdicts
        if table.name in v.claim.studies
    ]
    title = f"**{table.name}** (section {table.section}) {escape(table.title)}"
    command = f"`eigenformer paper {verb} {table.name}`"
    return [f"{title}<br>{command}", *counts, "<br>".join(links)]


def _claim_row(verdict: Verdict) -> list[str]:
    claim = verdict.claim
    found = ". ".join(part for part in (verdict.finding.summary, verdict.would_decide) if part)
    return [
        f'<a id="{claim.id.lower()}"></a>{claim.id}',
        prose(claim.text),
        prose(claim.figures),
        STATES[verdict.state],
        prose(found or verdict.sentence),
    ]


def _studies() -> list[list[str]]:
    rows = []
    for paper in papers(IN_CONTEXT).values():
        records = Records(paper.records)
        said = decide_all(list(paper.claims.values()), paper.studies, SCALE, records)
        for study in paper.studies.values():
            title = f"**{study.name}** ({paper.citation}, {study.section}) {escape(study.title)}"
            states = [
                f"{verdict.claim.id} {verdict_words(verdict.said[study.name].state)}"
                for verdict in said
                if study.name in verdict.said
            ]
            command = f"`eigenformer incontext run {study.name}`"
            made = "yes" if study.kept(SCALE, records) else "no"
            rows.append([f"{title}<br>{command}", made, "<br>".join(states)])
    return rows


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
