"""Reports on the studies of papers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..papers import Analysis, Paper, Study, Table, decide_all
from ..runs import Records, Scale


def write_reports(
    chosen: Mapping[Paper, Sequence[Study]], scale: Scale, kept: Mapping[str, Records], to: Path
) -> None:
    """A report for each paper's tables, and one on all other studies; the only one is `to`."""
    tables = {
        paper: found
        for paper, studies in chosen.items()
        if (found := [one for one in studies if isinstance(one, Table)])
    }
    analyses = {
        paper: others
        for paper, studies in chosen.items()
        if (others := [one for one in studies if isinstance(one, Analysis)])
    }
    several = len(tables) + bool(analyses) > 1
    for paper, found in tables.items():
        _tables(paper, found, scale, kept[paper.name], to / paper.name if several else to)
    if analyses:
        _analyses(analyses, scale, kept, to / "studies" if several else to)


def _tables(
    paper: Paper, tables: Sequence[Table], scale: Scale, records: Records, to: Path
) -> None:
    from ..papers.charton2022.failures import kept_failures
    from ..papers.charton2022.memorisation import kept_memorisation
    from ..reports.paper import build, write_markdown, write_page

    whole = len(tables) == len(paper.studies)
    asked = paper.claims_on(*(table.name for table in tables))
    claims = list(paper.claims.values()) if whole else asked
    report = build(
        tables,
        scale,
        records,
        decide_all(claims, paper.studies, scale, records),
        failures=kept_failures() if whole else None,
        memorisation=kept_memorisation() if whole else None,
    )
    write_markdown(report, to)
    write_page(report, to / "index.html")
    print(f"{to / 'index.html'} and {to / 'README.md'}: {len(tables)} tables and figures")


def _analyses(
    chosen: Mapping[Paper, Sequence[Analysis]],
    scale: Scale,
    kept: Mapping[str, Records],
    to: Path,
) -> None:
    from ..reports.incontext import build, write_markdown, write_page

    studies = [study for found in chosen.values() for study in found]
    verdicts = []
    for paper, found in chosen.items():
        claims = paper.claims_on(*(study.name for study in found))
        verdicts += decide_all(claims, paper.studies, scale, kept[paper.name])
    findings = {
        study.name: study.kept(scale, kept[paper.name])
        for paper, found in chosen.items()
        for study in found
    }
    report = build(studies, scale, findings, verdicts)
    write_markdown(report, to)
    write_page(report, to / "index.html")
    count = "1 study" if len(studies) == 1 else f"{len(studies)} studies"
    print(f"{to / 'index.html'} and {to / 'README.md'}: {count}")
