"""The runs of contestants on cases, what is read from their records, and their tables."""

from collections.abc import Iterable

from ...runs import Cell, Experiment, Label, Measured, Record, Scale, accuracy
from ..study import Table
from .amounts import Amount
from .cases import SETS, Case
from .contestants import CONTESTANTS, Contestant
from .levers import ABLATED, ABLATIONS, LEVERS, NOTHING, alone_name, without_name

STUDY = "efficiency-examples"
SHOWN = (0.05, 0.02, 0.01)
"""Tolerances of the accuracies at the end."""


def experiment(
    case: Case, contestant: Contestant, seed: int, cells: Iterable[Cell] = ()
) -> Experiment:
    """The run of a contestant on a case."""
    return Experiment(
        name=f"{case.name}-{contestant.name}-{seed}",
        config=contestant.config(case, seed),
        cells=tuple(cells),
    )


def final(record: Record) -> dict[str, float]:
    """Accuracies at the last evaluation, by tolerance such as "0.05"."""
    return record.curve[-1].accuracy[record.score]


def reached_at(case: Case, record: Record, level: float | None = None) -> int | None:
    """Examples at the first evaluation at or above the level (default: the target's)."""
    key, share = f"{case.tolerance:g}", case.share(level or case.accuracy)
    found = (p.examples for p in record.curve if p.accuracy[record.score][key] >= share)
    return next(found, None)


def needed(case: Case, record: Record, level: float | None = None) -> Amount:
    """Examples until a level, or the target; a bound if not reached, or lost again by the end."""
    reached, share = reached_at(case, record, level), case.share(level or case.accuracy)
    held = record.state == "finished" and final(record)[f"{case.tolerance:g}"] >= share
    if held and reached is not None:
        return Amount(reached)
    return Amount(record.examples, at_least=True)


def _examples(scale: Scale) -> list[Experiment]:
    """Of all contestants on all cases."""
    return [
        experiment(case, CONTESTANTS[name], seed, _cells(case, name, seed))
        for chosen in SETS.values()
        if chosen.scale == scale
        for case in chosen.cases
        for name in chosen.contestants
        for seed in CONTESTANTS[name].seeds
    ]


def _cells(case: Case, contestant: str, seed: int) -> Iterable[Cell]:
    labels: dict[str, Label] = {"case": case.name, "contestant": contestant, "seed": seed}

    def read(record: Record) -> Measured:
        amount = needed(case, record)
        return Measured(value=amount.value, unit="examples", at_least=amount.at_least)

    yield Cell(labels={**labels, "quantity": "until the target"}, read=read)
    for tolerance in SHOWN:
        quantity = f"at the end, within {100 * tolerance:g}%"
        yield Cell(labels={**labels, "quantity": quantity}, read=accuracy(tolerance))


def _levers(scale: Scale) -> list[Experiment]:
    """`fast` without each lever, and `paper-constant` with each alone."""
    case = SETS["tuned"].case(ABLATED)
    fast, alone = "fast without it", "paper-constant with it"
    found = [(CONTESTANTS["fast"], "none", fast), (ABLATIONS[NOTHING], "none", alone)]
    for lever in LEVERS:
        for name, recipe in ((without_name(lever), fast), (alone_name(lever), alone)):
            if name in ABLATIONS:
                found.append((ABLATIONS[name], lever.name, recipe))
    return [
        experiment(
            case,
            contestant,
            seed,
            [
                Cell(
                    labels={
                        "lever": lever,
                        "recipe": recipe,
                        "tolerance": f"{100 * t:g}",
                        "seed": seed,
                    },
                    read=accuracy(t),
                )
                for t in SHOWN
            ],
        )
        for contestant, lever, recipe in found
        for seed in contestant.seeds
    ]


EXAMPLES = Table(
    name=STUDY,
    label="Recipes",
    title="Examples until 95% of answers are right within 5%, and accuracy at the end",
    section="",
    rows=("case", "contestant"),
    columns=("quantity",),
    runs=_examples,
    scales=("laptop", "gpu"),
)
INGREDIENTS = Table(
    name="efficiency-levers",
    label="Levers",
    title="What each ingredient of `fast` brings, after as many examples",
    section="",
    rows=("lever",),
    columns=("recipe", "tolerance"),
    runs=_levers,
    scales=("laptop",),
)
