"""From studies and their records to a report, as plain data: what both writers write."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...papers.incontext_study import Record, Records, Run, Scale, Study, Verdict
from ..drawing import Figure
from .figures import figures_of


@dataclass(frozen=True, kw_only=True)
class Section:
    """A study."""

    study: Study
    runs: tuple[Run, ...]
    """Those of the report's scale, each once."""
    record: Record | None
    """None if it has not been made at that scale, or has changed since."""
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Studies at one scale, paper by paper."""

    scale: Scale
    papers: dict[str, tuple[Section, ...]]
    verdicts: tuple[Verdict, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """Of all papers."""
        return tuple(section for sections in self.papers.values() for section in sections)


def build(
    studies: Sequence[Study], scale: Scale, records: Records, verdicts: Sequence[Verdict] = ()
) -> Report:
    """What `records` hold of studies at a scale; nothing is trained, what is missing is said so.

    `verdicts` stand at the top, with links to the studies among these. Figures are drawn only when
    the report is written.
    """
    papers: dict[str, list[Section]] = {}
    for study in studies:
        papers.setdefault(study.paper, []).append(_section(study, scale, records))
    return Report(
        scale=scale,
        papers={paper: tuple(sections) for paper, sections in papers.items()},
        verdicts=tuple(verdicts),
    )


def _section(study: Study, scale: Scale, records: Records) -> Section:
    record = records.get(study, scale)
    return Section(
        study=study,
        runs=tuple({run.path: run for run in study.planned(scale)}.values()),
        record=record,
        figures=figures_of(study.name, record.findings) if record is not None else (),
    )
