"""Records that never ran, and a case that trains in seconds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fake_records import FakeRecords

from eigenformer.papers.efficiency import CONTESTANTS, SETS, Case, CaseSet, Contestant, experiment
from eigenformer.runs import Point, Record
from eigenformer.training import TestSet

TINY = Case(
    problem="transpose",
    dims="1x1",
    layers=(1, 1),
    width=32,
    heads=2,
    fast=3_200,
    same_tokens=3_200,
    accuracy=0.5,
    tests=TestSet(size=100),
)
"""`fast` reaches the target in seconds."""
TINY_SET = CaseSet(
    scale="laptop", cases=(TINY,), contestants=SETS["tuned"].contestants, sentence="tiny"
)


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
    shares = [{"0.05": v, "0.02": v / 2, "0.01": v / 4, "0.005": 0.0} for v in accuracies]
    made = Record(
        identity=experiment(case, contestant, seed).identity,
        run="made-up",
        state="finished",
        version="0",
        machine="a test, 1 threads",
        seconds=1.0,
        examples=step * len(accuracies),
        score="l1",
        config={},
        tests={},
        curve=tuple(
            Point(examples=step * place, accuracy={"l1": one}, valid=None)
            for place, one in enumerate(shares, 1)
        ),
        losses=(),
    )
    return replace(made, **changes)


def kept(*records: Record) -> FakeRecords:
    return FakeRecords({one.identity: one for one in records})


def three_seeds(*reached: int, step: int = 100, case: Case = TINY) -> list[Record]:
    """Runs of `fast`, which reach the target at these examples and keep it to the end."""
    return [
        record([0.0] * (at // step - 1) + [1.0] * 3, step=step, seed=seed, case=case)
        for seed, at in enumerate(reached)
    ]
