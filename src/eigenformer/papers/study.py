"""Studies: the tables and figures of papers, and the runs that repeat them."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from ..core import InputError, content_hash, from_json, load_json, save_json, to_json
from ..runs.experiment import Cell, Experiment, Label, Measured, Reading
from ..runs.records import Records
from ..runs.scale import SCALES, Scale
from ..training import TrainConfig
from .findings import Findings

_SINCE: dict[str, Any] = {"parts": [], "setting": "", "gate": ""}
"""What findings have had since the first were kept."""


def check_name(kind: str, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(
            f"a {kind} is called {name!r}; give lower-case letters and digits, with hyphens between"
        )


def _nothing(scale: Scale) -> Sequence[Experiment]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Study(ABC):
    """A table, a figure or an experiment of a paper."""

    name: str
    """As on the command line: table06, giannou2024-regression."""
    title: str
    section: str
    """Where the paper speaks of it, such as "4.4" or "6, figure 8"."""
    runs: Callable[[Scale], Sequence[Experiment]] = _nothing
    """The runs at a scale, each with a name of its own."""
    scales: tuple[Scale, ...] = SCALES
    """Those that it has settings for."""
    note: str = ""
    """What differs from the paper at smaller scales, and why the finding can show all the same."""

    def __post_init__(self) -> None:
        check_name("study", self.name)

    def planned(self, scale: Scale) -> list[Experiment]:
        """Its runs; an `InputError` at a scale that it has not got."""
        if scale not in self.scales:
            known = " and ".join(self.scales)
            raise InputError(f"{self.name} has no settings for scale {scale}; give {known}")
        found = list(self.runs(scale))
        for run in found:
            check_name("run", run.name)
        if len({run.name for run in found}) < len(found):
            raise InputError(f"{self.name} has two runs of one name at scale {scale}")
        return found

    def distinct(self, scale: Scale) -> list[Experiment]:
        """Its runs and those before them, each once."""
        runs = [part for run in self.planned(scale) for part in run.chain]
        return list({run.identity: run for run in runs}.values())

    def left(self, scale: Scale, records: Records) -> list[Experiment]:
        """The runs to make before its numbers at a scale are complete."""
        made = {run.identity for run in self.made(scale, records)}
        return [run for run in self.planned(scale) if run.identity not in made]

    def repeats(self, scale: Scale, records: Records, seeds: int, gate: bool) -> list[Experiment]:
        """More of its runs that were made: from training seeds below `seeds`, and with `gate` each
        at twice the length too, and so on as long as that changes what the model has learned."""
        made = [run for run in self.planned(scale) if isinstance(run.config, TrainConfig)]
        made = [run for run in made if records.finished(run)]
        more = [run.repeated(seed=seed) for run in made for seed in range(seeds)]
        every = list({run.identity: run for run in (*made, *more)}.values())
        longer = [_next_length(run, records) for run in every] if gate else []
        return [run for run in (*every, *longer) if not records.finished(run)]

    @abstractmethod
    def made(self, scale: Scale, records: Records) -> Sequence[Experiment]:
        """Those of its distinct runs that need not be made."""

    def kept(self, scale: Scale, records: Records) -> "Kept | None":
        """Its findings; None if there are none, or it has changed since, or is read run by run."""
        return None


def _next_length(run: Experiment, records: Records) -> Experiment:
    """The first of twice the length, four times, ... that is not kept, or that changed nothing."""
    longer = run.repeated(times=Fraction(2))
    now, later = records.get(run), records.get(longer)
    if now is None or later is None or not now.learned_more(later):
        return longer
    return _next_length(longer, records)


@dataclass(frozen=True, kw_only=True)
class PaperCell:
    """One number of a table of the paper."""

    labels: dict[str, Label]
    value: float | str | None
    """In the table's unit: accuracies in percent."""
    unit: str = ""
    """To be printed after it, such as "epochs"."""
    detail: str = ""
    """To be said of it, such as "22.8 M examples"."""


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """One table of the paper."""

    name: str
    """As the table of ours that repeats it."""
    title: str
    task: str
    common: dict[str, Any]
    """What all its cells share."""
    notes: str
    """How it was read where its text is ambiguous."""
    cells: tuple[PaperCell, ...]

    def find(self, labels: Mapping[str, Label]) -> list[PaperCell]:
        """The cells whose labels agree with `labels` wherever both have the key."""
        return [
            cell
            for cell in self.cells
            if all(cell.labels[key] == labels[key] for key in cell.labels.keys() & labels.keys())
        ]

    def value(self, labels: Mapping[str, Label]) -> float | None:
        """The number of the one cell with these labels; None if there are none or several."""
        found = [cell.value for cell in self.find(labels)]
        if len(found) != 1 or not isinstance(found[0], (int, float)):
            return None
        return float(found[0])


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing, not drawn yet."""

    name: str
    """Of its files, without ending: lower-case letters, digits and hyphens."""
    alt: str
    """What it shows, for those who can't see it."""
    caption: str
    draw: Callable[[Path], None]
    """Draws it into a file, in the format that the file's ending says. Needs matplotlib."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """A number with its labels; `paper` are the labels of its counterpart, complete, or None."""

    labels: dict[str, Label]
    measured: Measured | None
    """None: missing, the run has not been made."""
    paper: dict[str, Label] | None
    experiment: Experiment | None = None
    """The run that it comes from; None if it was computed without training."""
    read: Reading | None = None
    """How it is found in the record of that run, or of the same run repeated."""


@dataclass(frozen=True, kw_only=True)
class Table(Study):
    """A study whose numbers are read cell by cell from the records of its runs."""

    rows: tuple[str, ...]
    """Keys of the labels that make a row."""
    columns: tuple[str, ...]
    """Keys of the labels that make a column; the rest of them belongs to the caption."""
    computed: Callable[[Scale], Sequence[Value]] = lambda scale: ()
    """Numbers that need no training."""
    label: str = ""
    """What reports call it; unless given, the paper's number, which `name` has: Table 6."""
    printed: PaperTable | None = None
    """The paper's own numbers."""
    curves: Literal["norms", "learning"] | None = None
    """What reports draw of the evaluations on the way of its runs: accuracy by four norms, or loss
    and accuracy at two tolerances."""
    figures: Callable[[Scale], Sequence[Figure]] = lambda scale: ()
    """Drawings of what it computes."""

    def made(self, scale: Scale, records: Records) -> Sequence[Experiment]:
        return [run for run in self.distinct(scale) if records.finished(run)]

    def values(self, scale: Scale, records: Records) -> list[Value]:
        """Every number of the table at a scale, the missing ones too."""
        found = list(self.computed(scale))
        for experiment in self.planned(scale):
            record = records.get(experiment)
            for cell in experiment.cells:
                measured = None if record is None else cell.read(record)
                found.append(_value(cell, measured, experiment))
        return found


