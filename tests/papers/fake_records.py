"""Records of runs that were never made, with results of one's choosing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from eigenformer.core import to_json
from eigenformer.evaluation import Proportion
from eigenformer.papers import Table
from eigenformer.problems import Joint
from eigenformer.runs import Experiment, Loss, Point, Record, Records, Scale

POINTS = 40
TOLERANCES = (0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001)


@dataclass(frozen=True, kw_only=True)
class Fake:
    """What a run is to have found."""

    accuracy: float | Mapping[float, float] = 0.9
    """At every tolerance, or by tolerance (a fraction)."""
    tests: Mapping[str, float] = field(default_factory=dict)
    """By test set, where another than `accuracy`."""
    problems: Mapping[str, float] = field(default_factory=dict)
    """Of a jointly trained model, by problem."""
    reached: float | Mapping[str, float] = 0.5
    """The part of the run after which the first test set's accuracy is there, or by score."""
    valid: float = 1.0
    early_valid: float = 1.0
    loss: Callable[[float], float] = lambda share: 2.0 - share
    """By the part of the run that is over."""

    @cached_property
    def by_tolerance(self) -> tuple[dict[str, float], dict[str, float]]:
        """Accuracies from when they are there, and before."""
        there = {f"{t:g}": at(self.accuracy, t) for t in TOLERANCES}
        return there, dict.fromkeys(there, 0.0)


Scenario = Callable[[dict[str, Any]], Fake]
"""What a run is to have found, by its labels; "table" and "name" are among them."""


def record(experiment: Experiment, fake: Fake) -> Record:
    """The record of a finished run, as `record_of` would write it."""
    config = experiment.config
    examples = config.examples
    tests = {}
    for test in config.evaluation.tests:
        accuracy = fake.tests.get(test.name, fake.accuracy)
        by_tolerance = {
            f"{t:g}": proportion(at(accuracy, t), test.size) for t in sorted(TOLERANCES)
        }
        scores = dict.fromkeys(config.task.problem.score_names, by_tolerance)
        ceiling = {f"{t:g}": proportion(1.0, test.size) for t in TOLERANCES}
        tests[test.name] = {
            "n": test.size,
            "score": config.evaluation.score,
            "accuracy": scores,
            "tokens": scores,
            "ceiling": dict.fromkeys(scores, ceiling),
            "exact": proportion(at(accuracy, 0.005), test.size),
            "valid": proportion(fake.valid, test.size),
            "problems": {
                name: {
                    f"{t:g}": proportion(fake.problems.get(name, 0.0), test.size)
                    for t in TOLERANCES
                }
                for name in problems(config.task.problem)
            },
        }
    return Record(
        identity=experiment.identity,
        run=f"fake-{experiment.name}",
        state="finished",
        version="none",
        machine="none",
        seconds=examples / 100,
        examples=examples,
        score=config.evaluation.score,
        config=to_json(config),
        tests=tests,
        curve=tuple(
            point(config.task.problem.score_names, fake, k / POINTS, examples)
            for k in range(1, POINTS + 1)
        ),
        losses=tuple(
            Loss(examples=examples * k // 100, loss=fake.loss(k / 100)) for k in range(1, 101)
        ),
    )


def point(scores: tuple[str, ...], fake: Fake, share: float, examples: int) -> Point:
    """An evaluation after a part of the run."""

    def reached(score: str) -> float:
        return fake.reached if isinstance(fake.reached, float) else fake.reached.get(score, 0.5)

    there, before = fake.by_tolerance
    return Point(
        examples=round(share * examples),
        accuracy={score: there if share >= reached(score) else before for score in scores},
        valid=fake.early_valid if share <= 0.1 else fake.valid,
    )


def at(accuracy: float | Mapping[float, float], tolerance: float) -> float:
    return accuracy if isinstance(accuracy, float) else accuracy[tolerance]


def proportion(value: float, n: int) -> dict[str, Any]:
    return Proportion(count=round(value * n), n=n).to_dict()


def problems(problem: Any) -> tuple[str, ...]:
    return problem.problems if isinstance(problem, Joint) else ()


class FakeRecords(Records):
    """Records of a folder in memory."""

    def __init__(self, found: dict[str, Record]) -> None:
        super().__init__(Path("nowhere"))
        self.found = found

    def get(self, experiment: Experiment) -> Record | None:
        return self.found.get(experiment.identity)


def fake_records(
    tables: Mapping[str, Table],
    names: tuple[str, ...],
    scale: Scale,
    scenario: Scenario,
    later: Scenario | None = None,
) -> FakeRecords:
    """Records of all runs of the tables `names`, from three training seeds each.

    Those of twice the length have what `later` says, or have learned no more.
    """
    found = {}
    for name in names:
        for experiment in tables[name].planned(scale) if name in tables else ():
            labels = [dict(cell.labels) for cell in experiment.cells]
            shared = {
                key: value
                for key, value in (labels[0] if labels else {}).items()
                if all(key in one and one[key] == value for one in labels)
            }
            shared |= {"table": name, "name": experiment.name}
            for part in experiment.chain[:-1]:
                found[part.identity] = record(part, scenario(shared))
            for seed in {experiment.tokens.seed, *range(3)}:
                run, seeded = experiment.repeated(seed=seed), {**shared, "seed": seed}
                found[run.identity] = record(run, scenario(seeded))
                longer = run.repeated(times=Fraction(2))
                found[longer.identity] = record(longer, (later or scenario)(seeded))
    return FakeRecords(found)
