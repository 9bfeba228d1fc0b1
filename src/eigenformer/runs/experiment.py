"""One training run of a table, and the cells that are read from its record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..core import InputError, content_hash, to_json, unknown
from ..evaluation import Target
from ..training import Run, RunFolder, TrainConfig, start_from
from .scale import Scale as Scale
from .store import stored

if TYPE_CHECKING:
    from .records import Record

_FORMER = {"fast-paper-tokens": "paper-tokens"}
"""What recipes were called when records of their runs were made: a name changes no result."""
Label = str | int | float | bool | None
Unit = Literal["accuracy", "examples", "count", "loss"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A number with what is known of its error."""

    value: float
    """A fraction for unit "accuracy", else a number."""
    unit: Unit = "accuracy"
    low: float | None = None
    high: float | None = None
    """Ends of the 95% interval; None where there is none."""
    n: int | None = None
    """Matrices that the accuracy was found on."""
    ceiling: float | None = None
    """The same accuracy of the true answers, rounded to the encoding."""
    at_least: bool = False
    """The value is a lower bound: what was waited for has not happened."""
    tokens: float | None = None
    """The same accuracy against the rounded answer, the paper's metric; None where not kept."""


Reading = Callable[["Record"], Measured | None]
"""None where the run has not got so far."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number of a table."""

    labels: Mapping[str, Label]
    """Where it stands, in the keys of the paper's table (see `PaperTable`), such as
    {"encoding": "P1000", "dims": "3x3", "tolerance": 5}."""
    read: Reading
    """How it is found in the record of the run."""
    paper: Mapping[str, Label] | None = None
    """Labels that differ in the paper's cell to compare with, such as {"dims": "5x5"}; empty: the
    same labels; None: the paper has no such cell."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A run and its cells. Tables that share a configuration share the run and its record."""

    name: str
    """Unique within its table and scale; lower-case letters, digits and hyphens."""
    config: Run
    """The whole run, its seed included; `start` is left to `after`."""
    cells: Sequence[Cell] = ()
    after: "Experiment | None" = None
    """The run whose best model this one starts from."""

    def __post_init__(self) -> None:
        if isinstance(self.config, TrainConfig) and self.config.start is not None:
            raise InputError(f"{self.name} has a start in its config; give `after` instead")

    @property
    def tokens(self) -> TrainConfig:
        """The config of a run on tokens; `InputError` for other kinds."""
        return TrainConfig.of(self.config, self.name)

    @cached_property
    def identity(self) -> str:
        """The hash of all that the result depends on: configurations, the earlier runs' too."""
        before = None if self.after is None else self.after.identity
        config = to_json(self.config)
        if "recipe" in config:
            config["recipe"] = _FORMER.get(config["recipe"], config["recipe"])
        return content_hash({"config": config, "after": before})

    def repeated(self, *, times: Fraction = Fraction(1), seed: int | None = None) -> "Experiment":
        """The same run at `times` the length, its schedule stretched, or from another seed.

        It is evaluated as often. `InputError` for other kinds of runs than those on tokens, and
        where a part of the length is no whole number.
        """
        config = self.tokens
        every, examples = (n * times for n in (config.evaluation.every, config.examples))
        if examples.denominator > 1 or every.denominator > 1:
            raise InputError(
                f"{self.name} has {config.examples} examples, not a multiple of {times.denominator}"
            )
        evaluation = replace(config.evaluation, every=int(every))
        length = "" if times == 1 else f"-times-{times}".replace("/", "-")
        return replace(
            self,
            name=f"{self.name}{length}" + ("" if seed is None else f"-of-seed-{seed}"),
            config=replace(
                config,
                examples=int(examples),
                evaluation=evaluation,
                seed=config.seed if seed is None else seed,
            ),
            after=self.after
            if seed is None or self.after is None
            else self.after.repeated(seed=seed),
        )

    @property
    def chain(self) -> "tuple[Experiment, ...]":
        """The runs to make, in order; the last is this one."""
        return (*(self.after.chain if self.after else ()), self)

    def resolved(self, root: Path | None = None) -> Run:
        """The config with its start; `InputError` until the run before it has a model."""
        if self.after is None:
            return self.config
        before = self.after.folder(root)
        if before is None or not before.finished:
            raise InputError(f"{self.name} starts from {self.after.name}; run that first")
        return replace(self.tokens, start=start_from(before))

    def folder(self, root: Path | None = None) -> RunFolder | None:
        """Its folder in the run store, if there is one."""
        if self.after is not None:
            before = self.after.folder(root)
            if before is None or not before.finished:
                return None
        folder = stored(self.resolved(root), root)
        return folder if folder.config_file.exists() else None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Distinct runs in an order in which each comes after the one that it starts from."""

    experiments: tuple[Experiment, ...]

    @staticmethod
    def of(experiments: Sequence[Experiment]) -> "Plan":
        """The runs of `experiments`, the ones before them included, each once."""
        found: dict[str, Experiment] = {}
        for experiment in experiments:
            for part in experiment.chain:
                found.setdefault(part.identity, part)
        return Plan(experiments=tuple(found.values()))


def accuracy(
    tolerance: float,
    test: str = "test",
    score: str | None = None,
    problem: str | None = None,
    target: Target = "true",
) -> Reading:
    """Share of test matrices within `tolerance` (a fraction) at the end of the run.

    `score` is the run's own unless given; `problem` picks one of a jointly trained model. Against
    the rounded `target` there is no number in records from before that was kept.
    """

    def read(record: "Record") -> Measured | None:
        found = record.result(test)
        if found is None:
            return None
        key = f"{tolerance:g}"
        if problem is not None:
            return proportion(_at(_at(found["problems"], problem, "problem"), key, "tolerance"))
        name = score or found["score"]
        ceiling = None
        if "ceiling" in found:
            ceiling = _at(_at(found["ceiling"], name, "score"), key, "tolerance")["value"]
        rounded = None
        if "tokens" in found:
            rounded = _at(_at(found["tokens"], name, "score"), key, "tolerance")
        if target == "tokens":
            return None if rounded is None else proportion(rounded)
        right = _at(_at(found["accuracy"], name, "score"), key, "tolerance")
        return proportion(right, ceiling, None if rounded is None else rounded["value"])

    return read


def exact(test: str = "test") -> Reading:
    """Share of answers that equal the rounded truth in every coefficient: 0% tolerance."""
    return lambda record: _whole(record, test, "exact")


def valid(test: str = "test") -> Reading:
    """Share of answers that spell a matrix of the right kind."""
    return lambda record: _whole(record, test, "valid")


def examples_until(target: float, tolerance: float, score: str | None = None) -> Reading:
    """Examples at the first evaluation (first test set) at or above `target`, or a lower bound."""

    def read(record: "Record") -> Measured | None:
        if not record.curve:
            return None
        key = f"{tolerance:g}"
        for point in record.curve:
            by_tolerance = _at(point.accuracy, score or record.score, "score")
            if _at(by_tolerance, key, "tolerance") >= target:
                return Measured(value=point.examples, unit="examples")
        return Measured(value=record.curve[-1].examples, unit="examples", at_least=True)

    return read


def _whole(record: "Record", test: str, key: str) -> Measured | None:
    found = record.result(test)
    return None if found is None else proportion(found[key])


def proportion(
    found: dict[str, Any], ceiling: float | None = None, tokens: float | None = None
) -> Measured:
    return Measured(
        value=found["value"],
        low=found["low"],
        high=found["high"],
        n=found["n"],
        ceiling=ceiling,
        tokens=tokens,
    )


def _at(table: dict[str, Any], key: str, kind: str) -> Any:
    if key not in table:
        if not table:
            raise InputError(f"the record has no {kind} {key}")
        raise unknown(f"{kind} of a record", key, table)
    return table[key]
