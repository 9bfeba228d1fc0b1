"""How a number of a table is read from the record of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..core import InputError, unknown

if TYPE_CHECKING:
    from .records import Record

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


Reading = Callable[["Record"], Measured | None]
"""None where the run has not got so far."""


def accuracy(
    tolerance: float, test: str = "test", score: str | None = None, problem: str | None = None
) -> Reading:
    """Share of test matrices within `tolerance` (a fraction) at the end of the run.

    `score` is the run's own unless given; `problem` picks one of a jointly trained model.
    """

    def read(record: "Record") -> Measured | None:
        found = record.result(test)
        if found is None:
            return None
        key = f"{tolerance:g}"
        if problem is not None:
            return proportion(_at(_at(found["problems"], problem, "problem"), key, "tolerance"))
        name = score or found["score"]
        ceiling = _at(_at(found["ceiling"], name, "score"), key, "tolerance")["value"]
        return proportion(_at(_at(found["accuracy"], name, "score"), key, "tolerance"), ceiling)

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


def proportion(found: dict[str, Any], ceiling: float | None = None) -> Measured:
    return Measured(
        value=found["value"],
        low=found["low"],
        high=found["high"],
        n=found["n"],
        ceiling=ceiling,
    )


def _at(table: dict[str, Any], key: str, kind: str) -> Any:
    if key not in table:
        if not table:
            raise InputError(f"the record has no {kind} {key}")
        raise unknown(f"{kind} of a record", key, table)
    return table[key]
