"""What is kept of a run: one small JSON file, with what identifies it and the code that made it."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ...core import InputError, content_hash, from_json, load_json, save_json, to_json
from ...training import TokenFolder
from .amounts import Amount
from .cases import Case
from .contestants import Contestant
from .flops import flops_per_example

RESULTS = Path(str(files(__package__))) / "results"
"""The records that come with the package."""
_DERIVED = ("reached_at", "final")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One evaluation."""

    examples: int
    accuracy: dict[str, float]
    """By tolerance, such as "0.05"; fractions."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run of a contestant on a case, finished or not."""

    case: str
    contestant: str
    seed: int
    identity: str
    """See `identity_of`: another one means that recipe or case have changed since."""
    version: str
    """The commit that the run began with ("-dirty" if changed), or the package's version."""
    target: float
    """The accuracy to reach, a fraction of the test matrices."""
    tolerance: float
    length: int
    """Examples that the run's schedule is made for."""
    state: Literal["finished", "running", "diverged"]
    flops_per_example: float
    seconds: float
    """Time spent training, without evaluations: a note on the machine below, no result."""
    machine: str
    curve: tuple[Point, ...]
    """Every evaluation, in order; there is at least one."""

    @property
    def file_name(self) -> str:
        return f"{self.case}-{self.contestant}-{self.seed}.json"

    @property
    def examples(self) -> int:
        """Examples processed up to the last evaluation."""
        return self.curve[-1].examples

    @property
    def final(self) -> dict[str, float]:
        """Accuracies at the last evaluation, by tolerance."""
        return self.curve[-1].accuracy

    @property
    def reached_at(self) -> int | None:
        """Examples at the first evaluation at or above the target, whatever came later."""
        key = f"{self.tolerance:g}"
        return next((p.examples for p in self.curve if p.accuracy[key] >= self.target), None)

    @property
    def held(self) -> bool:
        """Whether the run has ended, at or above the target."""
        return self.state == "finished" and self.final[f"{self.tolerance:g}"] >= self.target

    @property
    def needed(self) -> Amount:
        """Examples until the target; a bound if it was not reached, or lost again by the end."""
        if self.held and self.reached_at is not None:
            return Amount(self.reached_at)
        return Amount(self.examples, at_least=True, running=self.state == "running")

    def save(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        derived = {name: getattr(self, name) for name in _DERIVED}
        save_json(root / self.file_name, {**derived, **to_json(self)})


def identity_of(case: Case, contestant: Contestant, seed: int) -> str:
    """The hash of all that a record's result depends on: the configuration and the target."""
    config = contestant.config(case, seed)
    return content_hash({"config": to_json(config), "target": case.target})


def load_records(root: Path = RESULTS) -> dict[tuple[str, str, int], Record]:
    """The records in a folder, by case, contestant and seed; damaged files are an `InputError`."""
    found = {}
    for file in sorted(root.glob("*.json")):
        data = load_json(file)
        if not isinstance(data, dict):
            raise InputError(f"{file} is not a record of a run; delete it")
        record = from_json(
            Record, {key: data[key] for key in data if key not in _DERIVED}, str(file)
        )
        if not record.curve:
            raise InputError(f"{file} has an empty curve; delete it and collect it again")
        found[record.case, record.contestant, record.seed] = record
    return found


def record_of(folder: TokenFolder, case: Case, contestant: Contestant, seed: int) -> Record | None:
    """What a run folder says so far; None before its first evaluation."""
    config = folder.config()
    options = config.evaluation
    evaluations = folder.evaluations(options.tests[0].name)
    if not evaluations:
        return None
    environment = load_json(folder.path / "env.json")
    state = folder.status()["state"]
    return Record(
        case=case.name,
        contestant=contestant.name,
        seed=seed,
        identity=identity_of(case, contestant, seed),
        version=environment["git"] or environment["eigenformer"],
        target=case.target,
        tolerance=case.tolerance,
        length=config.examples,
        state=state if state in ("finished", "diverged") else "running",
        flops_per_example=flops_per_example(config),
        seconds=round(folder.training_seconds(), 1),
        machine=f"{environment['device_name']}, {environment['threads']} threads",
        curve=tuple(
            Point(
                examples=examples,
                accuracy={
                    f"{t:g}": found["accuracy"][options.score][f"{t:g}"]["value"]
                    for t in options.tolerances
                },
            )
            for examples, found in evaluations.items()
        ),
    )
