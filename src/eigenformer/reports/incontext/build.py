"""From studies and their records to a report, as plain data: what both writers write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...papers import Analysis, Kept, Verdict
from ...runs import Experiment, Scale
from ..drawing import Figure
from .figures import figures_of


@dataclass(frozen=True, kw_only=True)
class Section:
    """A study."""

    study: Analysis
    runs: tuple[Experiment, ...]
    """Those of the report's scale, each once."""
    record: Kept | None
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
    studies: Sequence[Analysis],
    scale: Scale,
    kept: Mapping[str, Kept | None],
    verdicts: Sequence[Verdict] = (),
) -> Report:
    """What is `kept` of studies at a scale; nothing is trained, what is missing is said so.

    `verdicts` stand at the top, with links to the studies among these. Figures are drawn only when
    the report is written.
    """
    papers: dict[str, list[Section]] = {}
    for study in studies:
        papers.setdefault(study.paper, []).append(_section(study, scale, kept.get(study.name)))
    return Report(
        scale=scale,
        papers={paper: tuple(sections) for paper, sections in papers.items()},
        verdicts=tuple(verdicts),
    )


def _section(study: Analysis, scale: Scale, record: Kept | None) -> Section:
    return Section(
        study=study,
        runs=tuple({run.identity: run for run in study.planned(scale)}.values()),
        record=record,
        figures=figures_of(study.name, record.findings) if record is not None else (),
    )
