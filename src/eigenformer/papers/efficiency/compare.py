"""From records of runs to what they say: how many times fewer examples, and each lever's share."""

from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from ...runs import Record, Records
from ...runs.cost import training_flops
from .amounts import Amount, median
from .cases import SETS, Case
from .contestants import BASELINE, CONTESTANTS, Contestant
from .levers import ABLATED, ABLATIONS, LEVERS, NOTHING, Lever, alone_name, without_name
from .runs import experiment, final, needed

Unit = Literal["examples", "flops"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one contestant on one case."""

    case: Case
    contestant: Contestant
    records: dict[int, Record]
    """By seed, those that there are."""

    @staticmethod
    def of(case: Case, contestant: Contestant, records: Records) -> "Entry":
        """From the records of the runs as recipe and case are now."""
        found = {seed: records.get(experiment(case, contestant, seed)) for seed in contestant.seeds}
        return Entry(
            case=case,
            contestant=contestant,
            records={seed: record for seed, record in found.items() if record is not None},
        )

    @property
    def missing(self) -> list[int]:
        """Seeds without a record."""
        return [seed for seed in self.contestant.seeds if seed not in self.records]

    def flops(self, seed: int) -> float:
        """Floating-point operations a training example."""
        return sum(training_flops(self.contestant.config(self.case, seed)))

    def needed(self, unit: Unit = "examples", level: float | None = None) -> Amount | None:
        """Until a level, or the target; the median of the seeds, None until all have a record."""
        if self.missing:
            return None
        return median(
            [
                needed(self.case, record, level).times(self.flops(seed) if unit == "flops" else 1)
                for seed, record in self.records.items()
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every contestant on one case."""

    case: Case
    entries: dict[str, Entry]

    def needed(
        self, name: str, unit: Unit = "examples", level: float | None = None
    ) -> Amount | None:
        """What a contestant needed; None if it was not run, or not with every seed."""
        return self.entries[name].needed(unit, level) if name in self.entries else None

    def baseline(self, unit: Unit = "examples", level: float | None = None) -> Amount | None:
        """What `paper-tuned` needed; or the paper's own count, which is one of the target."""
        if self.case.paper is not None:
            known = self.case.paper.examples
            return None if known is None or unit == "flops" else Amount(known)
        return self.needed(BASELINE, unit, level)

    def ratio(
        self, name: str, unit: Unit = "examples", level: float | None = None
    ) -> Amount | None:
        """How many times less a contestant needed than the baseline; None if unknown."""
        baseline, ours = self.baseline(unit, level), self.needed(name, unit, level)
        return None if baseline is None or ours is None else baseline.over(ours)


def compare(records: Records, name: str, only: str | None = None) -> list[Comparison]:
    """The comparisons of the set `name`, or of its case `only`."""
    chosen = SETS[name]
    return [
        Comparison(
            case=case,
            entries={one: Entry.of(case, CONTESTANTS[one], records) for one in chosen.contestants},
        )
        for case in chosen.only(only)
    ]


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """Accuracies at the end of runs of the same number of examples."""

    case: Case
    fast: Entry
    nothing: Entry
    without: dict[str, Entry]
    """`fast` without a lever, by the lever's name."""
    alone: dict[str, Entry]
    """`paper-constant` with one lever, by the lever's name."""
    levers: tuple[Lever, ...] = LEVERS


def accuracies(entry: Entry) -> dict[str, float] | None:
    """Mean final accuracy over the finished runs, by tolerance; None if there is none."""
    finals = [final(record) for record in entry.records.values() if record.state == "finished"]
    if not finals:
        return None
    return {key: fmean(final[key] for final in finals) for key in finals[0]}


def ablation_of(records: Records, name: str = "tuned", only: str | None = None) -> Ablation:
    """The ablations on the case `only` of the set `name`; `ABLATED` if not given."""
    case = SETS[name].case(only or ABLATED)

    def entries(names: dict[str, str]) -> dict[str, Entry]:
        return {
            lever: Entry.of(case, ABLATIONS[name], records)
            for lever, name in names.items()
            if name in ABLATIONS
        }

    return Ablation(
        case=case,
        fast=Entry.of(case, CONTESTANTS["fast"], records),
        nothing=Entry.of(case, ABLATIONS[NOTHING], records),
        without=entries({lever.name: without_name(lever) for lever in LEVERS}),
        alone=entries({lever.name: alone_name(lever) for lever in LEVERS}),
    )
