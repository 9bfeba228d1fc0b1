"""From records of runs to what they say: how many times fewer examples, and each lever's share."""

from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from ...runs import Record, Records
from ...runs.cost import training_flops
from .amounts import Amount, median, smallest
from .cases import LIMIT, SETS, Case
from .contestants import BASELINES, CONTESTANTS, Contestant
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

    def flops(self, seed: int) -> float:
        """Floating-point operations a training example."""
        return sum(training_flops(self.contestant.config(self.case, seed)))

    def needed(self, unit: Unit = "examples") -> Amount | None:
        """Until the target, the median of the seeds; None until every seed has a record."""
        if len(self.records) < len(self.contestant.seeds):
            return None
        return median(
            [
                needed(self.case, record).times(self.flops(seed) if unit == "flops" else 1.0)
                for seed, record in self.records.items()
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every contestant on one case."""

    case: Case
    entries: dict[str, Entry]

    def needed(self, name: str, unit: Unit = "examples") -> Amount | None:
        """What a contestant needed; None if it was not run, or not with every seed."""
        if name not in self.entries:
            return None
        amount = self.entries[name].needed(unit)
        allowed = self.entries["fast"].needed(unit)
        if amount is None or name not in BASELINES or allowed is None or allowed.at_least:
            return amount
        # Beyond the limit a baseline has lost, however long it still runs.
        return replace(amount, running=amount.running and amount.value < LIMIT * allowed.value)

    def baseline(self, unit: Unit = "examples") -> Amount | None:
        """The better of the baselines; None until there are two. Or the paper's own count."""
        if self.case.paper is not None:
            known = self.case.paper.examples
            return None if known is None or unit == "flops" else Amount(known)
        amounts = [self.needed(name, unit) for name in BASELINES]
        found = [amount for amount in amounts if amount is not None]
        return smallest(found) if len(found) > 1 else None

    def ratio(self, name: str, unit: Unit = "examples") -> Amount | None:
        """How many times less a contestant needed than the better baseline; None if unknown."""
        baseline, ours = self.baseline(unit), self.needed(name, unit)
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


def ablation_of(records: Records, name: str = "laptop", only: str | None = None) -> Ablation:
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