def _value(cell: Cell, measured: Measured | None, experiment: Experiment) -> Value:
    labels = dict(cell.labels)
    return Value(
        labels=labels,
        measured=measured,
        paper=None if cell.paper is None else {**labels, **cell.paper},
        experiment=experiment,
        read=cell.read,
    )


@dataclass(frozen=True, kw_only=True)
class Analysis(Study):
    """A study whose runs are analysed together, once, when all are finished."""

    analyse: Callable[[Scale, Mapping[str, Any]], Findings]
    """From the folders of the finished runs by name (`InContextFolder`s of those on prompts) to the
    findings; deterministic, and without training."""
    version: int = 1
    """Raised when `analyse` measures something else, so that kept findings are made again."""
    scales: tuple[Scale, ...] = ("laptop", "paper")

    def identity(self, scale: Scale) -> str:
        """The hash of what the findings depend on."""
        runs = {run.name: to_json(run.config) for run in self.planned(scale)}
        return content_hash({"study": self.name, "version": self.version, "runs": runs})

    def made(self, scale: Scale, records: Records) -> Sequence[Experiment]:
        return self.distinct(scale) if self.kept(scale, records) else ()

    def kept(self, scale: Scale, records: Records) -> "Kept | None":
        file = self.file(scale, records)
        if scale not in self.scales or not file.exists():
            return None
        data = load_json(file)
        if not isinstance(data, dict):
            raise InputError(f"{file} does not hold a record; delete it and make the study again")
        if data.get("identity") != self.identity(scale):
            return None
        for found in data["findings"]["verdicts"].values():
            found.update({**_SINCE, **found})
        kept = from_json(Kept, data, str(file))
        gated = {claim: found.gated for claim, found in kept.findings.verdicts.items()}
        return replace(kept, findings=replace(kept.findings, verdicts=gated))

    def keep(self, kept: "Kept", records: Records) -> None:
        records.root.mkdir(parents=True, exist_ok=True)
        save_json(self.file(kept.scale, records), to_json(kept))

    def file(self, scale: Scale, records: Records) -> Path:
        return records.root / f"{self.name}-{scale}.json"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The findings of a study at a scale, and what they cost."""

    study: str
    scale: Scale
    identity: str
    """`Analysis.identity`: a study that has changed since has another one."""
    version: str
    """The commit that it was made with ("-dirty" if changed), or the package's version."""
    machine: str
    examples: int
    """Prompts that the runs processed."""
    seconds: float
    """Of the runs, as if one after the other, and of the analysis: a note on the machine above, no
    result."""
    findings: Findings
