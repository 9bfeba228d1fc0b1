"""A table or figure of a paper: what it found, the runs that repeat it, how it is laid out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..core import InputError
from ..runs.experiment import Cell, Experiment, Label, Scale
from ..runs.readings import Measured
from ..runs.records import Records
from .figure import Figure
from .printed import PaperTable


@dataclass(frozen=True, kw_only=True)
class Value:
    """A number with its labels; `paper` are the labels of its counterpart, complete, or None."""

    labels: dict[str, Label]
    measured: Measured | None
    """None: missing, the run has not been made."""
    paper: dict[str, Label] | None
    experiment: Experiment | None = None
    """The run that it comes from; None if it was computed without training."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table or figure."""

    name: str
    """As on the command line: table06, figure2."""
    title: str
    section: str
    """Where the paper speaks of it, such as "4.4"."""
    rows: tuple[str, ...]
    """Keys of the labels that make a row."""
    columns: tuple[str, ...]
    """Keys of the labels that make a column; the rest of them belongs to the caption."""
    experiments: Callable[[Scale], Sequence[Experiment]] = lambda scale: ()
    """The runs at a scale."""
    computed: Callable[[Scale], Sequence[Value]] = lambda scale: ()
    """Numbers that need no training."""
    note: str = ""
    """What differs from the paper at smaller scales, and why the finding can show all the same."""
    label: str = ""
    """What reports call it; unless given, the paper's number, which `name` has: Table 6."""
    printed: PaperTable | None = None
    """The paper's own numbers."""
    curves: Literal["norms", "learning"] | None = None
    """What reports draw of the evaluations on the way of its runs: accuracy by four norms, or loss
    and accuracy at two tolerances."""
    figures: Callable[[Scale], Sequence[Figure]] = lambda scale: ()
    """Drawings of what it computes."""

    def values(self, scale: Scale, records: Records) -> list[Value]:
        """Every number of the table at a scale, the missing ones too."""
        found = list(self.computed(scale))
        for experiment in self.experiments(scale):
            record = records.get(experiment)
            for cell in experiment.cells:
                measured = None if record is None else cell.read(record)
                found.append(_value(cell, measured, experiment))
        return found

    def experiment(self, scale: Scale, name: str) -> Experiment:
        """The run called `name`."""
        found = [one for one in self.experiments(scale) if one.name == name]
        if not found:
            raise InputError(f"{self.name} has no run {name!r} at scale {scale}")
        return found[0]


def _value(cell: Cell, measured: Measured | None, experiment: Experiment) -> Value:
    labels = dict(cell.labels)
    return Value(
        labels=labels,
        measured=measured,
        paper=None if cell.paper is None else {**labels, **cell.paper},
        experiment=experiment,
    )
