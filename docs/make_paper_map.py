"""Writes docs/paper-map.md: tables, figures and studies of the papers, commands, claims, results.

    python docs/make_paper_map.py

Everything comes from the tables, the claims and the records of runs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eigenformer.papers import Table, Verdict, decide_all
from eigenformer.papers.charton2022 import RECORDS, TABLES
from eigenformer.papers.charton2022.claims import CLAIMS
from eigenformer.papers.incontext_study import RECORDS as STUDY_RECORDS
from eigenformer.papers.incontext_study import Records as StudyRecords
from eigenformer.papers.incontext_study import studies
from eigenformer.papers.incontext_study import verdicts as study_verdicts
from eigenformer.reports.markdown import escape, prose
from eigenformer.runs import SCALES, Plan, Records

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

*Holds* and *fails* are decided by intervals, or by three training seeds a side. A claim is
*undecided* until its runs have been made; the last column says what would decide it.
"""


def page() -> str:
    """The text of the page."""
    records = Records(RECORDS)
    verdicts = decide_all(list(CLAIMS.values()), TABLES, SCALE, records)
    states = [verdict.state for verdict in verdicts]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("holds", "fails", "undecided"))
    heads = ("what it reports, and the command that repeats it", *SCALES, "claims")
    rows = [_table_row(table, records, verdicts) for table in TABLES.values()]
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


def _table_row(table: Table, records: Records, verdicts: Sequence[Verdict]) -> list[str]:
    counts = []
    for scale in SCALES:
        plan = Plan.of(table.experiments(scale)).experiments
        found = [records.get(experiment) for experiment in plan]
        made = sum(record is not None and record.state == "finished" for record in found)
        counts.append(f"{made}/{len(plan)}" if plan else "-")
    verb = "run" if table.experiments(SCALE) else "report"
    links = [
        f"[{v.claim.id}](#{v.claim.id.lower()}) {v.state}"
        for v in verdicts
        if table.name in v.claim.tables
    ]
    title = f"**{table.name}** (section {table.section}) {escape(table.title)}"
    command = f"`eigenformer paper {verb} {table.name}`"
    return [f"{title}<br>{command}", *counts, "<br>".join(links)]


def _claim_row(verdict: Verdict) -> list[str]:
    claim = verdict.claim
    found = verdict.sentence if verdict.state != "undecided" else verdict.would_decide
    return [
        f'<a id="{claim.id.lower()}"></a>{claim.id}',
        prose(claim.text),
        prose(claim.figures),
        f"**{verdict.state}**" if verdict.state != "undecided" else verdict.state,
        prose(found or verdict.sentence),
    ]


def _studies() -> list[list[str]]:
    kept = StudyRecords(STUDY_RECORDS)
    found = {}
    for study in studies().values():
        if (record := kept.get(study, SCALE)) is not None:
            found[study.name] = record.findings
    said = {verdict.claim.id: verdict for verdict in study_verdicts(studies().values(), found)}
    rows = []
    for study in studies().values():
        title = f"**{study.name}** ({study.paper}, {study.section}) {escape(study.title)}"
        states = [
            f"{claim} {said[claim].found[study.name].state}"
            for claim in study.claims
            if study.name in said[claim].found
        ]
        command = f"`eigenformer incontext run {study.name}`"
        made = "yes" if study.name in found else "no"
        rows.append([f"{title}<br>{command}", made, "<br>".join(states)])
    return rows


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
