"""Records that never ran, and a case that trains in seconds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eigenformer.papers.efficiency import CONTESTANTS, SETS, Case, CaseSet, Contestant, Record
from eigenformer.papers.efficiency.records import Point, identity_of
from eigenformer.training import TestSet

TINY = Case(
    problem="transpose",
    dims="1x1",
    layers=(1, 1),
    width=32,
    heads=2,
    fast=3_200,
    same_tokens=3_200,
    baselines=80_000,
    accuracy=0.5,
    tests=TestSet(size=100),
)
"""`fast` reaches the target in seconds."""
TINY_SET = CaseSet(cases=(TINY,), contestants=SETS["laptop"].contestants, sentence="tiny")


def record(
    accuracies: Sequence[float],
    *,
    step: int = 100,
    contestant: str | Contestant = "fast",
    case: Case = TINY,
    seed: int = 0,
    **changes: Any,
) -> Record:
    """A finished run with these accuracies within 5% after `step`, 2 `step`, ... examples."""
    if isinstance(contestant, str):
        contestant = CONTESTANTS[contestant]
    made = Record(
        case=case.name,
        contestant=contestant.name,
        seed=seed,
        identity=identity_of(case, contestant, seed),
        version="0",
        target=case.target,
        tolerance=case.tolerance,
        length=step * len(accuracies),
        state="finished",
        flops_per_example=2e6,
        seconds=1.0,
        machine="a test, 1 threads",
        curve=tuple(
            Point(
                examples=step * (i + 1),
                accuracy={"0.05": value, "0.02": value / 2, "0.01": value / 4, "0.005": 0.0},
            )
            for i, value in enumerate(accuracies)
        ),
    )
    return replace(made, **changes)


def by_key(*records: Record) -> dict[tuple[str, str, int], Record]:
    return {(r.case, r.contestant, r.seed): r for r in records}


def three_seeds(*reached: int, step: int = 100, case: Case = TINY) -> list[Record]:
    """Runs of `fast`, which reach the target at these examples and keep it to the end."""
    return [
        record([0.0] * (at // step - 1) + [1.0] * 3, step=step, seed=seed, case=case)
        for seed, at in enumerate(reached)
    ]
