"""Claims of papers as data: what is claimed, and what the studies that bear on it say."""

import copy
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from statistics import median

from ..core import InputError, from_json, unknown
from ..core.display import duration
from ..runs.cost import cost
from ..runs.experiment import Experiment, Label, Measured, Scale
from ..runs.records import Record, Records
from ..training import Run, TrainConfig
from .findings import Finding, PartFinding, State
from .study import Kept, Study, Table, Value

HISTORY = Path(__file__).with_name("history.json")
"""By claim, what was changed in rules and runs after results were known, and rules as registered.

A rule is registered by a hash, before the runs that it judges; `docs/register_rules.py` registers
one that has changed, and asks why it has."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a rule, a length or a setting."""

    date: str
    """YYYY-MM-DD."""
    commit: str = ""
    """The one that made it, or, of a rule that is registered, the one before."""
    changed: str
    why: str
    rule: str = ""
    """The hash of the rule from then on; "" for changes from before rules were registered."""

    @property
    def text(self) -> str:
        """One line, for reports."""
        commit = f" ({self.commit[:7]})" if self.commit else ""
        rule = f", rule {self.rule}" if self.rule else ""
        return f"{self.date}{commit}: {self.changed}, {self.why}{rule}"


@cache
def history() -> Mapping[str, tuple[Change, ...]]:
    """The changes by claim, the oldest first."""
    data = json.loads(HISTORY.read_text(encoding="utf-8"))
    return {
        claim: tuple(from_json(Change, change, f"{HISTORY.name}, {claim}") for change in changes)
        for claim, changes in data.items()
    }


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of a paper."""

    id: str
    """C01, N14."""
    text: str
    where: str = ""
    """Tables and sections of the paper."""
    figures: str = ""
    """The paper's own figures."""
    studies: tuple[str, ...]
    """Names of the tables, and of the analyses, that bear on it."""
    decide: "Callable[[Evidence], Finding] | None" = None
    """From the numbers of tables. None: the findings of the analyses say it, see `Verdict.said`."""
    limits: str = ""
    """What a verdict is not about: what differs from the paper so much that it may turn it."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was changed in its rule or its runs after a result, and when the rule was fixed."""
        return history().get(self.id, ())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A claim with what was found about it at a scale."""

    claim: Claim
    scale: Scale
    finding: Finding
    said: dict[str, Finding] = field(default_factory=dict)
    """By study, of a claim that findings of studies decide: it fails if one says so, and holds if
    all have been made and all say so."""
    missing: tuple[str, ...] = ()
    """The studies that bear on it at this scale and have not been made."""

    @property
    def state(self) -> State:
        return self.finding.state

    @property
    def parts(self) -> tuple[PartFinding, ...]:
        """What is decided one by one: parts of the rule, or what each study says of it."""
        if not self.said and not self.missing:
            return _parts(self.finding)
        said = (
            replace(part, text=f"{name}: {part.text}")
            for name, finding in self.said.items()
            for part in _parts(finding)
        )
        missing = (
            PartFinding(state="undecided", why="missing", text=f"{name} has not been made")
            for name in self.missing
        )
        return (*said, *missing)

    @property
    def sentence(self) -> str:
        return self.finding.sentence

    @property
    def would_decide(self) -> str:
        return self.finding.would_decide


def _parts(finding: Finding) -> tuple[PartFinding, ...]:
    """The parts; the whole as one where it is not judged part by part."""
    return finding.parts or (PartFinding(state=finding.state, text=finding.sentence),)


class Evidence:
    """The numbers of tables and the findings of studies at a scale, as far as they are there."""

    def __init__(self, studies: Mapping[str, Study], scale: Scale, records: Records) -> None:
        self.studies = studies
        self.scale = scale
        self.records = records
        self.own: Iterable[str] = studies
        """The studies that bear on the claim in question."""
        self._values: dict[str, list[Value]] = {}
        self._records: dict[tuple[str, Fraction, int | None], Record | None] = {}

    def about(self, claim: Claim) -> "Evidence":
        """The same for one claim."""
        found = copy.copy(self)
        found.own = claim.studies
        found.__dict__.pop("_rates", None)
        return found

    def table(self, name: str) -> Table:
        if name not in self.studies:
            raise unknown("table", name, self.studies)
        found = self.studies[name]
        if not isinstance(found, Table):
            raise InputError(f"{name} is no table; its findings are kept, not its numbers")
        return found

    def values(self, table: str, **labels: Label) -> list[Value]:
        """The numbers of a table with these labels, the missing ones too."""
        if table not in self._values:
            self._values[table] = self.table(table).values(self.scale, self.records)
        found = [
            value
            for value in self._values[table]
            if all(value.labels.get(key, _NONE) == wanted for key, wanted in labels.items())
        ]
        if not found:
            raise InputError(f"{table} has no cell with {labels} at scale {self.scale}")
        return found

    def measured(self, table: str, **labels: Label) -> list[Measured]:
        """Those of them that have been measured; several where labels leave seeds open."""
        return [v.measured for v in self.values(table, **labels) if v.measured is not None]

    def missing(self, table: str, **labels: Label) -> bool:
        """Whether none of these numbers has been measured."""
        return not self.measured(table, **labels)

    def repeated(
        self, value: Value, *, times: Fraction = Fraction(1), seed: int | None = None
    ) -> Measured | None:
        """The same number of the same run at another length, or of another seed, if it is kept."""
        run = value.experiment
        if run is None or value.read is None or not isinstance(run.config, TrainConfig):
            return None
        key = (run.identity, times, seed)
        if key not in self._records:
            self._records[key] = self._record(run, times, seed)
        record = self._records[key]
        return None if record is None else value.read(record)

    def _record(self, run: Experiment, times: Fraction, seed: int | None) -> Record | None:
        if (run.tokens.examples * times).denominator > 1:
            return None
        if (run.tokens.evaluation.every * times).denominator > 1:
            return None
        record = self.records.get(run.repeated(times=times, seed=seed))
        return record if record is not None and record.state == "finished" else None

    def kept(self, study: str) -> Kept | None:
        """The findings of a study, if it has been made."""
        return self.studies[study].kept(self.scale, self.records)

    def seconds(self, run: Run) -> float:
        """How long a run takes: as those of its kind, in proportion to examples, or `runs.cost`'s.

        Those of its kind are runs of the claim's own tables that have been made.
        """
        for kind in _kinds(run):
            if kind in self._rates:
                return median(self._rates[kind]) * run.length
        return cost(run).seconds

    @cached_property
    def _rates(self) -> dict[tuple[str, ...], list[float]]:
        """Seconds an example, by kind of run, from closely alike to any."""
        rates: dict[tuple[str, ...], list[float]] = {}
        tables = [self.studies[name] for name in self.own if name in self.studies]
        for run in (
            run for one in tables if isinstance(one, Table) for run in one.distinct(self.scale)
        ):
            record = self.records.get(run)
            if record is not None and record.seconds > 0 and record.examples > 0:
                for kind in _kinds(run.config):
                    rates.setdefault(kind, []).append(record.seconds / record.examples)
        return rates


_NONE = object()
_LONGER = "the same runs at twice the length"
"""As findings of studies say it."""


def _kinds(run: Run) -> tuple[tuple[str, ...], ...]:
    """What a run's speed goes by, the most telling first; enough to go by another's."""
    if not isinstance(run, TrainConfig):
        return ()
    size = (run.task.problem.name, str(run.task.ensemble.dims), type(run.model).__name__)
    return (*size, repr(run.model)), size


def decide_all(
    claims: Sequence[Claim], studies: Mapping[str, Study], scale: Scale, records: Records
) -> list[Verdict]:
    """The verdict on each claim; runs that have not been made leave it undecided."""
    evidence = Evidence(studies, scale, records)
    return [_verdict(claim, evidence.about(claim)) for claim in claims]


def _verdict(claim: Claim, evidence: Evidence) -> Verdict:
    if claim.decide is not None:
        return Verdict(claim=claim, scale=evidence.scale, finding=claim.decide(evidence))
    bearing = [n for n in claim.studies if evidence.scale in evidence.studies[n].scales]
    kept = {name: evidence.kept(name) for name in bearing}
    said = {name: one.findings.verdicts[claim.id] for name, one in kept.items() if one is not None}
    missing = tuple(name for name, one in kept.items() if one is None)
    states = {finding.state for finding in said.values()}
    state: State = "undecided"
    if "fails" in states:
        state = "fails"
    elif states == {"holds"} and not missing:
        state = "holds"
    finding = Finding(
        state=state,
        sentence=" ".join(f"{name}: {finding.sentence}" for name, finding in said.items()),
        would_decide="; ".join(
            _with_cost(one, finding.would_decide)
            for name, finding in said.items()
            if finding.would_decide and (one := kept[name]) is not None
        ),
    )
    return Verdict(claim=claim, scale=evidence.scale, finding=finding, said=said, missing=missing)


def _with_cost(kept: Kept, would_decide: str) -> str:
    """What would decide a finding, beside what was measured: twice the kept runs, or those.

    They took as long as they and their analysis did, one after the other.
    """
    if _LONGER in would_decide:
        cost = f"{2 * kept.examples:,} examples, about {duration(2 * kept.seconds)}"
        return would_decide.replace(_LONGER, f"{_LONGER} ({cost})")
    made = f"the kept runs, {kept.examples:,} examples, took {duration(kept.seconds)}"
    return f"{would_decide.rstrip('.')} ({made})"
