"""A report on studies of papers."""

from collections.abc import Sequence
from pathlib import Path

from ..papers import Excerpt
from ..runs import Scale


def write_report(chosen: Sequence[Excerpt], scale: Scale, to: Path) -> None:
    """A chapter for each paper's tables, and one on all other studies."""
    from .. import reports

    tables = [one for one in chosen if one.tables]
    analyses = [one for one in chosen if one.analyses]
    chapters = [reports.tables_chapter(one, scale) for one in tables]
    if analyses:
        chapters.append(reports.studies_chapter(analyses, scale))
    document = reports.report(*chapters)
    reports.write_markdown(document, to)
    reports.write_page(document, to / "index.html")
    counts = (
        ("table or figure", "tables and figures", sum(len(one.tables) for one in tables)),
        ("study", "studies", sum(len(one.analyses) for one in analyses)),
    )
    told = " and ".join(f"{n} {one if n == 1 else many}" for one, many, n in counts if n)
    print(f"{to / 'index.html'} and {to / 'README.md'}: {told}")
