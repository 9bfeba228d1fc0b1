"""From records of runs to what they say: how many times fewer examples, and each lever's share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from .amounts import Amount, median, smallest
from .cases import LIMIT, SETS, Case
from .contestants import BASELINES, CONTESTANTS, Contestant
from .levers import ABLATED, ABLATIONS, LEVERS, NOTHING, Lever, alone_name, without_name
from .records import Record, identity_of

Records = Mapping[tuple[str, str, int], Record]
Unit = Literal["examples", "flops"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one contestant on one case."""

    contestant: Contestant
    records: tuple[Record, ...]
    """Those that count, by seed."""
    missing: tuple[int, ...]
    """Seeds that were not run."""
    outdated: tuple[int, ...]
    """Seeds whose recipe or case has changed since: they count for nothing."""

    def needed(self, unit: Unit = "examples") -> Amount | None:
        """Until the target, the median of the seeds; None until every seed has a record."""
        if self.missing or self.outdated:
            return None
        amounts = [record.needed for record in self.records]
        if unit == "flops":
            amounts = [
                amount.times(record.flops_per_example)
                for amount, record in zip(amounts, self.records, strict=True)
            ]
        return median(amounts)


def entry_of(case: Case, contestant: Contestant, records: Records) -> Entry:
    """The current records of a contestant on a case: its seeds', and others that are there."""
    extra = {s for c, name, s in records if (c, name) == (case.name, contestant.name)}
    seeds = sorted(extra | set(contestant.seeds))
    found = {seed: records.get((case.name, contestant.name, seed)) for seed in seeds}
    current = {
        seed: record
        for seed, record in found.items()
        if record is not None and record.identity == identity_of(case, contestant, seed)
    }
    return Entry(
        contestant=contestant,
        records=tuple(current[seed] for seed in seeds if seed in current),
        missing=tuple(seed for seed in contestant.seeds if found[seed] is None),
        outdated=tuple(seed for seed in seeds if found[seed] is not None and seed not in current),
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
        """The better of the two baselines; None until both were run. Or the paper's own count."""
        if self.case.paper is not None:
            known = self.case.paper.examples
            return None if known is None or unit == "flops" else Amount(known)
        amounts = [self.needed(name, unit) for name in BASELINES]
        found = [amount for amount in amounts if amount is not None]
        return smallest(found) if len(found) == len(BASELINES) else None

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
            entries={one: entry_of(case, CONTESTANTS[one], records) for one in chosen.contestants},
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
    finals = [record.final for record in entry.records if record.state == "finished"]
    if not finals:
        return None
    return {key: fmean(final[key] for final in finals) for key in finals[0]}


def ablation_of(records: Records, name: str = "laptop", only: str | None = None) -> Ablation:
    """The ablations on the case `only` of the set `name`; `ABLATED` if not given."""
    case = SETS[name].case(only or ABLATED)

    def entries(names: dict[str, str]) -> dict[str, Entry]:
        return {
            lever: entry_of(case, ABLATIONS[name], records)
            for lever, name in names.items()
            if name in ABLATIONS
        }

    return Ablation(
        case=case,
        fast=entry_of(case, CONTESTANTS["fast"], records),
        nothing=entry_of(case, ABLATIONS[NOTHING], records),
        without=entries({lever.name: without_name(lever) for lever in LEVERS}),
        alone=entries({lever.name: alone_name(lever) for lever in LEVERS}),
    )
