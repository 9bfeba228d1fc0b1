"""Plans of runs that take seconds, and what is compared of them."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from eigenformer.core import to_json
from eigenformer.runs import Experiment, Plan, Record, Records
from eigenformer.runs.engine import JobOptions, Outcome
from eigenformer.runs.recipes import fast
from eigenformer.training import EvaluationConfig, Execution, RunFolder, TestSet

QUIET = Execution(workers=0, quiet=True, save_seconds=0.2)
TIMES = {"time", "seconds", "examples_per_second"}
NOTES = {"seconds", "machine", "version", "run"}


def experiment(
    name: str, *, seed: int = 0, steps: int = 100, after: Experiment | None = None, **changes: Any
) -> Experiment:
    """A run of 100 steps with four evaluations."""
    made = fast(problem="transpose", dims="2x2", width=32, layers=(1, 1), seed=seed)
    config = replace(
        made,
        examples=32 * steps,
        evaluation=EvaluationConfig(every=8 * steps, tests=(TestSet(size=50),)),
        **changes,
    )
    return Experiment(name=name, config=config, after=after)


def chain() -> Plan:
    """Four runs: one, one that starts from it, and two for themselves."""
    first = experiment("first")
    second = experiment("second", seed=1, after=first)
    return Plan.of([experiment("third", seed=2), second, experiment("fourth", seed=3)])


def states(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.experiment.name: outcome.state for outcome in outcomes}


class Heard:
    """A report that remembers."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ends: list[Outcome] = []
        self.notes: list[str] = []

    def began(self, experiment: Experiment, folder: RunFolder) -> None:
        self.begun.append(experiment.name)

    def ended(self, outcome: Outcome) -> None:
        self.ends.append(outcome)

    def note(self, text: str) -> None:
        self.notes.append(text)


def metrics(store: Path) -> dict[str, list[dict[str, Any]]]:
    """All that was measured in a run store, by run, but for times and the weights' own place."""
    return {
        path.parent.name: [
            {key: value for key, value in line.items() if key not in TIMES}
            for line in RunFolder(path.parent).metrics()
        ]
        for path in store.glob("*/metrics.jsonl")
    }


def jobs(root: Path | str) -> JobOptions:
    """Run store and records in one place."""
    return JobOptions(
        execution=QUIET, store=Path(root) / "runs", records=Records(Path(root) / "records")
    )


def results(root: Path, plan: Plan) -> list[dict[str, Any]]:
    """The records of a plan, but for notes on machine, code and time."""
    records = Records(root / "records")
    found = [records.get(one) for one in plan.experiments]
    return [without_notes(record) for record in found if record is not None]


def same(root: Path, other: Path) -> None:
    """The plan `chain` has been run in both; all that was measured and kept is the same."""
    assert metrics(root / "runs") == metrics(other / "runs")
    kept = results(root, chain())
    assert kept == results(other, chain())
    assert [record["state"] for record in kept] == ["finished"] * 4


def without_notes(record: Record) -> dict[str, Any]:
    kept = {key: value for key, value in to_json(record).items() if key not in NOTES}
    for result in kept["tests"].values():
        result.pop("seconds", None)
    return kept


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def trainers(store: Path) -> dict[str, int]:
    """The processes that are training in a store, by run: those that hold a lock there (Linux)."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = [os.readlink(file) for file in (process / "fd").iterdir()]
        except OSError:
            continue  # it ended, or is not ours
        for file in map(Path, files):
            if file.name == "lock" and file.parent.parent == store:
                found[file.parent.name] = int(process.name)
    return found


def under_way(store: Path) -> dict[str, int]:
    """Those of `trainers` whose run has been evaluated, and is not over."""
    return {
        name: process
        for name, process in trainers(store).items()
        if RunFolder(store / name).metrics() and not RunFolder(store / name).finished
    }
