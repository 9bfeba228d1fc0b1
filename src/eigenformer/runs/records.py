"""What is kept of a run: one JSON file with its configuration, results and curves; no weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..core import InputError, from_json, load_json, save_json, to_json
from ..training import RunFolder
from .experiment import Experiment

_LOSSES = 200


@dataclass(frozen=True, kw_only=True)
class Point:
    """An evaluation on the first test set."""

    examples: int
    accuracy: dict[str, dict[str, float]]
    """By score ("l1", "l2", ...) and tolerance ("0.05"); fractions."""
    valid: float | None
    """None where it was not kept."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The mean training loss of some steps."""

    examples: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run of a table, finished or not."""

    identity: str
    """`Experiment.identity`: a recipe that has changed since has another one."""
    run: str
    """Its name in the run store."""
    state: Literal["finished", "running", "diverged"]
    version: str
    """The commit that the run began with ("-dirty" if changed), or the package's version."""
    machine: str
    seconds: float
    """Time spent training, without evaluations: a note on the machine above, no result."""
    examples: int
    """Processed up to the last evaluation."""
    score: str
    """The score that decides."""
    config: dict[str, Any]
    tests: dict[str, dict[str, Any]]
    """By test set: the last evaluation, as `Result.to_dict` gives it."""
    curve: tuple[Point, ...]
    losses: tuple[Loss, ...]

    def learned_more(self, later: "Record") -> bool:
        """Whether `later`, the same run but longer, differs by a point anywhere."""
        return later.state == "finished" and any(
            abs(later.tests[test]["accuracy"][score][tolerance]["value"] - found["value"]) >= 0.01
            for test, result in self.tests.items()
            for score, by_tolerance in result["accuracy"].items()
            if score == self.score
            for tolerance, found in by_tolerance.items()
        )

    def result(self, test: str) -> dict[str, Any] | None:
        """The last evaluation on a test set; None before the run has ended."""
        if self.state == "running":
            return None
        if test not in self.tests:
            raise InputError(
                f"the run {self.run} has no test set {test!r}; it has {', '.join(self.tests)}"
            )
        return self.tests[test]


class Records:
    """A folder of records, a file a run."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, experiment: Experiment) -> Path:
        return self.root / f"{experiment.identity}.json"

    def get(self, experiment: Experiment) -> Record | None:
        """The record of an experiment; None if it has not been run, or not as it is now."""
        file = self.file(experiment)
        if not file.exists():
            return None
        return from_json(Record, load_json(file), str(file))

    def finished(self, experiment: Experiment) -> bool:
        """Whether the run has a record, and that of its end."""
        record = self.get(experiment)
        return record is not None and record.state == "finished"

    def save(self, record: Record) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        save_json(self.root / f"{record.identity}.json", to_json(record))

    def collect(self, experiment: Experiment, store: Path | None = None) -> Record | None:
        """Write and return the record of a run as it stands in the run store.

        What the store has not got, or has got less far than the record kept, leaves that as it is.
        """
        folder, kept = experiment.folder(store), self.get(experiment)
        found = None if folder is None else record_of(experiment, folder)
        if found is None or (kept is not None and kept.examples > found.examples):
            return kept
        if found != kept:
            self.save(found)
        return found


def record_of(experiment: Experiment, folder: RunFolder) -> Record | None:
    """What a run folder says so far; None before its first evaluation."""
    tests = experiment.tokens.evaluation.tests
    evaluations = {test.name: folder.evaluations(test.name) for test in tests}
    first = evaluations[tests[0].name]
    if not first:
        return None
    environment = load_json(folder.path / "env.json")
    state = folder.status()["state"]
    metrics = folder.metrics()
    return Record(
        identity=experiment.identity,
        run=folder.path.name,
        state=state if state in ("finished", "diverged") else "running",
        version=environment["git"] or environment["eigenformer"],
        machine=f"{environment['device_name']}, {environment['threads']} threads",
        seconds=round(folder.training_seconds(), 1),
        examples=max(first),
        score=experiment.tokens.evaluation.score,
        config=to_json(experiment.config),
        tests={name: found[max(found)] for name, found in evaluations.items() if found},
        curve=tuple(_point(examples, found) for examples, found in first.items()),
        losses=_losses(metrics),
    )


def _point(examples: int, found: dict[str, Any]) -> Point:
    return Point(
        examples=examples,
        accuracy={
            score: {tolerance: round(p["value"], 5) for tolerance, p in by_tolerance.items()}
            for score, by_tolerance in found["accuracy"].items()
        },
        valid=round(found["valid"]["value"], 5),
    )


def _losses(metrics: Sequence[dict[str, Any]]) -> tuple[Loss, ...]:
    """At most `_LOSSES` points: the means of equally many lines."""
    lines = [(m["examples"], m["loss"]) for m in metrics if m["kind"] == "train"]
    size = max(1, -(-len(lines) // _LOSSES))
    parts = [lines[i : i + size] for i in range(0, len(lines), size)]
    return tuple(
        Loss(examples=part[-1][0], loss=round(sum(loss for _, loss in part) / len(part), 5))
        for part in parts
    )
