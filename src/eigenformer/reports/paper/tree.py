"""A report as plain data: what both writers write."""

from dataclasses import dataclass
from typing import Literal

from ...papers import Verdict
from ...runs import Scale
from ..drawing import Figure


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A number as it is shown, with the small lines under it."""

    text: str
    details: tuple[str, ...] = ()
    missing: bool = False
    """Nothing was measured (ours), or nothing is printed (the paper's)."""
    share: float | None = None
    """The accuracy as a fraction, to be drawn as a bar; None for other numbers."""
    ceiling: float | None = None
    """The rounding ceiling as a fraction."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a row meets a column: several entries where the labels leave more than one."""

    paper: tuple[Entry, ...] = ()
    ours: tuple[Entry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """One label of a row or column."""

    text: str
    paper: str | None = None
    """The paper's label, where it is another one."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """The head of a row or column."""

    parts: tuple[Part, ...]
    """A label for each key."""
    paper_only: bool = False
    """Nothing of ours stands here."""


@dataclass(frozen=True, kw_only=True)
class Column(Line):
    """A column of a grid: the paper's numbers, ours, or both side by side."""

    has_paper: bool
    has_ours: bool


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table: heads of rows and columns, and what stands where they meet."""

    row_keys: tuple[str, ...]
    column_keys: tuple[str, ...]
    rows: tuple[Line, ...]
    columns: tuple[Column, ...]
    slots: tuple[tuple[Slot, ...], ...]
    """By row and column."""
    common_paper: tuple[str, ...] = ()
    """What all the paper's numbers share, such as "tolerance 5%"."""
    common_ours: tuple[str, ...] = ()
    """What all of ours share."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a table: what it cost, what made it."""

    identity: str
    name: str
    recipe: str
    model: str
    """Layers, width and heads."""
    seed: int
    state: Literal["not run", "running", "finished", "diverged"]
    examples: int = 0
    """Processed so far."""
    seconds: float = 0.0
    """Spent training."""
    version: str = ""
    machine: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One table or figure of the paper."""

    name: str
    """As on the command line: table06."""
    number: str
    """As in the paper: Table 6."""
    title: str
    where: str
    """The paper's section."""
    grid: Grid | None
    """None if there is no number to show."""
    figures: tuple[Figure, ...]
    verdicts: tuple[Verdict, ...]
    note: str
    paper_note: str
    """How the paper's table was read where its text is ambiguous."""
    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Tables of the paper beside ours at one scale."""

    title: str
    scale: Scale
    sections: tuple[Section, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of all sections, one that several share only once."""
        return tuple({run.identity: run for one in self.sections for run in one.runs}.values())
